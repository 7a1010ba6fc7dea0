//===- Completion.cpp - What could be written at a place ------------------===//
//
// The words before the place tell what can follow (Cursor.h); what is there to
// be written comes from the program as far as it could be read.
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Cursor.h"
#include "compiler/lsp/Features.h"

#include "compiler/language/Builtins.h"
#include "compiler/language/ConfigKeys.h"
#include "compiler/lsp/Paths.h"
#include "compiler/lsp/Words.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

namespace {
using Kind = protocol::CompletionItemKind;

class Completer {
public:
  Completer(const Model &model, const File &file, const char *place,
            const Workspace &workspace)
      : model(model), file(file), place(place), workspace(workspace),
        cursor(file, place), function(model.symbols().functionAt(place)) {}

  std::vector<protocol::CompletionItem> complete();

private:
  void add(const Twine &label, Kind kind, const Twine &detail = "");
  void addWords(ArrayRef<KeywordText> words);
  void addSizes();
  void addValues();
  void addLocals();
  void addBlocks();
  void addOperations();
  void addOptions(StringRef callee);
  void addExpressions();
  void addPaths(ArrayRef<StringRef> steps);
  void addKeys(ArrayRef<StringRef> steps);
  void addInText();
  void addEntries();
  void addInConfig();

  const Model &model;
  const File &file;
  const char *place;
  const Workspace &workspace;
  Cursor cursor;
  const Function *function;
  llvm::StringSet<> seen;
  std::vector<protocol::CompletionItem> items;
};
} // namespace

void Completer::add(const Twine &label, Kind kind, const Twine &detail) {
  std::string name = json::fixUTF8(label.str());
  if (!seen.insert(name).second)
    return;
  // Editors sort; this keeps the order in which they were added.
  std::string order = std::to_string(10000 + items.size());
  protocol::CompletionItem item(name, kind, order);
  item.detail = json::fixUTF8(detail.str());
  items.push_back(std::move(item));
}

void Completer::addWords(ArrayRef<KeywordText> words) {
  for (const KeywordText &word : words)
    add(word.name, Kind::Keyword, word.meaning);
}

void Completer::addSizes() {
  if (function)
    for (const auto &size : model.symbols().localsOf(*function).sizes)
      add(size.getKey(), Kind::TypeParameter);
  Configuration *configuration = model.configuration();
  for (const auto &[name, dyn] : model.program().dyns)
    add(name, Kind::TypeParameter, "known at run time");
  for (const auto &[name, field] : model.program().config) {
    if (!isUpper(name.front()))
      continue;
    std::optional<SizeExpr> size =
        configuration ? configuration->findSize(name) : std::nullopt;
    std::optional<int64_t> value =
        size ? configuration->evaluate(*size) : std::nullopt;
    bool isKnown = value && !is_contained(model.sizesStoodIn(), name);
    add(name, Kind::TypeParameter, isKnown ? std::to_string(*value) : "");
  }
}

void Completer::addValues() {
  for (const auto &[name, field] : model.program().config)
    if (!isUpper(name.front()))
      add(name, Kind::Constant, field->source);
  for (const auto &[name, state] : model.program().states)
    add(name, Kind::Variable, "state");
}

/// Names that are known at the place, the nearest first; what is assigned on
/// its own line is not yet, and what a loop keeps is not behind it.
void Completer::addLocals() {
  std::vector<const Occurrence *> known;
  for (const Occurrence &occurrence : model.symbols().all())
    if (function && occurrence.function == function &&
        occurrence.symbol.kind == SymbolKind::Variable &&
        occurrence.role != Role::Read && occurrence.text.end() < place &&
        (occurrence.scope.empty() || place <= occurrence.scope.end()) &&
        (occurrence.role == Role::Declaration ||
         StringRef(occurrence.text.end(), place - occurrence.text.end())
             .contains('\n')))
      known.push_back(&occurrence);
  for (const Occurrence *occurrence : reverse(known)) {
    ArrayRef<Worth> worths = model.worthAt(occurrence->text.begin());
    add(occurrence->text, Kind::Variable,
        worths.empty() ? "" : worths.front().text);
  }
}

void Completer::addBlocks() {
  for (const auto &[name, block] : model.program().blocks)
    if (block.function != function)
      add(name, Kind::Function, headOf(*block.function));
}

void Completer::addOperations() {
  for (const OperationText &operation : operationTexts())
    add(operation.name, Kind::Function, operation.signature);
}

void Completer::addOptions(StringRef callee) {
  if (const Builtin *builtin = findBuiltin(callee)) {
    SmallVector<StringRef> names;
    StringRef(builtin->options).split(names, ' ', -1, /*KeepEmpty=*/false);
    for (StringRef name : names)
      add(name + " = ", Kind::Property, "option of " + callee);
    return;
  }
  auto block = model.program().blocks.find(callee);
  if (block == model.program().blocks.end())
    return;
  for (const Parameter &parameter : block->second.function->parameters)
    add(parameter.name.text + " = ", Kind::Property, "parameter of " + callee);
}

void Completer::addExpressions() {
  StringRef called = cursor.callee();
  if (!called.empty() && (cursor.isAfter("(") || cursor.isAfter(",")))
    addOptions(called);
  addLocals();
  addSizes();
  addValues();
  addBlocks();
  addOperations();
}

void Completer::addPaths(ArrayRef<StringRef> steps) {
  for (const KnownPath &step : stepsAfter(steps, knownPaths(model)))
    add(step.path, Kind::Field, step.detail);
}

void Completer::addKeys(ArrayRef<StringRef> steps) {
  Checkpoint *checkpoint = model.checkpoint();
  const json::Object *object = checkpoint ? checkpoint->config() : nullptr;
  for (StringRef step : steps)
    object = object ? object->getObject(step) : nullptr;
  std::vector<std::string> keys;
  if (object)
    for (const auto &[key, value] : *object)
      keys.push_back(StringRef(key).str());
  llvm::sort(keys);
  for (const std::string &key : keys)
    add(key, Kind::Property, formatv("{0}", *object->get(key)).str());
  // Keys that the model knows, whether this config.json has them or not.
  std::string prefix = join(steps, ".") + (steps.empty() ? "" : ".");
  for (const Occurrence &occurrence : model.symbols().all()) {
    StringRef key = occurrence.symbol.name;
    if (occurrence.symbol.kind == SymbolKind::Key &&
        key.consume_front(prefix) && occurrence.text.end() != place)
      add(key.split('.').first, Kind::Property);
  }
}

/// Names of files behind `import`; those of tensors in `weights { }`.
void Completer::addInText() {
  if (cursor.isAfter("import"))
    for (const std::string &name : workspace.importable(file.path))
      add(name, Kind::File);
  else if (cursor.section() == "weights")
    for (const KnownPath &known : knownPaths(model))
      add(known.path, Kind::Field, known.detail);
}

void Completer::addEntries() {
  for (const auto &[name, entry] : model.program().entries)
    add(name, Kind::Function, headOf(*entry.function));
}

void Completer::addInConfig() {
  if (cursor.isAtLineStart()) {
    add("assume", Kind::Keyword, "the values that the model is right for");
    add("ignore", Kind::Keyword, "keys that cannot change the result");
    return;
  }
  addSizes();
  addValues();
  addWords(configFunctions());
}

std::vector<protocol::CompletionItem> Completer::complete() {
  SmallVector<StringRef> path, key;
  if (cursor.isInText()) {
    addInText();
  } else if (cursor.isInPath(path)) {
    addPaths(path);
  } else if (cursor.isInKey(key)) {
    addKeys(key);
  } else if (cursor.bracket() == "[") {
    addSizes();
    addLocals();
  } else if (cursor.isAfter("generate")) {
    addEntries();
  } else if (cursor.isAfter("default")) {
    addOperations();
  } else if (cursor.section() == "weights") {
    addWords(ruleWords());
  } else if (cursor.section() == "config") {
    addInConfig();
  } else if (cursor.bracket().empty() && cursor.isAtLineStart()) {
    addWords(declarationWords());
  } else if (cursor.isAfter(":")) {
    addSizes();
  } else if (cursor.isAtLineStart() && cursor.bracket() == "{") {
    addWords(statementWords());
    addLocals();
  } else {
    addExpressions();
  }
  return std::move(items);
}

protocol::CompletionList complete(const Model &model, const File &file,
                                  const char *place,
                                  const Workspace &workspace) {
  protocol::CompletionList list;
  if (!Cursor(file, place).isInComment())
    list.items = Completer(model, file, place, workspace).complete();
  return list;
}

} // namespace heddle::lsp
