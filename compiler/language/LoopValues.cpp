//===- LoopValues.cpp - What differs by turn of a loop --------------------===//
//
// A loop stays a loop while its turns are alike. What is computed from its
// variable, or read from a list of config.json by it, is a value for each turn.
// Numbers among them that meet a tensor are read from a table when the model
// runs; everything else asks what the first turn gets, and the run ends where
// another one gets something else.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Budgets.h"
#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// The number of each turn.
Datum Elaborator::valueOf(const LoopIndex &loop, SMLoc place) {
  LoopRun &run = *loop.run;
  int64_t count = run.end - run.first;
  // So many can neither be unrolled nor stand in a table.
  if (count > budgets::unrolled) {
    run.isCounted = true;
    run.end = run.first + 1;
    count = 1;
  }
  LoopValue value{loop, {}, /*isCounted=*/true};
  for (int64_t turn = 0; turn < count && !isSpent(place); ++turn)
    value.values.push_back(SizeExpr(run.first + turn));
  if (value.values.empty())
    return Faulty();
  return value;
}

/// What the first turn gets, where the datum is a value for each.
Datum Elaborator::ofThisTurn(Datum datum) {
  const LoopValue *value = std::get_if<LoopValue>(&datum);
  if (!value)
    return datum;
  LoopRun &run = *value->loop.run;
  const Constant &first = value->values.front();
  auto other = llvm::find_if(value->values, [&](const Constant &constant) {
    return !(constant == first);
  });
  int64_t alike = value->isCounted ? 1 : other - value->values.begin();
  run.isCounted |= value->isCounted && run.end - run.first > 1;
  run.end = std::min(run.end, run.first + alike);
  return first;
}

/// A function of what each turn gets. Where it fails it has reported why.
Datum Elaborator::mapTurns(
    const LoopValue &value, SMLoc place,
    llvm::function_ref<std::optional<Constant>(const Constant &)> function) {
  LoopValue result{value.loop, {}, value.isCounted};
  const LoopRun &run = *value.loop.run;
  // A condition may have ended the run since.
  size_t count = std::min<size_t>(value.values.size(), run.end - run.first);
  for (const Constant &constant : ArrayRef(value.values).take_front(count)) {
    std::optional<Constant> mapped =
        isSpent(place) ? std::nullopt : function(constant);
    if (!mapped)
      return Faulty();
    result.values.push_back(std::move(*mapped));
  }
  return result;
}

std::optional<Tensor> Elaborator::numberByTurn(const LoopValue &value,
                                               const Shape &shape,
                                               SMLoc place) {
  SmallVector<double> numbers;
  for (const Constant &constant : value.values) {
    std::optional<double> number = numberOf(constant);
    if (!number)
      return std::nullopt;
    if (shape.element != Element::Real && *number != std::floor(*number))
      return std::nullopt;
    numbers.push_back(*number);
  }
  RankedTensorType type = typeOf(shape, place);
  if (!type || shape.element == Element::Bool || shape.over)
    return std::nullopt;
  if (llvm::all_equal(numbers))
    return std::get<Tensor>(constantTensor(numbers.front(), shape, place));
  auto attribute =
      nn::NumbersAttr::get(context, builder.getDenseF64ArrayAttr(numbers));
  Value number = nn::LoopNumberOp::create(
      builder, locationOf(place), type, value.loop.value,
      builder.getI64IntegerAttr(value.loop.run->first), attribute);
  return Tensor{number, shape};
}

/// The number within `where` or `bias`: an element of a tensor from outside.
std::optional<Scalar> Elaborator::scalarByTurn(const LoopValue &value,
                                               SMLoc place) {
  std::optional<Tensor> tensor;
  bool isWhole = false;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(builder.getBlock()->getParentOp());
    tensor = numberByTurn(value, {Element::Int, {SizeExpr(1)}, {}}, place);
    isWhole = tensor.has_value();
    if (!isWhole)
      tensor = numberByTurn(value, {Element::Real, {SizeExpr(1)}, {}}, place);
  }
  if (!tensor)
    return std::nullopt;
  Location loc = locationOf(place);
  Value first = arith::ConstantIndexOp::create(builder, loc, 0);
  Type element =
      cast<RankedTensorType>(tensor->value.getType()).getElementType();
  Value number =
      nn::LookupOp::create(builder, loc, element, tensor->value, first);
  lookupPlaces[loc] = {place};
  if (isWhole)
    number = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                        number);
  return Scalar{number};
}

/// The result of a binary operator of which a side differs by turn.
Datum Elaborator::combineByTurn(const Expr &expr, Datum lhs, Datum rhs) {
  auto asValue = [](Datum &datum) { return std::get_if<LoopValue>(&datum); };
  auto combined = [&](const Constant &a, const Constant &b) {
    std::string why;
    std::optional<Constant> result = combine(
        expr.text, a, b,
        [&](StringRef name) { return configuration.valueOf(name); }, why);
    if (!result)
      error(expr.place, why);
    return result;
  };
  const LoopValue *left = asValue(lhs), *right = asValue(rhs);
  if (left && right && left->loop.run != right->loop.run) {
    rhs = ofThisTurn(rhs);
    right = nullptr;
  }
  Datum result = Faulty();
  if (left && right) {
    auto other = right->values.begin();
    result = mapTurns(*left, expr.place, [&](const Constant &constant) {
      return combined(constant, *other++);
    });
    if (LoopValue *value = asValue(result))
      value->isCounted |= right->isCounted;
  } else if (const Constant *constant = std::get_if<Constant>(&rhs)) {
    result = mapTurns(*left, expr.place, [&](const Constant &turn) {
      return combined(turn, *constant);
    });
  } else if (const Constant *constant = std::get_if<Constant>(&lhs)) {
    result = mapTurns(*right, expr.place, [&](const Constant &turn) {
      return combined(*constant, turn);
    });
  } else {
    for (auto [side, other] : {std::pair(&lhs, &rhs), std::pair(&rhs, &lhs)}) {
      const LoopValue *value = asValue(*side);
      if (!value)
        continue;
      Shape number{Element::Real, {}, {}};
      if (const Tensor *tensor = std::get_if<Tensor>(other);
          tensor && tensor->shape.element == Element::Real)
        if (std::optional<Tensor> read =
                numberByTurn(*value, number, expr.place)) {
          *side = *read;
          continue;
        }
      if (std::holds_alternative<Scalar>(*other))
        if (std::optional<Scalar> read = scalarByTurn(*value, expr.place)) {
          *side = *read;
          continue;
        }
      *side = ofThisTurn(*side);
    }
    return combineData(expr, lhs, rhs);
  }
  // Turns to which a comparison says the same are alike.
  LoopValue *value = asValue(result);
  if (!value || !StringRef("=!<>").contains(expr.text.front()))
    return result;
  value->isCounted = false;
  return ofThisTurn(result);
}

} // namespace heddle::language
