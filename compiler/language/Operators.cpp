//===- Operators.cpp - Elaboration of operators on data -------------------===//

#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

Datum Elaborator::evaluateNegate(const Expr &expr) {
  Datum operand = evaluateByTurn(*expr.operands[0]);
  if (isFaulty(operand))
    return Faulty();
  if (const Tensor *tensor = std::get_if<Tensor>(&operand)) {
    if (tensor->shape.element != Element::Real) {
      error(expr.place, "-: found " + describe(operand) + ", needs real");
      return Faulty();
    }
    return Tensor{nn::NegOp::create(builder, locationOf(expr.place),
                                    tensor->value.getType(), tensor->value),
                  tensor->shape};
  }
  Datum zero = Constant(SizeExpr(0));
  if (std::holds_alternative<Scalar>(operand))
    return scalarBinary("-", zero, operand, expr.place);
  auto negated = [&](const Constant &constant) {
    std::string why;
    std::optional<Constant> result = combine(
        "-", SizeExpr(0), constant,
        [&](StringRef name) { return configuration.valueOf(name); }, why);
    if (!result)
      error(expr.place, why);
    return result;
  };
  if (const LoopValue *turns = std::get_if<LoopValue>(&operand))
    return mapTurns(*turns, expr.place, negated);
  if (const Constant *constant = std::get_if<Constant>(&operand)) {
    std::optional<Constant> result = negated(*constant);
    return result ? Datum(*result) : Datum(Faulty());
  }
  error(expr.place, "cannot negate " + describe(operand));
  return Faulty();
}

Datum Elaborator::evaluateNot(const Expr &expr) {
  Datum operand = evaluate(*expr.operands[0]);
  if (isFaulty(operand))
    return Faulty();
  if (const Scalar *scalar = std::get_if<Scalar>(&operand);
      scalar && scalar->value.getType().isInteger(1)) {
    Location loc = locationOf(expr.place);
    Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
    return Scalar{arith::XOrIOp::create(builder, loc, scalar->value, yes)};
  }
  if (const Tensor *tensor = std::get_if<Tensor>(&operand);
      tensor && tensor->shape.element == Element::Bool)
    return Tensor{nn::NotOp::create(builder, locationOf(expr.place),
                                    tensor->value.getType(), tensor->value),
                  tensor->shape};
  if (const Constant *constant = std::get_if<Constant>(&operand))
    if (const bool *condition = std::get_if<bool>(constant))
      return Constant(!*condition);
  error(expr.place, "not: found " + describe(operand) + ", needs a condition");
  return Faulty();
}

Datum Elaborator::evaluateBinary(const Expr &expr) {
  if (expr.text == "and" || expr.text == "or")
    return evaluateLogical(expr);
  Datum lhs = evaluateByTurn(*expr.operands[0]);
  Datum rhs = evaluateByTurn(*expr.operands[1]);
  if (isFaulty(lhs) || isFaulty(rhs))
    return Faulty();
  if (std::holds_alternative<LoopValue>(lhs) ||
      std::holds_alternative<LoopValue>(rhs))
    return combineByTurn(expr, std::move(lhs), std::move(rhs));
  return combineData(expr, lhs, rhs);
}

/// x ^ 2 and x ^ 3 are products, as they are in PyTorch; nothing for others.
static std::optional<Datum> smallPower(Elaborator &elaborator,
                                       const Tensor &base,
                                       const Constant &exponent, SMLoc place) {
  std::optional<double> number = elaborator.numberOf(exponent);
  if (base.shape.element != Element::Real || !number ||
      (*number != 2 && *number != 3))
    return std::nullopt;
  Datum square = elaborator.elementwise("*", base, base, {}, place);
  if (*number == 2 || isFaulty(square))
    return square;
  return elaborator.elementwise("*", std::get<Tensor>(square), base, {}, place);
}

/// The result of one of + - * / ^ == != <= >= < >.
Datum Elaborator::combineData(const Expr &expr, const Datum &lhs,
                              const Datum &rhs) {
  if (std::holds_alternative<Scalar>(lhs) ||
      std::holds_alternative<Scalar>(rhs))
    return scalarBinary(expr.text, lhs, rhs, expr.place);

  const Constant *lhsConstant = std::get_if<Constant>(&lhs);
  const Constant *rhsConstant = std::get_if<Constant>(&rhs);
  if (lhsConstant && rhsConstant) {
    std::string why;
    std::optional<Constant> result = combine(
        expr.text, *lhsConstant, *rhsConstant,
        [&](StringRef name) { return configuration.valueOf(name); }, why);
    if (result)
      return *result;
    error(expr.place, why);
    return Faulty();
  }

  if (const Tensor *base = std::get_if<Tensor>(&lhs);
      base && rhsConstant && expr.text == "^")
    if (std::optional<Datum> power =
            smallPower(*this, *base, *rhsConstant, expr.place))
      return *power;
  std::optional<Tensor> a = asTensor(lhs, rhs, expr.place),
                        b = asTensor(rhs, lhs, expr.place);
  if (a && b) {
    std::optional<SizeExpr> over = movedBound(expr.text, lhs, rhs);
    if (!over)
      over = movedBound(expr.text, rhs, lhs);
    return elementwise(expr.text, *a, *b, over, expr.place);
  }
  error(expr.place, "cannot combine " + describe(lhs) + " " + expr.text + " " +
                        describe(rhs));
  return Faulty();
}

/// What indices below V index once a whole number of 0 or more is added to
/// them.
std::optional<SizeExpr> Elaborator::movedBound(StringRef op,
                                               const Datum &indices,
                                               const Datum &distance) const {
  const Tensor *tensor = std::get_if<Tensor>(&indices);
  const Constant *constant = std::get_if<Constant>(&distance);
  const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
  std::optional<int64_t> number =
      size ? configuration.evaluate(*size) : std::nullopt;
  if (op != "+" || !tensor || !tensor->shape.over || !number || *number < 0)
    return std::nullopt;
  return *tensor->shape.over + *size;
}

/// Constants decide at once; the second operand is then not even looked at.
Datum Elaborator::evaluateLogical(const Expr &expr) {
  bool isOr = expr.text == "or";
  Datum lhs = evaluate(*expr.operands[0]);
  const Constant *first = std::get_if<Constant>(&lhs);
  if (first && holds<bool>(*first) && std::get<bool>(*first) == isOr)
    return lhs;
  Datum rhs = evaluate(*expr.operands[1]);
  if (isFaulty(lhs) || isFaulty(rhs))
    return Faulty();
  if (std::holds_alternative<Scalar>(lhs) ||
      std::holds_alternative<Scalar>(rhs))
    return scalarBinary(expr.text, lhs, rhs, expr.place);
  const Constant *second = std::get_if<Constant>(&rhs);
  auto isTruth = [](const Datum &datum) {
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    return tensor && tensor->shape.element == Element::Bool;
  };
  if (first && holds<bool>(*first) &&
      (isTruth(rhs) || (second && holds<bool>(*second))))
    return rhs;
  if (isTruth(lhs) && second && holds<bool>(*second))
    return std::get<bool>(*second) == isOr ? rhs : lhs;
  if (isTruth(lhs) && isTruth(rhs))
    return elementwise(expr.text, std::get<Tensor>(lhs), std::get<Tensor>(rhs),
                       {}, expr.place);
  error(expr.place, expr.text + ": found " + describe(lhs) + " and " +
                        describe(rhs) + ", needs yes or no");
  return Faulty();
}

std::optional<bool> Elaborator::evaluateCondition(const Expr &expr) {
  Datum datum = evaluate(expr);
  if (isFaulty(datum))
    return std::nullopt;
  if (const Constant *constant = std::get_if<Constant>(&datum))
    if (const bool *condition = std::get_if<bool>(constant))
      return *condition;
  error(expr.place, "found " + describe(datum) +
                        ", needs yes or no, known when the model is compiled");
  return std::nullopt;
}

Datum Elaborator::evaluateConditional(const Expr &expr) {
  Datum condition = evaluate(*expr.operands[0]);
  if (isFaulty(condition))
    return Faulty();
  if (const Scalar *scalar = std::get_if<Scalar>(&condition);
      scalar && scalar->value.getType().isInteger(1)) {
    Datum ifTrue = evaluate(*expr.operands[1]);
    Datum ifFalse = evaluate(*expr.operands[2]);
    if (isFaulty(ifTrue) || isFaulty(ifFalse))
      return Faulty();
    return scalarSelect(*scalar, ifTrue, ifFalse, expr.place);
  }
  if (const Constant *constant = std::get_if<Constant>(&condition))
    if (const bool *chosen = std::get_if<bool>(constant))
      return evaluateByTurn(*expr.operands[*chosen ? 1 : 2]);
  if (const Tensor *tensor = std::get_if<Tensor>(&condition);
      tensor && tensor->shape.element == Element::Bool)
    return select(*tensor, expr);
  error(expr.operands[0]->place,
        "found " + describe(condition) + ", needs yes or no, or bool[…]");
  return Faulty();
}

} // namespace heddle::language
