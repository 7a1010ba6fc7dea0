//===- ASTPrinter.cpp - The AST as text -----------------------------------===//
//
// One line a declaration or statement, in the language's own syntax with every
// operation in parentheses, so that the output shows the tree, and is itself a
// model file.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/AST.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::language {

namespace {
class Printer {
public:
  explicit Printer(raw_ostream &os, std::vector<PrintedPart> *parts = nullptr)
      : os(os), parts(parts) {}

  void print(const ModelFile &file);
  void print(const Expr &expr);
  void print(const WeightsRule &rule);

private:
  void print(const Path &path);
  void print(const TypeExpr &type);
  void print(const Function &function);
  void print(const Parameter &parameter);
  void print(const Statement &statement);
  void print(const Body &body);
  void print(const Option &option);
  void print(const Word &word) { os << word.text; }
  void print(const ExprPtr &expr) { print(*expr); }
  void print(const Carried &carried);
  void printConfig(const ModelFile &file);
  void printCall(const Expr &call);
  void printStrings(const std::vector<std::string> &strings);
  void printAxes(const ExprList &axes) { printList(axes, " "); }
  void printGroups(const AxisGroups &groups);

  template <typename Range>
  void printList(const Range &range, StringRef separator = ", ") {
    ListSeparator between(separator);
    for (const auto &item : range) {
      os << between;
      print(item);
    }
  }

  raw_ostream &indent() { return os.indent(2 * level); }
  /// The line that begins here is of this text.
  void beginLine(StringRef source) {
    if (parts)
      parts->push_back({os.tell(), source});
  }
  void beginLine(SMLoc place) { beginLine(StringRef(place.getPointer(), 0)); }
  void beginLine(const Word &word) { beginLine(word.place); }

  raw_ostream &os;
  std::vector<PrintedPart> *parts; ///< null: nobody asks
  unsigned level = 0;
};
} // namespace

void Printer::print(const Expr &expr) {
  const ExprList &operands = expr.operands;
  switch (expr.kind) {
  case Expr::Kind::Number:
  case Expr::Kind::Name:
  case Expr::Kind::Size:
    os << expr.text;
    return;
  case Expr::Kind::String:
    os << '"' << expr.text << '"';
    return;
  case Expr::Kind::Key:
    os << '.' << expr.text;
    return;
  case Expr::Kind::Ellipsis:
    os << "..";
    return;
  case Expr::Kind::Negate:
  case Expr::Kind::Not:
    os << (expr.is(Expr::Kind::Not) ? "(not " : "(-");
    print(operands[0]);
    os << ')';
    return;
  case Expr::Kind::Found:
    os << "found \"" << expr.text << '"';
    return;
  case Expr::Kind::Binary:
    os << '(';
    printList(operands, " " + expr.text + " ");
    os << ')';
    return;
  case Expr::Kind::Conditional:
    os << '(';
    print(operands[0]);
    os << " ? ";
    print(operands[1]);
    os << " : ";
    print(operands[2]);
    os << ')';
    return;
  case Expr::Kind::Index:
    print(operands[0]);
    os << '[';
    printList(ArrayRef(operands).drop_front());
    os << ']';
    return;
  case Expr::Kind::As:
    os << '(';
    print(operands[0]);
    os << " as [";
    printAxes(expr.from[0]);
    os << "])";
    return;
  case Expr::Kind::Where:
    os << '(';
    printList(operands, " where ");
    os << ')';
    return;
  case Expr::Kind::Call:
    return printCall(expr);
  case Expr::Kind::Pattern:
    printGroups(expr.from);
    if (!expr.hasArrow)
      return;
    os << " -> ";
    printGroups(expr.to);
    return;
  }
}

void Printer::printCall(const Expr &call) {
  os << call.text;
  if (call.path) {
    os << '@';
    print(*call.path);
  }
  os << '(';
  printList(call.operands);
  if (!call.operands.empty() && !call.options.empty())
    os << ", ";
  printList(call.options);
  os << ')';
}

void Printer::print(const Option &option) {
  os << option.name.text << " = ";
  print(option.value);
}

void Printer::printGroups(const AxisGroups &groups) {
  ListSeparator bar(" | ");
  for (const ExprList &group : groups) {
    os << bar;
    printAxes(group);
  }
}

void Printer::print(const Path &path) {
  if (path.condition) {
    os << '(';
    print(path.condition);
    os << " ? ";
    print(*path.ifTrue);
    os << " : ";
    print(*path.ifFalse);
    os << ')';
    return;
  }
  if (path.fromRoot)
    os << '"';
  ListSeparator dot(".");
  for (const PathSegment &segment : path.segments) {
    os << dot << segment.name;
    for (const ExprPtr &index : segment.indices) {
      os << '[';
      print(index);
      os << ']';
    }
  }
  if (path.fromRoot)
    os << '"';
}

void Printer::print(const TypeExpr &type) {
  os << type.element.text << '[';
  printAxes(type.axes);
  os << ']';
}

void Printer::print(const Parameter &parameter) {
  os << parameter.name.text;
  if (parameter.type) {
    os << ": ";
    print(*parameter.type);
  }
  if (parameter.defaultValue) {
    os << " = ";
    print(parameter.defaultValue);
  }
}

void Printer::print(const Carried &carried) {
  os << carried.name.text << ": ";
  print(carried.type);
}

void Printer::print(const Body &body) {
  os << " {\n";
  ++level;
  for (const Statement &statement : body)
    print(statement);
  --level;
  indent() << '}';
}

void Printer::print(const Statement &statement) {
  beginLine(statement.source.split('{').first); // of a loop the head
  indent();
  switch (statement.kind) {
  case Statement::Kind::Assign:
    printList(statement.names);
    os << " = ";
    printList(statement.values);
    break;
  case Statement::Kind::Return:
    os << "return ";
    printList(statement.values);
    break;
  case Statement::Kind::Yield:
    os << "yield ";
    printList(statement.values);
    break;
  case Statement::Kind::For:
    os << "for " << statement.names[0].text << " in ";
    printList(statement.values, "..");
    print(statement.body);
    break;
  case Statement::Kind::Scan:
    os << "scan " << statement.names[0].text << " in ";
    print(statement.values[0]);
    os << (statement.isReversed ? " reversed" : "")
       << (statement.isAnew ? " anew" : "") << " carry ";
    printList(statement.carried);
    print(statement.body);
    break;
  case Statement::Kind::If:
    os << "if ";
    print(statement.values[0]);
    print(statement.body);
    if (!statement.otherwise.empty()) {
      os << " else";
      print(statement.otherwise);
    }
    break;
  }
  os << '\n';
}

void Printer::print(const Function &function) {
  beginLine(function.source.split('{').first);
  os << (function.isOverride ? "override " : "")
     << (function.isEntry ? "entry " : "block ") << function.name.text << '(';
  printList(function.parameters);
  os << ')';
  if (!function.results.empty()) {
    os << " -> ";
    printList(function.results);
  }
  if (function.condition) {
    os << " when ";
    print(function.condition);
  }
  print(function.body);
  os << '\n';
}

void Printer::printStrings(const std::vector<std::string> &strings) {
  ListSeparator comma;
  for (const std::string &string : strings)
    os << comma << '"' << string << '"';
}

void Printer::print(const WeightsRule &rule) {
  beginLine(rule.place);
  indent();
  switch (rule.kind) {
  case WeightsRule::Kind::Prefix:
    os << "prefix \"" << rule.texts[0] << '"'
       << (rule.optional ? " optional" : "");
    break;
  case WeightsRule::Kind::Rename:
    os << "rename \"" << rule.texts[0] << "\" -> \"" << rule.texts[1] << '"';
    break;
  case WeightsRule::Kind::Ignore:
    os << "ignore ";
    printStrings(rule.texts);
    break;
  case WeightsRule::Kind::Same:
    os << "same \"" << rule.texts[0] << "\" as \"" << rule.texts[1] << '"';
    break;
  case WeightsRule::Kind::Split: {
    os << "split \"" << rule.texts[0] << "\" -> ";
    ListSeparator bar(" | ");
    for (const std::string &part : ArrayRef(rule.texts).drop_front())
      os << bar << '"' << part << '"';
    break;
  }
  case WeightsRule::Kind::Keep:
    os << "keep " << rule.type.text << ' ';
    printStrings(rule.texts);
    break;
  }
  os << '\n';
}

void Printer::printConfig(const ModelFile &file) {
  if (file.config.empty() && file.assumptions.empty() &&
      file.ignoredKeys.empty())
    return;
  os << "config {\n";
  for (const ConfigField &field : file.config) {
    beginLine(field.source);
    os << "  " << field.name.text << " = ";
    printList(field.alternatives, " | ");
    os << '\n';
  }
  for (const Assumption &assumption : file.assumptions) {
    beginLine(assumption.key.place);
    os << "  assume ." << assumption.key.text << " in ";
    printList(assumption.values);
    os << '\n';
  }
  for (const ConfigKey &key : file.ignoredKeys) {
    beginLine(key.place);
    os << "  ignore ." << key.text << '\n';
  }
  os << "}\n";
}

void Printer::print(const ModelFile &file) {
  if (file.model) {
    beginLine(file.model);
    os << "model " << file.model.text;
    if (!file.architectures.empty()) {
      os << " for ";
      printStrings(file.architectures);
    }
    os << '\n';
  }
  for (const Import &import : file.imports) {
    beginLine(import.place);
    os << "import \"" << import.file << "\"\n";
  }
  printConfig(file);
  for (const DynDecl &dyn : file.dyns) {
    beginLine(dyn.name);
    os << "dyn " << dyn.name.text;
    if (dyn.same) {
      os << " = " << dyn.same.text << '\n';
      continue;
    }
    os << " in ";
    print(dyn.min);
    os << "..";
    print(dyn.max);
    if (dyn.step) {
      os << " step ";
      print(dyn.step);
    }
    if (dyn.per)
      os << " per " << dyn.per.text;
    os << '\n';
  }
  for (const Word &size : file.tokenizers) {
    beginLine(size);
    os << "tokenizer " << size.text << '\n';
  }
  for (const StateDecl &state : file.states) {
    beginLine(state.name);
    os << "state " << state.name.text << ": ";
    print(state.type);
    os << '\n';
  }
  for (const DefaultDecl &decl : file.defaults) {
    beginLine(decl.op);
    os << "default " << decl.op.text << '(';
    printList(decl.options);
    os << ")\n";
  }
  if (!file.weights.empty()) {
    os << "weights {\n";
    ++level;
    for (const WeightsRule &rule : file.weights)
      print(rule);
    --level;
    os << "}\n";
  }
  for (const Dropped &dropped : file.dropped) {
    beginLine(dropped.name);
    os << "drop " << (dropped.isEntry ? "entry " : "block ")
       << dropped.name.text << '\n';
  }
  for (const Function &function : file.functions)
    print(function);
  if (!file.generate.empty()) {
    beginLine(file.generate.front());
    os << "generate ";
    printList(file.generate);
    os << '\n';
  }
}

void print(const ModelFile &file, raw_ostream &os,
           std::vector<PrintedPart> &parts) {
  Printer(os, &parts).print(file);
}

template <typename Node> static std::string printed(const Node &node) {
  std::string text;
  raw_string_ostream os(text);
  Printer(os).print(node);
  return text;
}

std::string describe(const Expr &expr) { return printed(expr); }

std::string describe(const WeightsRule &rule) {
  return StringRef(printed(rule)).rtrim().str();
}

} // namespace heddle::language
