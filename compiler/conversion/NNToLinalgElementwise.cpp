//===- NNToLinalgElementwise.cpp - reference lowering, elementwise --------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToLinalg.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// x/2 · (1 + erf(x/√2))
static Value gelu(Scalars s, Value x) {
  Value erf = s.erf(s.mul(x, s.number(0.70710678118654752440)));
  return s.mul(s.mul(x, s.number(0.5)), s.add(s.number(1), erf));
}

/// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))
static Value geluTanh(Scalars s, Value x) {
  Value cube = s.mul(s.mul(x, x), x);
  Value inner = s.mul(s.number(0.79788456080286535588),
                      s.add(x, s.mul(s.number(0.044715), cube)));
  return s.mul(s.mul(x, s.number(0.5)), s.add(s.number(1), s.tanh(inner)));
}

Value heddle::conversion::applyActivation(OpBuilder &builder, Location loc,
                                          nn::Activation activation, Value x) {
  Scalars s{builder, loc};
  switch (activation) {
  case nn::Activation::Relu:
    return arith::MaximumFOp::create(builder, loc, x, s.number(0));
  case nn::Activation::Gelu:
    return gelu(s, x);
  case nn::Activation::GeluTanh:
    return geluTanh(s, x);
  case nn::Activation::Silu:
    return s.mul(x, s.sigmoid(x));
  case nn::Activation::Tanh:
    return s.tanh(x);
  case nn::Activation::Sigmoid:
    return s.sigmoid(x);
  }
  llvm_unreachable("an activation without a formula");
}

Value heddle::conversion::applyScalar(OpBuilder &builder, Location loc,
                                      Operation *op, Value x) {
  Scalars s{builder, loc};
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](nn::NegOp) { return s.neg(x); })
      .Case([&](nn::ExpOp) { return s.exp(x); })
      .Case([&](nn::LogOp) -> Value {
        return math::LogOp::create(builder, loc, x);
      })
      .Case([&](nn::SqrtOp) -> Value {
        return math::SqrtOp::create(builder, loc, x);
      })
      .Case([&](nn::TanhOp) { return s.tanh(x); })
      .Case([&](nn::SigmoidOp) { return s.sigmoid(x); })
      .Case([&](nn::ReluOp) -> Value {
        return arith::MaximumFOp::create(builder, loc, x, s.number(0));
      })
      .Case([&](nn::GeluOp) { return gelu(s, x); })
      .Case([&](nn::GeluTanhOp) { return geluTanh(s, x); })
      .Case([&](nn::SiluOp) { return s.mul(x, s.sigmoid(x)); })
      .Case([&](nn::SwishOp swish) {
        return s.mul(x, s.sigmoid(s.mul(
                            s.number(swish.getBeta().convertToDouble()), x)));
      })
      .Default([](Operation *) { return Value(); });
}

static Value applyScalars(OpBuilder &builder, Location loc, Operation *op,
                          Value a, Value b) {
  bool integers = a.getType().isInteger() && b.getType().isInteger();
  if (integers)
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case([&](nn::AddOp) {
          return arith::AddIOp::create(builder, loc, a, b);
        })
        .Case([&](nn::SubOp) {
          return arith::SubIOp::create(builder, loc, a, b);
        })
        .Case([&](nn::MulOp) {
          return arith::MulIOp::create(builder, loc, a, b);
        })
        .Default([](Operation *) { return Value(); });
  Scalars s{builder, loc};
  Value x = asF32(builder, loc, a), y = asF32(builder, loc, b);
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](nn::AddOp) { return s.add(x, y); })
      .Case([&](nn::SubOp) { return s.sub(x, y); })
      .Case([&](nn::MulOp) { return s.mul(x, y); })
      .Case([&](nn::DivOp) { return s.div(x, y); })
      .Case([&](nn::PowOp) -> Value {
        return math::PowFOp::create(builder, loc, x, y);
      })
      .Default([](Operation *) { return Value(); });
}

static void lowerElementwise(Operation *op, FunctionLowering &lowering) {
  Location loc = lowering.loc();
  lowering.forRows(op, false, [&](Value row) {
    SmallVector<View> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(lowering.view(operand, row));
    generic(lowering, inputs, lowering.resultView(op->getOpResult(0), row), {},
            [&](OpBuilder &inner, ValueRange scalars) {
              return inputs.size() == 1
                         ? applyScalar(inner, loc, op, scalars[0])
                         : applyScalars(inner, loc, op, scalars[0], scalars[1]);
            });
  });
}

template <typename... Ops> static void addAll(LoweringPatterns &patterns) {
  (patterns.add<Ops>(lowerElementwise), ...);
}

void heddle::conversion::populateElementwiseToLinalg(
    LoweringPatterns &patterns) {
  addAll<nn::NegOp, nn::ExpOp, nn::LogOp, nn::SqrtOp, nn::TanhOp, nn::SigmoidOp,
         nn::ReluOp, nn::GeluOp, nn::GeluTanhOp, nn::SiluOp, nn::SwishOp>(
      patterns);
  addAll<nn::AddOp, nn::SubOp, nn::MulOp, nn::DivOp, nn::PowOp>(patterns);
}
