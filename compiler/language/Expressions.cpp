//===- Expressions.cpp - Elaboration of expressions and paths -------------===//

#include "compiler/language/Builtins.h"
#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// One value.
Datum Elaborator::evaluate(const Expr &expr) {
  Data data = evaluateAll(expr);
  if (data.size() == 1)
    return data.front();
  error(expr.place, "found " + Twine(data.size()) + " values, needs one");
  return Faulty();
}

/// All values of a call, or the one of any other expression.
Data Elaborator::evaluateAll(const Expr &expr) {
  if (isSpent(expr.place))
    return {Faulty()};
  switch (expr.kind) {
  case Expr::Kind::Number: {
    std::optional<Constant> number = language::numberOf(expr, diagnostics);
    return {number ? Datum(*number) : Datum(Faulty())};
  }
  case Expr::Kind::String:
    return {Constant(expr.text)};
  case Expr::Kind::Key:
    error(expr.place, "a key of config.json stands in config only");
    return {Faulty()};
  case Expr::Kind::Name:
    return {evaluateName(expr)};
  case Expr::Kind::Size: {
    std::optional<SizeExpr> size = resolveAxis(expr);
    return {size ? Datum(Constant(*size)) : Datum(Faulty())};
  }
  case Expr::Kind::Found:
    error(expr.place, "found … is asked in config only");
    return {Faulty()};
  case Expr::Kind::Negate:
    return {evaluateNegate(expr)};
  case Expr::Kind::Not:
    return {evaluateNot(expr)};
  case Expr::Kind::Binary:
    return {evaluateBinary(expr)};
  case Expr::Kind::Conditional:
    return {evaluateConditional(expr)};
  case Expr::Kind::Index:
    return {evaluateIndex(expr)};
  case Expr::Kind::As:
    return {evaluateAs(expr)};
  case Expr::Kind::Where:
    return {evaluateWhere(expr)};
  case Expr::Kind::Call:
    return evaluateCall(expr);
  case Expr::Kind::Pattern:
  case Expr::Kind::Ellipsis:
    error(expr.place,
          "found the axes " + language::describe(expr) + ", needs a value");
    return {Faulty()};
  }
  llvm_unreachable("an expression is of one of these kinds");
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The variable of a loop that stays one, where `expr` is its name.
const LoopIndex *Elaborator::loopIndex(const Expr &expr) const {
  auto variable = expr.is(Expr::Kind::Name) ? frame->variables.find(expr.text)
                                            : frame->variables.end();
  return variable == frame->variables.end()
             ? nullptr
             : std::get_if<LoopIndex>(&variable->second);
}

/// What the first iteration of a run gets; the run ends where another one gets
/// something else.
std::optional<Constant> Elaborator::sameThroughout(
    LoopRun &run, SMLoc place,
    llvm::function_ref<std::optional<Constant>(int64_t)> valueAt) {
  std::optional<Constant> value = valueAt(run.first);
  int64_t end = run.first + 1;
  while (value && end < run.end && !isSpent(place) && valueAt(end) == value)
    ++end;
  run.end = end;
  return value;
}

Datum Elaborator::evaluateName(const Expr &expr) {
  StringRef name = expr.text;
  if (const LoopIndex *index = loopIndex(expr)) {
    index->run->isCounted |= index->run->end - index->run->first > 1;
    index->run->end = index->run->first + 1;
    return Constant(SizeExpr(index->run->first));
  }
  if (auto variable = frame->variables.find(name);
      variable != frame->variables.end())
    return variable->second;
  if (name == "yes" || name == "no")
    return Constant(name == "yes");
  if (name == "none")
    return Constant(None());
  if (configuration.hasField(name)) {
    std::optional<Constant> value = configuration.find(name);
    return value ? Datum(*value) : Datum(Faulty());
  }
  if (program.states.contains(name)) {
    std::optional<Tensor> state = readState(name, expr.place);
    return state ? Datum(*state) : Datum(Faulty());
  }
  if (isWord(name))
    return Constant(name.str());
  error(expr.place, "unknown name " + name + suggestName(name));
  return Faulty();
}

std::string Elaborator::suggestName(StringRef name) const {
  SmallVector<StringRef> names =
      to_vector(map_range(frame->variables, [](const auto &variable) {
        return variable.getKey();
      }));
  for (StringRef other : configuration.names())
    names.push_back(other);
  for (const auto &[state, decl] : program.states)
    names.push_back(state);
  llvm::sort(names);
  return suggest(name, names);
}

/// The state as this function found it, read once, before anything else runs.
std::optional<Tensor> Elaborator::readState(StringRef name, SMLoc place) {
  if (auto known = frame->states.find(name); known != frame->states.end()) {
    if (!known->second.value)
      return std::nullopt;
    return known->second;
  }
  auto shape = stateShapes.find(name);
  if (shape == stateShapes.end())
    return std::nullopt;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&frame->function.getBody().front());
  RankedTensorType type = typeOf(shape->second, place);
  Value value = nn::StateReadOp::create(builder, locationOf(place), type,
                                        FlatSymbolRefAttr::get(context, name),
                                        /*path=*/StringAttr(), ValueRange());
  return frame->states[name] = Tensor{value, shape->second};
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

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
  if (a && b)
    return elementwise(expr.text, *a, *b, expr.place);
  error(expr.place, "cannot combine " + describe(lhs) + " " + expr.text + " " +
                        describe(rhs));
  return Faulty();
}

template <typename Op>
static Value createBinary(OpBuilder &builder, Location loc, Type type,
                          Value lhs, Value rhs) {
  return Op::create(builder, loc, type, lhs, rhs);
}

/// Axes are aligned by name; the operand with fewer of them is repeated along
/// the others.
Datum Elaborator::elementwise(StringRef op, const Tensor &lhs,
                              const Tensor &rhs, SMLoc place) {
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
  if (!create)
    return fail(": tensors are compared element by element only within where");
  if (lhs.shape.element != rhs.shape.element ||
      lhs.shape.element == Element::Bool)
    return fail(": their elements are of different kinds");
  if (lhs.shape.element == Element::Int && (op == "/" || op == "^"))
    return fail(": whole numbers have + - *");
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
  Shape shape{lhs.shape.element, longer, {}};
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

//===----------------------------------------------------------------------===//
// x[…], x as […], x where …
//===----------------------------------------------------------------------===//

Datum Elaborator::evaluateIndex(const Expr &expr) {
  const Expr &base = *expr.operands[0];
  ArrayRef<ExprPtr> indices = ArrayRef(expr.operands).drop_front();
  if (frame->scans && indices.size() == 1) {
    const Expr &index = *indices.front();
    auto position = frame->variables.find(index.text);
    if (index.is(Expr::Kind::Name) && position != frame->variables.end() &&
        std::holds_alternative<ScanPosition>(position->second)) {
      auto slice = frame->variables.find(base.text + "[" + index.text + "]");
      if (slice != frame->variables.end())
        return slice->second;
      error(expr.place, language::describe(base) +
                            " is not a tensor from outside of the scan");
      return Faulty();
    }
  }
  Datum datum = evaluate(base);
  if (isFaulty(datum))
    return Faulty();
  if (const Constant *constant = std::get_if<Constant>(&datum))
    if (const Json *list = std::get_if<Json>(constant);
        list && indices.size() == 1) {
      auto elementAt = [&](int64_t index) {
        return elementOf(*list, index, expr.place, diagnostics);
      };
      std::optional<Constant> element;
      if (const LoopIndex *loop = loopIndex(*indices[0]))
        element = sameThroughout(*loop->run, expr.place, elementAt);
      else if (std::optional<int64_t> index = wholeNumber(*indices[0]))
        element = elementAt(*index);
      return element ? Datum(*element) : Datum(Faulty());
    }
  const Tensor *tensor = std::get_if<Tensor>(&datum);
  if (!tensor) {
    error(expr.place, "found " + describe(datum) + ", needs a tensor");
    return Faulty();
  }
  return lookUp(*tensor, indices, expr.place);
}

/// For every target axis the source axes, in order, whose product it is. Search
/// with backtracking; tensors have few axes.
static bool matchAxes(ArrayRef<SizeExpr> targets, const Axes &sources,
                      unsigned used,
                      SmallVectorImpl<SmallVector<int64_t>> &found) {
  unsigned all = (1u << sources.size()) - 1;
  if (targets.empty())
    return used == all;
  for (unsigned chosen = 1; chosen <= all; ++chosen) {
    if (chosen & used)
      continue;
    SizeExpr product(1);
    SmallVector<int64_t> group;
    for (unsigned axis = 0; axis < sources.size(); ++axis)
      if (chosen >> axis & 1) {
        product *= sources[axis];
        group.push_back(axis);
      }
    if (!(product == targets.front()))
      continue;
    found.push_back(group);
    if (matchAxes(targets.drop_front(), sources, used | chosen, found))
      return true;
    found.pop_back();
  }
  return false;
}

/// The factors of a product, as they are written; a divisor belongs to the
/// factor before it: X/2*Y/2 has the factors X/2 and Y/2.
static void collectFactors(const Expr &axis,
                           llvm::function_ref<SizeExpr(const Expr &)> sizeOf,
                           SmallVectorImpl<SizeExpr> &factors) {
  bool isProduct = axis.is(Expr::Kind::Binary) && axis.text == "*";
  bool isQuotient = axis.is(Expr::Kind::Binary) && axis.text == "/";
  if (!isProduct && !isQuotient)
    return factors.push_back(sizeOf(axis));
  size_t before = factors.size();
  collectFactors(*axis.operands[0], sizeOf, factors);
  if (isProduct)
    return collectFactors(*axis.operands[1], sizeOf, factors);
  FailureOr<SizeExpr> quotient =
      factors.back().dividedBy(sizeOf(*axis.operands[1]));
  if (succeeded(quotient)) {
    factors.back() = *quotient;
    return;
  }
  factors.truncate(before);
  factors.push_back(sizeOf(axis));
}

/// H*K and K*H are one size, and two orders of elements: the axes of a group
/// stand as the product that is written names them. One that names none of them
/// (D for H*K) leaves them as they stand.
void Elaborator::orderAsWritten(const Expr &axis, const Axes &sources,
                                SmallVectorImpl<int64_t> &group) {
  SmallVector<SizeExpr> written;
  collectFactors(
      axis, [&](const Expr &factor) { return *resolveAxis(factor); }, written);
  unsigned others = (1u << sources.size()) - 1;
  for (int64_t source : group)
    others &= ~(1u << source);
  // An axis may itself be a product, 2*E of 2*E*K: from single factors to all
  // of them at once, whichever neighbours are taken together.
  unsigned gaps = std::min<size_t>(written.size() - 1, 10);
  for (unsigned joined = 0; joined < 1u << gaps; ++joined) {
    SmallVector<SizeExpr> factors;
    for (auto [number, factor] : enumerate(written))
      if (number > 0 && joined >> (number - 1) & 1)
        factors.back() *= factor;
      else
        factors.push_back(factor);
    SmallVector<SmallVector<int64_t>> found;
    if (!matchAxes(factors, sources, others, found))
      continue;
    group.clear();
    for (ArrayRef<int64_t> part : found)
      llvm::append_range(group, part);
    return;
  }
}

Datum Elaborator::evaluateAs(const Expr &expr) {
  Datum datum = evaluate(*expr.operands[0]);
  std::optional<Axes> axes = resolveAxes(expr.from.front());
  if (isFaulty(datum) || !axes)
    return Faulty();
  const Tensor *tensor = std::get_if<Tensor>(&datum);
  if (!tensor) {
    error(expr.place, "as: found " + describe(datum) + ", needs a tensor");
    return Faulty();
  }
  SmallVector<SmallVector<int64_t>> sources;
  if (tensor->axes().size() > 8 ||
      !matchAxes(*axes, tensor->axes(), 0, sources)) {
    error(expr.place, describe(datum) + " as " + describe(*axes) +
                          ": every new axis needs to be one of the axes, or a "
                          "product of several, and each is used once");
    return Faulty();
  }
  Shape shape{tensor->shape.element, *axes, tensor->shape.over};
  RankedTensorType type = typeOf(shape, expr.place);
  if (!type)
    return Faulty();
  if (expr.from.front().size() == axes->size()) // none of them is ..
    for (auto [axis, group] : zip(expr.from.front(), sources))
      orderAsWritten(*axis, tensor->axes(), group);
  SmallVector<Attribute> attributes;
  for (ArrayRef<int64_t> group : sources)
    attributes.push_back(builder.getI64ArrayAttr(group));
  return Tensor{nn::RearrangeOp::create(builder, locationOf(expr.place), type,
                                        tensor->value,
                                        builder.getArrayAttr(attributes)),
                shape};
}

Datum Elaborator::evaluateWhere(const Expr &expr) {
  const Expr &masked = *expr.operands[0];
  const Expr &condition = *expr.operands[1];
  if (masked.is(Expr::Kind::Call) && masked.text == "attention") {
    Data data = evaluateCall(masked, &condition);
    return data.front();
  }
  Datum datum = evaluate(masked);
  if (isFaulty(datum))
    return Faulty();
  const Tensor *scores = std::get_if<Tensor>(&datum);
  if (!scores || scores->axes().size() < 3 ||
      scores->shape.element != Element::Real) {
    error(expr.place, "where: found " + describe(datum) +
                          ", needs scores: rows, queries, …, keys");
    return Faulty();
  }
  auto mask = nn::MaskOp::create(
      builder, locationOf(expr.place), scores->value.getType(), scores->value,
      describe(scores->axes()[1]), describe(scores->axes().back()));
  bool hasHeads = scores->axes().size() == 4;
  if (!fillPairRegion(mask.getMask(), condition, /*predicate=*/true,
                      hasHeads)) {
    mask.erase();
    return Faulty();
  }
  return Tensor{mask.getResult(), scores->shape};
}

//===----------------------------------------------------------------------===//
// Calls and paths
//===----------------------------------------------------------------------===//

Data Elaborator::evaluateCall(const Expr &expr, const Expr *where) {
  StringRef name = expr.text;
  // `act(x)`: a config value may name the activation.
  Datum named = Faulty();
  if (auto variable = frame->variables.find(name);
      variable != frame->variables.end())
    named = variable->second;
  else if (configuration.hasField(name)) {
    std::optional<Constant> value = configuration.find(name);
    if (!value)
      return {Faulty()};
    named = *value;
  }
  if (const Constant *constant = std::get_if<Constant>(&named))
    return callActivation(expr, *constant);

  if (auto block = program.blocks.find(name);
      block != program.blocks.end() && !findBuiltin(name))
    return callBlock(expr, block->second);
  if (const Builtin *builtin = findBuiltin(name))
    return CallSite(*this, expr, *builtin, where).run();
  SmallVector<StringRef> names = builtinNames();
  for (const auto &[block, source] : program.blocks)
    names.push_back(block);
  error(expr.place,
        "unknown operation or block " + name + suggest(name, names));
  return {Faulty()};
}

Data Elaborator::callActivation(const Expr &expr, const Constant &value) {
  const std::string *word = std::get_if<std::string>(&value);
  if (const Builtin *builtin = word ? findActivation(*word) : nullptr)
    return CallSite(*this, expr, *builtin, nullptr).run();
  error(expr.place, expr.text + " is " + describe(Datum(value)) +
                        configuration.originOf(expr.text) +
                        ", needs the name of an activation, such as relu, "
                        "gelu, gelu_tanh or silu");
  return {Faulty()};
}

std::optional<PathText> Elaborator::evaluatePath(const Path &path) {
  if (path.condition) {
    std::optional<bool> condition = evaluateCondition(*path.condition);
    if (!condition)
      return std::nullopt;
    return evaluatePath(*condition ? *path.ifTrue : *path.ifFalse);
  }
  PathText result;
  result.absolute = path.fromRoot;
  for (const PathSegment &segment : path.segments) {
    if (!result.text.empty())
      result.text += '.';
    result.text += segment.name;
    for (const ExprPtr &index : segment.indices)
      if (!appendIndex(result, *index))
        return std::nullopt;
  }
  return result;
}

bool Elaborator::appendIndex(PathText &path, const Expr &expr) {
  auto placeholder = [&] {
    return ".{" + std::to_string(path.indices.size()) + "}";
  };
  if (const LoopIndex *loop = loopIndex(expr)) {
    path.text += placeholder();
    path.indices.push_back(loop->value);
    return true;
  }
  Datum index = evaluate(expr);
  if (isFaulty(index))
    return false;
  if (const Tensor *chosen = std::get_if<Tensor>(&index);
      chosen && chosen->shape.over && !path.route) {
    path.text += placeholder();
    path.route = *chosen;
    return true;
  }
  if (const Constant *constant = std::get_if<Constant>(&index))
    if (const SizeExpr *size = std::get_if<SizeExpr>(constant))
      if (std::optional<int64_t> value = configuration.evaluate(*size);
          value && *value >= 0) {
        path.text += "." + std::to_string(*value);
        return true;
      }
  error(expr.place,
        "found " + describe(index) +
            ", needs a number, a loop's variable or chosen indices");
  return false;
}

} // namespace heddle::language
