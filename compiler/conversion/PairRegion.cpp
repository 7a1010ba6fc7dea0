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
  if (!op.getType().isInteger(1))
    return element;
  Value no =
      arith::ConstantOp::create(b, loc, b.getZeroAttr(element.getType()));
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
