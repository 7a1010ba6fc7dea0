//===- FloatMatmul.cpp - sums of f32 and bf16 products --------------------===//
//
// f32: one fused multiply-add a step of k.
//
// bf16: a step is a pair of k, 4 bytes of every column. Where the machine has
// the dot product of pairs, that; else both halves are widened, which shifts
// them, and multiplied like f32, the first before the second.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/FloatMatmul.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class FloatOperands : public MatmulOperands {
public:
  FloatOperands(kernel::MatmulOp op, const Target &target, int64_t inputsOfStep)
      : inputs(op.getInputCount()), inputsOfStep(inputsOfStep) {
    tile = target.tile;
    panel = op.getPanel();
    columnBytes = 4;
    stepBytes = panel * columnBytes;
    panelBytes = llvm::divideCeilSigned(inputs, inputsOfStep) * stepBytes;
    int64_t bytes = 4 / inputsOfStep, offset;
    SmallVector<int64_t> strides;
    LogicalResult strided =
        op.getX().getType().getStridesAndOffset(strides, offset);
    assert(succeeded(strided) && "kernel.matmul verified its operands");
    (void)strided;
    xRowBytes = strides[0] * bytes;
    name = std::to_string(inputs);
    if (strides[0] != inputs)
      name += "_x" + std::to_string(strides[0]);
  }

  //  sums[i][j] = 0
  //  for step: sums[i][j] += x[i][step] · w[step][j]
  SmallVector<Value> emitSums(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const override {
    SmallVector<Value> sums(tile.rows * tile.vectors.size(), v.splat(0));
    sums = v.loop(v.index(0), v.index(inputs / inputsOfStep), 1, sums,
                  [&](Value step, ValueRange sums) {
                    auto offset = [&](int64_t bytes) -> Value {
                      return arith::MulIOp::create(v.builder, v.loc, step,
                                                   v.index(bytes));
                    };
                    Value atNext = v.advanceBytes(next, offset(stepBytes));
                    for (int64_t line : tile.nextLines)
                      v.prefetch(v.advanceBytes(atNext, line));
                    return emitStep(v, tile, v.advanceBytes(x, offset(4)),
                                    v.advanceBytes(weight, offset(stepBytes)),
                                    sums, /*isWhole=*/true);
                  });
    if (inputs % inputsOfStep == 0)
      return sums;
    int64_t steps = inputs / inputsOfStep;
    return emitStep(v, tile, v.advanceBytes(x, steps * 4),
                    v.advanceBytes(weight, steps * stepBytes), sums,
                    /*isWhole=*/false);
  }

protected:
  /// Adds what one step contributes. One that is not whole has fewer than
  /// `inputsOfStep` elements of x.
  virtual SmallVector<Value> emitStep(VectorBuilder &v, const Tile &tile,
                                      Value x, Value weight, ValueRange sums,
                                      bool isWhole) const = 0;

  int64_t inputs, inputsOfStep;
};

class F32Operands : public FloatOperands {
public:
  F32Operands(kernel::MatmulOp op, const Target &target)
      : FloatOperands(op, target, 1) {}

private:
  SmallVector<Value> emitStep(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, ValueRange sums,
                              bool) const override {
    SmallVector<Value> weights, updated;
    for (int64_t offset : tile.vectors)
      weights.push_back(v.loadVector(v.advanceBytes(weight, offset),
                                     v.target.vectorBits / 8));
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value element = v.loadSplat(v.advanceBytes(x, i * xRowBytes));
      for (Value vector : weights)
        updated.push_back(v.mulAdd(element, vector, sums[updated.size()]));
    }
    return updated;
  }
};

class Bf16Operands : public FloatOperands {
public:
  Bf16Operands(kernel::MatmulOp op, const Target &target)
      : FloatOperands(op, target, 2) {
    name = "bf16_" + name;
  }

private:
  /// x[k] and x[k + 1] in every lane; of an odd K, at last zero for x[k + 1].
  Value loadPair(VectorBuilder &v, Value pointer, bool isWhole) const {
    if (isWhole)
      return v.loadSplatInt(pointer);
    Value half = LLVM::LoadOp::create(v.builder, v.loc,
                                      v.builder.getIntegerType(16), pointer, 2);
    Value word =
        arith::ExtUIOp::create(v.builder, v.loc, v.builder.getI32Type(), half);
    return vector::BroadcastOp::create(v.builder, v.loc, v.ints(), word);
  }

  SmallVector<Value> emitStep(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, ValueRange sums,
                              bool isWhole) const override {
    SmallVector<Value> weights, updated(sums);
    for (int64_t offset : tile.vectors)
      weights.push_back(
          v.loadInts(v.advanceBytes(weight, offset), v.target.vectorBits / 8));
    auto pairOf = [&](int64_t row) {
      return loadPair(v, v.advanceBytes(x, row * xRowBytes), isWhole);
    };
    if (v.target.dotsBf16) {
      for (int64_t i = 0; i < tile.rows; ++i) {
        Value pair = pairOf(i);
        for (auto [j, vector] : llvm::enumerate(weights)) {
          Value &sum = updated[i * weights.size() + j];
          sum = v.dotBf16(pair, vector, sum);
        }
      }
      return updated;
    }
    for (bool second : {false, true}) {
      SmallVector<Value> halves;
      for (Value vector : weights)
        halves.push_back(v.widenHalf(vector, second));
      for (int64_t i = 0; i < tile.rows; ++i) {
        Value element = v.widenHalf(pairOf(i), second);
        for (auto [j, half] : llvm::enumerate(halves)) {
          Value &sum = updated[i * weights.size() + j];
          sum = v.mulAdd(element, half, sum);
        }
      }
    }
    return updated;
  }
};

} // namespace

std::unique_ptr<MatmulOperands> createF32Operands(kernel::MatmulOp op,
                                                  const Target &target) {
  return std::make_unique<F32Operands>(op, target);
}

std::unique_ptr<MatmulOperands> createBf16Operands(kernel::MatmulOp op,
                                                   const Target &target) {
  return std::make_unique<Bf16Operands>(op, target);
}

} // namespace heddle::microkernels
