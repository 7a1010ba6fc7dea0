//===- Operators.cpp - Elaboration of operators on data -------------------===//

#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

Datum Elaborator::evaluateNegate(const Expr &expr) {
  Datum operand = evaluate(*expr.operands[0]);
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
  const Constant *constant = std::get_if<Constant>(&operand);
  std::string why = "cannot negate " + describe(operand);
  std::optional<Constant> result;
  if (constant)
    result = combine(
        "-", SizeExpr(0), *constant,
        [&](StringRef name) { return configuration.valueOf(name); }, why);
  if (result)
    return *result;
  error(expr.place, why);
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
  if (const Constant *constant = std::get_if<Constant>(&operand))
    if (const bool *condition = std::get_if<bool>(constant))
      return Constant(!*condition);
  error(expr.place, "not: found " + describe(operand) + ", needs a condition");
  return Faulty();
}

Datum Elaborator::evaluateBinary(const Expr &expr) {
  if (expr.text == "and" || expr.text == "or")
    return evaluateLogical(expr);
  bool compares = StringRef("=!<>").contains(expr.text.front());
  for (unsigned side : {0, 1})
    if (const LoopIndex *index = loopIndex(*expr.operands[side]);
        index && compares)
      return evaluateComparison(expr, *index, side);
  Datum lhs = evaluate(*expr.operands[0]);
  Datum rhs = evaluate(*expr.operands[1]);
  if (isFaulty(lhs) || isFaulty(rhs))
    return Faulty();
  return combineData(expr, lhs, rhs);
}

/// `l < L / 2` with the variable of a loop on one side.
Datum Elaborator::evaluateComparison(const Expr &expr, const LoopIndex &index,
                                     unsigned side) {
  Datum other = evaluate(*expr.operands[1 - side]);
  if (isFaulty(other))
    return Faulty();
  if (const Constant *constant = std::get_if<Constant>(&other)) {
    std::string why;
    std::optional<Constant> result =
        sameThroughout(*index.run, expr.place, [&](int64_t value) {
          Constant operands[] = {SizeExpr(value), *constant};
          return combine(
              expr.text, operands[side], operands[1 - side],
              [&](StringRef name) { return configuration.valueOf(name); }, why);
        });
    if (result)
      return *result;
    error(expr.place, why);
    return Faulty();
  }
  Datum first = evaluate(*expr.operands[side]);
  return side == 0 ? combineData(expr, first, other)
                   : combineData(expr, other, first);
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

  // A number stands for a tensor without axes.
  auto toTensor = [&](const Datum &datum,
                      const Datum &other) -> std::optional<Tensor> {
    if (const Tensor *tensor = std::get_if<Tensor>(&datum))
      return *tensor;
    const Constant *constant = std::get_if<Constant>(&datum);
    std::optional<double> number =
        constant ? numberOf(*constant) : std::nullopt;
    const Tensor *model = std::get_if<Tensor>(&other);
    if (!number || !model)
      return std::nullopt;
    if (model->shape.element != Element::Real && *number != std::floor(*number))
      return std::nullopt;
    Datum made =
        constantTensor(*number, {model->shape.element, {}, {}}, expr.place);
    return std::get<Tensor>(made);
  };
  std::optional<Tensor> a = toTensor(lhs, rhs), b = toTensor(rhs, lhs);
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

template <typename Op>
static Value createBinary(OpBuilder &builder, Location loc, Type type,
                          Value lhs, Value rhs) {
  return Op::create(builder, loc, type, lhs, rhs);
}

/// The axes of an operand that another one is repeated along, of as many axes
/// each: `[B H K 1]` and `[B H 1 E]`. Each keeps one of its own.
static std::optional<Axes> repeatedAlong(const Axes &lhs, const Axes &rhs) {
  if (lhs.size() != rhs.size())
    return std::nullopt;
  Axes axes;
  for (auto [a, b] : zip(lhs, rhs)) {
    if (!(a == b) && !(a == SizeExpr(1)) && !(b == SizeExpr(1)))
      return std::nullopt;
    axes.push_back(a == SizeExpr(1) ? b : a);
  }
  auto keepsAxis = [&](const Axes &operand) {
    return llvm::any_of(zip(operand, axes), [](const auto &pair) {
      return std::get<0>(pair) == std::get<1>(pair);
    });
  };
  if (!keepsAxis(lhs) || !keepsAxis(rhs))
    return std::nullopt;
  return axes;
}

/// Without the axes of 1 that are longer in `axes`.
Tensor Elaborator::withoutOnes(const Tensor &tensor, const Axes &axes,
                               SMLoc place) {
  Shape shape{tensor.shape.element, {}, tensor.shape.over};
  SmallVector<SmallVector<int64_t>> sources;
  SmallVector<int64_t> ones;
  for (auto [number, axis] : enumerate(tensor.axes())) {
    if (!(axis == axes[number])) {
      (sources.empty() ? ones : sources.back()).push_back(number);
      continue;
    }
    shape.axes.push_back(axis);
    sources.push_back(std::exchange(ones, {}));
    sources.back().push_back(number);
  }
  if (shape.axes.size() == tensor.axes().size())
    return tensor;
  SmallVector<Attribute> attributes;
  for (ArrayRef<int64_t> source : sources)
    attributes.push_back(builder.getI64ArrayAttr(source));
  return Tensor{nn::RearrangeOp::create(builder, locationOf(place),
                                        typeOf(shape, place), tensor.value,
                                        builder.getArrayAttr(attributes)),
                shape};
}

/// Axes are aligned by name; the operand with fewer of them is repeated along
/// the others. Of as many, an axis of 1 is repeated along the other's.
Datum Elaborator::elementwise(StringRef op, Tensor lhs, Tensor rhs,
                              std::optional<SizeExpr> over, SMLoc place) {
  auto fail = [&](const Twine &why) {
    error(place, "cannot combine " + describe(lhs.shape) + " " + op + " " +
                     describe(rhs.shape) + why);
    return Faulty();
  };
  using Create = Value (*)(OpBuilder &, Location, Type, Value, Value);
  Create create = llvm::StringSwitch<Create>(op)
                      .Case("+", createBinary<nn::AddOp>)
                      .Case("-", createBinary<nn::SubOp>)
                      .Case("*", createBinary<nn::MulOp>)
                      .Case("/", createBinary<nn::DivOp>)
                      .Case("^", createBinary<nn::PowOp>)
                      .Default(nullptr);
  if (op == "%")
    return fail(": remainders are of numbers known when the model is compiled");
  if (!create)
    return fail(": tensors are compared element by element only within where");
  if (lhs.shape.element != rhs.shape.element ||
      lhs.shape.element == Element::Bool)
    return fail(": their elements are of different kinds");
  if (lhs.shape.element == Element::Int && (op == "/" || op == "^"))
    return fail(": whole numbers have + - *");
  if (std::optional<Axes> axes = repeatedAlong(lhs.axes(), rhs.axes());
      axes && lhs.axes() != rhs.axes()) {
    for (const SizeExpr &axis : *axes)
      if (llvm::count(*axes, axis) > 1)
        return fail(": " + describe(axis) + " would stand twice");
    lhs = withoutOnes(lhs, *axes, place);
    rhs = withoutOnes(rhs, *axes, place);
    Shape shape{lhs.shape.element, *axes, over};
    RankedTensorType type = typeOf(shape, place);
    if (!type)
      return Faulty();
    return Tensor{
        create(builder, locationOf(place), type, lhs.value, rhs.value), shape};
  }
  bool lhsIsLonger = lhs.axes().size() >= rhs.axes().size();
  const Axes &longer = lhsIsLonger ? lhs.axes() : rhs.axes();
  const Axes &shorter = lhsIsLonger ? rhs.axes() : lhs.axes();
  size_t matched = 0;
  for (const SizeExpr &axis : longer)
    if (matched < shorter.size() && axis == shorter[matched])
      ++matched;
  if (matched != shorter.size()) {
    auto missing = llvm::find_if(shorter, [&](const SizeExpr &axis) {
      return !is_contained(longer, axis);
    });
    if (missing == shorter.end())
      return fail(": the axes stand in another order; use as");
    std::string why;
    for (const SizeExpr &axis : longer)
      if (!is_contained(shorter, axis) && why.empty() &&
          configuration.evaluate(axis) == configuration.evaluate(*missing))
        why = explainMismatch(*missing, axis);
    return fail(": no axis " + describe(*missing) + " in " + describe(longer) +
                why);
  }
  Shape shape{lhs.shape.element, longer, over};
  RankedTensorType type = typeOf(shape, place);
  if (!type)
    return Faulty();
  return Tensor{create(builder, locationOf(place), type, lhs.value, rhs.value),
                shape};
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
  if (first && second && holds<bool>(*first) && holds<bool>(*second))
    return rhs;
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
      return evaluate(*expr.operands[*chosen ? 1 : 2]);
  error(expr.operands[0]->place,
        "found " + describe(condition) +
            ", needs yes or no, known when the model is compiled");
  return Faulty();
}

} // namespace heddle::language
