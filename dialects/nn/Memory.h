//===- Memory.h - what an op needs of the arena -----------------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_MEMORY_H
#define HEDDLE_DIALECTS_NN_MEMORY_H

#include "dialects/nn/SizeExpr.h"
#include "mlir/IR/Operation.h"
#include <string>

namespace heddle::nn {

class SizeTable;
class AttentionOp;

/// Where a lowering keeps something while the op runs.
struct ScratchBuffer {
  std::string name;
  SizeExpr bytes;
};
using ScratchBuffers = llvm::SmallVector<ScratchBuffer>;

/// What `op` needs beside its results, in the order of its places.
ScratchBuffers scratchOf(mlir::Operation *op, const SizeTable &sizes);

/// Whether the keys of a row may be cut into spans (dialects/kernel/Spans.h),
/// each a task: rows have more than a span of them, and may have few queries.
bool cutsKeys(AttentionOp op, const SizeTable &sizes);
/// f32 that the states of such spans take, of all rows: what a task's rows have
/// for each key of a row and a span more, times the key heads.
SizeExpr statesOf(AttentionOp op, const SizeTable &sizes);

/// The operand in whose place `result` may be written once nothing else reads
/// it, or null.
mlir::Value overwritableOperand(mlir::OpResult result);

/// Whether what becomes of the carried value `argument` may lie where another
/// one of the loop does: it is that one, or was written in its place. It has
/// to be set aside, in the buffer `asideName`, before any of them is
/// overwritten.
bool liesWhereAnotherDoes(mlir::Value next, mlir::BlockArgument argument);
std::string asideName(mlir::BlockArgument argument);

/// A scan's buffer for an argument of its body.
std::string argumentName(mlir::BlockArgument argument);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_MEMORY_H
