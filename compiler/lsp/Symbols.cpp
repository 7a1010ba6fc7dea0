//===- Symbols.cpp - What every name of a program means -------------------===//

#include "compiler/lsp/Symbols.h"

#include "compiler/language/Builtins.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

StringRef nameOf(SymbolKind kind) {
  switch (kind) {
  case SymbolKind::Unknown:
    return "name";
  case SymbolKind::Model:
    return "model";
  case SymbolKind::Block:
    return "block";
  case SymbolKind::Entry:
    return "entry";
  case SymbolKind::Size:
    return "size";
  case SymbolKind::Value:
    return "config value";
  case SymbolKind::State:
    return "state";
  case SymbolKind::Variable:
    return "name";
  case SymbolKind::Key:
    return "key of config.json";
  case SymbolKind::File:
    return "file";
  case SymbolKind::Operation:
    return "operation";
  case SymbolKind::Option:
    return "option";
  case SymbolKind::Word:
    return "word";
  case SymbolKind::Path:
    return "path";
  }
  llvm_unreachable("a symbol is of one of these kinds");
}

//===----------------------------------------------------------------------===//
// Looking up
//===----------------------------------------------------------------------===//

static std::string titleOf(const Function &function) {
  return (function.isEntry ? "entry " : "block ") + function.name.text.str();
}

/// A parameter is called by its name from elsewhere, so those of all blocks of
/// one name are one; any other variable is of its function alone.
Symbol Symbols::localIn(const Function &function, SymbolKind kind,
                        StringRef name, StringRef scope) const {
  const Locals &known = localsOf(function);
  std::string owner = titleOf(function);
  if (function.isEntry || !known.parameters.contains(name) || !scope.empty())
    owner += " of " + known.file->path;
  size_t begin =
      scope.empty() ? 0 : scope.begin() - known.file->text.begin() + 1;
  return {kind, name.str(), owner, begin};
}

bool isPairName(StringRef name) {
  return name.size() == 1 && StringRef("bhij").contains(name);
}

static bool isConstantWord(StringRef name) {
  return StringSwitch<bool>(name)
      .Cases({"yes", "no", "none", "arch"}, true)
      .Default(isWord(name));
}

Symbol Symbols::nameIn(const Function *function, StringRef name) const {
  if (function) {
    const Locals &known = localsOf(*function);
    if (known.parameters.contains(name) || known.variables.contains(name))
      return localIn(*function, SymbolKind::Variable, name);
  }
  if (program.config.contains(name))
    return {SymbolKind::Value, name.str(), ""};
  if (program.states.contains(name))
    return {SymbolKind::State, name.str(), ""};
  if (isConstantWord(name))
    return {SymbolKind::Word, name.str(), ""};
  return {SymbolKind::Unknown, name.str(), ""};
}

Symbol Symbols::sizeIn(const Function *function, StringRef name) const {
  if (function) {
    const Locals &known = localsOf(*function);
    if (known.sizes.contains(name))
      return localIn(*function, SymbolKind::Size, name);
  }
  bool isKnown = program.config.contains(name) || program.dyns.contains(name);
  return {isKnown ? SymbolKind::Size : SymbolKind::Unknown, name.str(), ""};
}

/// What config can call, besides.
static bool isConfigFunction(StringRef name) {
  return StringSwitch<bool>(name)
      .Cases({"count", "is_list", "given", "has", "log"}, true)
      .Default(false);
}

Symbol Symbols::calleeIn(const Function *function, StringRef name) const {
  return callee(name, nameIn(function, name));
}

Symbol Symbols::callee(StringRef name, const Symbol &value) const {
  if (value.kind == SymbolKind::Variable || value.kind == SymbolKind::Value)
    return value;
  if (findBuiltin(name))
    return {SymbolKind::Operation, name.str(), ""};
  if (program.blocks.contains(name))
    return {SymbolKind::Block, name.str(), ""};
  if (isConfigFunction(name))
    return {SymbolKind::Operation, name.str(), ""};
  return {SymbolKind::Unknown, name.str(), ""};
}

const Occurrence *Symbols::at(const char *place) const {
  const Occurrence *found = nullptr;
  auto isNearer = [&](const Occurrence &other) {
    if (!found)
      return true;
    // Of two that meet here, the one that begins.
    bool ends = found->text.end() == place,
         otherEnds = other.text.end() == place;
    return ends != otherEnds ? ends : other.text.size() < found->text.size();
  };
  for (const Occurrence &occurrence : occurrences)
    if (occurrence.text.begin() <= place && place <= occurrence.text.end() &&
        isNearer(occurrence))
      found = &occurrence;
  return found;
}

const Function *Symbols::functionAt(const char *place) const {
  for (const auto &file : program.files)
    for (const Function &function : file->ast.functions)
      if (function.source.begin() <= place && place <= function.source.end())
        return &function;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Names of functions
//===----------------------------------------------------------------------===//

static void collectVariables(const Body &body, const Program &program,
                             Locals &locals) {
  for (const Statement &statement : body) {
    bool isAssigned = statement.kind == Statement::Kind::Assign;
    for (const Word &name : statement.names)
      if (!isAssigned || !program.states.contains(name.text))
        locals.variables.insert(name.text);
    for (const Carried &carried : statement.carried)
      locals.variables.insert(carried.name.text);
    collectVariables(statement.body, program, locals);
    collectVariables(statement.otherwise, program, locals);
  }
}

/// A size in a block's signature that is declared nowhere is the block's own.
static void collectGenerics(const TypeExpr &type, const Program &program,
                            Locals &locals) {
  for (const ExprPtr &axis : type.axes)
    if (axis->is(Expr::Kind::Size) && !program.config.contains(axis->text) &&
        !program.dyns.contains(axis->text))
      locals.sizes.insert(axis->text);
}

static Locals localsOf(const Function &function, const Program &program,
                       const SourceFile &file) {
  Locals locals;
  locals.file = &file;
  for (const Parameter &parameter : function.parameters) {
    locals.parameters.insert(parameter.name.text);
    if (parameter.isSize)
      locals.sizes.insert(parameter.name.text);
    else
      locals.variables.insert(parameter.name.text);
    if (parameter.type && !function.isEntry)
      collectGenerics(*parameter.type, program, locals);
  }
  collectVariables(function.body, program, locals);
  return locals;
}

void Symbols::collectLocals() {
  for (const auto &file : program.files)
    for (const Function &function : file->ast.functions)
      locals.try_emplace(&function, lsp::localsOf(function, program, *file));
}

} // namespace heddle::lsp
