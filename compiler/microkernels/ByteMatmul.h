//===- ByteMatmul.h - operands of products of bytes -------------*- C++ -*-===//
//
// Rows of x are quantised (QuantisedRow in Layout.h), and so is the weight.
// With q[m][k] and u[n][k] the bytes, dx and dw their scales,
//
//   of a row      y[m][n] = (Σ_k (u − 128)·q) · dx[m] · dw[n]
//   of a group    y[m][n] = Σ_g (Σ_{k in g} (u − 128)·q) · (dw[n][g] · n[m][g])
//                           · unit[m],   dx[m][g] = n[m][g] · unit[m]
//
// Sums over bytes are 32-bit integers, so that their order does not matter; the
// sum over groups is a chain of f32 fused multiply-adds, in the order of g.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_BYTEMATMUL_H
#define HEDDLE_COMPILER_MICROKERNELS_BYTEMATMUL_H

#include "compiler/microkernels/MatmulOperands.h"
#include "dialects/kernel/Layout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace heddle::microkernels {

/// What both have in common.
class ByteOperands : public MatmulOperands {
public:
  explicit ByteOperands(kernel::MatmulOp op)
      : inputs(op.getInputCount()), layout(op.getLayout()->getLayout()),
        format(layout.format()),
        row(kernel::QuantisedRow::of(layout.type, inputs, op.getWide())) {
    kernel::MatrixShape matrix = {op.getPackedColumns(), inputs};
    xRowBytes = stridesOf(op.getX())[0];
    panel = layout.panel;
    panelBytes = layout.panelBytes(matrix);
    columnBytes = layout.interleave;
    stepBytes = layout.stepBytes();
    steps = layout.stepCount(matrix);
    name = format.name.str() + (row.wide ? "_wide_" : "_") +
           std::to_string(inputs);
    if (xRowBytes != row.bytes())
      name += "_x" + std::to_string(xRowBytes);
  }

protected:
  static mlir::Value times(VectorBuilder &v, mlir::Value index,
                           int64_t factor) {
    return mlir::arith::MulIOp::create(v.builder, v.loc, index,
                                       v.index(factor));
  }
  static mlir::Value toFloats(VectorBuilder &v, mlir::Value ints) {
    return mlir::arith::SIToFPOp::create(v.builder, v.loc, v.floats(), ints);
  }
  /// Few rows take one panel a task, a stream; some lines of every step are
  /// asked for that far ahead. Behind the last panel that does nothing.
  void prefetchLines(VectorBuilder &v, const Tile &tile, mlir::Value weight,
                     mlir::Value next, mlir::Value step,
                     mlir::Value offset) const {
    if (tile.nextLines.empty())
      for (int64_t line = 0; line < linesAhead; ++line)
        v.prefetch(
            v.advanceBytes(v.advanceBytes(weight, offset),
                           tuning::bytesAhead + line * tuning::cacheLine));
    prefetchNext(v, tile, next, step, offset);
  }

  int64_t inputs;
  kernel::PackedLayout layout;
  const kernel::PackedFormat &format;
  kernel::QuantisedRow row;
  int64_t linesAhead = 1;
};

/// By the layout of the weight.
std::unique_ptr<MatmulOperands> createByteOperands(kernel::MatmulOp op,
                                                   const Target &target);
std::unique_ptr<MatmulOperands> createRowOperands(kernel::MatmulOp op,
                                                  const Target &target);
std::unique_ptr<MatmulOperands> createGroupOperands(kernel::MatmulOp op,
                                                    const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_BYTEMATMUL_H
