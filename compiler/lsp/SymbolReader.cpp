//===- SymbolReader.cpp - A program's trees, name by name -----------------===//

#include "compiler/lsp/Symbols.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

class SymbolReader {
public:
  SymbolReader(Symbols &symbols)
      : symbols(symbols), program(symbols.program), scopes(symbols.values) {}

  void read(const ModelFile &file);

private:
  Occurrence &add(StringRef text, Symbol symbol, Role role,
                  const Expr *call = nullptr) {
    return symbols.occurrences.emplace_back(
        Occurrence{text, std::move(symbol), role, function, call});
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
  void readParameters(const Function &declared);
  void read(const Body &body);
  void read(const Statement &statement);
  void readAll(const ExprList &list);
  void read(const TypeExpr &type);
  void read(const Expr &expr);
  void read(const ExprPtr &expr) {
    if (expr)
      read(*expr);
  }
  void readOfPair(const Expr &expr);
  void read(const Path &path, const Expr &call);
  void readCall(const Expr &call);
  void readOptions(const Expr &call, const Symbol &callee);

  Symbol meaningOf(StringRef name) const;
  Occurrence &addVariable(StringRef name, const Variable &variable, Role role);
  void addName(StringRef name);
  void assign(const Word &name);

  Symbols &symbols;
  const Program &program;
  Scopes scopes;
  const Function *function = nullptr;
  bool isInBody = false; ///< of the function, where its variables are known
  bool isOfPair = false;
};

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// As the elaborator looks it up: outside of a function's body a name is one of
/// the program.
Symbol SymbolReader::meaningOf(StringRef name) const {
  if (isOfPair && isPairName(name))
    return {SymbolKind::Word, name.str(), ""};
  const Variable *variable = isInBody ? scopes.find(name) : nullptr;
  return variable ? symbols.localIn(*function, SymbolKind::Variable, name,
                                    variable->scope)
                  : symbols.nameIn(nullptr, name);
}

Occurrence &SymbolReader::addVariable(StringRef name, const Variable &variable,
                                      Role role) {
  Occurrence &added = add(
      name,
      symbols.localIn(*function, SymbolKind::Variable, name, variable.scope),
      role);
  added.value = variable.value;
  added.scope = variable.scope;
  added.isOfPair = isOfPair;
  return added;
}

void SymbolReader::addName(StringRef name) {
  Symbol meaning = meaningOf(name);
  if (meaning.kind == SymbolKind::Variable)
    addVariable(name, *scopes.find(name), Role::Read);
  else
    add(name, std::move(meaning), Role::Read).isOfPair = isOfPair;
}

/// A state is set where no variable hides it.
void SymbolReader::assign(const Word &name) {
  if (!scopes.find(name.text) && program.states.contains(name.text))
    return add(name, SymbolKind::State, Role::Write);
  addVariable(name.text, scopes.assign(name.text), Role::Write);
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

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
    readAll(field.alternatives);
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

static bool isOverPairs(StringRef operation, const Option &option) {
  return operation == "attention" && option.name.text == "bias";
}

void SymbolReader::readDefault(const DefaultDecl &decl) {
  StringRef operation = decl.op.text;
  add(operation, symbols.calleeIn(nullptr, operation), Role::Read);
  for (const Option &option : decl.options) {
    add(option.name.text,
        {SymbolKind::Option, option.name.text.str(), operation.str()},
        Role::Read);
    if (isOverPairs(operation, option))
      readOfPair(*option.value);
    else
      read(option.value);
  }
}

void SymbolReader::read(const Function &declared) {
  add(declared.name, declared.isEntry ? SymbolKind::Entry : SymbolKind::Block,
      Role::Declaration);
  read(declared.condition);
  function = &declared;
  scopes.enterFunction(declared);
  readParameters(declared);
  for (const TypeExpr &result : declared.results)
    read(result);
  isInBody = true;
  read(declared.body);
  isInBody = false;
  function = nullptr;
}

void SymbolReader::readParameters(const Function &declared) {
  for (const Parameter &parameter : declared.parameters) {
    StringRef name = parameter.name.text;
    if (parameter.isSize)
      add(name, symbols.sizeIn(function, name), Role::Declaration);
    else
      addVariable(name, *scopes.find(name), Role::Declaration);
    if (parameter.type)
      read(*parameter.type);
    read(parameter.defaultValue);
  }
}

void SymbolReader::read(const TypeExpr &type) {
  if (type.element && isUpper(type.element.text.front()))
    readSize(type.element);
  else if (type.element)
    add(type.element, SymbolKind::Word, Role::Read);
  readAll(type.axes);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

void SymbolReader::read(const Body &body) {
  for (const Statement &statement : body)
    read(statement);
}

/// What is read comes before what is assigned.
void SymbolReader::read(const Statement &statement) {
  readAll(statement.values);
  auto readBody = [&] {
    // What the loop itself gives has been declared.
    for (const Word &name : statement.names)
      addVariable(name.text, *scopes.find(name.text), Role::Write);
    for (const Carried &carried : statement.carried) {
      StringRef name = carried.name.text;
      addVariable(name, *scopes.find(name), Role::Write);
      read(carried.type);
    }
    read(statement.body);
  };
  switch (statement.kind) {
  case Statement::Kind::Assign:
    for (const Word &name : statement.names)
      assign(name);
    return;
  case Statement::Kind::Return:
  case Statement::Kind::Yield:
    return;
  case Statement::Kind::If:
    return scopes.branch([&] { read(statement.body); },
                         [&] { read(statement.otherwise); });
  case Statement::Kind::For:
    return scopes.loop(statement, readBody);
  case Statement::Kind::Scan:
    return scopes.scan(statement, readBody);
  }
}

void SymbolReader::readAll(const ExprList &list) {
  for (const ExprPtr &expr : list)
    read(expr);
}

void SymbolReader::readOfPair(const Expr &expr) {
  bool before = std::exchange(isOfPair, true);
  read(expr);
  isOfPair = before;
}

void SymbolReader::read(const Expr &expr) {
  StringRef name(expr.place.getPointer(), expr.text.size());
  if (expr.is(Expr::Kind::Name))
    addName(name);
  if (expr.is(Expr::Kind::Size))
    add(name, symbols.sizeIn(function, name), Role::Read);
  if (expr.is(Expr::Kind::Key))
    readKey({expr.text, expr.place});
  if (expr.is(Expr::Kind::Call))
    readCall(expr);
  if (expr.is(Expr::Kind::Where)) {
    read(expr.operands[0]);
    return readOfPair(*expr.operands[1]);
  }
  readAll(expr.operands);
  for (const AxisGroups *groups : {&expr.from, &expr.to})
    for (const ExprList &axes : *groups)
      readAll(axes);
}

void SymbolReader::readCall(const Expr &call) {
  StringRef name(call.place.getPointer(), call.text.size());
  Symbol callee = symbols.callee(name, meaningOf(name));
  if (callee.kind == SymbolKind::Variable)
    addVariable(name, *scopes.find(name), Role::Read).call = &call;
  else
    add(name, callee, Role::Read, &call);
  if (call.path)
    read(*call.path, call);
  readOptions(call, callee);
}

/// Of a block they are its parameters.
void SymbolReader::readOptions(const Expr &call, const Symbol &callee) {
  const Function *block = nullptr;
  if (auto found = program.blocks.find(call.text);
      callee.kind == SymbolKind::Block && found != program.blocks.end())
    block = found->second.function;
  for (const Option &option : call.options) {
    StringRef name = option.name.text;
    const Parameter *parameter = nullptr;
    if (block)
      for (const Parameter &candidate : block->parameters)
        if (candidate.name.text == name)
          parameter = &candidate;
    Symbol symbol{SymbolKind::Option, name.str(), call.text};
    if (parameter)
      symbol = symbols.localIn(
          *block, parameter->isSize ? SymbolKind::Size : SymbolKind::Variable,
          name);
    else if (block)
      symbol = {SymbolKind::Unknown, name.str(), ""};
    Occurrence &added = add(name, std::move(symbol), Role::Read, &call);
    if (parameter)
      added.value = symbols.values.add(parameter->name.text);
    if (isOverPairs(call.text, option))
      readOfPair(*option.value);
    else
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
    readAll(segment.indices);
}

Symbols::Symbols(const Program &program) : program(program) {
  collectLocals();
  SymbolReader reader(*this);
  for (const auto &file : program.files)
    reader.read(file->ast);
}

} // namespace heddle::lsp
