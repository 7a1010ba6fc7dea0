//===- Tasks.cpp - what emitters say about threads ------------------------===//

#include "compiler/microkernels/Tasks.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace heddle::microkernels {

/// The frame of the function that is being built; null where it has none.
static Value frameAt(OpBuilder &builder) {
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  bool hasFrame = function && function.getNumArguments() > 0 &&
                  isa<kernel::FrameType>(function.getArgument(0).getType());
  return hasFrame ? function.getArgument(0) : Value();
}

void emitTasks(VectorBuilder &v, Value count, Work work,
               function_ref<void(Value)> body) {
  Value frame = frameAt(v.builder);
  // A task does not start others.
  Operation *parent = v.builder.getInsertionBlock()->getParentOp();
  bool inTask = isa<kernel::ParallelOp>(parent) ||
                parent->getParentOfType<kernel::ParallelOp>();
  if (!frame || inTask)
    return v.loop(v.index(0), count, 1, body);
  Value worth = arith::CmpIOp::create(
      v.builder, v.loc, arith::CmpIPredicate::uge, work.items,
      v.index(llvm::divideCeil(tuning::parallelWork, work.cost)));
  auto parallel =
      kernel::ParallelOp::create(v.builder, v.loc, frame, count, worth);
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(&parallel.getBody().front());
  body(parallel.getIndex());
}

} // namespace heddle::microkernels
