//===- MeasuredCalls.h - what each kind of call took ----------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_MEASUREDCALLS_H
#define HEDDLE_COMPILER_EXPLAIN_MEASUREDCALLS_H

#include "llvm/Support/JSON.h"

namespace heddle::explain {

/// The calls of a trace that are alike: of one entry, of the same sizes, and of
/// a history of about the same length (within an eighth):
/// `[{"entry", "sizes", "until", "runs", "seconds", "sites"}]`. `until` has the
/// largest of each size that grows, `sizes` the smallest; `sites` are triples
/// `[number, runs, seconds]`. `facts` names sites and sizes.
llvm::json::Array measuredCalls(const llvm::json::Array &events,
                                const llvm::json::Object &facts);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_MEASUREDCALLS_H
