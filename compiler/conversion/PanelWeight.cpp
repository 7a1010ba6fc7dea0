//===- PanelWeight.cpp - one element of a weight in panels ----------------===//

#include "compiler/conversion/PanelWeight.h"
#include "dialects/kernel/Kernel.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using kernel::PackedLayout;
using kernel::PackedType;

std::optional<PackedLayout> conversion::panelsOf(Value weight) {
  Operation *op = weight.getDefiningOp();
  auto layout = op ? op->getAttrOfType<kernel::LayoutAttr>("layout")
                   : kernel::LayoutAttr();
  if (!layout)
    return std::nullopt;
  return layout.getLayout();
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

static SmallVector<Value> inRow(ValueRange row, Value offset) {
  SmallVector<Value> at(row);
  at.push_back(offset);
  return at;
}

Value conversion::loadBytes(Emit &emit, Value memref, ValueRange row,
                            Value offset, unsigned bytes) {
  OpBuilder &builder = emit.builder;
  Type type = builder.getIntegerType(8 * bytes);
  Value number;
  for (unsigned i = 0; i < bytes; ++i) {
    Value at = emit.plus(offset, emit.index(i));
    Value byte = emit.element({memref, {}}, inRow(row, at));
    if (bytes == 1)
      return byte;
    Value wide = arith::ExtUIOp::create(builder, emit.loc, type, byte);
    Value shift = arith::ConstantIntOp::create(builder, emit.loc, type, 8 * i);
    wide = arith::ShLIOp::create(builder, emit.loc, wide, shift);
    number = number ? emit.either(number, wide) : wide;
  }
  return number;
}

void conversion::storeBytes(Emit &emit, Value number, Value memref,
                            ValueRange row, Value offset) {
  OpBuilder &builder = emit.builder;
  Type type = number.getType();
  if (type.isInteger(8))
    return emit.store(number, {memref, {}}, inRow(row, offset));
  for (unsigned i = 0; i < type.getIntOrFloatBitWidth() / 8; ++i) {
    Value shift = arith::ConstantIntOp::create(builder, emit.loc, type, 8 * i);
    Value shifted = arith::ShRUIOp::create(builder, emit.loc, number, shift);
    Value byte = arith::TruncIOp::create(builder, emit.loc, builder.getI8Type(),
                                         shifted);
    Value at = emit.plus(offset, emit.index(i));
    emit.store(byte, {memref, {}}, inRow(row, at));
  }
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value PanelWeight::columnOf(Value n) {
  if (!layout.groups.empty()) {
    // Each group begins a panel: behind it columns stand further on by what
    // fills its last one.
    Value column = n;
    int64_t begin = 0;
    for (int64_t width : ArrayRef(layout.groups).drop_back()) {
      begin += width;
      int64_t padding = llvm::alignTo(width, layout.panel) - width;
      Value isBehind = emit.compare(Emit::Predicate::uge, n, emit.index(begin));
      column = emit.plus(
          column, emit.select(isBehind, emit.index(padding), emit.index(0)));
    }
    return column;
  }
  if (!layout.paired)
    return n;
  // Sixteen of the first half, then sixteen of the second.
  Value half = emit.index(matrix.outputs / 2),
        together = emit.index(PackedLayout::pairedColumns),
        both = emit.index(2 * PackedLayout::pairedColumns);
  Value within = emit.rest(n, half);
  Value block = emit.times(emit.over(within, together), both);
  Value side = emit.times(emit.over(n, half), together);
  return emit.plus(emit.plus(block, side), emit.rest(within, together));
}

Value PanelWeight::element(Value column, Value k) {
  Value width = emit.index(layout.panel);
  Value panel = emit.over(column, width), within = emit.rest(column, width);
  if (layout.type == PackedType::F32)
    return emit.load({memref, {}}, {panel, k, within});
  if (layout.type == PackedType::BF16) {
    Value together = emit.index(layout.interleave);
    return emit.load({memref, {}}, {panel, emit.over(k, together), within,
                                    emit.rest(k, together)});
  }
  Value number = arith::SIToFPOp::create(
      emit.builder, emit.loc, emit.builder.getF32Type(), integer(column, k));
  return emit.mul(number, scale(column, k));
}

/// u − 128, or nibble − 8; for the byte's place see Layout.h.
Value PanelWeight::integer(Value column, Value k) {
  OpBuilder &builder = emit.builder;
  Value width = emit.index(layout.panel), four = emit.index(4),
        step = emit.index(layout.stepInputs());
  Value within = emit.rest(k, step), high;
  if (layout.type == PackedType::Q4) {
    Value half = emit.index(PackedLayout::quantGroup / 2);
    high = emit.compare(Emit::Predicate::uge, within, half);
    within = emit.rest(within, half);
  }
  Value row = emit.plus(emit.times(emit.over(within, four), width),
                        emit.rest(column, width));
  Value inStep = emit.plus(emit.times(row, four), emit.rest(within, four));
  Value offset = emit.plus(
      emit.times(emit.over(k, step), emit.index(layout.stepBytes())), inStep);
  Value byte =
      loadBytes(emit, memref, emit.over(column, width), offset, /*bytes=*/1);
  if (high) {
    auto nibble = [&](int64_t value) -> Value {
      return arith::ConstantIntOp::create(builder, emit.loc,
                                          builder.getI8Type(), value);
    };
    Value upper = arith::ShRUIOp::create(builder, emit.loc, byte, nibble(4));
    byte = emit.select(high, upper, emit.both(byte, nibble(15)));
  }
  Value wide =
      arith::ExtUIOp::create(builder, emit.loc, builder.getI32Type(), byte);
  int64_t zeroPoint = layout.type == PackedType::Q4 ? 8 : 128;
  return emit.minus(wide, arith::ConstantIntOp::create(builder, emit.loc,
                                                       builder.getI32Type(),
                                                       zeroPoint));
}

Value PanelWeight::scale(Value column, Value k) {
  OpBuilder &builder = emit.builder;
  Value width = emit.index(layout.panel);
  Value panel = emit.over(column, width), within = emit.rest(column, width);
  if (layout.type == PackedType::I8) {
    // Behind all steps, an f32 a column.
    Value behind = emit.index(layout.stepCount(matrix) * layout.stepBytes());
    Value offset = emit.plus(behind, emit.times(within, emit.index(4)));
    return arith::BitcastOp::create(builder, emit.loc, builder.getF32Type(),
                                    loadBytes(emit, memref, panel, offset, 4));
  }
  // At the end of each step, an f16 a column.
  Value step = emit.over(k, emit.index(layout.stepInputs()));
  Value begin = emit.plus(emit.times(step, emit.index(layout.stepBytes())),
                          emit.index(layout.stepBytes() - 2 * layout.panel));
  Value offset = emit.plus(begin, emit.times(within, emit.index(2)));
  Value half =
      arith::BitcastOp::create(builder, emit.loc, builder.getF16Type(),
                               loadBytes(emit, memref, panel, offset, 2));
  return asF32(builder, emit.loc, half);
}
