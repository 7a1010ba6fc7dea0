//===- Expressions.cpp - Elaboration of expressions and paths -------------===//

#include "compiler/language/Builtins.h"
#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// One value, the same throughout a run of a loop.
Datum Elaborator::evaluate(const Expr &expr) {
  return ofThisTurn(evaluateByTurn(expr));
}

Datum Elaborator::evaluateByTurn(const Expr &expr) {
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
  case Expr::Kind::Name: {
    Data value{evaluateName(expr)};
    tell(expr.place, value);
    return value;
  }
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
  case Expr::Kind::Call: {
    Data values = evaluateCall(expr);
    tell(expr.place, values);
    return values;
  }
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

/// `default` and the defaults of parameters are written outside of the function
/// that they are evaluated for: its own names are not theirs.
bool Elaborator::isOfFunction(SMLoc place) const {
  StringRef text = scope->source.function->source;
  return text.begin() <= place.getPointer() && place.getPointer() < text.end();
}

/// Null: the name is one of the program, or none.
const Datum *Elaborator::findVariable(const Expr &expr) const {
  auto variable = scope->variables.find(expr.text);
  if (variable == scope->variables.end())
    return nullptr;
  // The positions of a pair are known in all that is said of it.
  bool isKnown = isOfFunction(expr.place) ||
                 std::holds_alternative<Scalar>(variable->second);
  return isKnown ? &variable->second : nullptr;
}

/// The variable of a loop that stays one, where `expr` is its name.
const LoopIndex *Elaborator::loopIndex(const Expr &expr) const {
  const Datum *variable =
      expr.is(Expr::Kind::Name) ? findVariable(expr) : nullptr;
  return variable ? std::get_if<LoopIndex>(variable) : nullptr;
}

Datum Elaborator::evaluateName(const Expr &expr) {
  StringRef name = expr.text;
  if (const LoopIndex *index = loopIndex(expr))
    return valueOf(*index, expr.place);
  if (const Datum *variable = findVariable(expr))
    return *variable;
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
      to_vector(map_range(scope->variables, [](const auto &variable) {
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
  if (auto known = scope->states.find(name); known != scope->states.end()) {
    if (!known->second.value)
      return std::nullopt;
    return known->second;
  }
  auto shape = stateShapes.find(name);
  if (shape == stateShapes.end())
    return std::nullopt;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&scope->function.getBody().front());
  RankedTensorType type = typeOf(shape->second, place);
  Value value = nn::StateReadOp::create(builder, locationOf(place), type,
                                        FlatSymbolRefAttr::get(context, name),
                                        /*path=*/StringAttr(), ValueRange());
  return scope->states[name] = Tensor{value, shape->second};
}

//===----------------------------------------------------------------------===//
// x[…], x as […], x where …
//===----------------------------------------------------------------------===//

Datum Elaborator::evaluateIndex(const Expr &expr) {
  const Expr &base = *expr.operands[0];
  ArrayRef<ExprPtr> indices = ArrayRef(expr.operands).drop_front();
  if (scope->scans && indices.size() == 1) {
    const Expr &index = *indices.front();
    auto position = scope->variables.find(index.text);
    if (index.is(Expr::Kind::Name) && position != scope->variables.end() &&
        std::holds_alternative<ScanPosition>(position->second)) {
      auto slice = scope->variables.find(base.text + "[" + index.text + "]");
      if (slice != scope->variables.end())
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
      Datum index = evaluateByTurn(*indices[0]);
      if (const LoopValue *turns = std::get_if<LoopValue>(&index)) {
        Datum elements =
            mapTurns(*turns, expr.place, [&](const Constant &turn) {
              std::optional<int64_t> number = wholeNumber(turn, *indices[0]);
              return number ? elementAt(*number) : std::nullopt;
            });
        if (LoopValue *value = std::get_if<LoopValue>(&elements))
          value->isCounted = false;
        return elements;
      }
      std::optional<int64_t> number = wholeNumber(index, *indices[0]);
      std::optional<Constant> element =
          number ? elementAt(*number) : std::nullopt;
      return element ? Datum(*element) : Datum(Faulty());
    }
  const Tensor *tensor = std::get_if<Tensor>(&datum);
  if (!tensor) {
    error(expr.place, "found " + describe(datum) + ", needs a tensor");
    return Faulty();
  }
  return lookUp(*tensor, indices, expr.place);
}

Datum Elaborator::evaluateWhere(const Expr &expr) {
  const Expr &masked = *expr.operands[0];
  const Expr &condition = *expr.operands[1];
  if (masked.is(Expr::Kind::Call) && masked.text == "attention") {
    Data data = evaluateCall(masked, &condition);
    tell(masked.place, data);
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
  if (const Datum *variable = findVariable(expr))
    named = ofThisTurn(*variable);
  else if (configuration.hasField(name)) {
    std::optional<Constant> value = configuration.find(name);
    if (!value)
      return {Faulty()};
    named = *value;
  }
  if (const Constant *constant = std::get_if<Constant>(&named))
    return callActivation(expr, *constant);

  if (name == "has" && expr.operands.size() == 2)
    return {evaluateHas(expr)};
  if (auto block = program.blocks.find(name);
      block != program.blocks.end() && !findBuiltin(name))
    return callBlock(expr, block->second);
  if (const Builtin *builtin = findBuiltin(name))
    return CallSite(*this, expr, *builtin, where).run();
  Diagnostics::Topic topic(diagnostics, "built-in-operations");
  SmallVector<StringRef> names = builtinNames();
  for (const auto &[block, source] : program.blocks)
    names.push_back(block);
  error(expr.place,
        "unknown operation or block " + name + suggest(name, names));
  return {Faulty()};
}

/// has(kinds, l): whether a list of config.json has the element.
Datum Elaborator::evaluateHas(const Expr &expr) {
  Datum list = evaluate(*expr.operands[0]);
  Datum element = evaluateByTurn(*expr.operands[1]);
  if (isFaulty(list) || isFaulty(element))
    return Faulty();
  const Constant *constant = std::get_if<Constant>(&list);
  auto has = [&](const Constant &value) -> std::optional<Constant> {
    std::optional<bool> found =
        constant ? hasElement(*constant, value) : std::nullopt;
    if (found)
      return Constant(*found);
    error(expr.place, "has: found " + describe(list) +
                          ", needs a list and a value known when the model is "
                          "compiled");
    return std::nullopt;
  };
  if (const LoopValue *turns = std::get_if<LoopValue>(&element)) {
    Datum result = mapTurns(*turns, expr.place, has);
    if (LoopValue *value = std::get_if<LoopValue>(&result))
      value->isCounted = false;
    return ofThisTurn(result);
  }
  const Constant *value = std::get_if<Constant>(&element);
  std::optional<Constant> result = has(value ? *value : Constant(None()));
  return result ? Datum(*result) : Datum(Faulty());
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
  Diagnostics::Topic topic(diagnostics, "weights-and-paths");
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
