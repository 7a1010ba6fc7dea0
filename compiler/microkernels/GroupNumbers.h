//===- GroupNumbers.h - scales and minima of groups -------------*- C++ -*-===//
//
// What the groups of a panel have beside their integers
// (dialects/kernel/Layout.h), as f32 for vectors of columns. Numbers of fewer
// than eight bits are made bytes where their span begins, a vector of bytes at
// a time, and then read like those of eight.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_GROUPNUMBERS_H
#define HEDDLE_COMPILER_MICROKERNELS_GROUPNUMBERS_H

#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/Layout.h"

namespace heddle::microkernels {

class GroupNumbers {
public:
  /// For the vectors that begin with those columns of a panel. `scratch` is of
  /// allocate().
  GroupNumbers(VectorBuilder &v, const kernel::PackedLayout &layout,
               llvm::ArrayRef<int64_t> columns, mlir::Value scratch)
      : v(v), layout(layout), format(layout.format()), columns(columns),
        scratch(scratch) {}

  /// Memory of the function that is being built, at its beginning; none where
  /// the type needs none.
  static mlir::Value allocate(VectorBuilder &v,
                              const kernel::PackedLayout &layout);

  //===--- Of types with spans --------------------------------------------===//

  /// Reads what a span has that begins there.
  void enterSpan(mlir::Value span);
  /// Goes to a step of the span: an index.
  void enterStep(mlir::Value step) { stepOfSpan = step; }
  /// No finite number where an f16 of the span is none.
  mlir::Value ofSpan(size_t vector) const;

  //===--- Of the step that begins at `step` ------------------------------===//

  mlir::Value scale(mlir::Value step, int64_t group, size_t vector) const;
  /// Times PackedLayout::multiple().
  mlir::Value minimum(mlir::Value step, int64_t group, size_t vector) const;

private:
  mlir::Value halves(mlir::Value pointer) const;
  /// Of numbers that a step has from `begin` on, a byte of every column each.
  mlir::Value place(mlir::Value step, int64_t begin, int64_t group,
                    size_t vector) const;
  mlir::Value integers(mlir::Value step, int64_t group, size_t vector,
                       bool isMinimum) const;
  void widen(mlir::Value span);

  VectorBuilder &v;
  const kernel::PackedLayout &layout;
  const kernel::PackedFormat &format;
  llvm::SmallVector<int64_t> columns;
  mlir::Value scratch, stepOfSpan;
  /// Of the span, by vector.
  llvm::SmallVector<mlir::Value> scales, minima;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_GROUPNUMBERS_H
