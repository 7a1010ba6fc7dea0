//===- Regions.cpp - What is computed for one pair of positions -----------===//
//
// `where` and `bias` are expressions over b (row), h (head), i (query position)
// and j (key position). They become a region of index, i1 and f32 values.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Elaborator.h"
#include "compiler/language/IndexBounds.h"
#include "compiler/language/Parameters.h"

#include "dialects/nn/NN.h"
#include "dialects/scalar/Formula.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

bool Elaborator::fillPairRegion(Region &region, const Expr &expr,
                                bool predicate, bool hasHeads) {
  Diagnostics::Topic topic(diagnostics, "attention");
  OpBuilder::InsertionGuard guard(builder);
  Location loc = locationOf(expr.place);
  Block &block = region.emplaceBlock();
  builder.setInsertionPointToStart(&block);
  StringMap<Datum> before = scope->variables;
  for (StringRef name : {"b", "h", "i", "j"})
    scope->variables[name] =
        Scalar{block.addArgument(builder.getIndexType(), loc)};
  if (!hasHeads)
    scope->variables.erase("h");
  Datum datum = evaluate(expr);
  scope->variables = std::move(before);
  if (isFaulty(datum))
    return false;

  Value value;
  if (!predicate)
    value = toScalar(datum, /*real=*/true, expr.place);
  else if (const Scalar *scalar = std::get_if<Scalar>(&datum);
           scalar && scalar->value.getType().isInteger(1))
    value = scalar->value;
  else if (const Constant *constant = std::get_if<Constant>(&datum);
           constant && holds<bool>(*constant))
    value = arith::ConstantIntOp::create(builder, loc,
                                         std::get<bool>(*constant), 1);
  else
    error(expr.place, "where: found " + describe(datum) +
                          ", needs a condition on b, h, i and j");
  if (!value)
    return false;
  nn::YieldOp::create(builder, loc, value);
  return true;
}

/// An index or number as an index, or with `real` as an f32. Null after an
/// error.
Value Elaborator::toScalar(const Datum &datum, bool real, SMLoc place) {
  Location loc = locationOf(place);
  if (const Scalar *scalar = std::get_if<Scalar>(&datum)) {
    Value value = scalar->value;
    if (value.getType().isInteger(1)) {
      error(place, "found a condition, needs a number");
      return Value();
    }
    if (!real || !value.getType().isIndex())
      return value;
    value =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), value);
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), value);
  }
  const Constant *constant = std::get_if<Constant>(&datum);
  std::optional<double> number = constant ? numberOf(*constant) : std::nullopt;
  if (!number) {
    const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
    error(place, "found " + describe(datum) +
                     (size ? ", which is known only at run time"
                      : std::holds_alternative<Tensor>(datum)
                          ? ", needs one element of it: x[b, …]"
                          : ", needs a number"));
    return Value();
  }
  if (real)
    return arith::ConstantFloatOp::create(builder, loc, builder.getF32Type(),
                                          APFloat(static_cast<float>(*number)));
  return arith::ConstantIndexOp::create(builder, loc,
                                        static_cast<int64_t>(*number));
}

static bool isReal(const Datum &datum, const Elaborator &elaborator) {
  if (const Scalar *scalar = std::get_if<Scalar>(&datum))
    return isa<FloatType>(scalar->value.getType());
  const Constant *constant = std::get_if<Constant>(&datum);
  std::optional<double> number =
      constant ? elaborator.numberOf(*constant) : std::nullopt;
  return number &&
         *number != static_cast<double>(static_cast<int64_t>(*number));
}

static Value compareScalars(OpBuilder &builder, Location loc, StringRef op,
                            Value lhs, Value rhs) {
  if (isa<FloatType>(lhs.getType())) {
    auto predicate = llvm::StringSwitch<arith::CmpFPredicate>(op)
                         .Case("==", arith::CmpFPredicate::OEQ)
                         .Case("!=", arith::CmpFPredicate::UNE)
                         .Case("<=", arith::CmpFPredicate::OLE)
                         .Case(">=", arith::CmpFPredicate::OGE)
                         .Case("<", arith::CmpFPredicate::OLT)
                         .Default(arith::CmpFPredicate::OGT);
    return arith::CmpFOp::create(builder, loc, predicate, lhs, rhs);
  }
  auto predicate = llvm::StringSwitch<arith::CmpIPredicate>(op)
                       .Case("==", arith::CmpIPredicate::eq)
                       .Case("!=", arith::CmpIPredicate::ne)
                       .Case("<=", arith::CmpIPredicate::sle)
                       .Case(">=", arith::CmpIPredicate::sge)
                       .Case("<", arith::CmpIPredicate::slt)
                       .Default(arith::CmpIPredicate::sgt);
  return arith::CmpIOp::create(builder, loc, predicate, lhs, rhs);
}

/// Null for an operation that the kind of number does not have.
static Value computeScalars(OpBuilder &builder, Location loc, StringRef op,
                            Value lhs, Value rhs) {
  if (isa<FloatType>(lhs.getType())) {
    if (op == "+")
      return arith::AddFOp::create(builder, loc, lhs, rhs);
    if (op == "-")
      return arith::SubFOp::create(builder, loc, lhs, rhs);
    if (op == "*")
      return arith::MulFOp::create(builder, loc, lhs, rhs);
    if (op == "/")
      return arith::DivFOp::create(builder, loc, lhs, rhs);
    if (op == "^")
      return math::PowFOp::create(builder, loc, lhs, rhs);
    return Value();
  }
  if (op == "+")
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  if (op == "-")
    return arith::SubIOp::create(builder, loc, lhs, rhs);
  if (op == "*")
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  if (op == "/")
    return arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  return Value();
}

static Value toCondition(const Datum &datum, OpBuilder &builder, Location loc) {
  if (const Scalar *scalar = std::get_if<Scalar>(&datum))
    return scalar->value.getType().isInteger(1) ? scalar->value : Value();
  const Constant *constant = std::get_if<Constant>(&datum);
  if (!constant || !holds<bool>(*constant))
    return Value();
  return arith::ConstantIntOp::create(builder, loc, std::get<bool>(*constant),
                                      1);
}

Datum Elaborator::scalarBinary(StringRef op, const Datum &lhs, const Datum &rhs,
                               SMLoc place) {
  Location loc = locationOf(place);
  if (op == "and" || op == "or") {
    Value a = toCondition(lhs, builder, loc),
          b = toCondition(rhs, builder, loc);
    if (!a || !b) {
      error(place,
            op + ": found " + describe(a ? rhs : lhs) + ", needs a condition");
      return Faulty();
    }
    if (op == "and")
      return Scalar{arith::AndIOp::create(builder, loc, a, b)};
    return Scalar{arith::OrIOp::create(builder, loc, a, b)};
  }
  bool real = op == "^" || isReal(lhs, *this) || isReal(rhs, *this);
  Value a = toScalar(lhs, real, place);
  Value b = a ? toScalar(rhs, real, place) : Value();
  if (!b)
    return Faulty();
  if (StringRef("=!<>").contains(op.front()))
    return Scalar{compareScalars(builder, loc, op, a, b)};
  if (Value result = computeScalars(builder, loc, op, a, b))
    return Scalar{result};
  error(place, "'" + op + "' is not available for one pair of positions");
  return Faulty();
}

Datum Elaborator::scalarSelect(const Scalar &condition, const Datum &ifTrue,
                               const Datum &ifFalse, SMLoc place) {
  Location loc = locationOf(place);
  Value a = toCondition(ifTrue, builder, loc);
  Value b = a ? toCondition(ifFalse, builder, loc) : Value();
  if (!a || !b) {
    bool real = isReal(ifTrue, *this) || isReal(ifFalse, *this);
    a = toScalar(ifTrue, real, place);
    b = a ? toScalar(ifFalse, real, place) : Value();
    if (!b)
      return Faulty();
  }
  return Scalar{arith::SelectOp::create(builder, loc, condition.value, a, b)};
}

/// `exp(h / H)` within `where` and `bias`: the functions of a number that have
/// a meaning for one pair.
Datum Elaborator::scalarFunction(const Expr &call, const Scalar &argument) {
  scalar::Formula f{builder, locationOf(call.place)};
  Value x = toScalar(argument, /*real=*/true, call.place);
  if (!x)
    return Faulty();
  using Emit = Value (*)(scalar::Formula &, Value);
  auto emit = llvm::StringSwitch<Emit>(call.text)
                  .Case("exp", [](auto &f, Value x) { return f.exp(x); })
                  .Case("log", [](auto &f, Value x) { return f.log(x); })
                  .Case("sqrt", [](auto &f, Value x) { return f.sqrt(x); })
                  .Case("abs", [](auto &f, Value x) { return f.abs(x); })
                  .Case("sin", [](auto &f, Value x) { return f.sin(x); })
                  .Case("cos", [](auto &f, Value x) { return f.cos(x); })
                  .Case("tanh", [](auto &f, Value x) { return f.tanh(x); })
                  .Case("bf16", [](auto &f, Value x) { return f.bf16(x); })
                  .Default(nullptr);
  if (emit)
    return Scalar{emit(f, x)};
  error(call.place, call.text + ": found " + describe(Datum(argument)) +
                        ", needs a tensor; for one pair there are exp, log, "
                        "sqrt, abs, sin, cos, tanh and bf16");
  return Faulty();
}

/// `rel[n, h]`: one element of a tensor.
Datum Elaborator::lookUp(const Tensor &tensor, ArrayRef<ExprPtr> exprs,
                         SMLoc place) {
  auto row = scope->variables.find("b");
  bool inRegion = row != scope->variables.end() &&
                  std::holds_alternative<Scalar>(row->second);
  if (!inRegion) {
    error(place, "an element is read by its indices within where and bias, or "
                 "as x[t] within scan t");
    return Faulty();
  }
  if (exprs.size() != tensor.axes().size()) {
    error(place, describe(tensor.shape) + " is indexed by " +
                     Twine(exprs.size()) +
                     (exprs.size() == 1 ? " value" : " values"));
    return Faulty();
  }
  SmallVector<Value> indices;
  for (const ExprPtr &expr : exprs) {
    Datum index = evaluate(*expr);
    if (isFaulty(index))
      return Faulty();
    if (isReal(index, *this)) {
      error(expr->place, "found a real number, needs an index");
      return Faulty();
    }
    Value value = toScalar(index, /*real=*/false, expr->place);
    if (!value)
      return Faulty();
    indices.push_back(value);
  }
  Location loc = locationOf(place);
  Type element =
      cast<RankedTensorType>(tensor.value.getType()).getElementType();
  Value value =
      nn::LookupOp::create(builder, loc, element, tensor.value, indices);
  lookupPlaces[loc] = to_vector(
      map_range(exprs, [](const ExprPtr &expr) { return expr->place; }));
  if (tensor.shape.element == Element::Int)
    value =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
  return Scalar{value};
}

void Elaborator::checkLookups() {
  IndexBounds bounds(module, configuration);
  module.walk([&](nn::LookupOp lookup) {
    auto places = lookupPlaces.find(lookup.getLoc());
    assert(places != lookupPlaces.end() && "a lookup comes from an expression");
    for (auto [axis, place] : enumerate(places->second))
      if (std::string why = bounds.whyOutside(lookup, axis); !why.empty())
        error(place, why);
  });
  module.walk([&](nn::PositionsOp positions) {
    if (std::string why = bounds.whyOutside(positions); !why.empty())
      error(placeOf(positions.getLoc(), diagnostics), why);
  });
}

} // namespace heddle::language
