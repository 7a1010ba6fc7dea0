//===- Shapes.cpp - Shapes as text and as types ---------------------------===//

#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

std::string Elaborator::describe(const Axes &axes) const {
  return "[" +
         join(map_range(axes,
                        [&](const SizeExpr &axis) { return describe(axis); }),
              " ") +
         "]";
}

std::string Elaborator::describe(const Shape &shape) const {
  std::string element = shape.over                       ? describe(*shape.over)
                        : shape.element == Element::Int  ? "int"
                        : shape.element == Element::Bool ? "bool"
                                                         : "real";
  return element + describe(shape.axes);
}

std::string Elaborator::describe(const Datum &datum) const {
  if (const Tensor *tensor = std::get_if<Tensor>(&datum))
    return describe(tensor->shape);
  if (std::holds_alternative<Scalar>(datum))
    return "a scalar of one pair of positions";
  if (std::holds_alternative<LoopIndex>(datum))
    return "a loop's variable";
  if (std::holds_alternative<LoopValue>(datum))
    return "a value for each turn of a loop";
  if (std::holds_alternative<ScanPosition>(datum))
    return "a scan's position";
  if (const Constant *constant = std::get_if<Constant>(&datum)) {
    if (const SizeExpr *size = std::get_if<SizeExpr>(constant))
      return describe(*size);
    return language::describe(*constant);
  }
  return "a faulty value";
}

std::string Elaborator::explainMismatch(const SizeExpr &found,
                                        const SizeExpr &needed) const {
  std::string text;
  std::optional<int64_t> foundValue = configuration.evaluate(found);
  if (foundValue && foundValue == configuration.evaluate(needed))
    text += formatv("; both are {0}, but under different names", *foundValue);
  SizeExpr name = configuration.written(needed);
  if (std::optional<StringRef> declared = name.asName())
    if (SMLoc place = configuration.declarationOf(*declared); place.isValid())
      text += formatv("; {0} is declared at {1}", *declared,
                      diagnostics.describe(place));
  return text;
}

/// Rows with lengths of their own lie one after the other: a size `per B` is
/// that of a row of B, which has to come first.
bool Elaborator::checkRows(const Shape &shape, SMLoc place) {
  for (const SizeExpr &axis : shape.axes)
    for (StringRef name : axis.names()) {
      const DynSize *dyn = configuration.findDyn(name);
      if (!dyn || dyn->per.empty())
        continue;
      SizeExpr rows = SizeExpr::name(dyn->per);
      if (shape.axes.front() == rows && !is_contained(axis.names(), dyn->per))
        continue;
      error(place, describe(shape) + ": every row of " + dyn->per + " has a " +
                       name + " of its own, needs " + dyn->per +
                       " as the first axis and in no other");
      return false;
    }
  return true;
}

bool Elaborator::checkFirstNames(const Shape &shape, SMLoc place) {
  for (const SizeExpr &axis : shape.axes)
    for (StringRef name : axis.names()) {
      const DynSize *dyn = configuration.findDyn(name);
      if (!dyn || dyn->same.empty())
        continue;
      error(place, "found an axis " + name + ", a second name of " + dyn->same +
                       "; inputs and states have axes by the "
                       "first");
      return false;
    }
  return true;
}

RankedTensorType Elaborator::typeOf(const Shape &shape, SMLoc place) {
  if (!checkRows(shape, place))
    return {};
  SmallVector<int64_t> sizes;
  SmallVector<std::string> names;
  for (const SizeExpr &axis : shape.axes) {
    std::optional<int64_t> value = configuration.evaluate(axis);
    bool dynamic = configuration.isDynamic(axis);
    bool fits = dynamic ? configuration.isWhole(axis)
                        : value && *value >= 1 && *value <= largestSize;
    if (!fits) {
      std::string is = value ? " is " + std::to_string(*value) : "";
      std::string needed = value && *value > 1
                               ? "at most " + std::to_string(largestSize)
                               : "a whole number of 1 or more";
      error(place, "axis " + describe(axis) + " of " + describe(shape) + is +
                       ", needs " + needed +
                       (dynamic ? " for every value in its range" : ""));
      return {};
    }
    sizes.push_back(dynamic ? ShapedType::kDynamic : *value);
    names.push_back(describe(axis));
  }
  SmallVector<StringRef> texts(names.begin(), names.end());
  std::string over = shape.over ? describe(*shape.over) : "";
  Type element = shape.element == Element::Real  ? Type(builder.getF32Type())
                 : shape.element == Element::Int ? builder.getI32Type()
                                                 : builder.getI1Type();
  return nn::tensorOf(sizes, element, nn::AxesAttr::get(context, texts, over));
}

std::optional<double> Elaborator::numberOf(const Constant &constant) const {
  return language::asNumber(
      constant, [&](StringRef name) { return configuration.valueOf(name); });
}

Datum Elaborator::constantTensor(double value, const Shape &shape,
                                 SMLoc place) {
  RankedTensorType type = typeOf(shape, place);
  if (!type)
    return Faulty();
  Value constant = nn::ConstantOp::create(builder, locationOf(place), type,
                                          builder.getF64FloatAttr(value));
  return Tensor{constant, shape};
}

std::optional<SizeExpr> Elaborator::resolveAxis(const Expr &expr) {
  Diagnostics::Topic topic(diagnostics, "sizes-and-axes");
  if (expr.is(Expr::Kind::Number)) {
    std::optional<Constant> number = language::numberOf(expr, diagnostics);
    if (!number)
      return std::nullopt;
    return std::get<SizeExpr>(*number);
  }
  if (expr.is(Expr::Kind::Size)) {
    if (scope && isOfFunction(expr.place))
      if (auto size = scope->sizes.find(expr.text); size != scope->sizes.end())
        return size->second;
    if (configuration.isDeclared(expr.text))
      return configuration.findSize(expr.text);
    error(expr.place, "unknown size " + expr.text +
                          suggest(expr.text, configuration.names()));
    return std::nullopt;
  }
  if (!expr.is(Expr::Kind::Binary)) {
    error(expr.place,
          "found " + language::describe(expr) + ", needs the size of an axis");
    return std::nullopt;
  }
  std::optional<SizeExpr> lhs = resolveAxis(*expr.operands[0]);
  std::optional<SizeExpr> rhs = resolveAxis(*expr.operands[1]);
  if (!lhs || !rhs)
    return std::nullopt;
  std::string why;
  std::optional<Constant> result = combine(
      expr.text, *lhs, *rhs,
      [](StringRef) -> std::optional<int64_t> { return {}; }, why);
  if (result && holds<SizeExpr>(*result))
    return std::get<SizeExpr>(*result);
  error(expr.place,
        "cannot divide by " + describe(*rhs) + ", only by a product of sizes");
  return std::nullopt;
}

std::optional<Axes> Elaborator::resolveAxes(ArrayRef<ExprPtr> exprs) {
  Diagnostics::Topic topic(diagnostics, "sizes-and-axes");
  Axes axes;
  bool ok = true;
  for (const ExprPtr &expr : exprs) {
    std::optional<SizeExpr> axis = resolveAxis(*expr);
    if (axis)
      axes.push_back(*axis);
    ok &= axis.has_value();
  }
  if (!ok)
    return std::nullopt;
  return axes;
}

std::optional<Shape> Elaborator::elementShape(const TypeExpr &type) {
  StringRef name = type.element.text;
  if (name.empty() || name == "f32" || name == "image" || name == "audio")
    return Shape{};
  if (name == "int")
    return Shape{Element::Int, {}, {}};
  if (name == "bool")
    return Shape{Element::Bool, {}, {}};
  if (isUpper(name.front())) {
    Expr size(Expr::Kind::Size, type.element.place);
    size.text = name.str();
    std::optional<SizeExpr> over = resolveAxis(size);
    if (!over)
      return std::nullopt;
    return Shape{Element::Int, {}, over};
  }
  if (name == "bf16")
    error(type.element.place,
          "values are computed in f32; bf16 is chosen for weights "
          "on the command line");
  else
    error(type.element.place,
          "found " + name + ", needs f32, int, bool, image, audio or a size");
  return std::nullopt;
}

std::optional<Shape> Elaborator::resolveType(const TypeExpr &type) {
  Diagnostics::Topic topic(diagnostics, "sizes-and-axes");
  std::optional<Shape> shape = elementShape(type);
  std::optional<Axes> axes = resolveAxes(type.axes);
  if (!shape || !axes)
    return std::nullopt;
  shape->axes = std::move(*axes);
  return shape;
}

} // namespace heddle::language
