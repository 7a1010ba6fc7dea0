//===- MatmulOperands.h - how a product's operands lie ----------*- C++ -*-===//
//
// What differs between products of different element types: where rows of x and
// columns of the weight are, and how the sums of a tile come about. Dealing
// rows and columns to tasks and tiles, prefetching the next task's weight and
// what happens to finished sums are the same for all (Matmul.cpp,
// MatmulEpilogue.cpp).
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_MATMULOPERANDS_H
#define HEDDLE_COMPILER_MICROKERNELS_MATMULOPERANDS_H

#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/Kernel.h"
#include <memory>
#include <string>

namespace heddle::microkernels {

/// Rows and columns whose sums one micro-kernel keeps in registers.
struct Tile {
  int64_t rows;
  /// Where the columns of each vector begin, in bytes from those of the first.
  llvm::SmallVector<int64_t> vectors;
  /// Lines of the next tile's weight, or of what is ahead in this one, to
  /// prefetch at every step of k, in bytes from `next` at that step; and
  /// whether into the first-level cache.
  llvm::SmallVector<int64_t> nextLines;
  bool isNear = false;
  /// Where tiles share what they ask for: bytes from a line to the next, of
  /// this step and on into the following ones. How many lines there are is all
  /// that `nextLines` says then.
  mlir::Value spacing = {};
};

class MatmulOperands {
public:
  /// Those of `op`, by the element type of x.
  static std::unique_ptr<MatmulOperands> of(kernel::MatmulOp op,
                                            const Target &target);
  virtual ~MatmulOperands() = default;

  /// Type and K, as they stand in the names of functions.
  std::string name;
  /// The largest tile of many rows.
  tuning::TileShape tile;
  /// Vectors of the tile of a single row, and of those of few rows; 0: twice as
  /// many as of many rows.
  int64_t singleRowVectors = 0, fewRowsVectors = 0;
  /// The largest tile of few rows, which asks for all lines ahead of it; 0:
  /// half a tile of many, which does not ask.
  int64_t rowsOfFew = 0;
  /// Whether few rows ask for what is ahead, in the tiles of many, where that
  /// is faster than the machine's own prefetch.
  bool fewRowsAsk = false;
  /// Lines of a step that tiles of many rows take turns to prefetch of the next
  /// weight; 0: those in which the vectors lie.
  int64_t stepLines = 0;
  /// From one row of x to the next.
  int64_t xRowBytes;
  /// Columns of a panel; bytes from one panel to the next, from one column to
  /// the next within a panel, and from one step of k to the next.
  int64_t panel, panelBytes, columnBytes, stepBytes;
  int64_t steps; ///< of k in a panel

  /// Σ_k x[m, k] · w[k, n] as f32: rows × vectors of them, row by row. `x` is
  /// at the first row of the tile, `weight` at its first column, and `next`
  /// where that of the tile behind begins.
  virtual llvm::SmallVector<mlir::Value>
  emitSums(VectorBuilder &v, const Tile &tile, mlir::Value x,
           mlir::Value weight, mlir::Value next) const = 0;

  /// Where a column of the packed weight begins, in bytes. The order of packed
  /// columns is that of Layout.h.
  int64_t columnOffset(int64_t packed) const {
    return packed / panel * panelBytes + packed % panel * columnBytes;
  }
  mlir::Value columnOffset(VectorBuilder &v, mlir::Value packed) const;

protected:
  /// Asks for a tile's lines of `count` steps from `step` on, which begins
  /// `offset` bytes behind the first.
  void prefetchNext(VectorBuilder &v, const Tile &tile, mlir::Value next,
                    mlir::Value step, mlir::Value offset,
                    int64_t count = 1) const;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_MATMULOPERANDS_H
