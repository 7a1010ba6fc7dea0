//===- Depthwise.cpp - kernel.depthwise as vector code --------------------===//
//
//   for bands of R lines p, for chunks of some vectors of columns q:
//     window[i][f][m] = x[p·s₀ − pad₀ + i, (q + m)·s₁ − pad₁ + f]
//     for tiles of V vectors of the chunk:
//       for offsets l along a line of the filter:
//         for lines i of the window, for r, k with r·s₀ + k·d₀ = i:
//           sum[r] += window[i][l·d₁ mod s₁][l·d₁ / s₁ …] · w[k, l]
//       y[p + r, q …] = sum[r]
//
// The window is copied, zeros outside of x, so that the loops over it need no
// masks, and in s₁ phases, so that neighbours in y have neighbours in it. A
// vector of it is multiplied for every line of the result that it belongs to.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Depthwise.h"
#include "compiler/microkernels/Lanes.h"
#include "compiler/microkernels/Tuning.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace heddle::microkernels {
namespace {

class DepthwiseEmitter {
public:
  DepthwiseEmitter(OpBuilder &builder, kernel::DepthwiseOp op,
                   const Target &target);

  void emit();

private:
  using Predicate = arith::CmpIPredicate;
  /// A memref: where it begins, and how far lines lie apart.
  struct Lines {
    Value base, stride;
  };
  Lines linesOf(Value memref);
  void copyWindow(Value line, Value column);
  void copyLine(Value from, Value to, ArrayRef<Value> masks, Value corner);
  void emitTile(Value line, Value column, Value from);
  SmallVector<Value> sumsOf(Value from);

  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }
  Value plus(Value a, Value b) { return make<arith::AddIOp>(a, b); }
  Value times(Value a, int64_t b) {
    return b == 1 ? a : make<arith::MulIOp>(a, v.index(b));
  }
  Value times(Value a, Value b) { return make<arith::MulIOp>(a, b); }
  Value compare(Predicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(v.builder, v.loc, predicate, a, b);
  }
  Value splat(Value index) {
    Value narrow = arith::IndexCastOp::create(v.builder, v.loc,
                                              v.builder.getI32Type(), index);
    return vector::BroadcastOp::create(v.builder, v.loc, v.ints(), narrow);
  }
  void onlyIf(Value condition, function_ref<void()> body,
              function_ref<void()> otherwise = nullptr);

  int64_t stride(unsigned axis) { return op.getStride()[axis]; }
  int64_t dilation(unsigned axis) { return op.getDilation()[axis]; }
  int64_t kernel(unsigned axis) {
    return op.getWeight().getType().getDimSize(axis);
  }
  int64_t lanesOfTarget() { return v.target.lanes(); }

  kernel::DepthwiseOp op;
  VectorBuilder v;
  Lanes lanes;
  /// R and V; vectors of a chunk.
  tuning::TileShape tile;
  int64_t chunk;
  /// Of the window: lines, and vectors of a phase of one.
  int64_t windowLines, windowVectors;
  Value window;
  Lines x, y;
  Value height, width, columns;
};

} // namespace

DepthwiseEmitter::DepthwiseEmitter(OpBuilder &builder, kernel::DepthwiseOp op,
                                   const Target &target)
    : op(op), v(builder, op.getLoc(), target), lanes(v),
      tile(target.registers >= 32 ? tuning::wideDepthwiseTile
                                  : tuning::narrowDepthwiseTile),
      chunk(tuning::depthwiseVectors) {
  // One line, as of a convolution along one axis, is cut the other way.
  if (op.getY().getType().getDimSize(0) == 1)
    tile = {1, chunk};
  tile.rows = std::clamp<int64_t>(
      tuning::depthwiseSteps / (kernel(0) * tile.vectors), 1, tile.rows);
  windowLines = (tile.rows - 1) * stride(0) + (kernel(0) - 1) * dilation(0) + 1;
  int64_t reach = (kernel(1) - 1) * dilation(1) / stride(1);
  windowVectors = chunk + llvm::divideCeil(reach, lanesOfTarget());
}

void DepthwiseEmitter::onlyIf(Value condition, function_ref<void()> body,
                              function_ref<void()> otherwise) {
  OpBuilder::InsertionGuard guard(v.builder);
  auto branch = scf::IfOp::create(v.builder, v.loc, condition,
                                  /*withElse=*/static_cast<bool>(otherwise));
  v.builder.setInsertionPointToStart(branch.thenBlock());
  body();
  if (!otherwise)
    return;
  v.builder.setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

DepthwiseEmitter::Lines DepthwiseEmitter::linesOf(Value memref) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(v.builder, v.loc, memref);
  return {v.addressOf(memref),
          getValueOrCreateConstantIndexOp(
              v.builder, v.loc, metadata.getConstifiedMixedStrides()[0])};
}

void DepthwiseEmitter::emit() {
  x = linesOf(op.getX());
  y = linesOf(op.getY());
  height = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  width = memref::DimOp::create(v.builder, v.loc, op.getX(), 1);
  columns = memref::DimOp::create(v.builder, v.loc, op.getY(), 1);
  int64_t lane = lanesOfTarget();
  window = v.stackFloats(windowLines * stride(1) * windowVectors * lane);
  v.loop(op.getFirst(), op.getLast(), tile.rows, [&](Value line) {
    v.loop(v.index(0), columns, chunk * lane, [&](Value column) {
      copyWindow(line, column);
      Value left = make<arith::SubIOp>(columns, column);
      Value end = make<arith::MinUIOp>(left, v.index(chunk * lane));
      v.loop(v.index(0), end, tile.vectors * lane,
             [&](Value from) { emitTile(line, column, from); });
    });
  });
}

/// window[i][f][m], for places from `line` and `column` on.
void DepthwiseEmitter::copyWindow(Value line, Value column) {
  int64_t lane = lanesOfTarget();
  auto [padAbove, padBefore] = std::pair(op.getPad()[0], op.getPad()[1]);
  Value corner =
      make<arith::SubIOp>(times(column, stride(1)), v.index(padBefore));
  Value top = make<arith::SubIOp>(times(line, stride(0)), v.index(padAbove));
  // Which lanes lie within a line is the same for all lines.
  SmallVector<Value> masks;
  for (int64_t phase = 0; phase < stride(1); ++phase)
    for (int64_t m = 0; m < windowVectors; ++m) {
      Value first = plus(corner, v.index(phase + m * lane * stride(1)));
      Value rising = lanes.risingFrom(v.index(0));
      if (stride(1) != 1)
        rising = make<arith::MulIOp>(rising, splat(v.index(stride(1))));
      masks.push_back(compare(Predicate::ult,
                              make<arith::AddIOp>(rising, splat(first)),
                              splat(width)));
    }
  v.loop(v.index(0), v.index(windowLines), 1, [&](Value i) {
    Value at = plus(top, i);
    Value to = v.advance(window, times(i, stride(1) * windowVectors * lane));
    Value isInside = compare(Predicate::ult, at, height);
    onlyIf(
        isInside,
        [&] {
          copyLine(v.advance(x.base, times(at, x.stride)), to, masks, corner);
        },
        [&] {
          for (size_t m = 0; m < masks.size(); ++m)
            v.store(v.splat(0), v.advance(to, m * lane));
        });
  });
}

void DepthwiseEmitter::copyLine(Value from, Value to, ArrayRef<Value> masks,
                                Value corner) {
  int64_t lane = lanesOfTarget();
  Type f32 = v.builder.getF32Type();
  Value step = v.index(stride(1));
  for (auto [number, mask] : llvm::enumerate(masks)) {
    int64_t phase = number / windowVectors, m = number % windowVectors;
    Value place =
        v.advance(from, plus(corner, v.index(phase + m * lane * stride(1))));
    Value elements = stride(1) == 1 ? lanes.load(place, f32, mask)
                                    : lanes.loadStrided(place, f32, step, mask);
    v.store(elements, v.advance(to, number * lane));
  }
}

/// sum[r · V + vector], of columns `from` … of the window.
SmallVector<Value> DepthwiseEmitter::sumsOf(Value from) {
  int64_t lane = lanesOfTarget(), lineLength = windowVectors * lane;
  Value filter = v.addressOf(op.getWeight());
  SmallVector<Value> zeros(tile.rows * tile.vectors, v.splat(0));
  return v.loop(
      v.index(0), v.index(kernel(1)), 1, zeros,
      [&](Value l, ValueRange before) {
        SmallVector<Value> sums(before);
        Value offset = times(l, dilation(1)), place = plus(from, offset);
        if (stride(1) != 1) {
          Value phase = make<arith::RemUIOp>(offset, v.index(stride(1)));
          offset = make<arith::DivUIOp>(offset, v.index(stride(1)));
          place = plus(from, plus(offset, times(phase, lineLength)));
        }
        Value start = v.advance(window, place);
        for (int64_t i = 0; i < windowLines; ++i) {
          SmallVector<Value> elements;
          for (int64_t r = 0; r < tile.rows; ++r) {
            int64_t distance = i - r * stride(0);
            if (distance < 0 || distance % dilation(0) ||
                distance / dilation(0) >= kernel(0))
              continue;
            for (int64_t n = elements.size(); n < tile.vectors; ++n)
              elements.push_back(v.loadVector(
                  v.advance(start, i * stride(1) * lineLength + n * lane)));
            Value weight = v.loadSplat(v.advance(
                filter, plus(l, v.index(distance / dilation(0) * kernel(1)))));
            for (int64_t n = 0; n < tile.vectors; ++n) {
              Value &sum = sums[r * tile.vectors + n];
              sum = v.mulAdd(elements[n], weight, sum);
            }
          }
        }
        return sums;
      });
}

void DepthwiseEmitter::emitTile(Value line, Value column, Value from) {
  int64_t lane = lanesOfTarget();
  SmallVector<Value> sums = sumsOf(from);
  Value start = plus(column, from), left = make<arith::SubIOp>(columns, start);
  SmallVector<Value> masks;
  for (int64_t n = 0; n < tile.vectors; ++n)
    masks.push_back(lanes.below(make<arith::SubIOp>(left, v.index(n * lane))));
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value at = plus(line, v.index(r));
    onlyIf(compare(Predicate::ult, at, op.getLast()), [&] {
      Value to = v.advance(y.base, plus(times(at, y.stride), start));
      for (int64_t n = 0; n < tile.vectors; ++n)
        lanes.store(sums[r * tile.vectors + n], v.advance(to, n * lane),
                    masks[n]);
    });
  }
}

void lowerDepthwise(RewriterBase &rewriter, kernel::DepthwiseOp op,
                    const Target &target) {
  rewriter.setInsertionPoint(op);
  DepthwiseEmitter(rewriter, op, target).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
