//===- MatmulEmitter.h - the functions of a product -------------*- C++ -*-===//
//
// How a result is cut into tiles is in MatmulTiles.cpp, how tiles become tasks
// in Matmul.cpp, whose head describes both.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_MATMULEMITTER_H
#define HEDDLE_COMPILER_MICROKERNELS_MATMULEMITTER_H

#include "compiler/microkernels/MatmulEpilogue.h"
#include "compiler/microkernels/MatmulOperands.h"
#include "llvm/Support/MathExtras.h"

namespace heddle::microkernels {

/// Emits the functions of one shape, callees first.
class MatmulEmitter {
public:
  MatmulEmitter(mlir::OpBuilder &builder, kernel::MatmulOp op,
                const MatmulOperands &operands, const Target &target,
                mlir::SymbolTable &symbols)
      : v(builder, op.getLoc(), target), target(target), symbols(symbols),
        operands(operands), epilogue(op), inputs(op.getInputCount()),
        outputs(op.getOutputs()) {}

  /// Emits the loop over tasks in place of `op`.
  void emitTasks(kernel::MatmulOp op);

private:
  /// A family of tiles: their row counts, columns of y of a task, the lines
  /// that a tile prefetches at every step of k, whether what it prefetches is
  /// ahead in its own weight, and whether tiles share what they ask for.
  struct Family {
    int64_t leastRows, mostRows, columns;
    llvm::SmallVector<int64_t> nextLines;
    bool isAhead = false, isShared = false;
  };
  Family oneRow() const;
  Family fewRows() const;
  Family manyRows() const;
  /// The first two, without one that has no rows.
  llvm::SmallVector<Family, 2> smallFamilies() const;
  bool hasFewRows() const;
  int64_t columnsOf(int64_t vectors) const;
  int64_t columnTasks(const Family &family) const {
    return llvm::divideCeil(outputs, family.columns);
  }
  int64_t rowsPerBlock() const;
  mlir::Value belongsTo(const Family &family, mlir::Value rows);
  llvm::SmallVector<int64_t> linesOfStep(const Family &family) const;

  /// Arguments of a function, those that the product has: x and weight, bias,
  /// what the epilogue reads, y; of a task the number of rows and its own, of a
  /// micro-kernel the next tile's weight.
  struct Arguments {
    mlir::Value x, weight, bias;
    llvm::SmallVector<mlir::Value, 2> others;
    mlir::Value y;
  };
  llvm::SmallVector<mlir::Value> present(const Arguments &arguments) const;
  Arguments named(mlir::ValueRange values) const;
  llvm::SmallVector<mlir::Type> pointerTypes() const;

  /// The packed column of a column of y, of a paired product in its first half.
  int64_t packed(int64_t column) const {
    return epilogue.paired ? column / paired * paired + column : column;
  }
  mlir::Value weightAt(mlir::Value weight, mlir::Value column);
  llvm::SmallVector<int64_t> vectorOffsets(int64_t columns) const;
  Arguments atColumn(Arguments arguments, mlir::Value column);
  Arguments atRow(Arguments arguments, mlir::Value row);

  /// A contiguous part of a range.
  struct Share {
    mlir::Value first, size;
  };
  Share deal(mlir::Value total, mlir::Value parts, mlir::Value number);

  mlir::func::FuncOp taskFunction();
  void emitFewRowsTask(const Family &family, Arguments arguments,
                       mlir::Value rows, mlir::Value task);
  void emitManyRowsTask(Arguments arguments, mlir::Value rows,
                        mlir::Value task);
  void emitTileCall(const Family &family, mlir::Value rows, mlir::Value first,
                    mlir::ValueRange tile);
  mlir::func::FuncOp microkernel(const Family &family, int64_t rows,
                                 int64_t columns);

  std::string name() const {
    return "matmul_" + operands.name + "x" + epilogue.name();
  }
  mlir::Value index(int64_t number) { return v.index(number); }
  template <typename OpTy> mlir::Value make(mlir::Value a, mlir::Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }

  static constexpr int64_t paired = kernel::PackedLayout::pairedColumns;

  VectorBuilder v;
  const Target &target;
  mlir::SymbolTable &symbols;
  const MatmulOperands &operands;
  const MatmulEpilogue epilogue;
  int64_t inputs, outputs; // K, N
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_MATMULEMITTER_H
