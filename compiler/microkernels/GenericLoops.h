//===- GenericLoops.h - the loops of a linalg.generic -----------*- C++ -*-===//
//
// What the emitters of linalg's loops share: loops that every operand goes
// through like one are one, and where each operand's elements lie.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_GENERICLOOPS_H
#define HEDDLE_COMPILER_MICROKERNELS_GENERICLOOPS_H

#include "compiler/microkernels/Lanes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace heddle::microkernels {

class GenericLoops {
public:
  GenericLoops(const VectorBuilder &v, mlir::linalg::GenericOp op)
      : op(op), v(v) {}

  /// Why vector code cannot go through the loops at all, or nothing.
  llvm::StringRef refusal();
  /// Elements that a step of a loop is in an operand's memory; kDynamic where
  /// that is known at run time.
  int64_t staticStride(mlir::OpOperand &operand, unsigned loop);

  /// Emits sizes and strides, at the current place.
  void find();

  /// Loops first … last of the operation, emitted as one.
  struct Group {
    unsigned first, last;
    mlir::Value size;
  };
  /// A memref, or a scalar, with what it moves by a step of each group.
  struct Operand {
    mlir::Value base;
    mlir::Type element;
    llvm::SmallVector<mlir::Value> strides;
    mlir::Value argument; // of the body
    bool isRead, isWritten;

    bool isScalar() const { return strides.empty(); }
  };
  /// Parallel groups, then those that are reduced.
  llvm::SmallVector<Group> groups;
  unsigned parallelGroups = 0;
  llvm::SmallVector<Operand> operands;

  /// What neighbours along a group are in memory.
  enum class Along { Same, Neighbours, Strided };
  Along along(const Operand &operand, unsigned group) const;
  /// The element of a memref at these indices of the groups from `first` on,
  /// counted from `start`.
  mlir::Value address(const Operand &operand, mlir::Value start,
                      llvm::ArrayRef<mlir::Value> indices, unsigned first = 0);
  /// How often the body runs for one index of the outermost group.
  mlir::Value turnsWithin();

  mlir::Block &body() { return op.getRegion().front(); }

private:
  int dimension(mlir::OpOperand &operand, unsigned loop);
  bool isContiguous(mlir::OpOperand &operand, unsigned dimension);
  bool goAsOne(unsigned outer, unsigned inner);
  mlir::Value sizeOf(unsigned loop);
  void findGroups();
  void findOperands();

  mlir::linalg::GenericOp op;
  VectorBuilder v;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_GENERICLOOPS_H
