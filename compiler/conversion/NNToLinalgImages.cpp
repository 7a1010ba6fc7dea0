//===- NNToLinalgImages.cpp - reference lowering of the ops of images -----===//
//
// conv, pool, upsample, batch_norm. Axes are [rows, channels, spatial…]; where
// rows have sizes of their own, a view has no axis of rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToLinalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

namespace {
/// Operand and result of an op of images, and how they are walked through.
struct Image {
  Emit e;
  View x, y;
  /// Position of the axis of channels.
  unsigned channel;

  SmallVector<Value> bounds() { return y.lengths(e.lowering); }
  unsigned spatial() const { return y.axes.size() - channel - 1; }
  Value length(unsigned axis) {
    return x.length(e.lowering, channel + 1 + axis);
  }
};
} // namespace

static void forImages(Operation *op, FunctionLowering &lowering,
                      function_ref<void(Image)> emit) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  bool rowByRow = lowering.formOf(type) != FunctionLowering::Form::Dense;
  lowering.forRows(op, rowByRow, [&](Value row) {
    emit({Emit{lowering}, lowering.view(op->getOperand(0), row),
          lowering.resultView(op->getResult(0), row), row ? 0u : 1u});
  });
}

/// y[o, p…] = b[o] + Σ_{c, k…} x[group·C + c, p·stride + k − pad, …] · W[o, c,
/// k…]
static void lowerConv(nn::ConvOp op, FunctionLowering &lowering) {
  forImages(op, lowering, [&](Image image) {
    Emit &e = image.e;
    using P = Emit::Predicate;
    View weight = lowering.view(op.getWeight(), nullptr);
    ArrayRef<int64_t> kernel = weight.type().getShape().drop_front();
    int64_t taps = 1;
    for (int64_t size : kernel)
      taps *= size;
    int64_t perGroup = weight.type().getDimSize(0) / op.getGroups();
    nest(lowering, image.bounds(), [&](ValueRange at) {
      Value out = at[image.channel];
      Value group = e.over(out, e.index(perGroup));
      Value start = op.getBias()
                        ? e.load(lowering.view(op.getBias(), nullptr), out)
                        : e.number(0);
      auto tap = [&](Value number, Value sum) {
        // Channel and window position, like digits of the tap's number.
        SmallVector<Value> k(kernel.size());
        Value rest = number;
        for (int axis = kernel.size() - 1; axis > 0; --axis) {
          k[axis] = e.rest(rest, e.index(kernel[axis]));
          rest = e.over(rest, e.index(kernel[axis]));
        }
        k[0] = rest;
        SmallVector<Value> from(at), of{out};
        from[image.channel] = e.plus(e.times(group, e.index(kernel[0])), k[0]);
        Value inside;
        for (unsigned axis = 0; axis < image.spatial(); ++axis) {
          Value p = at[image.channel + 1 + axis];
          p = e.plus(e.times(p, e.index(op.getStride())), k[1 + axis]);
          p = e.minus(p, e.index(op.getPad()));
          // Unsigned, what lies in front is larger than any length.
          Value in = e.compare(P::ult, p, image.length(axis));
          from[image.channel + 1 + axis] = e.select(in, p, e.index(0));
          inside = inside ? e.both(inside, in) : in;
        }
        llvm::append_range(of, k);
        Value v = e.select(inside, e.load(image.x, from), e.number(0));
        return e.add(sum, e.mul(v, e.load(weight, of)));
      };
      e.store(fold(lowering, e.index(taps), start, tap), image.y, at);
    });
  });
}

static void lowerPool(nn::PoolOp op, FunctionLowering &lowering) {
  forImages(op, lowering, [&](Image image) {
    Emit &e = image.e;
    bool isMax = op.getKind() == nn::PoolKind::Max;
    int64_t factor = op.getFactor(), taps = 1;
    for (unsigned axis = 0; axis < image.spatial(); ++axis)
      taps *= factor;
    forEachElement(lowering, image.y, [&](ValueRange at) {
      Value reduced = isMax ? e.lowest() : e.number(0);
      for (int64_t tap = 0; tap < taps; ++tap) {
        SmallVector<Value> from(at);
        int64_t rest = tap;
        for (int axis = image.spatial() - 1; axis >= 0; --axis) {
          Value &p = from[image.channel + 1 + axis];
          p = e.plus(e.times(p, e.index(factor)), e.index(rest % factor));
          rest /= factor;
        }
        Value v = e.load(image.x, from);
        reduced = isMax ? e.max(reduced, v) : e.add(reduced, v);
      }
      return isMax ? reduced : e.div(reduced, e.number(taps));
    });
  });
}

/// Source position (p + ½) / factor − ½, not before the first pixel: the pixel
/// below it, the one above, and how far it lies from the former.
static std::array<Value, 3> neighbours(Emit &e, Value p, int64_t factor,
                                       Value length) {
  Value middle = e.div(e.add(e.real(p), e.number(0.5)), e.number(factor));
  Value at = e.max(e.sub(middle, e.number(0.5)), e.number(0));
  Value below = arith::IndexCastOp::create(
      e.builder, e.loc, e.builder.getIndexType(),
      arith::FPToSIOp::create(e.builder, e.loc, e.builder.getI64Type(), at));
  Value above = arith::MinUIOp::create(
      e.builder, e.loc, e.plus(below, e.index(1)), e.minus(length, e.index(1)));
  return {below, above, e.sub(at, e.real(below))};
}

static void lowerUpsample(nn::UpsampleOp op, FunctionLowering &lowering) {
  forImages(op, lowering, [&](Image image) {
    Emit &e = image.e;
    int64_t factor = op.getFactor();
    forEachElement(lowering, image.y, [&](ValueRange at) {
      if (op.getKind() == nn::UpsampleKind::Nearest) {
        SmallVector<Value> from(at);
        for (unsigned axis = 0; axis < image.spatial(); ++axis) {
          Value &p = from[image.channel + 1 + axis];
          p = e.over(p, e.index(factor));
        }
        return e.load(image.x, from);
      }
      SmallVector<std::array<Value, 3>> sides;
      for (unsigned axis = 0; axis < image.spatial(); ++axis)
        sides.push_back(neighbours(e, at[image.channel + 1 + axis], factor,
                                   image.length(axis)));
      Value sum = e.number(0);
      for (unsigned corner = 0; corner < (1u << sides.size()); ++corner) {
        SmallVector<Value> from(at);
        Value weight = e.number(1);
        for (auto [axis, side] : llvm::enumerate(sides)) {
          bool isAbove = corner & (1u << axis);
          from[image.channel + 1 + axis] = side[isAbove ? 1 : 0];
          weight =
              e.mul(weight, isAbove ? side[2] : e.sub(e.number(1), side[2]));
        }
        sum = e.add(sum, e.mul(weight, e.load(image.x, from)));
      }
      return sum;
    });
  });
}

static void lowerBatchNorm(nn::BatchNormOp op, FunctionLowering &lowering) {
  forImages(op, lowering, [&](Image image) {
    Emit &e = image.e;
    auto parameter = [&](Value value, Value c) {
      return e.load(lowering.view(value, nullptr), c);
    };
    forEachElement(lowering, image.y, [&](ValueRange at) {
      Value c = at[image.channel];
      Value spread = e.sqrt(e.add(parameter(op.getVariance(), c),
                                  e.number(op.getEps().convertToDouble())));
      Value distance = e.sub(e.load(image.x, at), parameter(op.getMean(), c));
      Value y = e.mul(e.div(distance, spread), parameter(op.getWeight(), c));
      return e.add(y, parameter(op.getBias(), c));
    });
  });
}

void heddle::conversion::populateImagesToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::ConvOp>(lowerConv);
  patterns.add<nn::PoolOp>(lowerPool);
  patterns.add<nn::UpsampleOp>(lowerUpsample);
  patterns.add<nn::BatchNormOp>(lowerBatchNorm);
}
