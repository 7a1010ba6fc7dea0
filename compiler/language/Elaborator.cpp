//===- Elaborator.cpp - The module, its declarations and entries ----------===//

#include "compiler/language/Elaborator.h"

#include "compiler/language/Budgets.h"
#include "compiler/language/Builtins.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

Elaborator::Elaborator(MLIRContext *context, const Program &program,
                       Configuration &configuration, Diagnostics &diagnostics)
    : builder(context), configuration(configuration), diagnostics(diagnostics),
      context(context), program(program) {}

OwningOpRef<ModuleOp> Elaborator::run() {
  Diagnostics::Topic topic(diagnostics, "blocks-and-entries");
  OwningOpRef<ModuleOp> owned =
      ModuleOp::create(locationOf(program.model.place));
  module = *owned;
  builder.setInsertionPointToEnd(module.getBody());
  checkDeclarations();
  if (program.entries.size() > budgets::entries)
    return owned;
  attachModuleAttributes();
  declareSizes();
  declareStates();
  // Entries keep their names: they are the program's interface.
  for (const auto &[name, entry] : program.entries)
    symbols[name] = 1;
  bool isThere = false;
  for (const auto &[name, entry] : program.entries)
    if (holdsCondition(*entry.function)) {
      isThere = true;
      elaborateEntry(entry);
    }
  if (!isThere && !program.entries.empty())
    diagnostics.error(program.files.back()->path +
                      ": every entry is left out, needs one whose condition "
                      "holds");
  removeUncalledFunctions();
  if (!diagnostics.errorCount()) {
    checkLookups();
    nn::SizeTable sizes(module);
    SymbolTable functions(module);
    for (const auto &[name, entry] : program.entries)
      if (functions.lookup(name)) { // the others are left out
        checkSizesGiven(*entry.function, sizes, functions);
        checkNotKept(*entry.function, sizes, functions);
      }
  }
  return owned;
}

void Elaborator::error(SMLoc place, const Twine &message) {
  if (!diagnostics.error(place, message) || !scope ||
      !scope->calledAt.isValid())
    return;
  // The same line can be right for one caller and wrong for another.
  SmallVector<std::string> bindings;
  for (const auto &size : scope->sizes)
    bindings.push_back(
        (size.getKey() + " = " + describe(size.getValue())).str());
  if (bindings.empty())
    return;
  llvm::sort(bindings);
  diagnostics.note(scope->calledAt, scope->source.function->name.text +
                                        " is called here with " +
                                        llvm::join(bindings, ", "));
}

Location Elaborator::locationOf(SMLoc place) {
  Position position = diagnostics.positionOf(place);
  return FileLineColLoc::get(context, position.file, position.line,
                             position.column);
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
  for (const WeightsRule *rule : program.weights)
    if (rule->kind == WeightsRule::Kind::Rename &&
        !nn::WeightRules::Rename{rule->texts[0], rule->texts[1]}.isBalanced())
      error(rule->place, "rename: every * on one side needs one on the other");
  if (program.dyns.size() > budgets::dyns)
    error(program.dyns.back().second->name.place,
          "found " + Twine(program.dyns.size()) +
              " dyn sizes, a program has at most " + Twine(budgets::dyns));
  if (program.entries.size() > budgets::entries)
    error(program.entries.back().second.function->name.place,
          "found " + Twine(program.entries.size()) +
              " entries, a program has at most " + Twine(budgets::entries));
  if (program.entries.empty() && !program.files.empty())
    diagnostics.error(program.files.back()->path +
                      ": found no entry, which is what a program can do");
}

static Attribute weightsAttribute(ArrayRef<const WeightsRule *> rules,
                                  Builder &builder) {
  SmallVector<Attribute> prefix, rename, ignore, same, split, keep;
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
    case WeightsRule::Kind::Same:
      same.push_back(builder.getStrArrayAttr(texts));
      break;
    case WeightsRule::Kind::Split:
      split.push_back(builder.getArrayAttr(
          {builder.getStringAttr(texts[0]),
           builder.getStrArrayAttr(ArrayRef(texts).drop_front())}));
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
       builder.getNamedAttr("same", builder.getArrayAttr(same)),
       builder.getNamedAttr("split", builder.getArrayAttr(split)),
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
      auto symbol = [&](StringRef size) {
        return size.empty() ? FlatSymbolRefAttr()
                            : FlatSymbolRefAttr::get(context, size);
      };
      if (!dyn->same.empty())
        nn::SizeOp::create(builder, loc, builder.getStringAttr(name),
                           IntegerAttr(), IntegerAttr(), IntegerAttr(),
                           number(1), FlatSymbolRefAttr(), symbol(dyn->same));
      else
        nn::SizeOp::create(builder, loc, builder.getStringAttr(name),
                           IntegerAttr(), number(dyn->min), number(dyn->max),
                           number(dyn->step), symbol(dyn->per),
                           FlatSymbolRefAttr());
      continue;
    }
    std::optional<SizeExpr> size = configuration.findSize(name);
    std::optional<int64_t> value =
        size ? configuration.evaluate(*size) : std::nullopt;
    if (value)
      nn::SizeOp::create(builder, loc, builder.getStringAttr(name),
                         builder.getI64IntegerAttr(*value), IntegerAttr(),
                         IntegerAttr(), builder.getI64IntegerAttr(1),
                         FlatSymbolRefAttr(), FlatSymbolRefAttr());
  }
}

void Elaborator::declareStates() {
  for (const auto &[name, decl] : program.states) {
    std::optional<Shape> shape = resolveType(decl->type);
    if (!shape)
      continue;
    RankedTensorType type = typeOf(*shape, decl->type.place);
    if (!type || !checkFirstNames(*shape, decl->type.place))
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
  configuration.keys.use(function);
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
  func::FuncOp function = scope->function;
  function.setFunctionType(FunctionType::get(
      context, function.getFunctionType().getInputs(), TypeRange(values)));
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

} // namespace heddle::language
