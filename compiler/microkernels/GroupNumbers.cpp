//===- GroupNumbers.cpp - scales and minima of groups ---------------------===//

#include "compiler/microkernels/GroupNumbers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <limits>
#include <map>

using namespace mlir;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;

namespace heddle::microkernels {

Value GroupNumbers::allocate(VectorBuilder &v, const PackedLayout &layout) {
  int64_t bytes = layout.format().spanNumbers() * layout.panel;
  return bytes ? v.stackFloats(bytes / 4) : Value();
}

/// As many f16 as there are lanes, widened. One that is not finite may become
/// another such.
Value GroupNumbers::halves(Value pointer) const {
  int64_t lanes = v.target.lanes();
  if (v.target.widensF16)
    return v.loadF16(pointer);
  // Exponent and mantissa moved to their places of f32 make a number that is
  // too small by 2^(127 - 15), subnormal or not, but what is not finite.
  auto type = VectorType::get(lanes, v.builder.getI16Type());
  Value halves =
      LLVM::LoadOp::create(v.builder, v.loc, type, pointer, lanes * 2);
  Value bits = arith::ExtSIOp::create(v.builder, v.loc, v.ints(), halves);
  Value rest =
      arith::AndIOp::create(v.builder, v.loc, bits, v.splatInt(0x7fff));
  Value placed = arith::ShLIOp::create(v.builder, v.loc, rest, v.splatInt(13));
  Value magnitude = v.mul(v.fromBits(placed), v.splat(0x1p112f));
  Value notFinite = v.splat(std::numeric_limits<float>::quiet_NaN());
  magnitude = v.whereGreater(magnitude, v.splat(65504), notFinite, magnitude);
  return v.withSignOf(magnitude, v.fromBits(bits));
}

Value GroupNumbers::scale(Value step, int64_t group, size_t vector) const {
  if (format.hasSpans())
    return v.mul(integers(step, group, vector, false), scales[vector]);
  return halves(place(step, layout.scalesInStep(), group, vector));
}

Value GroupNumbers::minimum(Value step, int64_t group, size_t vector) const {
  if (format.hasSpans())
    return v.mul(integers(step, group, vector, true), minima[vector]);
  return v.mul(halves(place(step, layout.minimaInStep(), group, vector)),
               v.splat(layout.multiple()));
}

Value GroupNumbers::place(Value step, int64_t begin, int64_t group,
                          size_t vector) const {
  int64_t column = group * layout.panel + columns[vector];
  return v.advanceBytes(step,
                        layout.panel * begin + column * format.scaleBits() / 8);
}

//===----------------------------------------------------------------------===//
// Spans
//===----------------------------------------------------------------------===//

void GroupNumbers::enterSpan(Value span) {
  scales.clear();
  minima.clear();
  for (int64_t column : columns) {
    scales.push_back(halves(v.advanceBytes(span, 2 * column)));
    if (!format.hasMinima)
      continue;
    Value minimum = halves(v.advanceBytes(span, 2 * (layout.panel + column)));
    minima.push_back(v.mul(minimum, v.splat(layout.multiple())));
  }
  if (format.hasNarrowScales())
    widen(span);
}

Value GroupNumbers::ofSpan(size_t vector) const {
  return format.hasMinima ? v.add(scales[vector], minima[vector])
                          : scales[vector];
}

/// The integers of one group of all steps of the span are rows of bytes, a
/// column each, that lie one behind the other, in the planes as in `scratch`.
void GroupNumbers::widen(Value span) {
  int64_t chunk = v.target.vectorBits / 8;
  std::map<int64_t, Value> loaded;
  for (int64_t at = 0; at < format.spanNumbers() * layout.panel; at += chunk) {
    Value numbers;
    for (const PackedFormat::Plane &plane : format.scalePlanes()) {
      int64_t planeBytes = plane.bytes * layout.panel, part = at / planeBytes;
      assert(planeBytes % chunk == 0 && "vectors lie within a part");
      int64_t from = (layout.scalesInSpan() + plane.offset) * layout.panel +
                     at % planeBytes;
      Value &words = loaded[from];
      if (!words)
        words = v.loadInts(v.advanceBytes(span, from), chunk);
      // Words are shifted: what comes from a neighbouring byte is masked.
      int64_t left = plane.firstBit - part * plane.bits;
      Value bits = words;
      if (left > 0)
        bits = arith::ShLIOp::create(v.builder, v.loc, bits, v.splatInt(left));
      else if (left < 0)
        bits =
            arith::ShRUIOp::create(v.builder, v.loc, bits, v.splatInt(-left));
      uint32_t mask = plane.mask() << plane.firstBit;
      bits = arith::AndIOp::create(v.builder, v.loc, bits,
                                   v.splatInt(int32_t(mask * 0x01010101u)));
      numbers = numbers ? arith::OrIOp::create(v.builder, v.loc, numbers, bits)
                        : bits;
    }
    if (format.scaleZero()) {
      auto type = VectorType::get(chunk, v.builder.getI8Type());
      auto zero = static_cast<int8_t>(format.scaleZero());
      numbers = arith::SubIOp::create(
          v.builder, v.loc,
          LLVM::BitcastOp::create(v.builder, v.loc, type, numbers),
          arith::ConstantOp::create(v.builder, v.loc,
                                    DenseElementsAttr::get(type, zero)));
    }
    LLVM::StoreOp::create(v.builder, v.loc, numbers,
                          v.advanceBytes(scratch, at), chunk);
  }
}

/// As f32.
Value GroupNumbers::integers(Value step, int64_t group, size_t vector,
                             bool isMinimum) const {
  Value from;
  if (format.hasNarrowScales()) {
    int64_t ofStep = group + (isMinimum ? layout.stepGroups() : 0);
    Value row = arith::MulIOp::create(v.builder, v.loc, stepOfSpan,
                                      v.index(layout.panel));
    from = v.advanceBytes(
        v.advanceBytes(scratch, ofStep * layout.spanSteps() * layout.panel +
                                    columns[vector]),
        row);
  } else {
    from =
        place(step, isMinimum ? layout.minimaInStep() : layout.scalesInStep(),
              group, vector);
  }
  auto type = VectorType::get(v.target.lanes(), v.builder.getI8Type());
  Value bytes =
      LLVM::LoadOp::create(v.builder, v.loc, type, from, v.target.lanes());
  Value wide = arith::ExtSIOp::create(v.builder, v.loc, v.ints(), bytes);
  return arith::SIToFPOp::create(v.builder, v.loc, v.floats(), wide);
}

} // namespace heddle::microkernels
