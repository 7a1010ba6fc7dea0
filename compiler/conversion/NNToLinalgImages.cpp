//===- NNToLinalgImages.cpp - reference lowering of the ops of images -----===//
//
// conv, pool, upsample. Axes are [rows, channels, spatial…]; where rows have
// sizes of their own, a view has no axis of rows.
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
  /// The row that they are of, or null: all of them.
  Value row;
  /// Position of the axis of channels.
  unsigned channel;

  SmallVector<Value> bounds() { return y.lengths(e.lowering); }
  unsigned spatial() const { return y.axes.size() - channel - 1; }
  unsigned position(unsigned axis) const { return channel + 1 + axis; }
  Value length(unsigned axis) { return x.length(e.lowering, position(axis)); }
};
} // namespace

static void forImages(Operation *op, FunctionLowering &lowering,
                      function_ref<void(Image)> emit) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  bool rowByRow = lowering.formOf(type) != FunctionLowering::Form::Dense;
  lowering.forRows(op, rowByRow, [&](Value row) {
    emit({Emit{lowering}, lowering.view(op->getOperand(0), row),
          lowering.resultView(op->getResult(0), row), row, row ? 0u : 1u});
  });
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

namespace {
/// One term of a convolution's sum.
struct Tap {
  Value isThere; ///< whether x has the element
  SmallVector<Value> from, of;
};
} // namespace

/// Where a place of the result meets offset k of the kernel:
/// p·stride + k·dilation − pad, or transposed (p + pad − k·dilation) / stride.
static std::pair<Value, Value> placeInX(nn::ConvOp op, Image &image,
                                        unsigned axis, Value p, Value k) {
  Emit &e = image.e;
  Value stride = e.index(op.getStride()[axis]);
  Value pad = e.index(op.getPad()[axis]);
  Value offset = e.times(k, e.index(op.getDilation()[axis]));
  // Unsigned, what lies in front is larger than any length.
  using P = Emit::Predicate;
  if (!op.getTransposed()) {
    Value at = e.minus(e.plus(e.times(p, stride), offset), pad);
    return {e.compare(P::ult, at, image.length(axis)), at};
  }
  Value moved = e.plus(p, pad), at = e.minus(moved, offset);
  Value isWhole = e.both(e.compare(P::uge, moved, offset),
                         e.compare(P::eq, e.rest(at, stride), e.index(0)));
  at = e.over(at, stride);
  return {e.both(isWhole, e.compare(P::ult, at, image.length(axis))), at};
}

/// Term `number` of y[at], counted over the channels of x in a group, then the
/// kernel's axes.
static Tap tapOf(nn::ConvOp op, Image &image, ValueRange at, Value number) {
  Emit &e = image.e;
  int64_t groups = op.getGroups();
  int64_t inputs = op.getX().getType().getDimSize(1) / groups,
          outputs = op.getOutputs() / groups;
  SmallVector<int64_t> bounds{inputs};
  llvm::append_range(bounds, op.getKernel());
  SmallVector<Value> k(bounds.size());
  for (int axis = bounds.size() - 1; axis > 0; --axis) {
    k[axis] = e.rest(number, e.index(bounds[axis]));
    number = e.over(number, e.index(bounds[axis]));
  }
  k[0] = number;
  Value out = at[image.channel], group = e.over(out, e.index(outputs));
  Value in = e.plus(e.times(group, e.index(inputs)), k[0]);

  Tap tap{{}, SmallVector<Value>(at), {}};
  tap.from[image.channel] = in;
  for (unsigned axis = 0; axis < image.spatial(); ++axis) {
    auto [isThere, place] =
        placeInX(op, image, axis, at[image.position(axis)], k[1 + axis]);
    tap.isThere = tap.isThere ? e.both(tap.isThere, isThere) : isThere;
    tap.from[image.position(axis)] = e.select(isThere, place, e.index(0));
  }
  if (op.getTransposed())
    tap.of = {in, e.rest(out, e.index(outputs))};
  else
    tap.of = {out, k[0]};
  tap.of.append(k.begin() + 1, k.end());
  return tap;
}

/// y[o, p…] = epilogue(b[o] + Σ_{c, k…} x · W, …), as the op says.
static void lowerConv(nn::ConvOp op, FunctionLowering &lowering) {
  int64_t taps =
      op.getX().getType().getDimSize(1) / static_cast<int64_t>(op.getGroups());
  for (int64_t size : op.getKernel())
    taps *= size;
  forImages(op, lowering, [&](Image image) {
    Emit &e = image.e;
    View weight = lowering.view(op.getWeight(), nullptr);
    nest(lowering, image.bounds(), [&](ValueRange at) {
      auto ofChannel = [&](Value vector) {
        return e.load(lowering.view(vector, nullptr), at[image.channel]);
      };
      Value start = op.getBias() ? ofChannel(op.getBias()) : e.number(0);
      auto add = [&](Value number, Value sum) {
        Tap tap = tapOf(op, image, at, number);
        Value v = e.select(tap.isThere, e.load(image.x, tap.from), e.number(0));
        return e.add(sum, e.mul(v, e.load(weight, tap.of)));
      };
      SmallVector<Value> elements{fold(lowering, e.index(taps), start, add)};
      for (Value other : op.getOthers())
        elements.push_back(other.getType() == op.getType()
                               ? e.load(lowering.view(other, image.row), at)
                               : ofChannel(other));
      Value y = op.hasEpilogue() ? scalar::emitBody(op.getEpilogue().front(),
                                                    elements, e.builder)
                                 : elements[0];
      e.store(y, image.y, at);
    });
  });
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// How many places of window p of an axis an average counts: those of x, or up
/// to `pad` beyond its end.
static Value countAlong(nn::PoolOp op, Image &image, unsigned axis, Value p) {
  Emit &e = image.e;
  Value pad = e.index(op.getPad()[axis]), none = e.index(0);
  auto signedMax = [&](Value a, Value b) {
    return e.select(e.compare(Emit::Predicate::slt, a, b), b, a);
  };
  Value begin = e.minus(e.times(p, e.index(op.getStride()[axis])), pad);
  Value end = e.plus(begin, e.index(op.getWindow()[axis]));
  Value limit = image.length(axis);
  if (op.getCountsPad())
    limit = e.plus(limit, pad);
  else
    begin = signedMax(begin, none);
  Value isBefore = e.compare(Emit::Predicate::slt, end, limit);
  return e.minus(e.select(isBefore, end, limit), begin);
}

static Value poolAt(nn::PoolOp op, Image &image, ValueRange at) {
  Emit &e = image.e;
  bool isMax = op.getKind() == nn::PoolKind::Max;
  int64_t taps = 1;
  for (int64_t size : op.getWindow())
    taps *= size;
  Value reduced = isMax ? e.lowest() : e.number(0);
  for (int64_t tap = 0; tap < taps; ++tap) {
    SmallVector<Value> from(at);
    Value isThere;
    int64_t rest = tap;
    for (int axis = image.spatial() - 1; axis >= 0; --axis) {
      int64_t size = op.getWindow()[axis];
      Value &p = from[image.position(axis)];
      p = e.plus(e.times(p, e.index(op.getStride()[axis])),
                 e.index(rest % size - op.getPad()[axis]));
      Value in = e.compare(Emit::Predicate::ult, p, image.length(axis));
      p = e.select(in, p, e.index(0));
      isThere = isThere ? e.both(isThere, in) : in;
      rest /= size;
    }
    Value v = e.load(image.x, from);
    v = e.select(isThere, v, isMax ? e.lowest() : e.number(0));
    reduced = isMax ? e.max(reduced, v) : e.add(reduced, v);
  }
  if (isMax)
    return reduced;
  Value count = e.index(1);
  for (unsigned axis = 0; axis < image.spatial(); ++axis)
    count =
        e.times(count, countAlong(op, image, axis, at[image.position(axis)]));
  return e.div(reduced, e.real(count));
}

static void lowerPool(nn::PoolOp op, FunctionLowering &lowering) {
  forImages(op, lowering, [&](Image image) {
    forEachElement(lowering, image.y,
                   [&](ValueRange at) { return poolAt(op, image, at); });
  });
}

//===----------------------------------------------------------------------===//
// Upsampling
//===----------------------------------------------------------------------===//

namespace {
/// Elements along one axis, and what each of them counts.
struct Side {
  SmallVector<Value, 4> places, weights;
};

class Sampling {
public:
  Sampling(nn::UpsampleOp op, Image &image, unsigned axis)
      : op(op), e(image.e), last(e.minus(image.length(axis), e.index(1))),
        sizes(real(image.length(axis))),
        results(real(image.y.length(e.lowering, image.position(axis)))) {}

  /// What element p of the result is made of.
  Side at(Value p) {
    if (op.getKind() == nn::UpsampleKind::Nearest)
      return {{clamped(truncated(e.mul(real(p), e.div(sizes, results))))},
              {e.number(1)}};
    Value source = op.getAlignCorners() ? amongCorners(p) : amongCentres(p);
    return op.getKind() == nn::UpsampleKind::Bilinear
               ? ofTwo(e.max(source, e.number(0)))
               : ofFour(source);
  }

private:
  /// s·p, s = (n − 1) / (m − 1), or 0 where there is one element.
  Value amongCorners(Value p) {
    Value one = e.number(1), steps = e.sub(results, one);
    Value scale = e.div(e.sub(sizes, one), e.max(steps, one));
    scale = e.select(e.isPositive(steps), scale, e.number(0));
    return e.mul(scale, real(p));
  }
  /// s·(p + ½) − ½, s = n / m.
  Value amongCentres(Value p) {
    Value half = e.number(0.5);
    return e.sub(e.mul(e.div(sizes, results), e.add(real(p), half)), half);
  }

  Side ofTwo(Value source) {
    Value below = truncated(source), part = e.sub(source, real(below));
    return {{below, clamped(e.plus(below, e.index(1)))},
            {e.sub(e.number(1), part), part}};
  }

  /// Keys 1981, eq. 4, of distances t + 1, t, 1 − t and 2 − t.
  Side ofFour(Value source) {
    Value start = truncated(source);
    Value isAbove = arith::CmpFOp::create(
        e.builder, e.loc, arith::CmpFPredicate::OLT, source, real(start));
    start = e.select(isAbove, e.minus(start, e.index(1)), start);
    Value t = e.sub(source, real(start)), one = e.number(1);
    Side side;
    for (int64_t place = -1; place < 3; ++place)
      side.places.push_back(clamped(e.plus(start, e.index(place))));
    side.weights = {outer(e.add(t, one)), inner(t), inner(e.sub(one, t)),
                    outer(e.sub(e.number(2), t))};
    return side;
  }
  static constexpr double a = -0.75;
  /// (a + 2)|x|³ − (a + 3)|x|² + 1, of at most 1.
  Value inner(Value x) {
    Value sum = e.sub(e.mul(e.number(a + 2), x), e.number(a + 3));
    return e.add(e.mul(e.mul(sum, x), x), e.number(1));
  }
  /// a|x|³ − 5a|x|² + 8a|x| − 4a, of 1 to 2.
  Value outer(Value x) {
    Value sum = e.sub(e.mul(e.number(a), x), e.number(5 * a));
    sum = e.add(e.mul(sum, x), e.number(8 * a));
    return e.sub(e.mul(sum, x), e.number(4 * a));
  }

  Value real(Value index) {
    Value integer = arith::IndexCastOp::create(e.builder, e.loc,
                                               e.builder.getI32Type(), index);
    return arith::SIToFPOp::create(e.builder, e.loc, e.builder.getF32Type(),
                                   integer);
  }
  Value truncated(Value number) {
    Value integer = arith::FPToSIOp::create(e.builder, e.loc,
                                            e.builder.getI32Type(), number);
    return arith::IndexCastOp::create(e.builder, e.loc,
                                      e.builder.getIndexType(), integer);
  }
  /// Within the axis.
  Value clamped(Value place) {
    using P = Emit::Predicate;
    place = e.select(e.compare(P::slt, place, e.index(0)), e.index(0), place);
    return e.select(e.compare(P::sgt, place, last), last, place);
  }

  nn::UpsampleOp op;
  Emit &e;
  /// The last element's place, and how many elements x and the result have.
  Value last, sizes, results;
};
} // namespace

/// Σ over the elements along each axis, of the product of what they count.
static Value sampleAt(nn::UpsampleOp op, Image &image, ValueRange at) {
  Emit &e = image.e;
  SmallVector<Side> sides;
  size_t count = 1;
  for (unsigned axis = 0; axis < image.spatial(); ++axis) {
    sides.push_back(Sampling(op, image, axis).at(at[image.position(axis)]));
    count *= sides.back().places.size();
  }
  Value sum;
  for (size_t number = 0; number < count; ++number) {
    SmallVector<Value> from(at);
    Value weight;
    size_t rest = number;
    for (auto [axis, side] : llvm::enumerate(sides)) {
      size_t which = rest % side.places.size();
      rest /= side.places.size();
      from[image.position(axis)] = side.places[which];
      weight =
          weight ? e.mul(weight, side.weights[which]) : side.weights[which];
    }
    Value element = e.load(image.x, from);
    if (op.getKind() == nn::UpsampleKind::Nearest)
      return element;
    Value term = e.mul(weight, element);
    sum = sum ? e.add(sum, term) : term;
  }
  return sum;
}

static void lowerUpsample(nn::UpsampleOp op, FunctionLowering &lowering) {
  forImages(op, lowering, [&](Image image) {
    forEachElement(lowering, image.y,
                   [&](ValueRange at) { return sampleAt(op, image, at); });
  });
}

void heddle::conversion::populateImagesToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::ConvOp>(lowerConv);
  patterns.add<nn::PoolOp>(lowerPool);
  patterns.add<nn::UpsampleOp>(lowerUpsample);
}
