//===- Elaborator.cpp - Modules, functions and block calls ----------------===//

#include "compiler/language/Elaborator.h"

#include "compiler/language/Builtins.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

Elaborator::Elaborator(MLIRContext *context, const Program &program,
                       Configuration &configuration, Diagnostics &diagnostics)
    : builder(context), configuration(configuration), diagnostics(diagnostics),
      context(context), program(program) {}

OwningOpRef<ModuleOp> Elaborator::run() {
  OwningOpRef<ModuleOp> owned =
      ModuleOp::create(locationOf(program.model.place));
  module = *owned;
  builder.setInsertionPointToEnd(module.getBody());
  checkDeclarations();
  attachModuleAttributes();
  declareSizes();
  declareStates();
  // Entries keep their names: they are the program's interface.
  for (const auto &[name, entry] : program.entries)
    symbols[name] = 1;
  for (const auto &[name, entry] : program.entries)
    elaborateEntry(entry);
  removeUncalledFunctions();
  return owned;
}

void Elaborator::error(SMLoc place, const Twine &message) {
  if (!diagnostics.error(place, message) || !frame ||
      !frame->calledAt.isValid())
    return;
  // The same line can be right for one caller and wrong for another.
  SmallVector<std::string> bindings;
  for (const auto &size : frame->sizes)
    bindings.push_back(
        (size.getKey() + " = " + describe(size.getValue())).str());
  if (bindings.empty())
    return;
  llvm::sort(bindings);
  diagnostics.note(frame->calledAt, frame->source.function->name.text +
                                        " is called here with " +
                                        llvm::join(bindings, ", "));
}

Location Elaborator::locationOf(SMLoc place) {
  Position position = diagnostics.positionOf(place);
  return FileLineColLoc::get(context, position.file, position.line,
                             position.column);
}

//===----------------------------------------------------------------------===//
// Shapes as text and as types
//===----------------------------------------------------------------------===//

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

RankedTensorType Elaborator::typeOf(const Shape &shape, SMLoc place) {
  SmallVector<int64_t> sizes;
  SmallVector<std::string> names;
  for (const SizeExpr &axis : shape.axes) {
    std::optional<int64_t> value = configuration.evaluate(axis);
    bool dynamic = configuration.isDynamic(axis);
    if (dynamic ? !configuration.isWhole(axis) : !value || *value < 1) {
      std::string is = value ? " is " + std::to_string(*value) : "";
      error(place, "axis " + describe(axis) + " of " + describe(shape) + is +
                       ", needs a whole number of 1 or more" +
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
  return asNumber(constant,
                  [&](StringRef name) { return configuration.valueOf(name); });
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
  if (expr.is(Expr::Kind::Number)) {
    std::optional<Constant> number = language::numberOf(expr, diagnostics);
    if (!number)
      return std::nullopt;
    return std::get<SizeExpr>(*number);
  }
  if (expr.is(Expr::Kind::Size)) {
    if (frame)
      if (auto size = frame->sizes.find(expr.text); size != frame->sizes.end())
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

/// What elements a type has, without its axes.
static std::optional<Shape> elementShape(const TypeExpr &type,
                                         Elaborator &elaborator) {
  StringRef name = type.element.text;
  if (name.empty() || name == "f32" || name == "image")
    return Shape{};
  if (name == "int")
    return Shape{Element::Int, {}, {}};
  if (name == "bool")
    return Shape{Element::Bool, {}, {}};
  if (isUpper(name.front())) {
    Expr size(Expr::Kind::Size, type.element.place);
    size.text = name.str();
    std::optional<SizeExpr> over = elaborator.resolveAxis(size);
    if (!over)
      return std::nullopt;
    return Shape{Element::Int, {}, over};
  }
  if (name == "bf16")
    elaborator.error(type.element.place,
                     "values are computed in f32; bf16 is chosen for weights "
                     "on the command line");
  else
    elaborator.error(type.element.place,
                     "found " + name +
                         ", needs f32, int, bool, image or a size");
  return std::nullopt;
}

std::optional<Shape> Elaborator::resolveType(const TypeExpr &type) {
  std::optional<Shape> shape = elementShape(type, *this);
  std::optional<Axes> axes = resolveAxes(type.axes);
  if (!shape || !axes)
    return std::nullopt;
  shape->axes = std::move(*axes);
  return shape;
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void Elaborator::checkDeclarations() {
  for (const auto &[name, block] : program.blocks)
    if (findBuiltin(name))
      error(block.function->name.place,
            name + " is a built-in operation; a block needs another name");
  for (const std::unique_ptr<SourceFile> &file : program.files)
    for (const DefaultDecl &decl : file->ast.defaults)
      checkDefault(decl, *this);
  for (const Word &name : program.generate)
    if (!program.entries.contains(name.text))
      error(name.place, "generate: there is no entry " + name.text);
  if (program.tokenizer && !configuration.isDeclared(program.tokenizer.text))
    error(program.tokenizer.place,
          "tokenizer: unknown size " + program.tokenizer.text +
              suggest(program.tokenizer.text, configuration.names()));
  for (const WeightsRule *rule : program.weights)
    if (rule->kind == WeightsRule::Kind::Keep && rule->type.text != "f32" &&
        rule->type.text != "bf16")
      error(rule->type.place,
            "found " + rule->type.text + ", needs f32 or bf16");
  if (program.entries.empty() && !program.files.empty())
    diagnostics.error(program.files.back()->path +
                      ": found no entry, which is what a program can do");
}

static Attribute weightsAttribute(ArrayRef<const WeightsRule *> rules,
                                  Builder &builder) {
  SmallVector<Attribute> prefix, rename, ignore, keep;
  for (const WeightsRule *rule : rules) {
    SmallVector<StringRef> texts(rule->texts.begin(), rule->texts.end());
    switch (rule->kind) {
    case WeightsRule::Kind::Prefix:
      prefix.push_back(
          builder.getArrayAttr({builder.getStringAttr(texts[0]),
                                builder.getBoolAttr(rule->optional)}));
      break;
    case WeightsRule::Kind::Rename:
      rename.push_back(builder.getStrArrayAttr(texts));
      break;
    case WeightsRule::Kind::Ignore:
      for (StringRef text : texts)
        ignore.push_back(builder.getStringAttr(text));
      break;
    case WeightsRule::Kind::Keep:
      for (StringRef text : texts)
        keep.push_back(builder.getStrArrayAttr({rule->type.text, text}));
      break;
    }
  }
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("prefix", builder.getArrayAttr(prefix)),
       builder.getNamedAttr("rename", builder.getArrayAttr(rename)),
       builder.getNamedAttr("ignore", builder.getArrayAttr(ignore)),
       builder.getNamedAttr("keep", builder.getArrayAttr(keep))});
}

void Elaborator::attachModuleAttributes() {
  module->setAttr(nn::NNDialect::kModelAttr,
                  builder.getStringAttr(program.model.text));
  module->setAttr(nn::NNDialect::kWeightsAttr,
                  weightsAttribute(program.weights, builder));
  SmallVector<StringRef> generate;
  for (const Word &name : program.generate)
    generate.push_back(name.text);
  if (!generate.empty())
    module->setAttr(nn::NNDialect::kGenerateAttr,
                    builder.getStrArrayAttr(generate));
  if (program.tokenizer)
    module->setAttr(nn::NNDialect::kTokenizerAttr,
                    builder.getStringAttr(program.tokenizer.text));
}

void Elaborator::declareSizes() {
  for (const std::string &name : configuration.sizeNames()) {
    Location loc = locationOf(configuration.declarationOf(name));
    symbols[name] = 1;
    if (const DynSize *dyn = configuration.findDyn(name)) {
      auto number = [&](int64_t value) {
        return builder.getI64IntegerAttr(value);
      };
      auto per = dyn->per.empty() ? FlatSymbolRefAttr()
                                  : FlatSymbolRefAttr::get(context, dyn->per);
      nn::SizeOp::create(builder, loc, builder.getStringAttr(name),
                         IntegerAttr(), number(dyn->min), number(dyn->max),
                         number(dyn->step), per);
      continue;
    }
    std::optional<SizeExpr> size = configuration.findSize(name);
    std::optional<int64_t> value =
        size ? configuration.evaluate(*size) : std::nullopt;
    if (value)
      nn::SizeOp::create(builder, loc, builder.getStringAttr(name),
                         builder.getI64IntegerAttr(*value), IntegerAttr(),
                         IntegerAttr(), builder.getI64IntegerAttr(1),
                         FlatSymbolRefAttr());
  }
}

void Elaborator::declareStates() {
  for (const auto &[name, decl] : program.states) {
    std::optional<Shape> shape = resolveType(decl->type);
    if (!shape)
      continue;
    RankedTensorType type = typeOf(*shape, decl->type.place);
    if (!type)
      continue;
    stateShapes[name] = *shape;
    symbols[name] = 1;
    nn::StateOp::create(builder, locationOf(decl->name.place),
                        builder.getStringAttr(name), TypeAttr::get(type));
  }
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

std::string Elaborator::uniqueSymbol(StringRef name) {
  std::string symbol = name.str();
  while (symbols.contains(symbol))
    symbol = (name + "_" + Twine(symbols[name]++)).str();
  symbols[symbol] = 1;
  return symbol;
}

/// Opens a function at the end of the module; building goes on inside it.
func::FuncOp Elaborator::startFunction(const FunctionInFile &source,
                                       ArrayRef<Type> arguments) {
  const Function &function = *source.function;
  Location loc = locationOf(function.name.place);
  std::string symbol = function.isEntry ? function.name.text.str()
                                        : uniqueSymbol(function.name.text);
  builder.setInsertionPointToEnd(module.getBody());
  auto op = func::FuncOp::create(builder, loc, symbol,
                                 FunctionType::get(context, arguments, {}));
  if (function.isEntry)
    op->setAttr(nn::NNDialect::kEntryAttr, builder.getUnitAttr());
  else
    op.setPrivate();
  Block *block = op.addEntryBlock();
  builder.setInsertionPointToStart(block);
  return op;
}

void Elaborator::finishFunction(const Data &results, SMLoc place) {
  SmallVector<Value> values;
  for (const Datum &datum : results)
    if (const Tensor *tensor = std::get_if<Tensor>(&datum))
      values.push_back(tensor->value);
  func::ReturnOp::create(builder, locationOf(place), values);
  func::FuncOp function = frame->function;
  function.setFunctionType(FunctionType::get(
      context, function.getFunctionType().getInputs(), TypeRange(values)));
}

void Elaborator::elaborateEntry(const FunctionInFile &entry) {
  const Function &function = *entry.function;
  Frame entryFrame;
  entryFrame.source = entry;
  SmallVector<Type> types;
  SmallVector<std::optional<Shape>> shapes;
  for (const Parameter &parameter : function.parameters) {
    if (!parameter.type) {
      error(parameter.name.place,
            "an entry's parameters are tensors; only blocks take sizes");
      shapes.push_back(std::nullopt);
      continue;
    }
    std::optional<Shape> shape = resolveType(*parameter.type);
    RankedTensorType type =
        shape ? typeOf(*shape, parameter.type->place) : RankedTensorType();
    if (!type)
      shape.reset();
    shapes.push_back(shape);
    if (shape)
      types.push_back(type);
  }
  OpBuilder::InsertionGuard guard(builder);
  frame = &entryFrame;
  llvm::scope_exit leave([&] { frame = nullptr; });
  entryFrame.function = startFunction(entry, types);
  unsigned position = 0;
  for (auto [parameter, shape] : zip(function.parameters, shapes)) {
    Datum value = Faulty();
    if (shape) {
      auto setAttr = [&](StringRef name, Attribute attr) {
        entryFrame.function.setArgAttr(position, name, attr);
      };
      setAttr(nn::NNDialect::kNameAttr,
              builder.getStringAttr(parameter.name.text));
      if (parameter.defaultValue) {
        Datum given = evaluate(*parameter.defaultValue);
        const Constant *constant = std::get_if<Constant>(&given);
        std::optional<double> number =
            constant ? numberOf(*constant) : std::nullopt;
        if (number)
          setAttr(nn::NNDialect::kDefaultAttr,
                  builder.getF64FloatAttr(*number));
        else if (!isFaulty(given))
          error(parameter.defaultValue->place,
                "found " + describe(given) + ", needs a number");
      }
      value = Tensor{entryFrame.function.getArgument(position), *shape};
      ++position;
    }
    if (!entryFrame.variables.try_emplace(parameter.name.text, value).second)
      error(parameter.name.place,
            "second parameter called " + parameter.name.text);
  }
  elaborate(function.body);
  checkEntryResults(function);
  finishFunction(entryFrame.returned.value_or(Data()), function.name.place);
}

void Elaborator::checkEntryResults(const Function &entry) {
  if (!frame->returned) {
    if (!entry.results.empty())
      error(entry.name.place, "entry " + entry.name.text +
                                  " declares results, but returns nothing");
    else if (frame->states.empty())
      error(entry.name.place, "entry " + entry.name.text +
                                  " neither returns a value nor sets a state");
    return;
  }
  // Places of the returned expressions: return is the last statement reached.
  const Data &returned = *frame->returned;
  SMLoc place = entry.body.back().place;
  for (const Datum &datum : returned)
    if (!isFaulty(datum) && !std::holds_alternative<Tensor>(datum))
      error(place, "entry " + entry.name.text + " returns " + describe(datum) +
                       ", needs a tensor");
  if (entry.results.empty())
    return;
  if (entry.results.size() != returned.size()) {
    error(place, "entry " + entry.name.text + " returns " +
                     Twine(returned.size()) + " values, declares " +
                     Twine(entry.results.size()));
    return;
  }
  for (auto [type, datum] : zip(entry.results, returned)) {
    std::optional<Shape> shape = resolveType(type);
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    if (shape && tensor && !(tensor->shape == *shape))
      error(place, "entry " + entry.name.text + " returns " +
                       describe(tensor->shape) + ", declared " +
                       describe(*shape) + " at " +
                       diagnostics.describe(type.place));
  }
}

/// Specialisations that only a discarded attempt at a loop called.
void Elaborator::removeUncalledFunctions() {
  bool removed = true;
  while (removed) {
    removed = false;
    llvm::StringSet<> called;
    module.walk([&](Operation *op) {
      if (auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee"))
        called.insert(callee.getValue());
    });
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (function.isPrivate() && !called.contains(function.getName())) {
        function.erase();
        removed = true;
      }
  }
}

//===----------------------------------------------------------------------===//
// Block calls
//===----------------------------------------------------------------------===//

Data Elaborator::callBlock(const Expr &call, const FunctionInFile &source) {
  const Function &block = *source.function;
  std::optional<PathText> path =
      call.path ? evaluatePath(*call.path) : PathText();
  std::optional<Data> arguments = blockArguments(call, block);
  if (!path || !arguments)
    return {Faulty()};
  Frame callee;
  callee.source = source;
  callee.calledAt = call.place;
  bool ok = true;
  for (auto [parameter, argument] : zip(block.parameters, *arguments))
    ok &= bindParameter(block, parameter, argument, callee, call.place);
  if (!ok)
    return {Faulty()};
  const Specialisation &specialisation =
      specialise(source, *arguments, callee, call.place);
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
    arguments.push_back(evaluate(*operand));
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
    arguments[index] = evaluate(*option.value);
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

/// Checks an argument against its parameter and enters both sizes and value
/// into the callee's frame. A number given for a tensor becomes that tensor.
bool Elaborator::bindParameter(const Function &block,
                               const Parameter &parameter, Datum &argument,
                               Frame &callee, SMLoc place) {
  StringRef name = parameter.name.text;
  auto fail = [&](const Twine &needed) {
    error(place, block.name.text + ": " + name + " is " + describe(argument) +
                     ", needs " + needed);
    return false;
  };
  const Constant *constant = std::get_if<Constant>(&argument);
  if (!parameter.type) {
    const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
    if (!size)
      return fail("a size");
    if (configuration.isDeclared(name)) {
      error(parameter.name.place,
            "size " + name + " is already declared at " +
                diagnostics.describe(configuration.declarationOf(name)));
      return false;
    }
    auto [bound, isNew] = callee.sizes.try_emplace(name, *size);
    return isNew || bound->second == *size || fail(describe(bound->second));
  }
  if (const Tensor *tensor = std::get_if<Tensor>(&argument)) {
    if (!bindAxes(block, parameter, *tensor, callee, place))
      return false;
  } else if (constant) {
    Frame *caller = std::exchange(frame, &callee);
    std::optional<Shape> shape = resolveType(*parameter.type);
    frame = caller;
    if (!shape)
      return false;
    std::optional<double> number = numberOf(*constant);
    bool isDynamic = llvm::any_of(shape->axes, [&](const SizeExpr &axis) {
      return configuration.isDynamic(axis);
    });
    if (!number || (isDynamic && shape->element != Element::Int))
      return fail(describe(*shape));
    argument = constantTensor(*number, *shape, place);
    if (isFaulty(argument))
      return false;
  } else {
    return fail("a tensor");
  }
  if (!callee.variables.try_emplace(name, argument).second) {
    error(parameter.name.place, "second parameter called " + name);
    return false;
  }
  return true;
}

/// A size that stands for whatever the caller passes.
bool Elaborator::isGeneric(const Expr &axis, const Frame &callee) const {
  return axis.is(Expr::Kind::Size) && !callee.sizes.contains(axis.text) &&
         !configuration.isDeclared(axis.text);
}

bool Elaborator::bindAxes(const Function &block, const Parameter &parameter,
                          const Tensor &argument, Frame &callee, SMLoc place) {
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
  Frame *caller = std::exchange(frame, &callee);
  llvm::scope_exit leave([&] { frame = caller; });
  for (auto [axis, size] : zip(needed, found)) {
    if (isGeneric(*axis, callee)) {
      callee.sizes[axis->text] = size;
      continue;
    }
    std::optional<SizeExpr> resolved = resolveAxis(*axis);
    if (!resolved)
      return false;
    if (*resolved == size)
      continue;
    std::string why = explainMismatch(size, *resolved);
    frame = caller;
    return fail(
        ": " + describe(size) + " is not " + language::describe(*axis) +
        (callee.sizes.contains(axis->text) ? " = " + describe(*resolved) : "") +
        why);
  }
  std::optional<Shape> elements = elementShape(type, *this);
  if (!elements)
    return false;
  frame = caller;
  bool matches = elements->element == argument.shape.element &&
                 (!elements->over || elements->over == argument.shape.over);
  return matches || fail("");
}

Elaborator::Specialisation &Elaborator::specialise(const FunctionInFile &source,
                                                   Data &arguments,
                                                   Frame &callee, SMLoc place) {
  std::string key = source.function->name.text.str();
  raw_string_ostream os(key);
  SmallVector<Type> types;
  for (const Datum &argument : arguments) {
    os << '|';
    if (const Tensor *tensor = std::get_if<Tensor>(&argument)) {
      types.push_back(tensor->value.getType());
      os << types.back();
    } else {
      os << describe(argument);
    }
  }
  auto [entry, isNew] = specialisations.try_emplace(key);
  Specialisation &specialisation = entry->second;
  if (!isNew)
    return specialisation;

  OpBuilder::InsertionGuard guard(builder);
  Frame *caller = std::exchange(frame, &callee);
  llvm::scope_exit leave([&] { frame = caller; });
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
    std::optional<Shape> declared = elementShape(type, *this);
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
      builder.getI64IntegerAttr(*count), path.indices);
  return {Tensor{routed, shape}};
}

} // namespace heddle::language
