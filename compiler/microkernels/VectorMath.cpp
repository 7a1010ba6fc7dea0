//===- VectorMath.cpp - elementary functions on vectors -------------------===//

#include "compiler/microkernels/VectorMath.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/DenseMap.h"
#include <limits>

using namespace mlir;

namespace heddle::microkernels {

/// coefficients[0] · xⁿ + … + coefficients[n].
static Value polynomial(VectorBuilder &v, Value x,
                        ArrayRef<float> coefficients) {
  Value sum = v.splat(coefficients.front());
  for (float coefficient : coefficients.drop_front())
    sum = v.mulAdd(sum, x, v.splat(coefficient));
  return sum;
}

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

namespace {
/// A number split as n·ln 2 + r, |r| ≤ ln 2 / 2. `shifted` is n + 1.5·2²³: its
/// low bits are n as an integer, for NaN as well as for numbers.
struct SplitExponent {
  Value shifted, n, r;
};
} // namespace

constexpr float roundingShift = 12582912.f; // 1.5·2²³
constexpr float log2OfE = 1.44269504f;

/// x = n + r, |r| ≤ 1/2.
static SplitExponent splitBinaryExponent(VectorBuilder &v, Value x) {
  SplitExponent split;
  Value shift = v.splat(roundingShift);
  split.shifted = v.add(x, shift);
  split.n = v.sub(split.shifted, shift);
  split.r = v.sub(x, split.n);
  return split;
}

static SplitExponent splitExponent(VectorBuilder &v, Value x) {
  SplitExponent split;
  Value shift = v.splat(roundingShift);
  split.shifted = v.mulAdd(x, v.splat(log2OfE), shift);
  split.n = v.sub(split.shifted, shift);
  // ln 2 in two parts, the first with so few bits that n times it is exact
  // (Cody and Waite 1980).
  split.r = v.mulAdd(split.n, v.splat(-0.693359375f), x);
  split.r = v.mulAdd(split.n, v.splat(2.12194440e-4f), split.r);
  return split;
}

/// eʳ − 1 for |r| ≤ ln 2 / 2: r + r²·p(r), p as in Cephes' expf (Moshier 1992).
static Value expMinusOneNearZero(VectorBuilder &v, Value r) {
  Value p = polynomial(v, r,
                       {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                        4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  return v.mulAdd(v.mul(r, r), p, r);
}

static Value shiftLeft(VectorBuilder &v, Value ints, int32_t bits) {
  return arith::ShLIOp::create(v.builder, v.loc, ints, v.splatInt(bits));
}

/// 2ⁿ for an integer vector n in −126 … 127.
static Value powerOfTwo(VectorBuilder &v, Value n) {
  Value biased = arith::AddIOp::create(v.builder, v.loc, n, v.splatInt(127));
  return v.fromBits(shiftLeft(v, biased, 23));
}

/// n of a split as integers.
static Value integerOf(VectorBuilder &v, const SplitExponent &split) {
  constexpr int32_t bitsOfShift = 0x4b400000;
  return arith::SubIOp::create(v.builder, v.loc, v.bitsOf(split.shifted),
                               v.splatInt(bitsOfShift));
}

/// x·2ⁿ for |n| ≤ 250, rounded once, infinite or subnormal where it must be.
static Value scale(VectorBuilder &v, Value x, const SplitExponent &split) {
  if (v.target.scaleByPowerOfTwo) {
    auto mask = arith::ConstantIntOp::create(v.builder, v.loc, -1, 16);
    auto current = arith::ConstantIntOp::create(v.builder, v.loc, 4, 32);
    return LLVM::CallIntrinsicOp::create(
               v.builder, v.loc, v.floats(),
               v.builder.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
               ValueRange{x, split.n, x, mask, current})
        .getResult(0);
  }
  // 2ⁿ itself may not be a float: two halves are.
  Value n = integerOf(v, split);
  Value half = arith::ShRSIOp::create(v.builder, v.loc, n, v.splatInt(1));
  Value rest = arith::SubIOp::create(v.builder, v.loc, n, half);
  return v.mul(v.mul(x, powerOfTwo(v, half)), powerOfTwo(v, rest));
}

Value emitExp(VectorBuilder &v, Value x) {
  // Beyond these bounds the result is 0 or infinite.
  x = v.atLeast(v.atMost(x, v.splat(90)), v.splat(-105));
  SplitExponent split = splitExponent(v, x);
  Value e = v.add(expMinusOneNearZero(v, split.r), v.splat(1));
  return scale(v, e, split);
}

/// 2ˣ for |x| ≤ 250.
static Value exp2InRange(VectorBuilder &v, Value x) {
  SplitExponent split = splitBinaryExponent(v, x);
  Value e = polynomial(v, split.r,
                       {1.54349863e-4f, 1.33982172e-3f, 9.61837556e-3f,
                        5.55032887e-2f, 2.40226462e-1f, 6.93147182e-1f, 1.f});
  return scale(v, e, split);
}

Value emitExp2(VectorBuilder &v, Value x) {
  return emitExp2OfNegative(v, v.atMost(x, v.splat(129)));
}

/// 2^⌊x⌋ · 2^r, r = x − ⌊x⌋: one instruction finds r (0 for x = −∞), another
/// scales by the power of x as it is. 2^r − 1 is r · q(r), so that 2⁰ is 1.
static Value exp2ByFloor(VectorBuilder &v, Value x) {
  auto intrinsic = [&](StringRef name, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(v.builder, v.loc, v.floats(),
                                         v.builder.getStringAttr(name),
                                         operands)
        .getResult(0);
  };
  auto number = [&](int64_t value, unsigned bits) -> Value {
    return arith::ConstantIntOp::create(v.builder, v.loc, value, bits);
  };
  Value mask = number(-1, 16), current = number(4, 32);
  constexpr int64_t downQuietly = 9;
  Value r = intrinsic("llvm.x86.avx512.mask.reduce.ps.512",
                      {x, number(downQuietly, 32), x, mask, current});
  Value e = polynomial(v, r,
                       {2.1612919e-4f, 1.2467846e-3f, 9.675452e-3f,
                        5.5485282e-2f, 2.4022931e-1f, 6.9314706e-1f, 1.f});
  return intrinsic("llvm.x86.avx512.mask.scalef.ps.512",
                   {e, x, e, mask, current});
}

// 2⁻¹⁵¹ rounds to 0.
Value emitExp2OfNegative(VectorBuilder &v, Value x) {
  if (v.target.scaleByPowerOfTwo)
    return exp2ByFloor(v, x);
  return exp2InRange(v, v.atLeast(x, v.splat(-151)));
}

// tanh |x| = m / (m + 2) with m = e^(2|x|) − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1).
Value emitTanh(VectorBuilder &v, Value x) {
  // tanh 10 rounds to 1.
  Value a = v.atMost(v.magnitude(x), v.splat(10));
  SplitExponent split = splitExponent(v, v.add(a, a));
  Value scaling = powerOfTwo(v, integerOf(v, split));
  Value m = v.mulAdd(expMinusOneNearZero(v, split.r), scaling,
                     v.sub(scaling, v.splat(1)));
  return v.withSignOf(v.div(m, v.add(m, v.splat(2))), x);
}

/// 1 + e⁻ˣ.
static Value logisticDenominator(VectorBuilder &v, Value x) {
  return v.add(emitExp(v, v.sub(v.splat(0), x)), v.splat(1));
}

Value emitSigmoid(VectorBuilder &v, Value x) {
  return v.div(v.splat(1), logisticDenominator(v, x));
}

//===----------------------------------------------------------------------===//
// Error function
//===----------------------------------------------------------------------===//

// Below 0.9277 an odd polynomial, above 1 − e^p(|x|), both minimax
// (N. Juffa, "my_erff", 2021).
Value emitErf(VectorBuilder &v, Value x) {
  Value square = v.mul(x, x);
  Value small = polynomial(v, square,
                           {-5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f,
                            1.12819925e-1f, -3.76125336e-1f, 1.28379166e-1f});
  small = v.mulAdd(small, x, x);

  Value a = v.atMost(v.magnitude(x), v.splat(4));
  Value p = polynomial(v, a,
                       {-1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f,
                        2.42546219e-2f, -1.06777877e-1f, -6.34846687e-1f,
                        -1.28717512e-1f});
  Value exponent = v.mulAdd(p, a, v.sub(v.splat(0), a));
  Value large = v.withSignOf(v.sub(v.splat(1), emitExp(v, exponent)), x);
  return v.whereGreater(v.magnitude(x), v.splat(0.927734375f), large, small);
}

//===----------------------------------------------------------------------===//
// Sine and cosine
//===----------------------------------------------------------------------===//

namespace {
/// Arithmetic on as many doubles as a vector has floats. Once for all heads of
/// a token, it may cost what it does.
struct Doubles {
  VectorBuilder &v;

  VectorType type() {
    return VectorType::get(v.target.lanes(), v.builder.getF64Type());
  }
  Value splat(double number) {
    return arith::ConstantOp::create(v.builder, v.loc, type(),
                                     DenseElementsAttr::get(type(), number));
  }
  /// coefficients[0] · zⁿ + … + coefficients[n].
  Value polynomial(Value z, ArrayRef<double> coefficients) {
    Value sum = splat(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = v.add(v.mul(sum, z), splat(coefficient));
    return sum;
  }
};
} // namespace

// x = n·π/2 + r, |r| ≤ π/4. π/2 is in two parts, of which the first has 25
// bits: n times it is exact up to n = 2²⁸. Polynomials as in FreeBSD's k_sinf
// and k_cosf (I. Lance Taylor, B. D. Evans).
SineAndCosine emitSineAndCosine(VectorBuilder &v, Value x) {
  Doubles d{v};
  auto integers = VectorType::get(v.target.lanes(), v.builder.getI64Type());
  auto integer = [&](int64_t number) -> Value {
    return arith::ConstantOp::create(v.builder, v.loc, integers,
                                     DenseElementsAttr::get(integers, number));
  };
  Value inRange =
      arith::CmpFOp::create(v.builder, v.loc, arith::CmpFPredicate::OLE,
                            v.magnitude(x), v.splat(4e8f));
  Value wide = arith::ExtFOp::create(v.builder, v.loc, d.type(), x);
  Value shift = d.splat(6755399441055744.); // 1.5·2⁵²: rounds to an integer
  Value shifted = v.add(v.mul(wide, d.splat(0.63661977236758134308)), shift);
  Value n = v.sub(shifted, shift);
  Value r = v.sub(v.sub(wide, v.mul(n, d.splat(1.57079631090164184570))),
                  v.mul(n, d.splat(1.58932547735281966916e-8)));
  r = arith::SelectOp::create(
      v.builder, v.loc, inRange, r,
      d.splat(std::numeric_limits<double>::quiet_NaN()));

  Value z = v.mul(r, r);
  Value sine =
      d.polynomial(z, {2.7183114939898219064e-6, -1.98393348360966317347e-4,
                       8.3333293858894631756e-3, -1.66666666416265235595e-1});
  sine = v.add(r, v.mul(v.mul(r, z), sine));
  Value cosine = d.polynomial(
      z, {2.43904487962774090654e-5, -1.38867637746099294692e-3,
          4.16666233237390631894e-2, -4.99999997251031003120e-1, 1.});
  // sin(r + n·π/2): sin r, cos r, −sin r, −cos r; the cosine is one further.
  Value quadrant =
      arith::BitcastOp::create(v.builder, v.loc, integers, shifted);
  auto hasBit = [&](Value number, int64_t bit) -> Value {
    Value masked =
        arith::AndIOp::create(v.builder, v.loc, number, integer(bit));
    return arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::ne,
                                 masked, integer(0));
  };
  auto choose = [&](Value quarter, Value even, Value odd) -> Value {
    Value value = arith::SelectOp::create(v.builder, v.loc, hasBit(quarter, 1),
                                          odd, even);
    Value negative = arith::NegFOp::create(v.builder, v.loc, value);
    value = arith::SelectOp::create(v.builder, v.loc, hasBit(quarter, 2),
                                    negative, value);
    return arith::TruncFOp::create(v.builder, v.loc, v.floats(), value);
  };
  Value next = arith::AddIOp::create(v.builder, v.loc, quadrant, integer(1));
  return {choose(quadrant, sine, cosine), choose(next, sine, cosine)};
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

// x·Φ(x) = max(x, 0) − |x|/2 · erfc(|x|/√2): nothing cancels, one exponential.
// log₂ erfc(a/√2) is a·p(a), p by weighted least squares such that Φ is right
// to 9e-8.
Value emitGelu(VectorBuilder &v, Value x) {
  // erfc(13/√2) is below the smallest float.
  Value a = v.atMost(v.magnitude(x), v.splat(13));
  Value p = polynomial(v, a,
                       {-4.3533671600926027e-07f, 9.054126167029608e-06f,
                        -3.9642316551180556e-05f, -4.844078794121742e-04f,
                        7.492562290281057e-03f, -5.276476474238396e-02f,
                        -4.591327905654907e-01f, -1.1511119604110718f});
  Value complement = exp2InRange(v, v.mul(p, a));
  return v.mulAdd(v.mul(a, v.splat(-0.5f)), complement,
                  v.atLeast(x, v.splat(0)));
}

// x/2 · (1 + tanh u) = x · sigmoid(2u), 2u = x · (c + d·x²), c = 2√(2/π),
// d = 0.044715·c.
Value emitGeluTanh(VectorBuilder &v, Value x) {
  Value square = v.mul(x, x);
  Value slope = v.mulAdd(square, v.splat(0.0713548163f), v.splat(1.59576912f));
  return v.div(x, logisticDenominator(v, v.mul(x, slope)));
}

Value emitSilu(VectorBuilder &v, Value x) {
  return v.div(x, logisticDenominator(v, x));
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static Value emitRelu(VectorBuilder &v, Value x) {
  return v.atLeast(x, v.splat(0));
}

static Value emitSine(VectorBuilder &v, Value x) {
  return emitSineAndCosine(v, x).sine;
}

static Value emitCosine(VectorBuilder &v, Value x) {
  return emitSineAndCosine(v, x).cosine;
}

const Function *functionOf(Operation *op) {
  static const llvm::DenseMap<TypeID, Function> table = {
      {TypeID::get<math::ExpOp>(), {emitExp, 10}},
      {TypeID::get<math::Exp2Op>(), {emitExp2, 10}},
      {TypeID::get<math::TanhOp>(), {emitTanh, 10}},
      {TypeID::get<math::SinOp>(), {emitSine, 10}},
      {TypeID::get<math::CosOp>(), {emitCosine, 10}},
      {TypeID::get<math::ErfOp>(), {emitErf, 10}},
      {TypeID::get<scalar::ReluOp>(), {emitRelu, 1}},
      {TypeID::get<scalar::GeluOp>(), {emitGelu, 14}},
      {TypeID::get<scalar::GeluTanhOp>(), {emitGeluTanh, 14}},
      {TypeID::get<scalar::SigmoidOp>(), {emitSigmoid, 12}},
      {TypeID::get<scalar::SiluOp>(), {emitSilu, 12}},
  };
  bool isF32 = op->getNumResults() == 1 && op->getResult(0).getType().isF32();
  auto row = table.find(op->getName().getTypeID());
  return isF32 && row != table.end() ? &row->second : nullptr;
}

} // namespace heddle::microkernels
