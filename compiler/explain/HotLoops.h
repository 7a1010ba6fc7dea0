//===- HotLoops.h - where machine code spends its time --------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_HOTLOOPS_H
#define HEDDLE_COMPILER_EXPLAIN_HOTLOOPS_H

#include "compiler/explain/Places.h"
#include "mlir/IR/BuiltinOps.h"
#include <set>

namespace heddle::explain {

/// By name of a function, the sites that it works for.
using SitesOfFunctions = std::map<std::string, std::set<int64_t>>;

/// Which functions run before each mark of a site; of a module whose parallel
/// regions are functions, and whose marks are still ops.
SitesOfFunctions sitesOfFunctions(mlir::ModuleOp module);

/// The innermost loop of a function that has most multiply-adds of vectors, or
/// else most instructions of vectors.
struct HotLoop {
  std::string function;
  size_t first, last; ///< lines, counted from 1
  unsigned multiplyAdds;
};

/// One of each function of the assembly that has such a loop.
std::vector<HotLoop> hotLoopsOf(llvm::StringRef assembly);

/// The model lines of each line of the assembly: by `.loc`, or else those of
/// the sites that its function works for, which `ofSite` tells.
std::vector<unsigned> placesOfAssembly(llvm::StringRef assembly,
                                       const SitesOfFunctions &sites,
                                       llvm::ArrayRef<unsigned> ofSite,
                                       Places &places);

/// `[{"function", "first", "last", "multiplyAdds", "sites"}]`.
llvm::json::Array loopsAsJson(llvm::ArrayRef<HotLoop> loops,
                              const SitesOfFunctions &sites);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_HOTLOOPS_H
