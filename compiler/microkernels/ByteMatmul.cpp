//===- ByteMatmul.cpp - sums of products of quantised weights -------------===//
//
// Rows of x are quantised (QuantisedRow in Layout.h), and so is the weight.
// With q[m][k] and u[n][k] the bytes, dx and dw their scales,
//
//   of a row      y[m][n] = (Σ_k (u − 128)·q) · dx[m] · dw[n]
//   of a group    y[m][n] = Σ_g (Σ_{k in g} (u − 128)·q) · (dw[n][g] · n[m][g])
//                           · unit[m],   dx[m][g] = n[m][g] · unit[m]
//
// Sums over bytes are 32-bit integers, so that their order does not matter; the
// sum over groups is a chain of f32 fused multiply-adds, in the order of g.
// Integers of fewer bits are taken as multiples of 2^(8 − bits), which keeps
// the 128 (of a nibble: one `and` for the high one, and a shift for the low
// one); the result is divided by that.
//
// A group of 32 k takes 8 steps of vpdpbusd for every fused multiply-add, which
// uses the same units: 89% of the peak of vpdpbusd at most. To multiply with
// n = 2^high + 2^low uses others: two additions to exponents, and one of f32.
// The rows of a tile are that many independent chains.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/ByteMatmul.h"
#include "compiler/microkernels/ByteDot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <limits>
#include <map>

using namespace mlir;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;
using heddle::kernel::QuantisedRow;

namespace heddle::microkernels {
namespace {

class ByteOperands : public MatmulOperands {
public:
  explicit ByteOperands(kernel::MatmulOp op)
      : inputs(op.getInputCount()), layout(op.getLayout()->getLayout()),
        format(layout.format()), row(QuantisedRow::of(layout.type, inputs)) {
    kernel::MatrixShape matrix = {op.getPackedColumns(), inputs};
    xRowBytes = stridesOf(op.getX())[0];
    panel = layout.panel;
    panelBytes = layout.panelBytes(matrix);
    columnBytes = layout.interleave;
    stepBytes = layout.stepBytes();
    steps = layout.stepCount(matrix);
    name = format.name.str() + "_" + std::to_string(inputs);
    if (xRowBytes != row.bytes())
      name += "_x" + std::to_string(xRowBytes);
  }

protected:
  static Value times(VectorBuilder &v, Value index, int64_t factor) {
    return arith::MulIOp::create(v.builder, v.loc, index, v.index(factor));
  }
  static Value toFloats(VectorBuilder &v, Value ints) {
    return arith::SIToFPOp::create(v.builder, v.loc, v.floats(), ints);
  }
  /// Few rows take one panel a task, a stream that the machine's own prefetch
  /// follows; a line of every step further on keeps it ahead. Behind the last
  /// panel that does nothing.
  static void prefetchNext(VectorBuilder &v, const Tile &tile, Value weight,
                           Value next, Value offset) {
    if (tile.nextLines.empty())
      v.prefetch(
          v.advanceBytes(v.advanceBytes(weight, offset), tuning::bytesAhead));
    for (int64_t line : tile.nextLines)
      v.prefetch(v.advanceBytes(v.advanceBytes(next, offset), line));
  }

  int64_t inputs;
  PackedLayout layout;
  const PackedFormat &format;
  QuantisedRow row;
  int64_t steps; ///< of k in a panel
};

//===----------------------------------------------------------------------===//
// A scale a row
//===----------------------------------------------------------------------===//

class RowOperands : public ByteOperands {
public:
  RowOperands(kernel::MatmulOp op, const Target &target) : ByteOperands(op) {
    tile = ByteDot::tiles(target).rows;
    singleRowVectors = panel / target.lanes();
    fewRowsVectors = tile.vectors;
  }

  //  sums[i][j] = start[i]
  //  for step: sums[i][j] += Σ_4 (u[step][j] − 128) · q[i][step]
  //  return sums[i][j] · dx[i] · dw[j]
  SmallVector<Value> emitSums(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const override {
    ByteDot dot(v);
    auto xRow = [&](Value pointer, int64_t i) {
      return v.advanceBytes(pointer, i * xRowBytes);
    };
    SmallVector<Value> sums;
    for (int64_t i = 0; i < tile.rows; ++i)
      sums.append(tile.vectors.size(), dot.start(v.loadSplatInt(v.advanceBytes(
                                           xRow(x, i), row.startOffset()))));
    sums = v.loop(
        v.index(0), v.index(steps), 1, sums, [&](Value step, ValueRange sums) {
          Value offset = times(v, step, stepBytes);
          prefetchNext(v, tile, weight, next, offset);
          Value atWeight = v.advanceBytes(weight, offset);
          Value atX = v.advanceBytes(x, times(v, step, layout.interleave));
          SmallVector<ByteDot::Bytes> weights;
          for (int64_t vector : tile.vectors)
            weights.push_back(dot.weights(v.loadInts(
                v.advanceBytes(atWeight, vector), v.target.vectorBits / 8)));
          SmallVector<Value> updated;
          for (int64_t i = 0; i < tile.rows; ++i) {
            ByteDot::Bytes q = dot.inputs(v.loadSplatInt(xRow(atX, i)));
            for (const ByteDot::Bytes &u : weights)
              updated.push_back(dot.add(sums[updated.size()], u, q));
          }
          return updated;
        });
    // The scales lie behind the last step as the columns do within one.
    Value scales = v.advanceBytes(weight, steps * stepBytes);
    SmallVector<Value> columnScales, results;
    for (int64_t vector : tile.vectors)
      columnScales.push_back(v.loadVector(v.advanceBytes(scales, vector)));
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value scale = v.loadSplat(v.advanceBytes(xRow(x, i), row.scaleOffset()));
      for (Value columnScale : columnScales)
        results.push_back(v.mul(v.mul(toFloats(v, sums[results.size()]), scale),
                                columnScale));
    }
    return results;
  }
};

//===----------------------------------------------------------------------===//
// A scale a group
//===----------------------------------------------------------------------===//

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

/// The integers of a group of k for the columns of a tile, from their planes.
class GroupReader {
public:
  GroupReader(VectorBuilder &v, const PackedLayout &layout, const Tile &tile,
              Value weight)
      : v(v), layout(layout), tile(tile), weight(weight),
        planes(layout.format().planes(layout.format().group)),
        loaded(planes.size()) {}

  /// All quads of k, those that share bytes one after the other.
  SmallVector<int64_t> quads() const {
    int64_t most = 0;
    for (const PackedFormat::Plane &plane : planes)
      most = std::max(most, rowsOf(plane));
    SmallVector<int64_t> order;
    for (int64_t row = 0; row < most; ++row)
      for (int64_t quad = row; quad * layout.interleave < layout.format().group;
           quad += most)
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
  //  for group g:
  //    dots[i][j] = Σ_32 (u[g][j] − 128) · q[i][g]
  //    sums[i][j] += dots[i][j] · (dw[g][j] · n[i][g])
  //    checks[j] += dw[g][j]
  //  return sums[i][j] · unit[i], or NaN where checks[j] is no finite number
  SmallVector<Value> emitPart(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const {
    size_t columns = tile.vectors.size();
    SmallVector<Value> sums((tile.rows + 1) * columns, v.splat(0));
    sums = v.loop(
        v.index(0), v.index(steps), 1, sums, [&](Value group, ValueRange sums) {
          Value offset = times(v, group, stepBytes);
          prefetchNext(v, tile, weight, next, offset);
          Value atX = v.advanceBytes(x, times(v, group, format.group));
          Value numbers = v.advanceBytes(x, times(v, group, 4));
          Value atWeight = v.advanceBytes(weight, offset);
          SmallVector<Value> dots = emitDots(v, tile, atX, numbers, atWeight);
          return addScaled(v, tile, sums, dots, numbers, atWeight);
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

  /// `x` and `weight` are at the group; `numbers` at its place of four bytes,
  /// from which scales and starts are a row's constant away.
  SmallVector<Value> emitDots(VectorBuilder &v, const Tile &tile, Value x,
                              Value numbers, Value weight) const {
    ByteDot dot(v);
    SmallVector<Value> dots;
    for (int64_t i = 0; i < tile.rows; ++i)
      dots.append(tile.vectors.size(),
                  dot.start(v.loadSplatInt(v.advanceBytes(
                      numbers, i * xRowBytes + row.startOffset()))));
    GroupReader reader(v, layout, tile, weight);
    for (int64_t quad : reader.quads()) {
      SmallVector<ByteDot::Bytes> weights;
      for (size_t j = 0; j < tile.vectors.size(); ++j)
        weights.push_back(dot.weights(reader.bytes(quad, j)));
      int64_t k = quad * layout.interleave;
      for (int64_t i = 0; i < tile.rows; ++i) {
        ByteDot::Bytes q =
            dot.inputs(v.loadSplatInt(v.advanceBytes(x, i * xRowBytes + k)));
        for (auto [j, u] : llvm::enumerate(weights)) {
          Value &sum = dots[i * weights.size() + j];
          sum = dot.add(sum, u, q);
        }
      }
    }
    return dots;
  }

  /// The product of scales by adding to exponents,
  ///   dw · (2^high + 2^low) = f32(bits(dw) + (high << 23)) +
  ///                           f32(bits(dw) + (low << 23)),
  /// is exact where dw is a number but 0, and next to nothing for 0, where dots
  /// are 0. What is no finite number becomes any: hence the checks.
  SmallVector<Value> addScaled(VectorBuilder &v, const Tile &tile,
                               ValueRange sums, ValueRange dots, Value numbers,
                               Value weight) const {
    auto plus = [&](Value bits, Value exponent) {
      return v.fromBits(
          arith::AddIOp::create(v.builder, v.loc, bits, exponent));
    };
    SmallVector<Value> columnScales, updated;
    for (int64_t vector : tile.vectors)
      columnScales.push_back(
          loadHalves(v, v.advanceBytes(weight, scalesOf(vector))));
    for (int64_t i = 0; i < tile.rows; ++i) {
      auto strip = [&](int64_t offset) {
        return v.loadSplatInt(v.advanceBytes(numbers, i * xRowBytes + offset));
      };
      Value high = strip(row.highOffset()), low = strip(row.lowOffset());
      for (Value columnScale : columnScales) {
        int64_t number = updated.size();
        Value bits = v.bitsOf(columnScale);
        Value scale = v.add(plus(bits, high), plus(bits, low));
        updated.push_back(
            v.mulAdd(toFloats(v, dots[number]), scale, sums[number]));
      }
    }
    for (Value columnScale : columnScales)
      updated.push_back(v.add(sums[updated.size()], columnScale));
    return updated;
  }

  /// Where the scales of a vector of columns lie in a step, from its first
  /// column: [panel] of them, behind the bytes.
  int64_t scalesOf(int64_t vector) const {
    int64_t column = vector % panelBytes / columnBytes;
    return vector / panelBytes * panelBytes + stepBytes -
           (panel - column) * format.scaleBytes();
  }

  /// What the integers are multiplied with for bytes whose zero is 128.
  int64_t multiple() const { return int64_t(1) << (8 - format.bits()); }

  int64_t vectorsTogether;
};

} // namespace

std::unique_ptr<MatmulOperands> createByteOperands(kernel::MatmulOp op,
                                                   const Target &target) {
  if (op.getLayout()->getLayout().format().isGrouped())
    return std::make_unique<GroupOperands>(op, target);
  return std::make_unique<RowOperands>(op, target);
}

} // namespace heddle::microkernels
