//===- Elementwise.cpp - Operators between tensors ------------------------===//
//
// Axes are aligned by name; the operand with fewer of them is repeated along
// the others. Of as many, an axis of 1 is repeated along the other's.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// A number stands for a tensor without axes, of elements as `other` has them.
std::optional<Tensor> Elaborator::asTensor(const Datum &datum,
                                           const Datum &other, SMLoc place) {
  if (const Tensor *tensor = std::get_if<Tensor>(&datum))
    return *tensor;
  const Constant *constant = std::get_if<Constant>(&datum);
  std::optional<double> number = constant ? numberOf(*constant) : std::nullopt;
  const Tensor *model = std::get_if<Tensor>(&other);
  if (!number || !model || model->shape.element == Element::Bool)
    return std::nullopt;
  if (model->shape.element != Element::Real && *number != std::floor(*number))
    return std::nullopt;
  Datum made = constantTensor(*number, {model->shape.element, {}, {}}, place);
  return std::get<Tensor>(made);
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// The axes of an operand that another one is repeated along, of as many axes
/// each: `[B H K 1]` and `[B H 1 E]`. Each keeps one of its own.
static std::optional<Axes> repeatedAlong(const Axes &lhs, const Axes &rhs) {
  if (lhs.size() != rhs.size() || lhs == rhs)
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

/// Why the axes of one are not among those of the other, in this order.
std::string Elaborator::whyApart(const Axes &shorter,
                                 const Axes &longer) const {
  auto missing = llvm::find_if(shorter, [&](const SizeExpr &axis) {
    return !is_contained(longer, axis);
  });
  if (missing == shorter.end())
    return ": the axes stand in another order; use as";
  std::string why;
  for (const SizeExpr &axis : longer)
    if (!is_contained(shorter, axis) && why.empty() &&
        configuration.evaluate(axis) == configuration.evaluate(*missing))
      why = explainMismatch(*missing, axis);
  return ": no axis " + describe(*missing) + " in " + describe(longer) + why;
}

/// The number that `[1]` holds, without axes, unless `other` has that axis.
Tensor Elaborator::asNumber(const Tensor &tensor, const Tensor &other,
                            SMLoc place) {
  bool isOne = tensor.axes() == Axes{SizeExpr(1)} &&
               tensor.shape.element == Element::Real &&
               !is_contained(other.axes(), SizeExpr(1));
  if (!isOne)
    return tensor;
  Shape shape{Element::Real, {}, {}};
  return Tensor{nn::PickOp::create(builder, locationOf(place),
                                   typeOf(shape, place), nn::PickEnd::First,
                                   tensor.value, "1"),
                shape};
}

/// The axes of a result. Axes of 1 that are repeated are taken off operands,
/// and [1] is one number. Nothing, and why, where they do not fit.
std::optional<Axes> Elaborator::align(Tensor &lhs, Tensor &rhs,
                                      std::string &why, SMLoc place) {
  lhs = asNumber(lhs, rhs, place);
  rhs = asNumber(rhs, lhs, place);
  if (std::optional<Axes> axes = repeatedAlong(lhs.axes(), rhs.axes())) {
    for (const SizeExpr &axis : *axes)
      if (llvm::count(*axes, axis) > 1) {
        why = ": " + describe(axis) + " would stand twice";
        return std::nullopt;
      }
    lhs = withoutOnes(lhs, *axes, place);
    rhs = withoutOnes(rhs, *axes, place);
    return axes;
  }
  bool lhsIsLonger = lhs.axes().size() >= rhs.axes().size();
  const Axes &longer = lhsIsLonger ? lhs.axes() : rhs.axes();
  const Axes &shorter = lhsIsLonger ? rhs.axes() : lhs.axes();
  size_t matched = 0;
  for (const SizeExpr &axis : longer)
    if (matched < shorter.size() && axis == shorter[matched])
      ++matched;
  if (matched == shorter.size())
    return longer;
  why = whyApart(shorter, longer);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

using Create = Value (*)(OpBuilder &, Location, Type, Value, Value);

template <typename Op>
static Value createBinary(OpBuilder &builder, Location loc, Type type,
                          Value lhs, Value rhs) {
  return Op::create(builder, loc, type, lhs, rhs);
}

template <nn::CompareKind kind>
static Value createCompare(OpBuilder &builder, Location loc, Type type,
                           Value lhs, Value rhs) {
  return nn::CompareOp::create(builder, loc, type, kind, lhs, rhs);
}

/// `>` and `>=` are `<` and `<=` with their sides exchanged.
static Create creatorOf(StringRef op) {
  using Kind = nn::CompareKind;
  return llvm::StringSwitch<Create>(op)
      .Case("+", createBinary<nn::AddOp>)
      .Case("-", createBinary<nn::SubOp>)
      .Case("*", createBinary<nn::MulOp>)
      .Case("/", createBinary<nn::DivOp>)
      .Case("^", createBinary<nn::PowOp>)
      .Case("and", createBinary<nn::AndOp>)
      .Case("or", createBinary<nn::OrOp>)
      .Case("==", createCompare<Kind::Equal>)
      .Case("!=", createCompare<Kind::Unequal>)
      .Cases({"<", ">"}, createCompare<Kind::Less>)
      .Cases({"<=", ">="}, createCompare<Kind::AtMost>)
      .Default(nullptr);
}

/// Why elements of these kinds have no such operator, or nothing.
static StringRef whyNot(StringRef op, Element lhs, Element rhs) {
  bool asksEquality = op == "==" || op == "!=";
  if (op == "%")
    return ": remainders are of numbers known when the model is compiled";
  if (lhs != rhs)
    return ": their elements are of different kinds";
  if (lhs == Element::Bool && !asksEquality && op != "and" && op != "or")
    return ": truth values have and, or, not, == and !=";
  if (lhs == Element::Int && (op == "/" || op == "^"))
    return ": whole numbers have + - *";
  return "";
}

Datum Elaborator::elementwise(StringRef op, Tensor lhs, Tensor rhs,
                              std::optional<SizeExpr> over, SMLoc place) {
  Diagnostics::Topic topic(diagnostics, "sizes-and-axes");
  auto fail = [&](const Twine &why) {
    error(place, "cannot combine " + describe(lhs.shape) + " " + op + " " +
                     describe(rhs.shape) + why);
    return Faulty();
  };
  if (StringRef why = whyNot(op, lhs.shape.element, rhs.shape.element);
      !why.empty())
    return fail(why);
  std::string why;
  std::optional<Axes> axes = align(lhs, rhs, why, place);
  if (!axes)
    return fail(why);
  bool compares = StringRef("=!<>").contains(op.front());
  Shape shape{compares ? Element::Bool : lhs.shape.element, *axes, over};
  RankedTensorType type = typeOf(shape, place);
  if (!type)
    return Faulty();
  if (op.front() == '>')
    std::swap(lhs, rhs);
  return Tensor{
      creatorOf(op)(builder, locationOf(place), type, lhs.value, rhs.value),
      shape};
}

/// What both alternatives index, where one may be a number.
static std::optional<SizeExpr> commonOver(const Tensor &yes, const Tensor &no) {
  return yes.shape.over == no.shape.over ? yes.shape.over : std::nullopt;
}

/// `condition ? yes : no`, element by element.
Datum Elaborator::select(Tensor condition, const Expr &expr) {
  Datum ifTrue = evaluate(*expr.operands[1]),
        ifFalse = evaluate(*expr.operands[2]);
  if (isFaulty(ifTrue) || isFaulty(ifFalse))
    return Faulty();
  // Of two numbers, reals.
  Datum reals = Tensor{Value(), Shape{}};
  bool areNumbers = !std::holds_alternative<Tensor>(ifTrue) &&
                    !std::holds_alternative<Tensor>(ifFalse);
  std::optional<Tensor> yes = asTensor(ifTrue, areNumbers ? reals : ifFalse,
                                       expr.place),
                        no = asTensor(ifFalse, areNumbers ? reals : ifTrue,
                                      expr.place);
  auto fail = [&](const Twine &why) {
    error(expr.place, "cannot choose between " + describe(ifTrue) + " and " +
                          describe(ifFalse) + " by " +
                          describe(condition.shape) + why);
    return Faulty();
  };
  if (!yes || !no || yes->shape.element != no->shape.element)
    return fail(": their elements are of different kinds");
  std::string why;
  std::optional<Axes> axes = align(*yes, *no, why, expr.place);
  if (!axes)
    return fail(why);
  Shape shape{yes->shape.element, *axes, commonOver(*yes, *no)};
  // Axes of 1 that both alternatives share are repeated along nothing.
  Tensor chosen{yes->value, shape};
  if (repeatedAlong(condition.axes(), *axes))
    for (auto [a, b] : zip(condition.axes(), *axes))
      if (!(a == b) && !(a == SizeExpr(1)))
        return fail(": an axis of 1 is repeated along an alternative's only");
  std::optional<Axes> all = align(condition, chosen, why, expr.place);
  if (!all)
    return fail(why);
  shape.axes = *all;
  RankedTensorType type = typeOf(shape, expr.place);
  if (!type)
    return Faulty();
  return Tensor{nn::SelectOp::create(builder, locationOf(expr.place), type,
                                     condition.value, yes->value, no->value),
                shape};
}

} // namespace heddle::language
