//===- FloatMatmul.cpp - sums of products of floats -----------------------===//
//
// f32: one fused multiply-add a step of k.
//
// bf16: a step is a pair of k, 4 bytes of every column. Where x is bf16 too and
// the machine has the dot product of pairs, that; else both halves are widened,
// which shifts them, and multiplied like f32: the step has two parts.
//
// f16, with x of f32: widened as it is read.
//
// What x of f32 meets is a chain of multiply-adds with k rising, whatever the
// weight is stored as: where it holds the same numbers, the sums have the same
// bits.
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
  FloatOperands(kernel::MatmulOp op, const Target &target)
      : inputs(op.getInputCount()) {
    auto bytesOf = [](MemRefType type) {
      return int64_t(type.getElementTypeBitWidth() / 8);
    };
    MemRefType x = op.getX().getType(), weight = op.getWeight().getType();
    inputsOfStep = weight.getElementType().isBF16() ? 2 : 1;
    tile = target.tile;
    fewRowsVectors = 2 * tile.vectors;
    // One panel is one stream, where it can be as fast.
    singleRowVectors = (target.prefetchesAhead ? 1 : 4) * tile.vectors;
    fewRowsAsk = bytesOf(weight) == 2;
    panel = op.getPanel();
    columnBytes = inputsOfStep * bytesOf(weight);
    stepBytes = panel * columnBytes;
    steps = llvm::divideCeilSigned(inputs, inputsOfStep);
    panelBytes = steps * stepBytes;
    int64_t stride = stridesOf(op.getX())[0];
    xRowBytes = stride * bytesOf(x);
    xStepBytes = inputsOfStep * bytesOf(x);
    name = std::to_string(inputs);
    if (stride != inputs)
      name += "_x" + std::to_string(stride);
  }

  //  sums[i][j] = 0
  //  for step: sums[i][j] += x[i][step] · w[step][j]
  SmallVector<Value> emitSums(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const override {
    int64_t whole = inputs / inputsOfStep, count = stepsAtOnce(v, tile);
    SmallVector<Value> sums(tile.rows * tile.vectors.size(), v.splat(0));
    auto turn = [&](Value step, ValueRange sums) {
      auto offset = [&](int64_t bytes) -> Value {
        return arith::MulIOp::create(v.builder, v.loc, step, v.index(bytes));
      };
      prefetchNext(v, tile, next, step, offset(stepBytes), count);
      return emitSteps(v, tile, v.advanceBytes(x, offset(xStepBytes)),
                       v.advanceBytes(weight, offset(stepBytes)), sums, count,
                       /*isWhole=*/true);
    };
    int64_t looped = whole / count * count;
    if (looped)
      sums = v.loop(v.index(0), v.index(looped), count, sums, turn);
    auto rest = [&](int64_t first, int64_t steps, bool isWhole) {
      sums = emitSteps(v, tile, v.advanceBytes(x, first * xStepBytes),
                       v.advanceBytes(weight, first * stepBytes), sums, steps,
                       isWhole);
    };
    if (looped != whole)
      rest(looped, whole - looped, /*isWhole=*/true);
    if (inputs % inputsOfStep)
      rest(whole, 1, /*isWhole=*/false);
    return sums;
  }

protected:
  /// A vector of the weight and an element of x in every lane, one part of a
  /// step each. A step that is not whole has fewer than `inputsOfStep` elements
  /// of x.
  virtual Value weightPart(VectorBuilder &v, Value pointer, int part) const = 0;
  virtual Value elementPart(VectorBuilder &v, Value pointer, int part,
                            bool isWhole) const = 0;
  virtual Value multiplyAdd(VectorBuilder &v, Value element, Value weight,
                            Value sum) const {
    return v.mulAdd(element, weight, sum);
  }

  int64_t inputs, inputsOfStep, xStepBytes;
  int parts = 1;

private:
  /// The tile's sums, the weight's vectors of every step and an element of x
  /// have a register each.
  int64_t stepsAtOnce(VectorBuilder &v, const Tile &tile) const {
    int64_t vectors = tile.vectors.size();
    int64_t registers = tile.rows * vectors + tuning::stepsAtOnce * vectors + 1;
    bool fits = parts == 1 && registers <= v.target.registers;
    return fits ? tuning::stepsAtOnce : 1;
  }

  SmallVector<Value> emitSteps(VectorBuilder &v, const Tile &tile, Value x,
                               Value weight, ValueRange sums, int64_t steps,
                               bool isWhole) const {
    SmallVector<Value> updated(sums);
    size_t vectors = tile.vectors.size();
    // Elements of f32 that are not there are not multiplied with either.
    bool hasParts = isWhole || xStepBytes == 4;
    for (int part = 0; part < (hasParts ? parts : 1); ++part) {
      if (part) { // registers are for sums
        x = v.opaque(x);
        weight = v.opaque(weight);
      }
      SmallVector<Value> weights;
      for (int64_t step = 0; step < steps; ++step)
        for (int64_t offset : tile.vectors)
          weights.push_back(weightPart(
              v, v.advanceBytes(weight, step * stepBytes + offset), part));
      for (int64_t i = 0; i < tile.rows; ++i)
        for (int64_t step = 0; step < steps; ++step) {
          Value element = elementPart(
              v, v.advanceBytes(x, i * xRowBytes + step * xStepBytes), part,
              isWhole);
          for (size_t j = 0; j < vectors; ++j) {
            Value &sum = updated[i * vectors + j];
            sum = multiplyAdd(v, element, weights[step * vectors + j], sum);
          }
        }
    }
    return updated;
  }
};

class F32Operands : public FloatOperands {
public:
  using FloatOperands::FloatOperands;

private:
  Value weightPart(VectorBuilder &v, Value pointer, int) const override {
    return v.loadVector(pointer, v.target.vectorBits / 8);
  }
  Value elementPart(VectorBuilder &v, Value pointer, int, bool) const override {
    return v.loadSplat(pointer);
  }
};

/// Vectors hold pairs of bf16.
class Bf16Operands : public FloatOperands {
public:
  Bf16Operands(kernel::MatmulOp op, const Target &target)
      : FloatOperands(op, target) {
    name = "bf16_" + name;
  }

protected:
  Value weightPart(VectorBuilder &v, Value pointer, int) const override {
    return v.loadInts(pointer, v.target.vectorBits / 8);
  }
  /// Of an odd K, the last pair is one element and zero.
  Value elementPart(VectorBuilder &v, Value pointer, int,
                    bool isWhole) const override {
    if (isWhole)
      return v.loadSplatInt(pointer);
    Value half = LLVM::LoadOp::create(v.builder, v.loc,
                                      v.builder.getIntegerType(16), pointer, 2);
    Value word =
        arith::ExtUIOp::create(v.builder, v.loc, v.builder.getI32Type(), half);
    return vector::BroadcastOp::create(v.builder, v.loc, v.ints(), word);
  }
  Value multiplyAdd(VectorBuilder &v, Value element, Value weight,
                    Value sum) const override {
    return v.dotBf16(element, weight, sum);
  }
};

class WidenedBf16Operands : public Bf16Operands {
public:
  WidenedBf16Operands(kernel::MatmulOp op, const Target &target)
      : Bf16Operands(op, target) {
    parts = 2;
  }

private:
  Value weightPart(VectorBuilder &v, Value pointer, int part) const override {
    return v.widenHalf(Bf16Operands::weightPart(v, pointer, part), part == 1);
  }
  Value elementPart(VectorBuilder &v, Value pointer, int part,
                    bool isWhole) const override {
    Value pair = Bf16Operands::elementPart(v, pointer, part, isWhole);
    return v.widenHalf(pair, part == 1);
  }
  Value multiplyAdd(VectorBuilder &v, Value element, Value weight,
                    Value sum) const override {
    return v.mulAdd(element, weight, sum);
  }
};

/// The weight is widened, x is f32.
class StoredBf16Operands : public FloatOperands {
public:
  StoredBf16Operands(kernel::MatmulOp op, const Target &target)
      : FloatOperands(op, target) {
    name = "stored_bf16_" + name;
    parts = 2;
  }

private:
  Value weightPart(VectorBuilder &v, Value pointer, int part) const override {
    return v.widenHalf(v.loadInts(pointer, v.target.vectorBits / 8), part == 1);
  }
  Value elementPart(VectorBuilder &v, Value pointer, int part,
                    bool) const override {
    return v.loadSplat(v.advanceBytes(pointer, 4 * part));
  }
};

class StoredF16Operands : public FloatOperands {
public:
  StoredF16Operands(kernel::MatmulOp op, const Target &target)
      : FloatOperands(op, target) {
    name = "stored_f16_" + name;
    stepLines = 1;
  }

private:
  Value weightPart(VectorBuilder &v, Value pointer, int) const override {
    return v.loadF16(pointer);
  }
  Value elementPart(VectorBuilder &v, Value pointer, int, bool) const override {
    return v.loadSplat(pointer);
  }
};

} // namespace

std::unique_ptr<MatmulOperands> createFloatOperands(kernel::MatmulOp op,
                                                    const Target &target) {
  Type x = op.getX().getType().getElementType(),
       weight = op.getWeight().getType().getElementType();
  if (weight.isF16())
    return std::make_unique<StoredF16Operands>(op, target);
  if (weight.isF32())
    return std::make_unique<F32Operands>(op, target);
  if (x.isF32())
    return std::make_unique<StoredBf16Operands>(op, target);
  if (target.dotsBf16)
    return std::make_unique<Bf16Operands>(op, target);
  return std::make_unique<WidenedBf16Operands>(op, target);
}

} // namespace heddle::microkernels
