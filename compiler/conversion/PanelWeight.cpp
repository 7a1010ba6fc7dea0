//===- PanelWeight.cpp - one element of a weight in panels ----------------===//

#include "compiler/conversion/PanelWeight.h"
#include "dialects/kernel/Kernel.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using kernel::PackedFormat;
using kernel::PackedLayout;
using kernel::PackedType;

std::optional<PackedLayout> conversion::panelsOf(Value weight) {
  auto op = weight.getDefiningOp<nn::WeightOp>();
  if (!op || !op.getLayout())
    return std::nullopt;
  return op.getLayoutAttr().getLayout();
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
  if (!kernel::isQuantised(layout.type) && layout.interleave == 1)
    return emit.load({memref, {}}, {panel, k, within});
  if (!kernel::isQuantised(layout.type)) {
    Value together = emit.index(layout.interleave);
    return emit.load({memref, {}}, {panel, emit.over(k, together), within,
                                    emit.rest(k, together)});
  }
  OpBuilder &builder = emit.builder;
  const PackedFormat &format = layout.format();
  Value u = integer(column, k);
  if (format.hasMinima)
    u = emit.plus(u, constant(builder.getI32Type(), format.zeroPoint()));
  Value real =
      arith::SIToFPOp::create(builder, emit.loc, builder.getF32Type(), u);
  real = emit.mul(real, scale(column, k));
  return format.hasMinima ? emit.add(real, minimum(column, k)) : real;
}

/// u − zeroPoint; for the places of its bits see PackedFormat.h.
Value PanelWeight::integer(Value column, Value k) {
  OpBuilder &builder = emit.builder;
  Value step = emit.index(layout.stepInputs());
  Value within = emit.rest(k, step), u;
  for (const PackedFormat::Plane &plane :
       layout.format().planes(layout.stepInputs())) {
    Value bits = planeBits(plane, column, k, within);
    Value wide =
        arith::ExtUIOp::create(builder, emit.loc, builder.getI32Type(), bits);
    if (plane.firstBit)
      wide =
          arith::ShLIOp::create(builder, emit.loc, wide,
                                constant(builder.getI32Type(), plane.firstBit));
    u = u ? emit.either(u, wide) : wide;
  }
  return emit.minus(
      u, constant(builder.getI32Type(), layout.format().zeroPoint()));
}

/// The bits that a plane has of the element `within` a step, as i8.
Value PanelWeight::planeBits(const PackedFormat::Plane &plane, Value column,
                             Value k, Value within) {
  OpBuilder &builder = emit.builder;
  Value width = emit.index(layout.panel),
        together = emit.index(layout.interleave);
  SmallVector<Value> isBehind; // the parts before 1, 2, …
  for (unsigned part = 1; part < plane.parts(); ++part)
    isBehind.push_back(emit.compare(Emit::Predicate::uge, within,
                                    emit.index(part * plane.bytes)));
  if (plane.parts() > 1)
    within = emit.rest(within, emit.index(plane.bytes));
  Value row = emit.plus(emit.times(emit.over(within, together), width),
                        emit.rest(column, width));
  Value inPlane =
      emit.plus(emit.times(row, together), emit.rest(within, together));
  if (plane.offset)
    inPlane = emit.plus(inPlane, emit.index(plane.offset * layout.panel));
  Value offset = emit.plus(stepOffset(k), inPlane);
  Value byte =
      loadBytes(emit, memref, emit.over(column, width), offset, /*bytes=*/1);
  // The highest part needs no mask.
  Value bits;
  for (unsigned part = plane.parts(); part-- > 0;) {
    Value shifted = byte;
    if (part)
      shifted = arith::ShRUIOp::create(
          builder, emit.loc, byte,
          constant(builder.getI8Type(), part * plane.bits));
    if (part + 1 < plane.parts())
      shifted = emit.both(shifted, constant(builder.getI8Type(), plane.mask()));
    bits = bits ? emit.select(isBehind[part], bits, shifted) : shifted;
  }
  return bits;
}

Value PanelWeight::constant(Type type, int64_t value) {
  return arith::ConstantIntOp::create(emit.builder, emit.loc, type, value);
}

/// Where the step of k begins in a panel.
Value PanelWeight::stepOffset(Value k) {
  Value step = emit.over(k, emit.index(layout.stepInputs()));
  auto stepBytes = emit.index(layout.stepBytes());
  if (!layout.format().hasSpans())
    return emit.times(step, stepBytes);
  Value spanSteps = emit.index(layout.spanSteps());
  Value span =
      emit.times(emit.over(step, spanSteps), emit.index(layout.spanStride()));
  Value within = emit.times(emit.rest(step, spanSteps), stepBytes);
  return emit.plus(emit.plus(span, within), emit.index(layout.stepOffset(0)));
}

/// An f16 of a panel.
Value PanelWeight::half(Value panel, Value offset) {
  Value bits = loadBytes(emit, memref, panel, offset, 2);
  return asF32(emit.builder, emit.loc,
               arith::BitcastOp::create(emit.builder, emit.loc,
                                        emit.builder.getF16Type(), bits));
}

/// Of a group, or of a row: see Layout.h.
Value PanelWeight::number(Number which, Value column, Value k) {
  OpBuilder &builder = emit.builder;
  const PackedFormat &format = layout.format();
  Value width = emit.index(layout.panel);
  Value panel = emit.over(column, width), within = emit.rest(column, width);
  if (!format.isGrouped()) {
    int64_t behind = layout.stepCount(matrix) * layout.stepBytes();
    Value offset =
        emit.plus(emit.index(behind), emit.times(within, emit.index(4)));
    return arith::BitcastOp::create(builder, emit.loc, builder.getF32Type(),
                                    loadBytes(emit, memref, panel, offset, 4));
  }
  bool isScale = which == Number::Scale;
  Value span = emit.times(emit.over(k, emit.index(PackedFormat::spanSize)),
                          emit.index(layout.spanStride()));
  Value integer;
  if (format.hasNarrowScales()) {
    integer = narrowInteger(which, span, column, k);
  } else {
    Value stepInputs = emit.index(layout.stepInputs());
    Value group = emit.over(emit.rest(k, stepInputs), emit.index(format.group));
    Value begin = emit.index(layout.panel * (isScale ? layout.scalesInStep()
                                                     : layout.minimaInStep()));
    Value place = emit.plus(emit.times(group, width), within);
    Value offset =
        emit.plus(emit.plus(stepOffset(k), begin),
                  emit.times(place, emit.index(format.scaleBits() / 8)));
    if (!format.hasSpans())
      return half(panel, offset);
    integer = loadBytes(emit, memref, panel, offset, 1);
  }
  Value real =
      arith::SIToFPOp::create(builder, emit.loc, builder.getF32Type(), integer);
  Value ofSpan = emit.plus(span, emit.index(isScale ? 0 : 2 * layout.panel));
  return emit.mul(
      real, half(panel, emit.plus(ofSpan, emit.times(within, emit.index(2)))));
}

/// From its planes, as i32; `span` is where those of its span begin.
Value PanelWeight::narrowInteger(Number which, Value span, Value column,
                                 Value k) {
  OpBuilder &builder = emit.builder;
  const PackedFormat &format = layout.format();
  Value width = emit.index(layout.panel),
        stepInputs = emit.index(layout.stepInputs()),
        spanSteps = emit.index(layout.spanSteps());
  Value group = emit.over(emit.rest(k, stepInputs), emit.index(format.group));
  if (which == Number::Minimum)
    group = emit.plus(group, emit.index(layout.stepGroups()));
  Value number = emit.plus(emit.times(group, spanSteps),
                           emit.rest(emit.over(k, stepInputs), spanSteps));
  Value integer = constant(builder.getI32Type(), -format.scaleZero());
  for (const PackedFormat::Plane &plane : format.scalePlanes()) {
    Value bytes = emit.index(plane.bytes);
    Value row = emit.plus(emit.rest(number, bytes),
                          emit.index(layout.scalesInSpan() + plane.offset));
    Value offset = emit.plus(emit.plus(span, emit.times(row, width)),
                             emit.rest(column, width));
    Value byte = loadBytes(emit, memref, emit.over(column, width), offset, 1);
    Value shift = arith::IndexCastOp::create(
        builder, emit.loc, builder.getI8Type(),
        emit.times(emit.over(number, bytes), emit.index(plane.bits)));
    byte = arith::ShRUIOp::create(builder, emit.loc, byte, shift);
    byte = emit.both(byte, constant(builder.getI8Type(), plane.mask()));
    Value wide =
        arith::ExtUIOp::create(builder, emit.loc, builder.getI32Type(), byte);
    wide =
        arith::ShLIOp::create(builder, emit.loc, wide,
                              constant(builder.getI32Type(), plane.firstBit));
    integer = emit.plus(integer, wide);
  }
  return integer;
}

Value PanelWeight::scale(Value column, Value k) {
  return number(Number::Scale, column, k);
}

Value PanelWeight::minimum(Value column, Value k) {
  return number(Number::Minimum, column, k);
}

Value PanelWeight::middle(Value column, Value k) {
  return emit.add(
      minimum(column, k),
      emit.mul(scale(column, k), emit.number(layout.format().zeroPoint())));
}
