//===- NNToLinalg.cpp - nn to naive loops over buffers --------------------===//
//
// Enters: an nn module with a memory plan. Leaves: functions over memrefs, in
// linalg, scf and kernel's frame ops. Short and obviously right rather than
// fast: this is what every other path is tested against.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/Emit.h"
#include "compiler/conversion/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace heddle::conversion {
#define GEN_PASS_DEF_NNTOLINALG
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static void lowerConstant(nn::ConstantOp op, FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Type element = cast<RankedTensorType>(op.getType()).getElementType();
  double number = op.getValue().convertToDouble();
  TypedAttr value = isa<FloatType>(element)
                        ? TypedAttr(builder.getFloatAttr(element, number))
                        : TypedAttr(builder.getIntegerAttr(
                              element, static_cast<int64_t>(number)));
  Value scalar = arith::ConstantOp::create(builder, lowering.loc(), value);
  linalg::FillOp::create(
      builder, lowering.loc(), scalar,
      lowering.resultView(op->getOpResult(0), nullptr).memref);
}

static void lowerLoopNumber(nn::LoopNumberOp op, FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  Value table = constantTable(lowering, op.getNumbers());
  Value turn =
      arith::SubIOp::create(builder, loc, lowering.scalar(op.getIndex()),
                            lowering.constantIndex(op.getFirst()));
  Value number = memref::LoadOp::create(builder, loc, table, turn);
  View y = lowering.resultView(op->getOpResult(0), nullptr);
  Type element = getElementTypeOrSelf(y.memref);
  if (!isa<FloatType>(element))
    number = arith::FPToSIOp::create(builder, loc, element, number);
  linalg::FillOp::create(builder, loc, number, y.memref);
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

static void lowerPositions(nn::PositionsOp op, FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  lowering.forRows(op, true, [&](Value row) {
    View y = lowering.resultView(op->getOpResult(0), row);
    Value before = lowering.heldBefore(row ? op.getSize() : "", row);
    forEachElement(lowering, y, [&](ValueRange at) -> Value {
      Value position = arith::AddIOp::create(builder, loc, before, at[0]);
      return arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                        position);
    });
  });
}

/// Position · frequency as the angle's sine and cosine.
static std::pair<Value, Value> sineAndCosine(OpBuilder &builder, Location loc,
                                             Value position, Value frequency) {
  Value angle = arith::MulFOp::create(builder, loc,
                                      asF32(builder, loc, position), frequency);
  return {math::SinOp::create(builder, loc, angle),
          math::CosOp::create(builder, loc, angle)};
}

static void lowerRope(nn::RopeOp op, FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  int64_t pairs = op.getFrequencies().size();
  bool halves = op.getPairs() == nn::Pairs::Halves;
  Value table = constantTable(lowering, op.getFrequencies());
  Value magnitude = arith::ConstantOp::create(
      builder, loc,
      builder.getF32FloatAttr(op.getMagnitude().convertToDouble()));
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    View positions = lowering.view(op.getPositions(), row);
    unsigned last = x.axes.size() - 1;
    nest(lowering, x.lengths(lowering, last), [&](ValueRange lead) {
      Value position =
          memref::LoadOp::create(builder, loc, positions.memref,
                                 lead.take_front(positions.axes.size()));
      nest(lowering, lowering.constantIndex(pairs), [&](ValueRange at) {
        Value p = at[0];
        Value a = p, c = arith::AddIOp::create(builder, loc, p,
                                               lowering.constantIndex(pairs));
        if (!halves) {
          a = arith::AddIOp::create(builder, loc, p, p);
          c = arith::AddIOp::create(builder, loc, a, lowering.constantIndex(1));
        }
        auto [sine, cosine] =
            sineAndCosine(builder, loc, position,
                          memref::LoadOp::create(builder, loc, table, p));
        auto index = [&](Value element) {
          SmallVector<Value> all(lead);
          all.push_back(element);
          return all;
        };
        Value xa = memref::LoadOp::create(builder, loc, x.memref, index(a));
        Value xc = memref::LoadOp::create(builder, loc, x.memref, index(c));
        // y[a] = (x[a] cos − x[c] sin) m, y[c] = (x[c] cos + x[a] sin) m
        Value left = arith::MulFOp::create(builder, loc, xa, cosine),
              right = arith::MulFOp::create(builder, loc, xc, sine);
        Value ya = arith::SubFOp::create(builder, loc, left, right);
        left = arith::MulFOp::create(builder, loc, xc, cosine),
        right = arith::MulFOp::create(builder, loc, xa, sine);
        Value yc = arith::AddFOp::create(builder, loc, left, right);
        memref::StoreOp::create(
            builder, loc, arith::MulFOp::create(builder, loc, ya, magnitude),
            y.memref, index(a));
        memref::StoreOp::create(
            builder, loc, arith::MulFOp::create(builder, loc, yc, magnitude),
            y.memref, index(c));
      });
      int64_t depth = x.type().getDimSize(last), rest = depth - 2 * pairs;
      if (rest > 0)
        nest(lowering, lowering.constantIndex(rest), [&](ValueRange at) {
          SmallVector<Value> index(lead);
          index.push_back(arith::AddIOp::create(
              builder, loc, at[0], lowering.constantIndex(2 * pairs)));
          memref::StoreOp::create(
              builder, loc,
              memref::LoadOp::create(builder, loc, x.memref, index), y.memref,
              index);
        });
    });
  });
}

static void lowerSinusoid(nn::SinusoidOp op, FunctionLowering &lowering) {
  Location loc = lowering.loc();
  int64_t depth = cast<RankedTensorType>(op.getType()).getShape().back();
  SmallVector<double> frequencies;
  for (int64_t k = 0; k < depth / 2; ++k)
    frequencies.push_back(
        std::pow(op.getBase().convertToDouble(), -2.0 * k / depth));
  Value table = constantTable(lowering, frequencies);
  lowering.forRows(op, false, [&](Value row) {
    View positions = lowering.view(op.getPositions(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    generic(lowering, positions, y, {},
            [&](OpBuilder &inner, ValueRange scalars) -> Value {
              Value d = linalg::IndexOp::create(inner, loc, y.axes.size() - 1);
              Value half = lowering.constantIndex(depth / 2),
                    two = lowering.constantIndex(2);
              bool halves = op.getPairs() == nn::Pairs::Halves;
              Value pair =
                  halves ? Value(arith::RemUIOp::create(inner, loc, d, half))
                         : Value(arith::DivUIOp::create(inner, loc, d, two));
              Value isSine =
                  halves ? Value(arith::CmpIOp::create(
                               inner, loc, arith::CmpIPredicate::ult, d, half))
                         : Value(arith::CmpIOp::create(
                               inner, loc, arith::CmpIPredicate::eq,
                               arith::RemUIOp::create(inner, loc, d, two),
                               lowering.constantIndex(0)));
              auto [sine, cosine] = sineAndCosine(
                  inner, loc, scalars[0],
                  memref::LoadOp::create(inner, loc, table, pair));
              return arith::SelectOp::create(inner, loc, isSine, sine, cosine);
            });
  });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

void heddle::conversion::populateNNToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::ConstantOp>(lowerConstant);
  patterns.add<nn::LoopNumberOp>(lowerLoopNumber);
  patterns.add<nn::PositionsOp>(lowerPositions);
  patterns.add<nn::RopeOp>(lowerRope);
  patterns.add<nn::SinusoidOp>(lowerSinusoid);
  populateLinearToLinalg(patterns);
  populateNarrowToLinalg(patterns);
  populateElementwiseToLinalg(patterns);
  populateReductionToLinalg(patterns);
  populateAxesToLinalg(patterns);
  populateImagesToLinalg(patterns);
}

namespace {
struct NNToLinalg : heddle::conversion::impl::NNToLinalgBase<NNToLinalg> {
  void runOnOperation() override {
    LoweringPatterns patterns;
    populateNNToLinalg(patterns);
    if (failed(lowerModule(getOperation(), std::move(patterns), TaskSizes())))
      return signalPassFailure();
    // Naive loops have no vector emitters.
    scalar::expandFunctions(getOperation());
  }
};
} // namespace
