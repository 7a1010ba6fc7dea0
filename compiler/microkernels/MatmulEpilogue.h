//===- MatmulEpilogue.h - what becomes of a product's sums ------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_MATMULEPILOGUE_H
#define HEDDLE_COMPILER_MICROKERNELS_MATMULEPILOGUE_H

#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/Kernel.h"
#include <string>

namespace heddle::microkernels {

/// y = residual + act(a + bias), or residual + act(a + bias) · (b + bias') of a
/// gated product.
class MatmulEpilogue {
public:
  explicit MatmulEpilogue(kernel::MatmulOp op);

  bool bias, residual, gated;
  /// Elements between rows.
  int64_t yStride, residualStride;

  /// As it stands in the names of functions.
  std::string name() const;

  /// Where a tile's columns begin; null where the product has no such operand.
  struct Place {
    mlir::Value bias, residual, y;
  };
  /// Writes a tile of `rows` x `columns` of y. `sums` are its vectors row by
  /// row; in a row, those of a, then those of b.
  void emit(VectorBuilder &v, mlir::ValueRange sums, int64_t rows,
            int64_t columns, Place place) const;

private:
  int64_t outputs;
  kernel::Activation activation;

  bool isShort() const;
  void emitRow(VectorBuilder &v, mlir::ValueRange sums, int64_t columns,
               Place row) const;
  void emitRowsFromMemory(VectorBuilder &v, mlir::ValueRange sums, int64_t rows,
                          int64_t columns, Place place) const;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_MATMULEPILOGUE_H
