//===- Tasks.h - what emitters say about threads ----------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_TASKS_H
#define HEDDLE_COMPILER_MICROKERNELS_TASKS_H

#include "compiler/microkernels/VectorBuilder.h"

namespace heddle::microkernels {

/// What all tasks do together: so many items, each of a cost in
/// multiplications.
struct Work {
  mlir::Value items;
  int64_t cost;
};

/// Runs `body` for 0 ≤ task < count: as a kernel.parallel, shared when the work
/// is worth waking threads (tuning::parallelWork), where the surrounding
/// function has a frame (its first argument) and this is no task itself, else
/// as a loop.
void emitTasks(VectorBuilder &v, mlir::Value count, Work work,
               llvm::function_ref<void(mlir::Value task)> body);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_TASKS_H
