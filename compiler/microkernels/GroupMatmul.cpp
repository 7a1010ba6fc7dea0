//===- GroupMatmul.cpp - products of bytes with a scale a group -----------===//
//
// Integers of fewer than 8 bits are taken as multiples of 2^(8 − bits), which
// keeps the 128 (of a nibble: one `and` for the high one, and a shift for the
// low one); the result is divided by that. Wide q are summed a half at a time:
// the sum with the high bytes, times 255, is what the one with the low bytes
// begins with.
//
// Where groups have minima, w = u·dw + min is (u − z)·dw + (min + z·dw) with z
// in the middle of the u, so that Σ_g (min + z·dw) · (Σ_{k in g} q·n) is added:
// one more multiplication a group, with sums that rows bring along.
//
// A group of 32 k takes 8 steps of vpdpbusd for every fused multiply-add, which
// uses the same units: 89% of the peak of vpdpbusd at most. To multiply with
// n = 2^high + 2^low uses others: two additions to exponents, and one of f32.
// The rows of a tile are that many independent chains.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/ByteDot.h"
#include "compiler/microkernels/ByteMatmul.h"
#include <limits>
#include <map>

using namespace mlir;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;

namespace heddle::microkernels {
namespace {

/// As many f16 as there are lanes, widened.
Value loadHalves(VectorBuilder &v, Value pointer) {
  int64_t lanes = v.target.lanes();
  if (v.target.name != Target::generic.name) {
    auto type = VectorType::get(lanes, v.builder.getF16Type());
    Value halves =
        LLVM::LoadOp::create(v.builder, v.loc, type, pointer, lanes * 2);
    return arith::ExtFOp::create(v.builder, v.loc, v.floats(), halves);
  }
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

/// The integers of a step of k for the columns of a tile, from their planes.
class GroupReader {
public:
  GroupReader(VectorBuilder &v, const PackedLayout &layout, const Tile &tile,
              Value weight)
      : v(v), layout(layout), tile(tile), weight(weight),
        planes(layout.format().planes(layout.stepInputs())),
        loaded(planes.size()) {}

  /// All quads of k of a group, those that share bytes one after the other.
  SmallVector<int64_t> quads(int64_t group) const {
    int64_t most = 0, ofGroup = layout.format().group / layout.interleave;
    for (const PackedFormat::Plane &plane : planes)
      most = std::max(most, rowsOf(plane));
    SmallVector<int64_t> order;
    for (int64_t row = 0; row < most; ++row)
      for (int64_t quad = row; quad * layout.interleave < layout.stepInputs();
           quad += most)
        if (quad / ofGroup == group)
          order.push_back(quad);
    return order;
  }

  /// 2^(8 − bits)·u of the four k of a quad, for a vector of columns.
  Value bytes(int64_t quad, size_t vector) {
    Value u;
    for (size_t plane = 0; plane < planes.size(); ++plane) {
      Value bits = bitsOf(plane, quad, vector);
      u = u ? arith::OrIOp::create(v.builder, v.loc, u, bits) : bits;
    }
    return u;
  }

private:
  /// Rows of four bytes a column.
  int64_t rowsOf(const PackedFormat::Plane &plane) const {
    return plane.bytes / layout.interleave;
  }

  /// What a plane has of them, where it lies in 2^(8 − bits)·u.
  Value bitsOf(size_t number, int64_t quad, size_t vector) {
    const PackedFormat::Plane &plane = planes[number];
    int64_t rows = rowsOf(plane), row = quad % rows, part = quad / rows;
    Value words = rowOf(number, row)[vector];
    // Words are shifted: what comes from a neighbouring byte is masked.
    int64_t lowest = 8 - layout.format().bits() + plane.firstBit,
            left = lowest - part * plane.bits;
    if (left > 0)
      words = arith::ShLIOp::create(v.builder, v.loc, words, v.splatInt(left));
    else if (left < 0)
      words =
          arith::ShRUIOp::create(v.builder, v.loc, words, v.splatInt(-left));
    uint32_t mask = plane.mask() << lowest;
    if (mask == 0xff)
      return words;
    return arith::AndIOp::create(v.builder, v.loc, words,
                                 v.splatInt(int32_t(mask * 0x01010101u)));
  }

  /// A row of a plane for all vectors, loaded where it is first asked for.
  ArrayRef<Value> rowOf(size_t number, int64_t row) {
    SmallVector<Value> &vectors = loaded[number][row];
    if (!vectors.empty())
      return vectors;
    int64_t rowBytes = layout.panel * layout.interleave;
    int64_t offset = planes[number].offset * layout.panel + row * rowBytes;
    for (int64_t vector : tile.vectors)
      vectors.push_back(v.loadInts(v.advanceBytes(weight, offset + vector),
                                   v.target.vectorBits / 8));
    return vectors;
  }

  VectorBuilder &v;
  const PackedLayout &layout;
  const Tile &tile;
  Value weight;
  SmallVector<PackedFormat::Plane, 2> planes;
  /// By plane and row.
  std::vector<std::map<int64_t, SmallVector<Value>>> loaded;
};

class GroupOperands : public ByteOperands {
public:
  GroupOperands(kernel::MatmulOp op, const Target &target)
      : ByteOperands(op),
        vectorsTogether(ByteDot::tiles(target).groups.vectors) {
    // A tile has whole panels, since scales lie closer than columns.
    tile = {ByteDot::tiles(target).groups.rows, panel / target.lanes()};
    singleRowVectors = fewRowsVectors = tile.vectors;
    stepLines = stepBytes / tuning::cacheLine;
  }

  /// As many vectors at a time as there are registers for, over all of k.
  SmallVector<Value> emitSums(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const override {
    // In the order of memory; of a gated product it is not that of the tile.
    int64_t vectors = tile.vectors.size();
    auto order = llvm::to_vector(llvm::seq(vectors));
    llvm::sort(order, [&](int64_t a, int64_t b) {
      return tile.vectors[a] < tile.vectors[b];
    });
    SmallVector<Value> sums(tile.rows * vectors);
    for (int64_t first = 0; first < vectors; first += vectorsTogether) {
      auto numbers = ArrayRef(order).slice(
          first, std::min(vectorsTogether, vectors - first));
      Tile part = {tile.rows, {}, tile.nextLines};
      for (int64_t number : numbers)
        part.vectors.push_back(tile.vectors[number]);
      SmallVector<Value> partSums = emitPart(v, part, x, weight, next);
      for (auto [place, sum] : llvm::enumerate(partSums)) {
        int64_t i = place / numbers.size(), j = place % numbers.size();
        sums[i * vectors + numbers[j]] = sum;
      }
    }
    return sums;
  }

private:
  //  sums[i][j] = 0
  //  for the groups g of all steps:
  //    dots[i][j] = Σ_k (u[g][j] − 128) · q[i][g]
  //    sums[i][j] += dots[i][j] · (dw[g][j] · n[i][g])
  //                  + (min[g][j] + z · dw[g][j]) · (Σ_k q[i][g] · n[i][g])
  //    checks[j] += dw[g][j] + min[g][j]
  //  return sums[i][j] · unit[i], or NaN where checks[j] is no finite number
  SmallVector<Value> emitPart(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const {
    size_t columns = tile.vectors.size();
    SmallVector<Value> sums((tile.rows + 1) * columns, v.splat(0));
    sums = v.loop(
        v.index(0), v.index(steps), 1, sums, [&](Value step, ValueRange sums) {
          Value offset = times(v, step, stepBytes);
          prefetchNext(v, tile, weight, next, offset);
          Place place = {
              v.advanceBytes(x, times(v, step, layout.stepInputs())),
              v.advanceBytes(x, times(v, step, 4 * layout.stepGroups())),
              v.advanceBytes(weight, offset),
              spanOf(v, weight, step),
              stepOfSpan(v, step),
              0};
          GroupReader reader(v, layout, tile, place.weight);
          SmallVector<Value> updated(sums);
          for (; place.group < layout.stepGroups(); ++place.group) {
            SmallVector<Value> dots = emitDots(v, tile, place, reader);
            updated = addScaled(v, tile, updated, dots, place);
            place.numbers = v.advanceBytes(place.numbers, 4);
          }
          return updated;
        });
    auto checks = ArrayRef(sums).take_back(columns);
    SmallVector<Value> results;
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value unit =
          v.loadSplat(v.advanceBytes(x, i * xRowBytes + row.scaleOffset()));
      if (multiple() > 1)
        unit = v.mul(unit, v.splat(1.f / multiple()));
      for (Value check : checks)
        results.push_back(
            v.mulAdd(sums[results.size()], unit, v.sub(check, check)));
    }
    return results;
  }

  /// Where a group of k is: `x`, `weight` and `span` begin with its step or
  /// what that lies in, `numbers` with its four bytes, from which those of the
  /// strips are a row's constant away.
  struct Place {
    Value x, numbers, weight, span;
    Value stepOfSpan; ///< where scales are narrow
    int64_t group;    ///< of the step
  };

  /// What a span of k has, for the first column.
  Value spanOf(VectorBuilder &v, Value weight, Value step) const {
    if (!format.hasSpans())
      return weight;
    Value span = arith::DivUIOp::create(v.builder, v.loc, step,
                                        v.index(layout.spanSteps()));
    return v.advanceBytes(v.advanceBytes(weight, steps * stepBytes),
                          times(v, span, panel * layout.spanBytes()));
  }

  Value stepOfSpan(VectorBuilder &v, Value step) const {
    if (!format.hasNarrowScales())
      return {};
    return arith::RemUIOp::create(v.builder, v.loc, step,
                                  v.index(layout.spanSteps()));
  }

  SmallVector<Value> emitDots(VectorBuilder &v, const Tile &tile,
                              const Place &place, GroupReader &reader) const {
    ByteDot dot(v);
    auto start = [&](int64_t i, int64_t strip) {
      return dot.start(
          v.loadSplatInt(v.advanceBytes(place.numbers, i * xRowBytes + strip)));
    };
    SmallVector<Value> dots;
    for (int64_t i = 0; i < tile.rows; ++i)
      dots.append(tile.vectors.size(), start(i, row.startOffset()));
    addDots(v, tile, place, 0, reader, dots);
    if (!row.wide)
      return dots;
    for (auto [number, sum] : llvm::enumerate(dots)) {
      Value times256 =
          arith::ShLIOp::create(v.builder, v.loc, sum, v.splatInt(8));
      sum = arith::SubIOp::create(v.builder, v.loc, times256, sum);
      sum = arith::AddIOp::create(
          v.builder, v.loc, sum,
          start(number / tile.vectors.size(), row.lowStartOffset()));
    }
    addDots(v, tile, place, row.lowBytesOffset(), reader, dots);
    return dots;
  }

  /// Of bytes `xOffset` from the start of a row.
  void addDots(VectorBuilder &v, const Tile &tile, const Place &place,
               int64_t xOffset, GroupReader &reader,
               SmallVectorImpl<Value> &dots) const {
    ByteDot dot(v);
    for (int64_t quad : reader.quads(place.group)) {
      SmallVector<ByteDot::Bytes> weights;
      for (size_t j = 0; j < tile.vectors.size(); ++j)
        weights.push_back(dot.weights(reader.bytes(quad, j)));
      int64_t k = quad * layout.interleave + xOffset;
      for (int64_t i = 0; i < tile.rows; ++i) {
        ByteDot::Bytes q = dot.inputs(
            v.loadSplatInt(v.advanceBytes(place.x, i * xRowBytes + k)));
        for (auto [j, u] : llvm::enumerate(weights)) {
          Value &sum = dots[i * weights.size() + j];
          sum = dot.add(sum, u, q);
        }
      }
    }
  }

  /// The product of scales by adding to exponents,
  ///   dw · (2^high + 2^low) = f32(bits(dw) + (high << 23)) +
  ///                           f32(bits(dw) + (low << 23)),
  /// is exact where dw is a number but 0, and next to nothing for 0, where
  /// weights are all minimum. What is no finite number becomes any: hence the
  /// checks.
  SmallVector<Value> addScaled(VectorBuilder &v, const Tile &tile,
                               ValueRange sums, ValueRange dots,
                               const Place &place) const {
    auto plus = [&](Value bits, Value exponent) {
      return v.fromBits(
          arith::AddIOp::create(v.builder, v.loc, bits, exponent));
    };
    SmallVector<Value> scales, middles, checks, updated;
    for (int64_t vector : tile.vectors) {
      Value scale = number(v, place, Number::Scale, vector);
      scales.push_back(scale);
      checks.push_back(scale);
      if (!format.hasMinima)
        continue;
      Value minimum = number(v, place, Number::Minimum, vector);
      // Dots are multiples.
      middles.push_back(
          v.mul(v.mulAdd(scale, v.splat(format.zeroPoint()), minimum),
                v.splat(multiple())));
      checks.back() = v.add(scale, minimum);
    }
    for (int64_t i = 0; i < tile.rows; ++i) {
      auto at = [&](int64_t strip) {
        return v.advanceBytes(place.numbers, i * xRowBytes + strip);
      };
      Value high = v.loadSplatInt(at(row.highOffset())),
            low = v.loadSplatInt(at(row.lowOffset()));
      Value total;
      if (format.hasMinima)
        total = v.loadSplat(at(row.sumOffset()));
      for (auto [j, columnScale] : llvm::enumerate(scales)) {
        int64_t number = updated.size();
        Value bits = v.bitsOf(columnScale);
        Value scale = v.add(plus(bits, high), plus(bits, low));
        Value sum = v.mulAdd(toFloats(v, dots[number]), scale, sums[number]);
        if (total)
          sum = v.mulAdd(middles[j], total, sum);
        updated.push_back(sum);
      }
    }
    for (Value check : checks)
      updated.push_back(v.add(sums[updated.size()], check));
    return updated;
  }

  enum class Number { Scale, Minimum };

  /// One for each of a vector of columns: of the group, times that of the span
  /// where there are such.
  Value number(VectorBuilder &v, const Place &place, Number which,
               int64_t vector) const {
    bool isScale = which == Number::Scale;
    Value integers;
    if (format.hasNarrowScales()) {
      integers = narrowIntegers(v, place, which, vector);
    } else {
      int64_t inStep = isScale ? layout.scalesInStep() : layout.minimaInStep(),
              bytes = format.scaleBits() / 8;
      Value at = v.advanceBytes(
          place.weight,
          atColumn(vector, panel * (inStep + place.group * bytes), bytes));
      if (!format.hasSpans())
        return loadHalves(v, at);
      integers =
          arith::ExtSIOp::create(v.builder, v.loc, v.ints(), loadBytes(v, at));
    }
    Value ofSpan = loadHalves(
        v, v.advanceBytes(place.span,
                          atColumn(vector, isScale ? 0 : 2 * panel, 2)));
    return v.mul(toFloats(v, integers), ofSpan);
  }

  /// As many bytes as there are lanes.
  static Value loadBytes(VectorBuilder &v, Value pointer) {
    auto type = VectorType::get(v.target.lanes(), v.builder.getI8Type());
    return LLVM::LoadOp::create(v.builder, v.loc, type, pointer,
                                v.target.lanes());
  }

  /// From the planes of the span.
  Value narrowIntegers(VectorBuilder &v, const Place &place, Number which,
                       int64_t vector) const {
    auto index = [&](auto op, Value a, int64_t b) -> Value {
      return decltype(op)::create(v.builder, v.loc, a, v.index(b));
    };
    int64_t ofStep =
        place.group + (which == Number::Scale ? 0 : layout.stepGroups());
    Value number =
        index(arith::AddIOp(), place.stepOfSpan, ofStep * layout.spanSteps());
    Value integers = v.splatInt(-format.scaleZero());
    for (const PackedFormat::Plane &plane : format.scalePlanes()) {
      Value byte = index(arith::RemUIOp(), number, plane.bytes),
            part = index(arith::DivUIOp(), number, plane.bytes);
      Value row = v.advanceBytes(
          place.span,
          atColumn(vector, panel * (layout.scalesInSpan() + plane.offset), 1));
      Value bytes = loadBytes(v, v.advanceBytes(row, times(v, byte, panel)));
      Value words = arith::ExtUIOp::create(v.builder, v.loc, v.ints(), bytes);
      Value shift = arith::IndexCastOp::create(
          v.builder, v.loc, v.builder.getI32Type(), times(v, part, plane.bits));
      words = arith::ShRUIOp::create(
          v.builder, v.loc, words,
          vector::BroadcastOp::create(v.builder, v.loc, v.ints(), shift));
      words = arith::AndIOp::create(v.builder, v.loc, words,
                                    v.splatInt(plane.mask()));
      words = arith::ShLIOp::create(v.builder, v.loc, words,
                                    v.splatInt(plane.firstBit));
      integers = arith::AddIOp::create(v.builder, v.loc, integers, words);
    }
    return integers;
  }

  /// The byte of a vector of columns in a row of `bytes` for each column that
  /// begins at `offset` of every panel.
  int64_t atColumn(int64_t vector, int64_t offset, int64_t bytes) const {
    int64_t column = vector % panelBytes / columnBytes;
    return vector / panelBytes * panelBytes + offset + column * bytes;
  }

  /// What the integers are multiplied with for bytes whose zero is 128.
  int64_t multiple() const { return int64_t(1) << (8 - format.bits()); }

  int64_t vectorsTogether;
};

} // namespace

std::unique_ptr<MatmulOperands> createGroupOperands(kernel::MatmulOp op,
                                                    const Target &target) {
  return std::make_unique<GroupOperands>(op, target);
}

} // namespace heddle::microkernels
