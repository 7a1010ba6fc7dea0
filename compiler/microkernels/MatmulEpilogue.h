//===- MatmulEpilogue.h - what becomes of a product's sums ------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_MATMULEPILOGUE_H
#define HEDDLE_COMPILER_MICROKERNELS_MATMULEPILOGUE_H

#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/Kernel.h"
#include <string>

namespace heddle::microkernels {

/// What the region of a kernel.matmul makes of its sums and of the elements
/// beside them; without one, y is the sum. Valid as long as the op is.
class MatmulEpilogue {
public:
  explicit MatmulEpilogue(kernel::MatmulOp op);

  bool bias, paired;
  /// Elements between rows: of y, and of each operand of the region, 0 of a
  /// vector or a number.
  int64_t yStride;
  llvm::SmallVector<int64_t, 2> strides;
  /// Of each operand of the region: it is one number.
  llvm::SmallVector<bool, 2> isNumber;

  /// As it stands in the names of functions: equal for equal epilogues only.
  std::string name() const;

  /// Where a tile's columns begin; null where the product has no bias.
  struct Place {
    mlir::Value bias;
    llvm::SmallVector<mlir::Value, 2> others;
    mlir::Value y;
  };
  /// Asks for what a tile's epilogue will read of matrices, while the sums are
  /// being computed: rows lie pages apart, where the machine's own prefetch
  /// does not follow.
  void prefetch(VectorBuilder &v, int64_t rows, int64_t columns,
                const Place &place) const;

  /// Writes a tile of `rows` x `columns` of y. `sums` are its vectors row by
  /// row; in a row, those of the first half, then those of the second.
  void emit(VectorBuilder &v, mlir::ValueRange sums, int64_t rows,
            int64_t columns, const Place &place) const;

private:
  int64_t outputs;
  mlir::Block *body; // null: none

  bool isShort() const;
  void emitRow(VectorBuilder &v, mlir::ValueRange sums, int64_t columns,
               const Place &row) const;
  void emitRowsFromMemory(VectorBuilder &v, mlir::ValueRange sums, int64_t rows,
                          int64_t columns, const Place &place) const;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_MATMULEPILOGUE_H
