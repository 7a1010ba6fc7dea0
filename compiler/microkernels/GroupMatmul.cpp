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
#include "compiler/microkernels/GroupNumbers.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;

namespace heddle::microkernels {
namespace {

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
    if (target.prefetchesAhead && target.dotsBytes) {
      rowsOfFew = tuning::rowsOfFewGroups;
      // Taking four bits apart is shared by as many rows as there are.
      if (row.wide && format.bits() <= 4)
        tile.rows = rowsOfFew;
    }
    if (format.hasSpans() || (row.wide && format.bits() >= 6))
      linesAhead = stepLines;
  }

  /// As many vectors at a time as there are registers for, over all of k.
  SmallVector<Value> emitSums(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const override {
    Value scratch = GroupNumbers::allocate(v, layout);
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
      Tile part = tile;
      part.vectors.clear();
      for (int64_t number : numbers)
        part.vectors.push_back(tile.vectors[number]);
      SmallVector<Value> partSums = emitPart(v, part, x, weight, next, scratch);
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
  //    checks[j] += the f16 of dw[g][j] and min[g][j]
  //  return sums[i][j] · unit[i], or NaN where checks[j] is no finite number
  SmallVector<Value> emitPart(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next, Value scratch) const {
    size_t columns = tile.vectors.size();
    GroupNumbers numbers(v, layout, columnsOf(tile), scratch);
    Part part = {tile, x, weight, next, numbers};
    SmallVector<Value> sums((tile.rows + 1) * columns, v.splat(0));
    int64_t spans = llvm::divideCeil(steps, layout.spanSteps());
    sums = v.loop(v.index(0), v.index(format.hasSpans() ? spans : steps), 1,
                  sums, [&](Value number, ValueRange sums) {
                    return format.hasSpans()
                               ? emitSpan(v, part, number, sums)
                               : emitStep(v, part, number,
                                          times(v, number, stepBytes), sums);
                  });
    auto checks = ArrayRef(sums).take_back(columns);
    SmallVector<Value> results;
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value unit =
          v.loadSplat(v.advanceBytes(x, i * xRowBytes + row.scaleOffset()));
      if (layout.multiple() > 1)
        unit = v.mul(unit, v.splat(1.f / layout.multiple()));
      for (Value check : checks)
        results.push_back(
            v.mulAdd(sums[results.size()], unit, v.sub(check, check)));
    }
    return results;
  }

  /// Where a group of k is: `x` and `weight` begin with its step, `numbers`
  /// with its four bytes, from which those of the strips are a row's constant
  /// away.
  struct Place {
    Value x, numbers, weight;
    int64_t group; ///< of the step
  };

  /// What is summed over all of k.
  struct Part {
    const Tile &tile;
    Value x, weight, next;
    GroupNumbers &numbers;
  };

  /// A step that begins `offset` bytes behind the weight.
  SmallVector<Value> emitStep(VectorBuilder &v, const Part &part, Value step,
                              Value offset, ValueRange sums) const {
    prefetchLines(v, part.tile, part.weight, part.next, step, offset);
    Place place = {
        v.advanceBytes(part.x, times(v, step, layout.stepInputs())),
        v.advanceBytes(part.x, times(v, step, 4 * layout.stepGroups())),
        v.advanceBytes(part.weight, offset), 0};
    // Rows beyond a tile of many come after those, and read the integers again;
    // what would be unpacked again is worth more than registers.
    int64_t blocks =
        format.bits() < 8 ? 1 : llvm::divideCeil(part.tile.rows, tile.rows);
    SmallVector<std::unique_ptr<GroupReader>> readers;
    for (int64_t block = 0; block < blocks; ++block)
      readers.push_back(std::make_unique<GroupReader>(
          v, layout, part.tile, block ? v.opaque(place.weight) : place.weight));
    SmallVector<Value> updated(sums);
    for (; place.group < layout.stepGroups(); ++place.group) {
      // Tiles that leave registers have their integers first: a single row is
      // a quarter faster than where its scales are read before.
      std::optional<Scales> scales;
      if (part.tile.rows > tile.rows)
        scales = scalesOf(v, part, place, updated);
      for (int64_t block = 0; block < blocks; ++block) {
        int64_t first = part.tile.rows * block / blocks,
                behind = part.tile.rows * (block + 1) / blocks;
        Tile rows = {behind - first, part.tile.vectors, {}};
        Place at = place;
        at.x = v.advanceBytes(at.x, first * xRowBytes);
        at.numbers = v.advanceBytes(at.numbers, first * xRowBytes);
        SmallVector<Value> dots = emitDots(v, rows, at, *readers[block]);
        if (!scales)
          scales = scalesOf(v, part, place, updated);
        addScaled(v, *scales, dots, at,
                  MutableArrayRef(updated).slice(first * rows.vectors.size(),
                                                 dots.size()));
      }
      place.numbers = v.advanceBytes(place.numbers, 4);
    }
    return updated;
  }

  /// The steps of a span, behind what it has itself.
  SmallVector<Value> emitSpan(VectorBuilder &v, const Part &part, Value span,
                              ValueRange sums) const {
    Value offset = times(v, span, layout.spanStride()),
          first = times(v, span, layout.spanSteps());
    prefetchSpan(v, part.tile, part.weight, part.next, first, offset);
    part.numbers.enterSpan(v.advanceBytes(part.weight, offset));
    SmallVector<Value> entered(sums);
    size_t columns = part.tile.vectors.size();
    for (auto [j, check] :
         llvm::enumerate(MutableArrayRef(entered).take_back(columns)))
      check = v.add(check, part.numbers.ofSpan(j));
    Value left = arith::SubIOp::create(v.builder, v.loc, v.index(steps), first);
    Value count = arith::MinUIOp::create(v.builder, v.loc, left,
                                         v.index(layout.spanSteps()));
    return v.loop(
        v.index(0), count, 1, entered, [&](Value step, ValueRange sums) {
          part.numbers.enterStep(step);
          Value inSpan =
              plus(v, times(v, step, stepBytes), v.index(layout.stepOffset(0)));
          return emitStep(v, part, plus(v, first, step),
                          plus(v, offset, inSpan), sums);
        });
  }

  static Value plus(VectorBuilder &v, Value a, Value b) {
    return arith::AddIOp::create(v.builder, v.loc, a, b);
  }

  /// In the panel.
  SmallVector<int64_t> columnsOf(const Tile &tile) const {
    SmallVector<int64_t> columns;
    for (int64_t vector : tile.vectors) {
      assert(vector < panel * columnBytes && "a tile is of one panel");
      columns.push_back(vector / columnBytes);
    }
    return columns;
  }

  /// What the next panel's span has before its steps, unless tiles share all
  /// that a panel has.
  void prefetchSpan(VectorBuilder &v, const Tile &tile, Value weight,
                    Value next, Value step, Value offset) const {
    if (tile.nextLines.empty())
      return prefetchLines(v, tile, weight, next, step, offset);
    if (tile.spacing)
      return;
    for (int64_t byte = 0; byte < layout.stepOffset(0);
         byte += tuning::cacheLine)
      v.prefetch(v.advanceBytes(v.advanceBytes(next, offset), byte));
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

  /// Of the columns for one group, and of those with minima minimum + z ·
  /// scale.
  struct Scales {
    SmallVector<Value> scales, middles;
  };

  /// Adds them to the checks, which stand behind the sums.
  Scales scalesOf(VectorBuilder &v, const Part &part, const Place &place,
                  MutableArrayRef<Value> sums) const {
    Scales found;
    size_t columns = part.tile.vectors.size();
    auto checks = sums.take_back(columns);
    for (size_t j = 0; j < columns; ++j) {
      Value scale = part.numbers.scale(place.weight, place.group, j);
      Value check = scale;
      found.scales.push_back(scale);
      if (format.hasMinima) {
        // Dots are multiples.
        Value minimum = part.numbers.minimum(place.weight, place.group, j);
        auto zero = static_cast<float>(format.zeroPoint() * layout.multiple());
        found.middles.push_back(v.mulAdd(scale, v.splat(zero), minimum));
        check = v.add(scale, minimum);
      }
      // Those of a span are counted where it begins.
      if (!format.hasSpans())
        checks[j] = v.add(checks[j], check);
    }
    return found;
  }

  /// The product of scales by adding to exponents,
  ///   dw · (2^high + 2^low) = f32(bits(dw) + (high << 23)) +
  ///                           f32(bits(dw) + (low << 23)),
  /// is exact where dw is a number but 0, and next to nothing for 0, where
  /// weights are all minimum. What is no finite number becomes any: hence the
  /// checks.
  void addScaled(VectorBuilder &v, const Scales &scales, ValueRange dots,
                 const Place &place, MutableArrayRef<Value> sums) const {
    auto plus = [&](Value bits, Value exponent) {
      return v.fromBits(
          arith::AddIOp::create(v.builder, v.loc, bits, exponent));
    };
    size_t number = 0;
    for (int64_t i = 0; number < dots.size(); ++i) {
      auto at = [&](int64_t strip) {
        return v.advanceBytes(place.numbers, i * xRowBytes + strip);
      };
      Value high = v.loadSplatInt(at(row.highOffset())),
            low = v.loadSplatInt(at(row.lowOffset()));
      Value total;
      if (format.hasMinima)
        total = v.loadSplat(at(row.sumOffset()));
      for (auto [j, columnScale] : llvm::enumerate(scales.scales)) {
        Value bits = v.bitsOf(columnScale);
        Value scale = v.add(plus(bits, high), plus(bits, low));
        Value sum = v.mulAdd(toFloats(v, dots[number]), scale, sums[number]);
        if (total)
          sum = v.mulAdd(scales.middles[j], total, sum);
        sums[number++] = sum;
      }
    }
  }

  int64_t vectorsTogether;
};

} // namespace

std::unique_ptr<MatmulOperands> createGroupOperands(kernel::MatmulOp op,
                                                    const Target &target) {
  return std::make_unique<GroupOperands>(op, target);
}

} // namespace heddle::microkernels
