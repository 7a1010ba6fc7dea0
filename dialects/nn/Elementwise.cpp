//===- Elementwise.cpp - the functions of elementwise ops -----------------===//
//
// What each op does to an element. A vector unit evaluates the ops written here
// wherever they stand: in a loop of their own or at the end of a product.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/NN.h"
#include "dialects/scalar/Formula.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;
using scalar::asF32, scalar::Formula;

//===----------------------------------------------------------------------===//
// Of two operands
//===----------------------------------------------------------------------===//

static bool areIntegers(ValueRange elements) {
  return llvm::all_of(elements,
                      [](Value x) { return x.getType().isInteger(); });
}

template <typename Integer, typename Float>
static Value emitEither(OpBuilder &builder, Location loc, ValueRange elements) {
  if (areIntegers(elements))
    return Integer::create(builder, loc, elements[0], elements[1]);
  return Float::create(builder, loc, asF32(builder, loc, elements[0]),
                       asF32(builder, loc, elements[1]));
}

Value AddOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return emitEither<arith::AddIOp, arith::AddFOp>(builder, loc, elements);
}

Value SubOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return emitEither<arith::SubIOp, arith::SubFOp>(builder, loc, elements);
}

Value MulOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return emitEither<arith::MulIOp, arith::MulFOp>(builder, loc, elements);
}

Value DivOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.div(asF32(builder, loc, elements[0]),
                                   asF32(builder, loc, elements[1]));
}

Value PowOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.pow(asF32(builder, loc, elements[0]),
                                   asF32(builder, loc, elements[1]));
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

static arith::CmpFPredicate ofReals(CompareKind kind) {
  switch (kind) {
  case CompareKind::Equal:
    return arith::CmpFPredicate::OEQ;
  case CompareKind::Unequal:
    return arith::CmpFPredicate::UNE;
  case CompareKind::Less:
    return arith::CmpFPredicate::OLT;
  case CompareKind::AtMost:
    return arith::CmpFPredicate::OLE;
  }
  llvm_unreachable("all kinds are handled");
}

static arith::CmpIPredicate ofIntegers(CompareKind kind) {
  switch (kind) {
  case CompareKind::Equal:
    return arith::CmpIPredicate::eq;
  case CompareKind::Unequal:
    return arith::CmpIPredicate::ne;
  case CompareKind::Less:
    return arith::CmpIPredicate::slt;
  case CompareKind::AtMost:
    return arith::CmpIPredicate::sle;
  }
  llvm_unreachable("all kinds are handled");
}

Value CompareOp::emitScalar(OpBuilder &builder, Location loc,
                            ValueRange elements) {
  if (areIntegers(elements))
    return arith::CmpIOp::create(builder, loc, ofIntegers(getKind()),
                                 elements[0], elements[1]);
  return arith::CmpFOp::create(builder, loc, ofReals(getKind()),
                               asF32(builder, loc, elements[0]),
                               asF32(builder, loc, elements[1]));
}

Value AndOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return arith::AndIOp::create(builder, loc, elements[0], elements[1]);
}

Value OrOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return arith::OrIOp::create(builder, loc, elements[0], elements[1]);
}

Value NotOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
  return arith::XOrIOp::create(builder, loc, elements[0], yes);
}

Value SelectOp::emitScalar(OpBuilder &builder, Location loc,
                           ValueRange elements) {
  return Formula{builder, loc}.select(elements[0], elements[1], elements[2]);
}

//===----------------------------------------------------------------------===//
// Of one, and of numbers of its axes
//===----------------------------------------------------------------------===//

Value AbsOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.abs(elements[0]);
}

Value SinOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.sin(elements[0]);
}

Value CosOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.cos(elements[0]);
}

Value ErfOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.erf(elements[0]);
}

Value Bf16Op::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  return Formula{builder, loc}.bf16(elements[0]);
}

Value NegOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.neg(elements[0]);
}

Value ExpOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.exp(elements[0]);
}

Value LogOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  return Formula{builder, loc}.log(elements[0]);
}

Value SqrtOp::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  return Formula{builder, loc}.sqrt(elements[0]);
}

Value TanhOp::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  return Formula{builder, loc}.tanh(elements[0]);
}

Value SigmoidOp::emitScalar(OpBuilder &builder, Location loc,
                            ValueRange elements) {
  return scalar::SigmoidOp::create(builder, loc, elements[0]);
}

Value ReluOp::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  return scalar::ReluOp::create(builder, loc, elements[0]);
}

Value ReluSquaredOp::emitScalar(OpBuilder &builder, Location loc,
                                ValueRange elements) {
  Value relu = scalar::ReluOp::create(builder, loc, elements[0]);
  return Formula{builder, loc}.mul(relu, relu);
}

Value GeluOp::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  return scalar::GeluOp::create(builder, loc, elements[0]);
}

Value GeluTanhOp::emitScalar(OpBuilder &builder, Location loc,
                             ValueRange elements) {
  return scalar::GeluTanhOp::create(builder, loc, elements[0]);
}

Value SiluOp::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  return scalar::SiluOp::create(builder, loc, elements[0]);
}

Value SwishOp::emitScalar(OpBuilder &builder, Location loc,
                          ValueRange elements) {
  Formula f{builder, loc};
  Value x = elements[0],
        scaled = f.mul(f.number(getBeta().convertToDouble()), x);
  return f.mul(x, scalar::SigmoidOp::create(builder, loc, scaled));
}

/// max(x, 0) + ln(1 + t), t = e^−|x|. With u the float nearest to 1 + t, the
/// logarithm is ln(u) · t / (u − 1): what is lost to rounding cancels (Kahan).
Value SoftplusOp::emitScalar(OpBuilder &builder, Location loc,
                             ValueRange elements) {
  Formula f{builder, loc};
  Value x = elements[0], one = f.number(1), t = f.exp(f.neg(f.abs(x)));
  Value u = f.add(one, t), above = f.sub(u, one);
  Value ratio = f.div(f.mul(f.log(u), t), above);
  Value rest = f.select(f.isPositive(above), ratio, t);
  return f.add(f.max(x, f.number(0)), rest);
}

/// tanh(ln(1 + e)) = n / (n + 2) with n = e·(e + 2), e = eˣ: nothing cancels.
/// From 20 on the quotient is 1.
Value MishOp::emitScalar(OpBuilder &builder, Location loc,
                         ValueRange elements) {
  Formula f{builder, loc};
  Value x = elements[0], two = f.number(2), e = f.exp(f.min(x, f.number(20)));
  Value n = f.mul(e, f.add(e, two));
  return f.mul(x, f.div(n, f.add(n, two)));
}

Value HardSwishOp::emitScalar(OpBuilder &builder, Location loc,
                              ValueRange elements) {
  Formula f{builder, loc};
  Value x = elements[0];
  Value clamped = f.min(f.max(f.add(x, f.number(3)), f.number(0)), f.number(6));
  return f.div(f.mul(x, clamped), f.number(6));
}

/// eˣ − 1 = tanh(x/2) · (eˣ + 1), which does not cancel near zero.
Value EluOp::emitScalar(OpBuilder &builder, Location loc, ValueRange elements) {
  Formula f{builder, loc};
  Value x = elements[0], tanh = f.tanh(f.mul(x, f.number(0.5)));
  Value below = f.mul(f.number(getAlpha().convertToDouble()),
                      f.mul(tanh, f.add(f.exp(x), f.number(1))));
  return f.select(f.isPositive(x), x, below);
}

/// x, weight, bias, mean, variance. All but the first are the same for a
/// channel.
Value BatchNormOp::emitScalar(OpBuilder &builder, Location loc,
                              ValueRange elements) {
  Formula f{builder, loc};
  SmallVector<Value> wide;
  for (Value element : elements)
    wide.push_back(asF32(builder, loc, element));
  Value spread = f.sqrt(f.add(wide[4], f.number(getEps().convertToDouble())));
  Value scale = f.mul(f.div(f.number(1), spread), wide[1]);
  Value shift = f.sub(wide[2], f.mul(wide[3], scale));
  return f.add(f.mul(wide[0], scale), shift);
}

Value LeakyReluOp::emitScalar(OpBuilder &builder, Location loc,
                              ValueRange elements) {
  Formula f{builder, loc};
  Value x = elements[0],
        below = f.mul(f.number(getSlope().convertToDouble()), x);
  return f.select(f.isPositive(x), x, below);
}
