//===- Specialiser.cpp - A model file for one config.json -----------------===//

#include "compiler/language/Specialiser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// The shortest text that reads as the same number.
static std::string numberText(double value) {
  std::string text;
  for (int digits = 1; digits <= 17; ++digits) {
    text.clear();
    raw_string_ostream(text) << format("%.*g", digits, value);
    double read = 0;
    if (!StringRef(text).getAsDouble(read) && read == value)
      return text;
  }
  return text;
}

std::string literalOf(const json::Value &value) {
  if (value.kind() == json::Value::Null)
    return "none";
  if (std::optional<bool> boolean = value.getAsBoolean())
    return *boolean ? "yes" : "no";
  if (std::optional<int64_t> whole = value.getAsInteger())
    return std::to_string(*whole);
  if (std::optional<double> number = value.getAsNumber())
    return std::isfinite(*number) ? numberText(*number) : "";
  std::optional<StringRef> text = value.getAsString();
  if (!text || text->find_first_of("\"\n") != StringRef::npos)
    return "";
  return isWord(*text) ? text->str() : "\"" + text->str() + "\"";
}

/// Calls that ask for something of config.json.
static bool asksConfig(StringRef callee) {
  return is_contained({"has", "count", "is_list", "given", "log"}, callee);
}

/// Whether every part is a literal, a key, or a value of config.
bool Specialiser::isKnown(const Expr &expr, const Names &locals) {
  switch (expr.kind) {
  case Expr::Kind::Number:
  case Expr::Kind::String:
  case Expr::Kind::Key:
  case Expr::Kind::Found:
    return true;
  case Expr::Kind::Name:
  case Expr::Kind::Size: {
    if (locals.contains(expr.text))
      return false;
    if (is_contained({"yes", "no", "none"}, expr.text) ||
        (isWord(expr.text) && !configuration.hasField(expr.text)))
      return true;
    if (!configuration.hasField(expr.text))
      return false;
    std::optional<Constant> value = configuration.find(expr.text);
    const SizeExpr *size = value ? std::get_if<SizeExpr>(&*value) : nullptr;
    return value && !(size && configuration.isDynamic(*size));
  }
  case Expr::Kind::Call:
    if (!asksConfig(expr.text))
      return false;
    break;
  case Expr::Kind::Index:
  case Expr::Kind::Binary:
  case Expr::Kind::Not:
  case Expr::Kind::Negate:
  case Expr::Kind::Conditional:
    break;
  default:
    return false;
  }
  return all_of(expr.operands, [&](const ExprPtr &operand) {
    return isKnown(*operand, locals);
  });
}

std::optional<Constant> Specialiser::decided(const Expr &expr,
                                             const Names &locals) {
  if (!isKnown(expr, locals))
    return std::nullopt;
  std::optional<Constant> value = configuration.evaluate(expr);
  return value && !holds<Absent>(*value) ? value : std::nullopt;
}

std::optional<bool> Specialiser::condition(const Expr &expr,
                                           const Names &locals) {
  std::optional<Constant> value = decided(expr, locals);
  if (const bool *boolean = value ? std::get_if<bool>(&*value) : nullptr)
    return *boolean;
  // One side may decide by itself.
  if (!expr.is(Expr::Kind::Binary) || (expr.text != "and" && expr.text != "or"))
    return std::nullopt;
  bool deciding = expr.text == "or";
  for (const ExprPtr &side : expr.operands)
    if (condition(*side, locals) == deciding)
      return deciding;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

/// A list or an object has no literal, and stays a key.
std::string Specialiser::writtenKey(const Expr &key) {
  std::optional<Constant> value = configuration.evaluate(key);
  std::string literal;
  if (const auto *boolean = value ? std::get_if<bool>(&*value) : nullptr)
    literal = *boolean ? "yes" : "no";
  else if (const auto *number = value ? std::get_if<double>(&*value) : nullptr)
    literal = numberText(*number);
  else if (const auto *text =
               value ? std::get_if<std::string>(&*value) : nullptr)
    literal = literalOf(json::Value(*text));
  else if (const auto *size = value ? std::get_if<SizeExpr>(&*value) : nullptr)
    literal = size->isConstant() ? size->str() : "";
  if (!literal.empty())
    return literal;
  kept.insert(key.text);
  return key.source.str();
}

/// `taken` in the place of `expr`, which may bind more tightly.
std::string Specialiser::choice(const Expr &expr, const Expr &taken,
                                const Names &locals) {
  std::string text = written(taken, locals);
  bool isLoose = taken.is(Expr::Kind::Conditional) ||
                 (taken.is(Expr::Kind::Binary) && taken.text == "or");
  return isLoose && expr.is(Expr::Kind::Binary) && expr.text == "and" &&
                 text == taken.source
             ? "(" + text + ")"
             : text;
}

std::string Specialiser::written(const Expr &expr, const Names &locals) {
  if (expr.is(Expr::Kind::Key))
    return writtenKey(expr);
  if (expr.is(Expr::Kind::Conditional))
    if (std::optional<bool> taken = condition(*expr.operands[0], locals))
      return written(*expr.operands[*taken ? 1 : 2], locals);
  if (std::optional<bool> value = condition(expr, locals))
    return *value ? "yes" : "no";
  if (expr.is(Expr::Kind::Binary) && (expr.text == "and" || expr.text == "or"))
    for (unsigned side : {0, 1})
      if (condition(*expr.operands[side], locals))
        return choice(expr, *expr.operands[1 - side], locals);
  if (std::optional<Constant> value = decided(expr, locals)) {
    if (holds<None>(*value) && expr.is(Expr::Kind::Name))
      return "none";
    bool isQuestion = expr.is(Expr::Kind::Call);
    const SizeExpr *size = std::get_if<SizeExpr>(&*value);
    if (isQuestion && size && size->isConstant())
      return size->str();
    if (const double *number = std::get_if<double>(&*value);
        number && isQuestion)
      return numberText(*number);
  }
  SourceEdits edits;
  edit(expr, locals, edits);
  return edits.applyTo(expr.source);
}

/// What changes within it.
void Specialiser::edit(const Expr &expr, const Names &locals,
                       SourceEdits &edits) {
  auto part = [&](const Expr &inner) {
    if (inner.source.empty())
      return;
    std::string text = written(inner, locals);
    if (text != inner.source)
      edits.replace(inner.source, text);
  };
  for (const ExprPtr &operand : expr.operands)
    part(*operand);
  for (const Option &option : expr.options)
    part(*option.value);
  if (expr.path)
    edit(*expr.path, locals, edits);
  if (expr.is(Expr::Kind::Call))
    addDefaults(expr, edits);
}

void Specialiser::edit(const Path &path, const Names &locals,
                       SourceEdits &edits) {
  if (!path.condition) {
    for (const PathSegment &segment : path.segments)
      for (const ExprPtr &index : segment.indices)
        if (std::string text = written(*index, locals); text != index->source)
          edits.replace(index->source, text);
    return;
  }
  std::optional<bool> taken = condition(*path.condition, locals);
  if (!taken)
    return;
  const Path &chosen = *taken ? *path.ifTrue : *path.ifFalse;
  SourceEdits inner;
  edit(chosen, locals, inner);
  std::string text = inner.applyTo(chosen.source);
  edits.replace(path.source, text);
}

/// Behind the last argument of a call.
void Specialiser::addDefaults(const Expr &call, SourceEdits &edits) {
  if (!defaults)
    return;
  auto found = defaults->find(call.text);
  if (found == defaults->end())
    return;
  std::string text;
  for (const auto &[name, value] : found->second)
    if (none_of(call.options,
                [&](const Option &option) { return option.name.text == name; }))
      text += ", " + name + " = " + value;
  // Every operation with a default has arguments.
  edits.replace({call.source.end() - 1, 0}, text);
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

/// The indentation of the line on which `place` begins.
static std::string indentOf(StringRef place) {
  const char *begin = place.begin();
  while (begin[-1] == ' ')
    --begin;
  return begin[-1] == '\n' ? std::string(place.begin() - begin, ' ') : "";
}

void Specialiser::editIf(const Statement &statement, bool isElseIf,
                         const Names &locals, SourceEdits &edits) {
  std::optional<bool> taken = condition(*statement.values[0], locals);
  bool isChain =
      !statement.otherwise.empty() && statement.otherwiseSource.empty();
  if (!taken) {
    std::string text = written(*statement.values[0], locals);
    if (text != statement.values[0]->source)
      edits.replace(statement.values[0]->source, text);
    edit(statement.body, locals, edits);
    if (isChain)
      return editIf(statement.otherwise[0], true, locals, edits);
    return edit(statement.otherwise, locals, edits);
  }
  const Body &body = *taken ? statement.body : statement.otherwise;
  StringRef source = *taken    ? statement.bodySource
                     : isChain ? statement.otherwise[0].source
                               : statement.otherwiseSource;
  SourceEdits inner;
  if (!*taken && isChain)
    editIf(statement.otherwise[0], isElseIf, locals, inner);
  else
    edit(body, locals, inner);
  std::string text = inner.applyTo(source);
  if (isElseIf && (*taken || !isChain))
    return edits.replace(statement.source, "{" + text + "}");
  std::string lines = reindented(text, indentOf(statement.source));
  if (StringRef(lines).trim().empty())
    edits.remove(statement.source);
  else
    edits.replace(statement.source, StringRef(lines).ltrim().str());
}

void Specialiser::edit(const Body &body, const Names &locals,
                       SourceEdits &edits) {
  for (const Statement &statement : body) {
    if (statement.kind == Statement::Kind::If) {
      editIf(statement, false, locals, edits);
      continue;
    }
    for (const ExprPtr &value : statement.values)
      if (std::string text = written(*value, locals); text != value->source)
        edits.replace(value->source, text);
    edit(statement.body, locals, edits);
  }
}

static void collectLocals(const Body &body, llvm::StringSet<> &names) {
  for (const Statement &statement : body) {
    for (const Word &name : statement.names)
      names.insert(name.text);
    for (const Carried &carried : statement.carried)
      names.insert(carried.name.text);
    collectLocals(statement.body, names);
    collectLocals(statement.otherwise, names);
  }
}

std::string Specialiser::written(const Function &function,
                                 const Defaults &ofFile) {
  Names locals;
  collectLocals(function.body, locals);
  for (const Parameter &parameter : function.parameters)
    locals.insert(parameter.name.text);
  defaults = &ofFile;
  SourceEdits edits;
  edit(function.body, locals, edits);
  if (function.condition &&
      condition(*function.condition, {}).value_or(false)) {
    const char *begin = function.condition->source.begin();
    const char *end = function.condition->source.end();
    while (StringRef(begin, 4) != "when")
      --begin;
    while (*end != '{')
      ++end;
    edits.replace({begin, static_cast<size_t>(end - begin)}, "");
  }
  defaults = nullptr;
  return edits.applyTo(function.source);
}

} // namespace heddle::language
