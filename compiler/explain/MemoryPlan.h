//===- MemoryPlan.h - what lies where in the arena, and when --------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_MEMORYPLAN_H
#define HEDDLE_COMPILER_EXPLAIN_MEMORYPLAN_H

#include "compiler/explain/Places.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::explain {

/// The plan that nn-plan-memory has written, function by function:
/// `{"name", "entry", "arena", "buffers", "steps", "bars", "calls"}`.
///
/// A buffer is its bytes, a size expression. A step is an op that holds or
/// calls something: `[text, places]`. A bar is what a buffer holds from one
/// step to another: `[buffer, first, last, name, bytes, kind]`, kind being
/// `value`, `scratch` or `carried` (over the turns of a loop). A call is
/// `[step, callee]`.
llvm::json::Array memoryPlanOf(mlir::ModuleOp module, Places &places);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_MEMORYPLAN_H
