//===- Quantise.cpp - a row of activations as bytes -----------------------===//
//
// The formulas of QuantisedRow in Layout.h. Walks over a row that is in the
// first-level cache: one for the largest magnitudes, one over the groups, a
// vector of them at a time, for their scales, and one for q and its sums.
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
#include <bit>

using namespace mlir;
using heddle::kernel::PackedFormat;
using heddle::kernel::QuantisedRow;

namespace heddle::microkernels {
namespace {

class RowQuantiser {
public:
  RowQuantiser(VectorBuilder &v, const QuantisedRow &row, Value x, Value bytes)
      : v(v), row(row), lanes(v.target.lanes()),
        groupSize(row.isGrouped() ? row.group : row.inputs), x(x), bytes(bytes),
        highs(v.advanceBytes(bytes, row.highOffset())),
        lows(v.advanceBytes(bytes, row.lowOffset())),
        totals(v.advanceBytes(bytes, row.sumOffset())),
        lowStarts(v.advanceBytes(bytes, row.lowStartOffset())),
        starts(v.advanceBytes(bytes, row.startOffset())),
        scale(v.advanceBytes(bytes, row.scaleOffset())) {}

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
  Value largestOfGroups();
  Value atLeastTiny(Value bits);
  /// Of the q of a span, of their first bytes, and of their low ones.
  struct Sums {
    Value all, first, low;
  };
  void emitStarts(Value group, const Sums &sums);
  void emitTotal(Value group, Value sum);
  void emitRow();
  void emitGroups();
  void emitMultiples(Value first, int64_t count, Value largest, Value unit);
  Sums emitBytes(Span span, Value inverse);
  void emitZeros(int64_t from, int64_t to);

  Value plus(Value a, Value b) {
    return arith::AddIOp::create(v.builder, v.loc, a, b);
  }
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
  Value x, bytes, highs, lows, totals, lowStarts, starts, scale;

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
  int64_t behind = llvm::divideCeil(row.inputs, groupSize);
  if (rest)
    body(v.index(whole), {v.index(whole * groupSize), rest});
  // The last step may have groups with nothing in them.
  for (int64_t group = behind; group < row.groupCount(); ++group)
    body(v.index(group), {v.index(row.inputs), 0});
}

Value RowQuantiser::overVectors(Span span, Value value,
                                function_ref<Value(Part, Value)> body) {
  auto add = [&](Value part, Value value, int64_t count) {
    Value k = arith::AddIOp::create(v.builder, v.loc, span.k, part);
    return body({v.loadFirst(v.advance(x, k), count), k}, value);
  };
  int64_t whole = span.size / lanes * lanes;
  if (row.isGrouped())
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

/// From those of the groups, which are where `high` will be.
Value RowQuantiser::largestOfGroups() {
  auto add = [&](Value group, Value largest, int64_t count) -> Value {
    Value bits = v.bitsOf(v.loadFirst(word(highs, group), count));
    return arith::MaxSIOp::create(v.builder, v.loc, largest, bits);
  };
  int64_t count = row.groupCount(), whole = count / lanes * lanes;
  Value largest =
      v.loop(v.index(0), v.index(whole), lanes, v.splatInt(0),
             [&](Value group, ValueRange largest) -> SmallVector<Value> {
               return {add(group, largest.front(), lanes)};
             })
          .front();
  if (whole != count)
    largest = add(v.index(whole), largest, count - whole);
  return vector::ReductionOp::create(v.builder, v.loc,
                                     vector::CombiningKind::MAXSI, largest);
}

//  v = 2^16 · m / M, 2 at least
//  2^high = the power of two below v, not v itself
//  2^low = the least one from 1 on that v − 2^high does not exceed
//  inverse = 1 / (unit · (2^high + 2^low))
/// The inverses go where the starts will be.
void RowQuantiser::emitMultiples(Value first, int64_t count, Value largest,
                                 Value unit) {
  auto plus = [&](Value bits, int32_t number) -> Value {
    return arith::AddIOp::create(v.builder, v.loc, bits, v.splatInt(number));
  };
  // The bits of the power of two of a positive number.
  auto powerOf = [&](Value bits) -> Value {
    return arith::AndIOp::create(v.builder, v.loc, bits,
                                 v.splatInt(0x7f800000));
  };
  constexpr int32_t one = 0x3f800000, step = 1 << 23;
  Value share = v.div(v.loadFirst(word(highs, first), count), largest);
  Value multiple = v.mul(share, v.splat(QuantisedRow::largestMultiple));
  // What is not a number, as its unit is, counts as little.
  multiple = v.whereGreater(multiple, v.splat(2), multiple, v.splat(2));
  Value high = powerOf(plus(v.bitsOf(multiple), -1));
  Value rest = v.sub(multiple, v.fromBits(high));
  Value low = arith::MaxSIOp::create(
      v.builder, v.loc, plus(powerOf(plus(v.bitsOf(rest), -1)), step),
      v.splatInt(one));
  Value scale = v.mul(unit, v.add(v.fromBits(high), v.fromBits(low)));
  v.storeFirst(v.div(v.splat(1), scale), word(starts, first), count);
  v.storeFirst(v.fromBits(plus(high, -one)), word(highs, first), count);
  v.storeFirst(v.fromBits(plus(low, -one)), word(lows, first), count);
}

/// Writes the span's q, and its sums.
RowQuantiser::Sums RowQuantiser::emitBytes(Span span, Value inverse) {
  auto roundedBits = [&](Value number) {
    return v.bitsOf(v.add(number, v.splat(rounder)));
  };
  auto storeBytes = [&](Value ints, Value to) {
    auto type = VectorType::get(lanes, v.builder.getI8Type());
    v.store(arith::TruncIOp::create(v.builder, v.loc, type, ints), to, 1);
  };
  auto sumOf = [&](Value sums) -> Value {
    return vector::ReductionOp::create(v.builder, v.loc,
                                       vector::CombiningKind::ADD, sums);
  };
  int64_t added = llvm::alignTo(span.size, lanes) * rounderBits;
  if (!row.wide) {
    Value sums =
        overVectors(span, v.splatInt(0), [&](Part part, Value sums) -> Value {
          Value bits = roundedBits(v.mul(part.elements, inverse));
          storeBytes(bits, v.advanceBytes(bytes, part.k));
          return plus(sums, bits);
        });
    Value all =
        arith::SubIOp::create(v.builder, v.loc, sumOf(sums), word(added));
    return {all, all, {}};
  }
  // q / 255 is never halfway between integers.
  Value lowBytes = v.advanceBytes(bytes, row.lowBytesOffset());
  Value firsts = v.splatInt(0);
  Value lows =
      overVectors(span, v.splatInt(0), [&](Part part, Value sums) -> Value {
        Value q = v.sub(v.add(v.mul(part.elements, inverse), v.splat(rounder)),
                        v.splat(rounder));
        Value first = roundedBits(v.mul(q, v.splat(1.f / 255)));
        storeBytes(first, v.advanceBytes(bytes, part.k));
        Value whole = v.sub(v.fromBits(first), v.splat(rounder));
        Value low = roundedBits(v.mulAdd(whole, v.splat(-255), q));
        storeBytes(low, v.advanceBytes(lowBytes, part.k));
        firsts = plus(firsts, first);
        return plus(sums, low);
      });
  Value first =
      arith::SubIOp::create(v.builder, v.loc, sumOf(firsts), word(added));
  Value low = arith::SubIOp::create(v.builder, v.loc, sumOf(lows), word(added));
  Value all =
      plus(arith::MulIOp::create(v.builder, v.loc, first, word(255)), low);
  return {all, first, low};
}

void RowQuantiser::emitZeros(int64_t from, int64_t to) {
  auto type = VectorType::get(lanes, v.builder.getI8Type());
  Value zeros = arith::ConstantOp::create(
      v.builder, v.loc, type, DenseElementsAttr::get(type, int8_t(0)));
  for (int64_t offset = from; offset < to; offset += lanes)
    v.store(zeros, v.advanceBytes(bytes, offset), 1);
}

/// M of the bits of a magnitude, in every lane.
Value RowQuantiser::atLeastTiny(Value bits) {
  Value tiny = word(std::bit_cast<int32_t>(row.leastMagnitude()));
  bits = arith::MaxSIOp::create(v.builder, v.loc, bits, tiny);
  return v.fromBits(
      vector::BroadcastOp::create(v.builder, v.loc, v.ints(), bits));
}

void RowQuantiser::emitStarts(Value group, const Sums &sums) {
  auto store = [&](Value sum, Value strip) {
    storeWord(arith::MulIOp::create(v.builder, v.loc, sum, word(-128)),
              word(strip, group));
  };
  store(sums.first, starts);
  if (row.wide)
    store(sums.low, lowStarts);
}

/// Σ q · (2^high + 2^low).
void RowQuantiser::emitTotal(Value group, Value sum) {
  OpBuilder &b = v.builder;
  Type number = b.getF32Type();
  auto power = [&](Value strip) -> Value {
    Value exponent =
        LLVM::LoadOp::create(b, v.loc, b.getI32Type(), word(strip, group), 4);
    Value one = word(std::bit_cast<int32_t>(1.0f));
    return arith::BitcastOp::create(
        b, v.loc, number, arith::AddIOp::create(b, v.loc, exponent, one));
  };
  Value multiple = arith::AddFOp::create(b, v.loc, power(highs), power(lows));
  Value real = arith::SIToFPOp::create(b, v.loc, number, sum);
  LLVM::StoreOp::create(b, v.loc,
                        arith::MulFOp::create(b, v.loc, real, multiple),
                        word(totals, group), 4);
}

void RowQuantiser::emitRow() {
  Span all = {v.index(0), row.inputs};
  Value largest = atLeastTiny(largestBits(all));
  Value limit = v.splat(row.largest());
  emitStarts(v.index(0), emitBytes(all, v.div(limit, largest)));
  // Behind the bytes, of which the last vector may have run over it.
  v.storeFirst(v.div(largest, limit), scale, 1);
}

void RowQuantiser::emitGroups() {
  forGroups([&](Value group, Span span) {
    storeWord(largestBits(span), word(highs, group));
  });
  Value largest = atLeastTiny(largestOfGroups());
  Value unit =
      v.div(largest, v.splat(row.largest() * QuantisedRow::largestMultiple));
  v.storeFirst(unit, scale, 1);
  int64_t count = row.groupCount(), whole = count / lanes * lanes;
  v.loop(v.index(0), v.index(whole), lanes,
         [&](Value group) { emitMultiples(group, lanes, largest, unit); });
  if (whole != count)
    emitMultiples(v.index(whole), count - whole, largest, unit);
  forGroups([&](Value group, Span span) {
    Sums sums = emitBytes(span, v.loadSplat(word(starts, group)));
    emitStarts(group, sums);
    emitTotal(group, sums.all);
  });
}

void RowQuantiser::emit() {
  int64_t behind = llvm::alignTo(row.inputs, lanes);
  if (row.wide) {
    emitZeros(behind, row.lowBytesOffset());
    behind += row.lowBytesOffset();
  }
  emitZeros(behind, row.numbersOffset());
  if (row.isGrouped())
    emitGroups();
  else
    emitRow();
}

void emitQuantisedRow(VectorBuilder &v, const QuantisedRow &row, Value x,
                      Value bytes) {
  RowQuantiser(v, row, x, bytes).emit();
}

} // namespace heddle::microkernels
