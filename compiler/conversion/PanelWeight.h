//===- PanelWeight.h - one element of a weight in panels ------------------===//
//
// Where W[n][k] lies by the formulas of dialects/kernel/Layout.h, as naive
// code: for the reference's products, and for rows of tables on both paths.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_PANELWEIGHT_H
#define HEDDLE_COMPILER_CONVERSION_PANELWEIGHT_H

#include "compiler/conversion/Emit.h"
#include "dialects/kernel/Layout.h"

namespace heddle::conversion {

/// The layout that nn-assign-layouts gave a weight; none: it lies plain.
std::optional<kernel::PackedLayout> panelsOf(Value weight);

class PanelWeight {
public:
  /// `memref` as FunctionLowering has it: [panels][in][panel] of f32,
  /// [panels][in / 2][panel][2] of bf16, [panels][bytes] where quantised.
  PanelWeight(FunctionLowering &lowering, Value memref,
              const kernel::PackedLayout &layout, kernel::MatrixShape matrix)
      : emit(lowering), memref(memref), layout(layout), matrix(matrix) {}

  const kernel::PackedLayout &packedAs() const { return layout; }

  /// The panels' column of output n.
  Value columnOf(Value n);
  /// W[n][k] as f32, n lying in `column`.
  Value element(Value column, Value k);

  //===--- Quantised ------------------------------------------------------===//

  /// u − zeroPoint of W[n][k], as i32.
  Value integer(Value column, Value k);
  /// The scale of W[n][k], as f32, and its minimum.
  Value scale(Value column, Value k);
  Value minimum(Value column, Value k);
  /// What W[n][k] is where u is the zero point; of types with minima.
  Value middle(Value column, Value k);

private:
  enum class Number { Scale, Minimum };
  Value number(Number which, Value column, Value k);
  Value stepOffset(Value k);
  Value half(Value panel, Value offset);
  Value narrowInteger(Number which, Value span, Value column, Value k);
  Value planeBits(const kernel::PackedFormat::Plane &plane, Value column,
                  Value k, Value within);
  Value constant(mlir::Type type, int64_t value);

  Emit emit;
  Value memref;
  kernel::PackedLayout layout;
  kernel::MatrixShape matrix;
};

/// The number in `bytes` bytes of a row of i8 from `offset` on, lowest first:
/// an integer of that width.
Value loadBytes(Emit &emit, Value memref, ValueRange row, Value offset,
                unsigned bytes);
void storeBytes(Emit &emit, Value number, Value memref, ValueRange row,
                Value offset);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_PANELWEIGHT_H
