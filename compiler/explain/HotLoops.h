//===- HotLoops.h - where machine code spends its time --------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_HOTLOOPS_H
#define HEDDLE_COMPILER_EXPLAIN_HOTLOOPS_H

#include "compiler/explain/SiteFunctions.h"

namespace heddle::explain {

/// The loop of a function that has most multiply-adds of vectors outside of
/// loops within it, or else most instructions of vectors. A product of so few
/// inputs that they take no loop has its multiply-adds in a row: a loop of the
/// callers runs them.
struct HotLoop {
  std::string function;
  size_t first, last; ///< lines, counted from 1
  unsigned multiplyAdds;
  bool repeats; ///< false: they are in a row
};

/// One of each function of the assembly that has such a loop or row.
std::vector<HotLoop> hotLoopsOf(llvm::StringRef assembly);

/// `[{"function", "first", "last", "multiplyAdds", "repeats", "sites"}]`.
llvm::json::Array loopsAsJson(llvm::ArrayRef<HotLoop> loops,
                              const SitesOfFunctions &sites);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_HOTLOOPS_H
