//===- NNToLinalgNarrow.cpp - rows in narrower types, naively -------------===//

#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/QuantisedRows.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using kernel::QuantisedRow;

/// The largest magnitude of the `count` elements of x from `first` on.
static Value largestMagnitude(FunctionLowering &lowering, const View &x,
                              ValueRange lead, Value first, Value count) {
  Emit emit(lowering);
  return fold(lowering, count, emit.number(0), [&](Value k, Value largest) {
    SmallVector<Value> at(lead);
    at.push_back(emit.plus(first, k));
    return emit.max(largest, math::AbsFOp::create(emit.builder, emit.loc,
                                                  emit.load(x, at)));
  });
}

/// q = round(x · inverse), of as many elements.
static void storeRounded(FunctionLowering &lowering, const View &x,
                         QuantisedRows &rows, ValueRange lead, Value first,
                         Value count, Value inverse) {
  Emit emit(lowering);
  double largest = rows.largest();
  nest(lowering, count, [&](ValueRange k) {
    SmallVector<Value> at(lead);
    at.push_back(emit.plus(first, k[0]));
    Value q = math::RoundEvenOp::create(emit.builder, emit.loc,
                                        emit.mul(emit.load(x, at), inverse));
    // Without effect but on what is infinite or not a number.
    q = arith::MinNumFOp::create(emit.builder, emit.loc, q,
                                 emit.number(largest));
    q = arith::MaxNumFOp::create(emit.builder, emit.loc, q,
                                 emit.number(-largest));
    rows.setInteger(arith::FPToSIOp::create(emit.builder, emit.loc,
                                            emit.builder.getI32Type(), q),
                    lead, at.back());
  });
}

/// The sums of q that kernels begin with stay zero: the products below do
/// without.
static void quantise(FunctionLowering &lowering, const View &x, const View &y,
                     const QuantisedRow &layout) {
  Emit emit(lowering);
  Value zero = arith::ConstantIntOp::create(emit.builder, emit.loc,
                                            emit.builder.getI8Type(), 0);
  linalg::FillOp::create(emit.builder, emit.loc, zero, y.memref);
  QuantisedRows rows(lowering, y, layout);
  unsigned leading = x.axes.size() - 1;
  nest(lowering, x.lengths(lowering, leading), [&](ValueRange leads) {
    SmallVector<Value> lead(leads);
    Value none = emit.index(0), all = emit.index(layout.inputs);
    Value largest = emit.max(largestMagnitude(lowering, x, lead, none, all),
                             emit.number(layout.leastMagnitude()));
    Value limit = emit.number(layout.largest());
    if (!layout.isGrouped()) {
      rows.setScale(emit.div(largest, limit), lead);
      return storeRounded(lowering, x, rows, lead, none, all,
                          emit.div(limit, largest));
    }
    Value multiples = emit.number(QuantisedRow::largestMultiple);
    Value unit = emit.div(largest, emit.mul(limit, multiples));
    rows.setScale(unit, lead);
    nest(lowering, rows.count(), [&](ValueRange group) {
      Value size = emit.index(rows.groupSize());
      // A group may lie beyond the end.
      Value first = arith::MinUIOp::create(emit.builder, emit.loc,
                                           emit.times(group[0], size), all);
      Value count = arith::MinUIOp::create(emit.builder, emit.loc,
                                           emit.minus(all, first), size);
      Value share =
          emit.div(largestMagnitude(lowering, x, lead, first, count), largest);
      // What is not a number, as its unit is, counts as little.
      Value least = arith::MaxNumFOp::create(
          emit.builder, emit.loc, emit.mul(share, multiples), emit.number(2));
      Value scale = emit.mul(unit, rows.setMultiple(least, lead, group[0]));
      storeRounded(lowering, x, rows, lead, first, count,
                   emit.div(emit.number(1), scale));
    });
  });
}

static void lowerNarrow(nn::NarrowOp op, FunctionLowering &lowering) {
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    x = x.collapseFrom(lowering, x.axes.size() - op.getContracts(), "in");
    y.axes.back() = "in";
    auto type = cast<RankedTensorType>(op.getType());
    if (isa<nn::DynamicType>(type.getElementType()))
      return quantise(lowering, x, y, nn::quantisedRow(type));
    generic(lowering, x, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
      return asBf16(inner, lowering.loc(),
                    asF32(inner, lowering.loc(), scalars[0]));
    });
  });
}

void conversion::populateNarrowToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::NarrowOp>(lowerNarrow);
}
