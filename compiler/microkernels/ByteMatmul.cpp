//===- ByteMatmul.cpp - sums of i8, q8 and q4 products --------------------===//
//
// Rows of x are quantised (QuantisedRow in Layout.h), and so is the weight.
// With q[m][k] and u[n][k] the bytes, dx and dw their scales,
//
//   i8       y[m][n] = (Σ_k (u − 128)·q) · dx[m] · dw[n]
//   q8, q4   y[m][n] = Σ_g (Σ_{k in g} (u − 128)·q) · (dw[n][g] · n[m][g])
//                      · unit[m],   dx[m][g] = n[m][g] · unit[m]
//
// Sums over bytes are 32-bit integers, so that their order does not matter; the
// sum over groups is a chain of f32 fused multiply-adds, in the order of g. The
// nibbles of q4 are taken as multiples of 16 (one `and` for the high one, and a
// shift for the low one), which keeps the 128; the result is divided by 16.
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

using namespace mlir;
using heddle::kernel::PackedLayout;
using heddle::kernel::PackedType;
using heddle::kernel::QuantisedRow;

namespace heddle::microkernels {
namespace {

class ByteOperands : public MatmulOperands {
public:
  explicit ByteOperands(kernel::MatmulOp op)
      : inputs(op.getInputCount()), layout(op.getLayout()->getLayout()),
        row(QuantisedRow::of(layout.type, inputs)) {
    kernel::MatrixShape matrix = {op.getPackedColumns(), inputs};
    xRowBytes = stridesOf(op.getX())[0];
    panel = layout.panel;
    panelBytes = layout.panelBytes(matrix);
    columnBytes = layout.interleave;
    stepBytes = layout.stepBytes();
    steps = layout.stepCount(matrix);
    name = kernel::nameOf(layout.type).str() + "_" + std::to_string(inputs);
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
  QuantisedRow row;
  int64_t steps; ///< of k in a panel
};

//===----------------------------------------------------------------------===//
// i8
//===----------------------------------------------------------------------===//

class Int8Operands : public ByteOperands {
public:
  Int8Operands(kernel::MatmulOp op, const Target &target) : ByteOperands(op) {
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
// q8 and q4
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
          Value atX =
              v.advanceBytes(x, times(v, group, PackedLayout::quantGroup));
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
      if (layout.type == PackedType::Q4)
        unit = v.mul(unit, v.splat(1.f / 16));
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
    bool nibbles = layout.type == PackedType::Q4;
    int64_t halves = nibbles ? 2 : 1;
    int64_t quads = PackedLayout::quantGroup / layout.interleave / halves;
    for (int64_t quad = 0; quad < quads; ++quad) {
      SmallVector<Value> loaded;
      for (int64_t vector : tile.vectors)
        loaded.push_back(v.loadInts(
            v.advanceBytes(weight, quad * panel * columnBytes + vector),
            v.target.vectorBits / 8));
      for (int64_t half = 0; half < halves; ++half) {
        SmallVector<ByteDot::Bytes> weights;
        for (Value vector : loaded)
          weights.push_back(
              dot.weights(nibbles ? nibble(v, vector, half) : vector));
        int64_t k = (half * quads + quad) * layout.interleave;
        for (int64_t i = 0; i < tile.rows; ++i) {
          ByteDot::Bytes q =
              dot.inputs(v.loadSplatInt(v.advanceBytes(x, i * xRowBytes + k)));
          for (auto [j, u] : llvm::enumerate(weights)) {
            Value &sum = dots[i * weights.size() + j];
            sum = dot.add(sum, u, q);
          }
        }
      }
    }
    return dots;
  }

  /// 16 times the low or the high nibble of every byte.
  static Value nibble(VectorBuilder &v, Value bytes, bool high) {
    if (!high)
      bytes = arith::ShLIOp::create(v.builder, v.loc, bytes, v.splatInt(4));
    return arith::AndIOp::create(v.builder, v.loc, bytes,
                                 v.splatInt(int32_t(0xf0f0f0f0)));
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
    constexpr int64_t scaleBytes = 2;
    int64_t column = vector % panelBytes / columnBytes;
    return vector / panelBytes * panelBytes + stepBytes -
           (panel - column) * scaleBytes;
  }

  int64_t vectorsTogether;
};

} // namespace

std::unique_ptr<MatmulOperands> createByteOperands(kernel::MatmulOp op,
                                                   const Target &target) {
  if (op.getLayout()->getLayout().type == PackedType::I8)
    return std::make_unique<Int8Operands>(op, target);
  return std::make_unique<GroupOperands>(op, target);
}

} // namespace heddle::microkernels
