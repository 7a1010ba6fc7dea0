//===- PairRegion.cpp - what is said about pairs of a query and a key -----===//

#include "compiler/conversion/PairRegion.h"

#include "compiler/conversion/Emit.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

PairRegion::PairRegion(FunctionLowering &lowering, Region &region,
                       ValueRange indices)
    : lowering(lowering), region(region) {
  for (auto [argument, index] : llvm::zip(region.getArguments(), indices))
    values.map(argument, index);
}

Value PairRegion::result() {
  return lower(region.front().getTerminator()->getOperand(0));
}

bool PairRegion::dependsOnKey(Value value) const {
  if (value == key())
    return true;
  Operation *op = value.getDefiningOp();
  return op && region.isAncestor(op->getParentRegion()) &&
         llvm::any_of(op->getOperands(),
                      [&](Value operand) { return dependsOnKey(operand); });
}

Value PairRegion::lower(Value value) {
  if (Value known = values.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  // A constant may have been hoisted out of the region.
  if (!op || !region.isAncestor(op->getParentRegion()))
    return lowering.scalar(value);
  OpBuilder &builder = lowering.builder;
  if (auto lookup = dyn_cast<nn::LookupOp>(op)) {
    values.map(value, lowerLookup(lookup));
  } else if (auto bucket = dyn_cast<nn::BucketOp>(op)) {
    values.map(value, lowerBucket(bucket));
  } else {
    for (Value operand : op->getOperands())
      values.map(operand, lower(operand));
    builder.clone(*op, values);
  }
  return values.lookup(value);
}

/// Where rows have lengths of their own, the first index is the row at hand,
/// and the others are within it.
Value PairRegion::lowerLookup(nn::LookupOp op) {
  OpBuilder &b = lowering.builder;
  Location loc = lowering.loc();
  SmallVector<Value> at = llvm::map_to_vector(
      op.getIndices(), [&](Value index) { return lower(index); });
  Value row;
  auto type = cast<RankedTensorType>(op.getTensor().getType());
  if (lowering.formOf(type) != FunctionLowering::Form::Dense) {
    row = at.front();
    at.erase(at.begin());
  }
  Value tensor = lowering.view(op.getTensor(), row).memref;
  Value element = memref::LoadOp::create(b, loc, tensor, at);
  if (isa<FloatType>(element.getType()))
    return asF32(b, loc, element);
  if (!op.getType().isInteger(1))
    return element;
  Value no = arith::ConstantOp::create(b, loc, b.getZeroAttr(element.getType()));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, element, no);
}

/// T5's bucket of a relative position (Raffel et al. 2020): near ones exactly,
/// far ones by the logarithm of their distance.
Value PairRegion::lowerBucket(nn::BucketOp op) {
  OpBuilder &b = lowering.builder;
  Location loc = lowering.loc();
  Value distance = lower(op.getDistance());
  int64_t count = op.getCount();
  Value zero = lowering.constantIndex(0), base = zero;
  Value back = arith::SubIOp::create(
      b, loc, zero, distance); // how far behind the query the key lies
  if (op.getBoth()) {
    count /= 2;
    Value ahead = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                        distance, zero);
    base = arith::SelectOp::create(b, loc, ahead, lowering.constantIndex(count),
                                   zero);
    back = arith::MaxSIOp::create(b, loc, back, distance);
  } else {
    back = arith::MaxSIOp::create(b, loc, back, zero);
  }
  Value bucket =
      tabulates ? lookUpBucket(op, back, count) : farBucket(op, back, count);
  return arith::AddIOp::create(b, loc, base, bucket);
}

/// back < exact ? back
///   : min(exact + ⌊log(back / exact) / log(far / exact) · (count − exact)⌋,
///         count − 1)
Value PairRegion::farBucket(nn::BucketOp op, Value back, int64_t count) {
  OpBuilder &b = lowering.builder;
  Location loc = lowering.loc();
  auto index = [&](int64_t value) { return lowering.constantIndex(value); };
  Scalars s{b, loc};
  int64_t exact = count / 2;
  Value farther = arith::IndexCastOp::create(
      b, loc, b.getI64Type(), arith::MaxSIOp::create(b, loc, back, index(1)));
  Value ratio = s.div(arith::SIToFPOp::create(b, loc, b.getF32Type(), farther),
                      s.number(exact));
  Value share = s.div(math::LogOp::create(b, loc, ratio),
                      s.number(std::log(double(op.getFar()) / exact)));
  Value steps = arith::IndexCastOp::create(
      b, loc, b.getIndexType(),
      arith::FPToSIOp::create(b, loc, b.getI64Type(),
                              s.mul(share, s.number(count - exact))));
  Value far = arith::MinSIOp::create(
      b, loc, arith::AddIOp::create(b, loc, index(exact), steps),
      index(count - 1));
  Value isNear = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, back,
                                       index(exact));
  return arith::SelectOp::create(b, loc, isNear, back, far);
}

/// The same, with the formula evaluated here for all distances up to `far`,
/// beyond which all are in the last bucket. Every step is in f32 as above:
/// where a logarithm is a whole number of steps, rounding decides.
Value PairRegion::lookUpBucket(nn::BucketOp op, Value back, int64_t count) {
  OpBuilder &b = lowering.builder;
  int64_t exact = count / 2, far = op.getFar();
  float scale = std::log(double(far) / exact);
  SmallVector<int32_t> buckets;
  for (int64_t distance = 0; distance <= far; ++distance) {
    float ratio = float(distance) / float(exact);
    float steps = std::log(ratio) / scale * float(count - exact);
    buckets.push_back(
        distance < exact
            ? distance
            : std::min<int64_t>(exact + int64_t(steps), count - 1));
  }
  auto type = RankedTensorType::get({far + 1}, b.getI32Type());
  Value table = constantTable(
      lowering, DenseElementsAttr::get(type, ArrayRef<int32_t>(buckets)));
  Value at = arith::MinSIOp::create(b, lowering.loc(), back,
                                    lowering.constantIndex(far));
  return arith::IndexCastOp::create(
      b, lowering.loc(), b.getIndexType(),
      memref::LoadOp::create(b, lowering.loc(), table, at));
}

//===----------------------------------------------------------------------===//
// Ranges of keys
//===----------------------------------------------------------------------===//

namespace {
/// factor · j + rest, where nothing of rest depends on the key j.
struct LinearInKey {
  int factor;
  Value rest;
};
} // namespace

static std::optional<LinearInKey> linearInKey(PairRegion &pairs, Value value) {
  OpBuilder &builder = pairs.lowering.builder;
  Location loc = pairs.lowering.loc();
  if (value == pairs.key())
    return LinearInKey{1, pairs.lowering.constantIndex(0)};
  if (!pairs.dependsOnKey(value))
    return LinearInKey{0, pairs.lower(value)};
  Operation *op = value.getDefiningOp();
  if (!isa<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  auto a = linearInKey(pairs, op->getOperand(0)),
       b = linearInKey(pairs, op->getOperand(1));
  if (!a || !b)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return LinearInKey{a->factor + b->factor,
                       arith::AddIOp::create(builder, loc, a->rest, b->rest)};
  return LinearInKey{a->factor - b->factor,
                     arith::SubIOp::create(builder, loc, a->rest, b->rest)};
}

/// j with the sides of a comparison exchanged.
static arith::CmpIPredicate mirrored(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::slt:
    return P::sgt;
  case P::sle:
    return P::sge;
  case P::sgt:
    return P::slt;
  case P::sge:
    return P::sle;
  default:
    return predicate;
  }
}

//  a·j + r ⋚ b·j + s, a − b = 1:  j ⋚ s − r;   a − b = −1:  r − s ⋚ j
static std::optional<KeyRange> keysOfComparison(PairRegion &pairs,
                                                arith::CmpIOp compare) {
  if (!compare.getLhs().getType().isIndex())
    return std::nullopt;
  auto left = linearInKey(pairs, compare.getLhs()),
       right = linearInKey(pairs, compare.getRhs());
  if (!left || !right || std::abs(left->factor - right->factor) != 1)
    return std::nullopt;
  OpBuilder &builder = pairs.lowering.builder;
  Location loc = pairs.lowering.loc();
  arith::CmpIPredicate predicate = compare.getPredicate();
  if (left->factor < right->factor) {
    std::swap(left, right);
    predicate = mirrored(predicate);
  }
  Value bound = arith::SubIOp::create(builder, loc, right->rest, left->rest);
  auto behind = [&]() -> Value {
    return arith::AddIOp::create(builder, loc, bound,
                                 pairs.lowering.constantIndex(1));
  };
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::slt:
    return KeyRange{{}, bound};
  case P::sle:
    return KeyRange{{}, behind()};
  case P::sgt:
    return KeyRange{behind(), {}};
  case P::sge:
    return KeyRange{bound, {}};
  case P::eq:
    return KeyRange{bound, behind()};
  default:
    return std::nullopt;
  }
}

std::optional<KeyRange> heddle::conversion::keysThatSatisfy(PairRegion &pairs,
                                                            Value condition) {
  Operation *op = condition.getDefiningOp();
  if (auto compare = dyn_cast_if_present<arith::CmpIOp>(op))
    return keysOfComparison(pairs, compare);
  if (!isa_and_present<arith::AndIOp, arith::OrIOp>(op))
    return std::nullopt;
  auto a = keysThatSatisfy(pairs, op->getOperand(0)),
       b = keysThatSatisfy(pairs, op->getOperand(1));
  if (!a || !b)
    return std::nullopt;
  OpBuilder &builder = pairs.lowering.builder;
  Location loc = pairs.lowering.loc();
  auto smaller = [&](Value x, Value y) -> Value {
    return arith::MinSIOp::create(builder, loc, x, y);
  };
  auto larger = [&](Value x, Value y) -> Value {
    return arith::MaxSIOp::create(builder, loc, x, y);
  };
  if (isa<arith::AndIOp>(op))
    return KeyRange{a->from && b->from ? larger(a->from, b->from)
                    : a->from          ? a->from
                                       : b->from,
                    a->to && b->to ? smaller(a->to, b->to)
                    : a->to        ? a->to
                                   : b->to};
  // Two ranges together are one if both begin or both end nowhere.
  if (!a->from && !b->from)
    return KeyRange{{}, larger(a->to, b->to)};
  if (!a->to && !b->to)
    return KeyRange{smaller(a->from, b->from), {}};
  return std::nullopt;
}
