//===- Quantise.cpp - a row of activations as bytes -----------------------===//
//
// m = the largest |x[k]|, q[k] = x[k] · (127 / m) rounded to the nearest, ties
// to even: the formulas of QuantisedRow in Layout.h, for a whole row or for
// every group of it. Three walks over a row that is in the first-level cache:
// one for m, one over the groups for their scales, a vector of groups at a
// time, and one for q and its sums.
//
// Nothing but the largest element depends on more than one, and integer sums
// have no order, so that all vector units give the same bytes. The bits of
// |x| are compared as integers: what is not a number is larger than all
// numbers, and makes the scale not a number.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Quantise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using heddle::kernel::PackedLayout;
using heddle::kernel::QuantisedRow;

namespace heddle::microkernels {
namespace {

class RowQuantiser {
public:
  RowQuantiser(VectorBuilder &v, const QuantisedRow &row, Value x, Value bytes)
      : v(v), row(row), lanes(v.target.lanes()),
        groupSize(row.grouped ? PackedLayout::quantGroup : row.inputs), x(x),
        bytes(bytes), scales(v.advanceBytes(bytes, row.scaleOffset())),
        starts(v.advanceBytes(bytes, row.startOffset())) {}

  void emit();

private:
  /// Elements k … k + size of the row, size static; all but the last group have
  /// the same size.
  struct Span {
    Value k;
    int64_t size;
  };
  void forGroups(function_ref<void(Value group, Span span)> body);
  /// A vector of elements from k on, zero beyond the end.
  struct Part {
    Value elements, k;
  };
  /// value = body(part, value) for the vectors of a span.
  Value overVectors(Span span, Value value,
                    function_ref<Value(Part, Value)> body);

  Value largestBits(Span span);
  void emitScales();
  void emitScalesOf(Value first, int64_t count);
  Value emitBytes(Span span, Value inverse);
  void emitZeros(int64_t from, int64_t to);

  Value times(Value index, int64_t factor) {
    return arith::MulIOp::create(v.builder, v.loc, index, v.index(factor));
  }
  Value word(Value strip, Value number) {
    return v.advanceBytes(strip, times(number, 4));
  }
  void storeWord(Value word, Value pointer) {
    LLVM::StoreOp::create(v.builder, v.loc, word, pointer, 4);
  }
  Value word(int64_t number) {
    return arith::ConstantIntOp::create(v.builder, v.loc,
                                        static_cast<int32_t>(number), 32);
  }

  VectorBuilder &v;
  const QuantisedRow &row;
  int64_t lanes, groupSize;
  Value x, bytes, scales, starts;

  /// 1.5 · 2^23: added to a number below 2^22 it leaves the nearest integer in
  /// the low bits, as a difference from its own.
  static constexpr float rounder = 0x1.8p23f;
  static constexpr int64_t rounderBits = 0x4b400000;
};

} // namespace

//===----------------------------------------------------------------------===//
// Walks
//===----------------------------------------------------------------------===//

void RowQuantiser::forGroups(function_ref<void(Value, Span)> body) {
  int64_t whole = row.inputs / groupSize, rest = row.inputs % groupSize;
  if (whole == 1)
    body(v.index(0), {v.index(0), groupSize});
  else
    v.loop(v.index(0), v.index(whole), 1, [&](Value group) {
      body(group, {times(group, groupSize), groupSize});
    });
  if (rest)
    body(v.index(whole), {v.index(whole * groupSize), rest});
}

Value RowQuantiser::overVectors(Span span, Value value,
                                function_ref<Value(Part, Value)> body) {
  auto add = [&](Value part, Value value, int64_t count) {
    Value k = arith::AddIOp::create(v.builder, v.loc, span.k, part);
    return body({v.loadFirst(v.advance(x, k), count), k}, value);
  };
  int64_t whole = span.size / lanes * lanes;
  if (row.grouped)
    for (int64_t k = 0; k < whole; k += lanes)
      value = add(v.index(k), value, lanes);
  else
    value = v.loop(v.index(0), v.index(whole), lanes, value,
                   [&](Value k, ValueRange value) -> SmallVector<Value> {
                     return {add(k, value.front(), lanes)};
                   })
                .front();
  if (whole == span.size)
    return value;
  return add(v.index(whole), value, span.size - whole);
}

//===----------------------------------------------------------------------===//
// Scales and bytes
//===----------------------------------------------------------------------===//

Value RowQuantiser::largestBits(Span span) {
  Value largest =
      overVectors(span, v.splatInt(0), [&](Part part, Value largest) -> Value {
        Value bits = v.bitsOf(v.magnitude(part.elements));
        return arith::MaxSIOp::create(v.builder, v.loc, largest, bits);
      });
  return vector::ReductionOp::create(v.builder, v.loc,
                                     vector::CombiningKind::MAXSI, largest);
}

/// From the largest magnitudes, which are where the scales will be: m / 127
/// there, and 127 / m where the starts will be.
void RowQuantiser::emitScales() {
  int64_t count = row.groupCount(), whole = count / lanes * lanes;
  if (whole)
    v.loop(v.index(0), v.index(whole), lanes,
           [&](Value group) { emitScalesOf(group, lanes); });
  if (whole != count)
    emitScalesOf(v.index(whole), count - whole);
}

void RowQuantiser::emitScalesOf(Value first, int64_t count) {
  Value largest = v.loadFirst(word(scales, first), count);
  Value least = v.splat(QuantisedRow::leastMagnitude);
  auto orZero = [&](Value number) {
    return v.whereGreater(least, largest, v.splat(0), number);
  };
  Value limit = v.splat(127);
  v.storeFirst(orZero(v.div(largest, limit)), word(scales, first), count);
  v.storeFirst(orZero(v.div(limit, largest)), word(starts, first), count);
}

/// Writes the span's q and returns their sum.
Value RowQuantiser::emitBytes(Span span, Value inverse) {
  auto type = VectorType::get(lanes, v.builder.getI8Type());
  Value sums =
      overVectors(span, v.splatInt(0), [&](Part part, Value sums) -> Value {
        Value rounded = v.add(v.mul(part.elements, inverse), v.splat(rounder));
        Value bits = v.bitsOf(rounded);
        Value narrow = arith::TruncIOp::create(v.builder, v.loc, type, bits);
        v.store(narrow, v.advanceBytes(bytes, part.k), 1);
        return arith::AddIOp::create(v.builder, v.loc, sums, bits);
      });
  Value sum = vector::ReductionOp::create(v.builder, v.loc,
                                          vector::CombiningKind::ADD, sums);
  int64_t added = llvm::alignTo(span.size, lanes) * rounderBits;
  return arith::SubIOp::create(v.builder, v.loc, sum, word(added));
}

void RowQuantiser::emitZeros(int64_t from, int64_t to) {
  auto type = VectorType::get(lanes, v.builder.getI8Type());
  Value zeros = arith::ConstantOp::create(
      v.builder, v.loc, type, DenseElementsAttr::get(type, int8_t(0)));
  for (int64_t offset = from; offset < to; offset += lanes)
    v.store(zeros, v.advanceBytes(bytes, offset), 1);
}

void RowQuantiser::emit() {
  emitZeros(llvm::alignTo(row.inputs, lanes), row.scaleOffset());
  forGroups([&](Value group, Span span) {
    storeWord(largestBits(span), word(scales, group));
  });
  emitScales();
  forGroups([&](Value group, Span span) {
    Value scale = LLVM::LoadOp::create(v.builder, v.loc, v.builder.getI32Type(),
                                       word(scales, group), 4);
    Value sum = emitBytes(span, v.loadSplat(word(starts, group)));
    if (!row.grouped) // the last vector may have run over it
      storeWord(scale, word(scales, group));
    Value start = arith::MulIOp::create(v.builder, v.loc, sum, word(-128));
    storeWord(start, word(starts, group));
  });
}

void emitQuantisedRow(VectorBuilder &v, const QuantisedRow &row, Value x,
                      Value bytes) {
  RowQuantiser(v, row, x, bytes).emit();
}

} // namespace heddle::microkernels
