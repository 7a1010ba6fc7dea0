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
static Symbol localSymbol(const Function &function, const Locals &locals,
                          SymbolKind kind, StringRef name) {
  std::string owner = titleOf(function);
  if (function.isEntry || !locals.parameters.contains(name))
    owner += " of " + locals.file;
  return {kind, name.str(), owner};
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
      return localSymbol(*function, known, SymbolKind::Variable, name);
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
      return localSymbol(*function, known, SymbolKind::Size, name);
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
  Symbol value = nameIn(function, name);
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
                       StringRef file) {
  Locals locals;
  locals.file = file.str();
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

//===----------------------------------------------------------------------===//
// Reading the trees
//===----------------------------------------------------------------------===//

class SymbolReader {
public:
  SymbolReader(Symbols &symbols) : symbols(symbols), program(symbols.program) {}

  void read(const ModelFile &file);

private:
  void add(StringRef text, Symbol symbol, Role role,
           const Expr *call = nullptr) {
    symbols.occurrences.push_back(
        {text, std::move(symbol), role, function, call});
  }
  void add(const Word &word, SymbolKind kind, Role role) {
    add(word.text, {kind, word.text.str(), ""}, role);
  }
  void readSize(const Word &word) {
    add(word.text, symbols.sizeIn(function, word.text), Role::Read);
  }

  void readConfig(const ModelFile &file);
  void readKey(const ConfigKey &key);
  void readDyn(const DynDecl &dyn);
  void readDefault(const DefaultDecl &decl);
  void read(const Function &declared);
  void read(const Body &body);
  void read(const Statement &statement);
  void read(const TypeExpr &type);
  void read(const Expr &expr);
  void read(const ExprPtr &expr) {
    if (expr)
      read(*expr);
  }
  void read(const Path &path, const Expr &call);
  void readCall(const Expr &call);

  Symbols &symbols;
  const Program &program;
  const Function *function = nullptr;
};

void SymbolReader::read(const ModelFile &file) {
  if (file.model)
    add(file.model, SymbolKind::Model, Role::Declaration);
  for (const Import &import : file.imports)
    add({import.place.getPointer(), import.file.size() + 2},
        {SymbolKind::File, import.file, ""}, Role::Read);
  readConfig(file);
  for (const DynDecl &dyn : file.dyns)
    readDyn(dyn);
  for (const Word &size : file.tokenizers)
    readSize(size);
  for (const StateDecl &state : file.states) {
    add(state.name, SymbolKind::State, Role::Declaration);
    read(state.type);
  }
  for (const DefaultDecl &decl : file.defaults)
    readDefault(decl);
  for (const Function &declared : file.functions)
    read(declared);
  for (const Dropped &dropped : file.dropped)
    add(dropped.name, dropped.isEntry ? SymbolKind::Entry : SymbolKind::Block,
        Role::Read);
  for (const Word &entry : file.generate)
    add(entry, SymbolKind::Entry, Role::Read);
}

void SymbolReader::readConfig(const ModelFile &file) {
  for (const ConfigField &field : file.config) {
    bool isSize = isUpper(field.name.text.front());
    add(field.name, isSize ? SymbolKind::Size : SymbolKind::Value,
        Role::Declaration);
    for (const ExprPtr &alternative : field.alternatives)
      read(alternative);
  }
  for (const Assumption &assumption : file.assumptions)
    readKey(assumption.key);
  for (const ConfigKey &key : file.ignoredKeys)
    readKey(key);
}

void SymbolReader::readKey(const ConfigKey &key) {
  add({key.place.getPointer(), key.text.size() + 1},
      {SymbolKind::Key, key.text, ""}, Role::Read);
}

void SymbolReader::readDyn(const DynDecl &dyn) {
  add(dyn.name, SymbolKind::Size, Role::Declaration);
  for (const ExprPtr *bound : {&dyn.min, &dyn.max, &dyn.step})
    read(*bound);
  for (const Word *size : {&dyn.per, &dyn.same})
    if (*size)
      readSize(*size);
}

void SymbolReader::readDefault(const DefaultDecl &decl) {
  add(decl.op.text, symbols.calleeIn(nullptr, decl.op.text), Role::Read);
  for (const Option &option : decl.options) {
    add(option.name.text,
        {SymbolKind::Option, option.name.text.str(), decl.op.text.str()},
        Role::Read);
    read(option.value);
  }
}

void SymbolReader::read(const Function &declared) {
  add(declared.name, declared.isEntry ? SymbolKind::Entry : SymbolKind::Block,
      Role::Declaration);
  read(declared.condition);
  function = &declared;
  for (const Parameter &parameter : declared.parameters) {
    StringRef name = parameter.name.text;
    add(name,
        parameter.isSize ? symbols.sizeIn(function, name)
                         : symbols.nameIn(function, name),
        Role::Declaration);
    if (parameter.type)
      read(*parameter.type);
    read(parameter.defaultValue);
  }
  for (const TypeExpr &result : declared.results)
    read(result);
  read(declared.body);
  function = nullptr;
}

void SymbolReader::read(const Body &body) {
  for (const Statement &statement : body)
    read(statement);
}

void SymbolReader::read(const Statement &statement) {
  for (const Word &name : statement.names)
    add(name.text, symbols.nameIn(function, name.text), Role::Write);
  for (const ExprPtr &value : statement.values)
    read(value);
  for (const Carried &carried : statement.carried) {
    add(carried.name.text, symbols.nameIn(function, carried.name.text),
        Role::Write);
    read(carried.type);
  }
  read(statement.body);
  read(statement.otherwise);
}

void SymbolReader::read(const TypeExpr &type) {
  if (type.element && isUpper(type.element.text.front()))
    readSize(type.element);
  else if (type.element)
    add(type.element, SymbolKind::Word, Role::Read);
  for (const ExprPtr &axis : type.axes)
    read(axis);
}

void SymbolReader::read(const Expr &expr) {
  StringRef name(expr.place.getPointer(), expr.text.size());
  if (expr.is(Expr::Kind::Name))
    add(name, symbols.nameIn(function, name), Role::Read);
  if (expr.is(Expr::Kind::Size))
    add(name, symbols.sizeIn(function, name), Role::Read);
  if (expr.is(Expr::Kind::Key))
    readKey({expr.text, expr.place});
  if (expr.is(Expr::Kind::Call))
    readCall(expr);
  for (const ExprPtr &operand : expr.operands)
    read(operand);
  for (const AxisGroups *groups : {&expr.from, &expr.to})
    for (const ExprList &axes : *groups)
      for (const ExprPtr &axis : axes)
        read(axis);
}

void SymbolReader::readCall(const Expr &call) {
  StringRef name(call.place.getPointer(), call.text.size());
  Symbol callee = symbols.calleeIn(function, name);
  add(name, callee, Role::Read, &call);
  if (call.path)
    read(*call.path, call);
  auto block = program.blocks.find(name);
  for (const Option &option : call.options) {
    Symbol symbol{SymbolKind::Option, option.name.text.str(), name.str()};
    if (callee.kind == SymbolKind::Block && block != program.blocks.end()) {
      const Function &called = *block->second.function;
      bool isSize = isUpper(option.name.text.front());
      symbol = isSize ? symbols.sizeIn(&called, option.name.text)
                      : symbols.nameIn(&called, option.name.text);
    }
    add(option.name.text, symbol, Role::Read, &call);
    read(option.value);
  }
}

void SymbolReader::read(const Path &path, const Expr &call) {
  if (path.condition) {
    read(path.condition);
    read(*path.ifTrue, call);
    read(*path.ifFalse, call);
    return;
  }
  add(path.source, {SymbolKind::Path, path.source.str(), ""}, Role::Read,
      &call);
  for (const PathSegment &segment : path.segments)
    for (const ExprPtr &index : segment.indices)
      read(index);
}

Symbols::Symbols(const Program &program) : program(program) {
  for (const auto &file : program.files)
    for (const Function &function : file->ast.functions)
      locals.try_emplace(&function,
                         lsp::localsOf(function, program, file->path));
  SymbolReader reader(*this);
  for (const auto &file : program.files)
    reader.read(file->ast);
}

} // namespace heddle::lsp
