//===- Formula.h - scalar arithmetic that reads like a formula ------------===//

#ifndef HEDDLE_DIALECTS_SCALAR_FORMULA_H
#define HEDDLE_DIALECTS_SCALAR_FORMULA_H

#include "dialects/scalar/Scalar.h"

namespace heddle::scalar {

/// A number as f32: narrower ones are widened, integers converted.
mlir::Value asF32(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value number);

/// Builds ops on numbers of f32 at one place.
struct Formula {
  mlir::OpBuilder &builder;
  mlir::Location loc;

  using Value = mlir::Value;

  Value number(double value) {
    return mlir::arith::ConstantOp::create(builder, loc,
                                           builder.getF32FloatAttr(value));
  }
  Value add(Value a, Value b) { return make<mlir::arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<mlir::arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return make<mlir::arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return make<mlir::arith::DivFOp>(a, b); }
  Value max(Value a, Value b) { return make<mlir::arith::MaximumFOp>(a, b); }
  Value min(Value a, Value b) { return make<mlir::arith::MinimumFOp>(a, b); }
  Value pow(Value a, Value b) { return make<mlir::math::PowFOp>(a, b); }
  Value neg(Value x) { return make<mlir::arith::NegFOp>(x); }
  Value abs(Value x) { return make<mlir::math::AbsFOp>(x); }
  Value sin(Value x) { return make<mlir::math::SinOp>(x); }
  Value cos(Value x) { return make<mlir::math::CosOp>(x); }
  Value exp(Value x) { return make<mlir::math::ExpOp>(x); }
  Value log(Value x) { return make<mlir::math::LogOp>(x); }
  Value sqrt(Value x) { return make<mlir::math::SqrtOp>(x); }
  Value tanh(Value x) { return make<mlir::math::TanhOp>(x); }
  Value erf(Value x) { return make<mlir::math::ErfOp>(x); }
  /// The nearest number that bf16 has, halfway the even one.
  Value bf16(Value x);
  Value isPositive(Value x) {
    return mlir::arith::CmpFOp::create(
        builder, loc, mlir::arith::CmpFPredicate::OGT, x, number(0));
  }
  Value select(Value condition, Value yes, Value no) {
    return mlir::arith::SelectOp::create(builder, loc, condition, yes, no);
  }

private:
  template <typename Op, typename... Operands>
  Value make(Operands... operands) {
    return Op::create(builder, loc, operands...);
  }
};

} // namespace heddle::scalar

#endif // HEDDLE_DIALECTS_SCALAR_FORMULA_H
