//===- BlockCalls.cpp - Calls of blocks, and what they specialise ---------===//
//
// A call binds the block's parameters, which gives the generic sizes their
// meaning; the block is elaborated once for every kind of arguments, and the
// call becomes an nn.call, or where the data choose the path an nn.route.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Budgets.h"
#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"
#include "llvm/ADT/ScopeExit.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

Data Elaborator::callBlock(const Expr &call, const FunctionInFile &source) {
  const Function &block = *source.function;
  std::optional<PathText> path =
      call.path ? evaluatePath(*call.path) : PathText();
  std::optional<Data> arguments = blockArguments(call, block);
  if (!path || !arguments)
    return {Faulty()};
  Scope callee;
  callee.source = source;
  callee.calledAt = call.place;
  bool ok = true;
  for (auto [parameter, argument] : zip(block.parameters, *arguments))
    ok &= bindParameter(block, parameter, argument, callee, call.place);
  if (!ok)
    return {Faulty()};
  if (depth == budgets::chain) {
    error(call.place, "blocks call each other more than " +
                          Twine(budgets::chain) + " deep");
    return {Faulty()};
  }
  ++depth;
  const Specialisation &specialisation =
      specialise(source, *arguments, callee, call.place);
  --depth;
  if (specialisation.running) {
    error(call.place, "block " + block.name.text + " calls itself");
    return {Faulty()};
  }
  if (path->route)
    return emitRoute(specialisation, *arguments, *path, call.place);
  return emitCall(specialisation, *arguments, *path, call.place);
}

/// One datum a parameter, in the order of the block's parameters.
std::optional<Data> Elaborator::blockArguments(const Expr &call,
                                               const Function &block) {
  Data arguments;
  bool ok = true;
  for (const ExprPtr &operand : call.operands) {
    arguments.push_back(evaluateByTurn(*operand));
    ok &= !isFaulty(arguments.back());
  }
  auto signature = [&] {
    return block.name.text.str() + ", defined at " +
           diagnostics.describe(block.name.place) + ",";
  };
  if (arguments.size() > block.parameters.size()) {
    error(call.place, signature() + " takes " + Twine(block.parameters.size()) +
                          " arguments, found " + Twine(arguments.size()));
    return std::nullopt;
  }
  unsigned positional = arguments.size();
  arguments.resize(block.parameters.size(), Faulty());
  SmallVector<bool> given(block.parameters.size(), false);
  std::fill(given.begin(), given.begin() + positional, true);
  for (const Option &option : call.options) {
    auto parameter = llvm::find_if(block.parameters, [&](const Parameter &p) {
      return p.name.text == option.name.text;
    });
    size_t index = parameter - block.parameters.begin();
    if (parameter == block.parameters.end() || given[index]) {
      error(option.name.place,
            signature() +
                (parameter == block.parameters.end() ? " has no parameter "
                                                     : " is already given ") +
                option.name.text);
      ok = false;
      continue;
    }
    arguments[index] = evaluateByTurn(*option.value);
    given[index] = true;
    ok &= !isFaulty(arguments[index]);
  }
  for (auto [index, parameter] : llvm::enumerate(block.parameters)) {
    if (given[index])
      continue;
    if (!parameter.defaultValue) {
      error(call.place,
            signature() + " needs its parameter " + parameter.name.text);
      return std::nullopt;
    }
    arguments[index] = evaluate(*parameter.defaultValue);
    ok &= !isFaulty(arguments[index]);
  }
  if (!ok)
    return std::nullopt;
  return arguments;
}

/// A number, or one for each turn of a loop, as the tensor that is asked for;
/// nothing where it cannot be one.
std::optional<Datum> Elaborator::filledWith(const Datum &value,
                                            const Shape &shape, SMLoc place) {
  bool isDynamic = llvm::any_of(shape.axes, [&](const SizeExpr &axis) {
    return configuration.isDynamic(axis);
  });
  if (const LoopValue *turns = std::get_if<LoopValue>(&value); !isDynamic)
    if (std::optional<Tensor> read =
            turns ? numberByTurn(*turns, shape, place) : std::nullopt)
      return Datum(*read);
  Datum constant = ofThisTurn(value);
  std::optional<double> number = numberOf(std::get<Constant>(constant));
  if (!number || (isDynamic && shape.element != Element::Int))
    return std::nullopt;
  return constantTensor(*number, shape, place);
}

/// Checks an argument against its parameter and enters both sizes and value
/// into the callee's scope. A number given for a tensor becomes that tensor.
bool Elaborator::bindParameter(const Function &block,
                               const Parameter &parameter, Datum &argument,
                               Scope &callee, SMLoc place) {
  StringRef name = parameter.name.text;
  auto fail = [&](const Twine &needed) {
    error(place, block.name.text + ": " + name + " is " + describe(argument) +
                     ", needs " + needed);
    return false;
  };
  if (std::holds_alternative<LoopValue>(argument) && !parameter.type)
    argument = ofThisTurn(argument);
  const Constant *constant = std::get_if<Constant>(&argument);
  if (parameter.isSize) {
    const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
    if (!size)
      return fail("a size");
    if (configuration.isDeclared(name)) {
      error(parameter.name.place,
            "size " + name + " is already declared at " +
                diagnostics.describe(configuration.declarationOf(name)));
      return false;
    }
    tell(parameter.name.place, argument);
    auto [bound, isNew] = callee.sizes.try_emplace(name, *size);
    return isNew || bound->second == *size || fail(describe(bound->second));
  }
  if (!parameter.type) {
    if (!constant)
      return fail("a value known when the model is compiled");
  } else if (const Tensor *tensor = std::get_if<Tensor>(&argument)) {
    if (!bindAxes(block, parameter, *tensor, callee, place))
      return false;
  } else if (constant || std::holds_alternative<LoopValue>(argument)) {
    Scope *caller = std::exchange(scope, &callee);
    std::optional<Shape> shape = resolveType(*parameter.type);
    scope = caller;
    if (!shape)
      return false;
    std::optional<Datum> filled = filledWith(argument, *shape, place);
    if (!filled)
      return fail(describe(*shape));
    argument = std::move(*filled);
    if (isFaulty(argument))
      return false;
  } else {
    return fail("a tensor");
  }
  tell(parameter.name.place, argument);
  if (!callee.variables.try_emplace(name, argument).second) {
    error(parameter.name.place, "second parameter called " + name);
    return false;
  }
  return true;
}

/// A size that stands for whatever the caller passes.
bool Elaborator::isGeneric(const Expr &axis, const Scope &callee) const {
  return axis.is(Expr::Kind::Size) && !callee.sizes.contains(axis.text) &&
         !configuration.isDeclared(axis.text);
}

bool Elaborator::bindAxes(const Function &block, const Parameter &parameter,
                          const Tensor &argument, Scope &callee, SMLoc place) {
  const TypeExpr &type = *parameter.type;
  auto fail = [&](const Twine &why) {
    std::string wanted;
    raw_string_ostream os(wanted);
    os << type.element.text << '[';
    interleave(
        type.axes, os,
        [&](const ExprPtr &axis) { os << language::describe(*axis); }, " ");
    error(place, block.name.text + ": " + parameter.name.text + " is " +
                     describe(argument.shape) + ", needs " + wanted + "]" +
                     why);
    return false;
  };
  ArrayRef<ExprPtr> needed = type.axes;
  ArrayRef<SizeExpr> found = argument.axes();
  if (!needed.empty() && needed.front()->is(Expr::Kind::Ellipsis)) {
    needed = needed.drop_front();
    if (found.size() >= needed.size())
      found = found.take_back(needed.size());
  }
  if (needed.size() != found.size())
    return fail("");
  Scope *caller = std::exchange(scope, &callee);
  llvm::scope_exit leave([&] { scope = caller; });
  for (auto [axis, size] : zip(needed, found)) {
    if (isGeneric(*axis, callee)) {
      tell(axis->place, Datum(Constant(size)));
      callee.sizes[axis->text] = size;
      continue;
    }
    std::optional<SizeExpr> resolved = resolveAxis(*axis);
    if (!resolved)
      return false;
    if (*resolved == size)
      continue;
    std::string why = explainMismatch(size, *resolved);
    scope = caller;
    return fail(
        ": " + describe(size) + " is not " + language::describe(*axis) +
        (callee.sizes.contains(axis->text) ? " = " + describe(*resolved) : "") +
        why);
  }
  std::optional<Shape> elements = elementShape(type);
  if (!elements)
    return false;
  scope = caller;
  bool matches = elements->element == argument.shape.element &&
                 (!elements->over || elements->over == argument.shape.over);
  return matches || fail("");
}

Elaborator::Specialisation &Elaborator::specialise(const FunctionInFile &source,
                                                   Data &arguments,
                                                   Scope &callee, SMLoc place) {
  std::string key = source.function->name.text.str();
  raw_string_ostream os(key);
  SmallVector<Type> types;
  for (const Datum &argument : arguments) {
    os << '|';
    if (const Tensor *tensor = std::get_if<Tensor>(&argument)) {
      types.push_back(tensor->value.getType());
      os << types.back();
    } else {
      os << identify(std::get<Constant>(argument));
    }
  }
  auto [entry, isNew] = specialisations.try_emplace(key);
  Specialisation &specialisation = entry->second;
  if (!isNew)
    return specialisation;

  OpBuilder::InsertionGuard guard(builder);
  Scope *caller = std::exchange(scope, &callee);
  llvm::scope_exit leave([&] { scope = caller; });
  callee.function = specialisation.function = startFunction(source, types);
  unsigned position = 0;
  for (auto [parameter, argument] : zip(source.function->parameters, arguments))
    if (const Tensor *tensor = std::get_if<Tensor>(&argument))
      callee.variables[parameter.name.text] =
          Tensor{callee.function.getArgument(position++), tensor->shape};
  elaborate(source.function->body);
  if (!callee.returned)
    error(source.function->name.place,
          "block " + source.function->name.text + " returns nothing");
  specialisation.results = callee.returned.value_or(Data{Faulty()});
  finishFunction(specialisation.results, source.function->name.place);
  checkBlockResults(*source.function, specialisation.results);
  for (Datum &result : specialisation.results)
    if (Tensor *tensor = std::get_if<Tensor>(&result))
      tensor->value = Value();
  specialisation.running = false;
  return specialisation;
}

void Elaborator::checkBlockResults(const Function &block, const Data &results) {
  if (block.results.empty())
    return;
  if (block.results.size() != results.size()) {
    error(block.name.place, "block " + block.name.text + " returns " +
                                Twine(results.size()) + " values, declares " +
                                Twine(block.results.size()));
    return;
  }
  for (auto [type, datum] : zip(block.results, results)) {
    // `[.. D]` says how a result ends.
    bool ends = !type.axes.empty() && type.axes[0]->is(Expr::Kind::Ellipsis);
    std::optional<Axes> axes =
        resolveAxes(ArrayRef(type.axes).drop_front(ends ? 1 : 0));
    std::optional<Shape> declared = elementShape(type);
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    if (!axes || !declared || !tensor)
      continue;
    size_t leading = tensor->axes().size() - axes->size();
    if (ends && tensor->axes().size() >= axes->size())
      axes->insert(axes->begin(), tensor->axes().begin(),
                   tensor->axes().begin() + leading);
    declared->axes = std::move(*axes);
    if (!(tensor->shape == *declared))
      error(type.place, "block " + block.name.text + " returns " +
                            describe(tensor->shape) + ", declared " +
                            describe(*declared));
  }
}

static SmallVector<Value> tensorValues(const Data &data) {
  SmallVector<Value> values;
  for (const Datum &datum : data)
    if (const Tensor *tensor = std::get_if<Tensor>(&datum))
      values.push_back(tensor->value);
  return values;
}

Data Elaborator::emitCall(const Specialisation &callee, const Data &arguments,
                          const PathText &path, SMLoc place) {
  func::FuncOp function = callee.function;
  auto call = nn::CallOp::create(
      builder, locationOf(place), function.getFunctionType().getResults(),
      FlatSymbolRefAttr::get(context, function.getName()),
      tensorValues(arguments), builder.getStringAttr(path.text),
      path.absolute ? builder.getUnitAttr() : UnitAttr(), path.indices);
  Data results = callee.results;
  unsigned position = 0;
  for (Datum &result : results)
    if (Tensor *tensor = std::get_if<Tensor>(&result))
      tensor->value = call.getResult(position++);
  return results;
}

/// `expert@experts[e](x)`: every choice in e applies its own block to the token
/// it was made for.
Data Elaborator::emitRoute(const Specialisation &callee, const Data &arguments,
                           const PathText &path, SMLoc place) {
  const Tensor &chosen = *path.route;
  const Tensor *x =
      arguments.size() == 1 ? std::get_if<Tensor>(&arguments.front()) : nullptr;
  const Tensor *result = callee.results.size() == 1
                             ? std::get_if<Tensor>(&callee.results.front())
                             : nullptr;
  if (!x || !result) {
    if (callee.results.empty() || !isFaulty(callee.results.front()))
      error(place,
            "a block chosen by the data takes one tensor and returns one");
    return {Faulty()};
  }
  ArrayRef<SizeExpr> tokens = ArrayRef(x->axes()).drop_back();
  ArrayRef<SizeExpr> choices = chosen.axes();
  if (choices.empty() || choices.drop_back() != tokens) {
    error(place, "the choices are " + describe(chosen.shape) +
                     ", the input is " + describe(x->shape) +
                     "; needs the input's axes but the last, then the choices");
    return {Faulty()};
  }
  std::optional<int64_t> count = configuration.evaluate(*chosen.shape.over);
  Shape shape{Element::Real, chosen.axes(), {}};
  shape.axes.push_back(result->axes().back());
  RankedTensorType type = typeOf(shape, place);
  if (!count || !type)
    return {Faulty()};
  func::FuncOp function = callee.function;
  Value routed = nn::RouteOp::create(
      builder, locationOf(place), type,
      FlatSymbolRefAttr::get(context, function.getName()), x->value,
      chosen.value, builder.getStringAttr(path.text),
      builder.getI64IntegerAttr(*count), /*grouped=*/UnitAttr(), path.indices);
  return {Tensor{routed, shape}};
}

} // namespace heddle::language
