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
  return op.getType().isInteger(1) ? asTruth(b, loc, element) : element;
}

/// T5's bucket of a relative position (Raffel et al. 2020): near ones exactly,
/// far ones by the logarithm of their distance.
Value PairRegion::lowerBucket(nn::BucketOp op) {
  if (op.getAround())
    return tabulates ? lookUpBucketAround(op) : bucketAround(op);
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

/// DeBERTa's bucket of a distance d (He et al. 2021), of 2 n in all, m = n / 2:
/// min(max(n + s, 0), 2 n − 1), where s is d up to m and −m, and beyond
/// ±(m + ⌈log(|d| / m) / log((far − 1) / m) · (m − 1)⌉).
Value PairRegion::bucketAround(nn::BucketOp op) {
  Emit e{lowering};
  using P = Emit::Predicate;
  int64_t half = op.getCount() / 2, exact = half / 2;
  double scale = std::log(float(double(op.getFar() - 1) / exact));
  Value d = lower(op.getDistance());
  Value isBehind = e.compare(P::slt, d, e.index(0));
  Value size = e.select(isBehind, e.minus(e.index(0), d), d);
  Value ratio =
      e.div(e.real(arith::MaxSIOp::create(e.builder, e.loc, size, e.index(1))),
            e.number(exact));
  Value steps =
      e.mul(e.div(e.log(ratio), e.number(scale)), e.number(exact - 1));
  Value down = arith::IndexCastOp::create(
      e.builder, e.loc, e.builder.getIndexType(),
      arith::FPToSIOp::create(e.builder, e.loc, e.builder.getI64Type(), steps));
  Value isBetween = arith::CmpFOp::create(
      e.builder, e.loc, arith::CmpFPredicate::OGT, steps, e.real(down));
  Value up = e.plus(down, e.select(isBetween, e.index(1), e.index(0)));
  Value far = e.plus(e.index(exact), up);
  Value bucket = e.select(e.compare(P::sle, size, e.index(exact)), size, far);
  Value placed = e.plus(
      e.index(half), e.select(isBehind, e.minus(e.index(0), bucket), bucket));
  Value above = arith::MaxSIOp::create(e.builder, e.loc, placed, e.index(0));
  return arith::MinSIOp::create(e.builder, e.loc, above,
                                e.index(op.getCount() - 1));
}

/// The same as a table, up to distances where the last buckets are reached.
Value PairRegion::lookUpBucketAround(nn::BucketOp op) {
  int64_t half = op.getCount() / 2, exact = half / 2, most = 2 * op.getFar();
  float scale = std::log(float(double(op.getFar() - 1) / exact));
  SmallVector<int32_t> buckets;
  for (int64_t d = -most; d <= most; ++d) {
    int64_t size = std::abs(d), bucket = size;
    if (size > exact)
      bucket = exact + int64_t(std::ceil(std::log(float(size) / float(exact)) /
                                         scale * float(exact - 1)));
    buckets.push_back(std::clamp<int64_t>(half + (d < 0 ? -bucket : bucket), 0,
                                          op.getCount() - 1));
  }
  Emit e{lowering};
  auto type = RankedTensorType::get({2 * most + 1}, e.builder.getI32Type());
  Value table = constantTable(
      lowering, DenseElementsAttr::get(type, ArrayRef<int32_t>(buckets)));
  Value d = lower(op.getDistance());
  Value above = arith::MaxSIOp::create(e.builder, e.loc, d, e.index(-most));
  Value within = arith::MinSIOp::create(e.builder, e.loc, above, e.index(most));
  Value at = e.plus(within, e.index(most));
  return arith::IndexCastOp::create(
      e.builder, e.loc, e.builder.getIndexType(),
      memref::LoadOp::create(e.builder, e.loc, table, at));
}

//===----------------------------------------------------------------------===//
// Ranges of keys
//===----------------------------------------------------------------------===//

Value PairRegion::lower(const nn::KeyBound &bound) {
  OpBuilder &b = lowering.builder;
  Location loc = lowering.loc();
  auto constant = [&] { return lowering.constantIndex(bound.constant); };
  Value value;
  if (bound.kind != nn::KeyBound::Kind::Sum) {
    bool isLeast = bound.kind == nn::KeyBound::Kind::Least;
    for (const nn::KeyBound &other : bound.others) {
      Value next = lower(other);
      value = !value    ? next
              : isLeast ? Value(arith::MinSIOp::create(b, loc, value, next))
                        : Value(arith::MaxSIOp::create(b, loc, value, next));
    }
    return value;
  }
  for (const nn::KeyBound::Term &term : bound.terms) {
    Value next = lower(term.value);
    if (!value && !term.isSubtracted) {
      value = next;
      continue;
    }
    if (!value)
      value = lowering.constantIndex(0);
    value = term.isSubtracted
                ? Value(arith::SubIOp::create(b, loc, value, next))
                : Value(arith::AddIOp::create(b, loc, value, next));
  }
  if (!value)
    return constant();
  return bound.constant == 0
             ? value
             : Value(arith::AddIOp::create(b, loc, value, constant()));
}
