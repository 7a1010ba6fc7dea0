//===- ExpressionParser.cpp - Expressions, calls and paths ----------------===//

#include "compiler/language/ParserCore.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Operators, from the loosest to the tightest
//===----------------------------------------------------------------------===//

ExprPtr ExpressionParser::parseWholeExpression() {
  ExprPtr expr = parseExpr();
  if (expr && !atEnd()) {
    reportNeeded("the end of the expression");
    return nullptr;
  }
  return expr;
}

/// expr = or [ "?" expr ":" expr ] .
ExprPtr ExpressionParser::parseExpr() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  size_t begin = position;
  ExprPtr condition = parseBinary(0);
  if (!condition || !at("?"))
    return condition;
  ExprPtr expr =
      makeExpr(Expr::Kind::Conditional, advanceAs(Role::Operator).place());
  ExprPtr ifTrue = parseExpr();
  if (!ifTrue || !expectOperator(":"))
    return nullptr;
  ExprPtr ifFalse = parseExpr();
  if (!ifFalse)
    return nullptr;
  expr->operands.push_back(std::move(condition));
  expr->operands.push_back(std::move(ifTrue));
  expr->operands.push_back(std::move(ifFalse));
  expr->source = sourceFrom(begin);
  return expr;
}

/// or   = and { "or" and } .
/// and  = not { "and" not } .
/// cmp  = sum { ( "==" | "!=" | "<=" | ">=" | "<" | ">" ) sum } .
/// sum  = term { ( "+" | "-" ) term } .
/// term = unary { ( "*" | "/" | "%" ) unary } .
static constexpr unsigned comparisonLevel = 2;

ExprPtr ExpressionParser::parseBinary(unsigned level) {
  static const std::vector<std::vector<StringRef>> levels = {
      {"or"},
      {"and"},
      {"==", "!=", "<=", ">=", "<", ">"},
      {"+", "-"},
      {"*", "/", "%"}};
  if (level == comparisonLevel && at("not"))
    return parseNot();
  if (level == levels.size())
    return parseUnary();
  size_t begin = position;
  ExprPtr lhs = parseBinary(level + 1);
  unsigned length = 0;
  auto atOperator = [&] {
    return llvm::any_of(levels[level], [&](StringRef op) { return at(op); });
  };
  while (lhs && atOperator()) {
    if (isTooLong(++length))
      return nullptr;
    Token op = advanceAs(Role::Operator);
    ExprPtr rhs = parseBinary(level + 1);
    if (!rhs)
      return nullptr;
    lhs = makeBinary(op, std::move(lhs), std::move(rhs));
    lhs->source = sourceFrom(begin);
  }
  return lhs;
}

/// not = "not" not | cmp .
ExprPtr ExpressionParser::parseNot() {
  return parsePrefix(Expr::Kind::Not,
                     [&] { return parseBinary(comparisonLevel); });
}

/// unary = "-" unary | power .
ExprPtr ExpressionParser::parseUnary() {
  if (!at("-"))
    return parsePower();
  return parsePrefix(Expr::Kind::Negate, [&] { return parseUnary(); });
}

/// An operator in front of what `read` reads.
ExprPtr ExpressionParser::parsePrefix(Expr::Kind kind,
                                      llvm::function_ref<ExprPtr()> read) {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  size_t begin = position;
  ExprPtr expr = makeExpr(kind, advanceAs(Role::Prefix).place());
  ExprPtr operand = read();
  if (!operand)
    return nullptr;
  expr->operands.push_back(std::move(operand));
  expr->source = sourceFrom(begin);
  return expr;
}

/// power = postfix [ "^" unary ] .
ExprPtr ExpressionParser::parsePower() {
  size_t begin = position;
  ExprPtr base = parsePostfix();
  if (!base || !at("^"))
    return base;
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  Token op = advance();
  ExprPtr exponent = parseUnary();
  if (!exponent)
    return nullptr;
  ExprPtr power = makeBinary(op, std::move(base), std::move(exponent));
  power->source = sourceFrom(begin);
  return power;
}

/// postfix = prim { "[" expr { "," expr } "]" | "as" "[" axes "]" | "where" or
/// } .
ExprPtr ExpressionParser::parsePostfix() {
  size_t begin = position;
  ExprPtr expr = parsePrimary();
  if (expr && expr->source.empty())
    expr->source = sourceFrom(begin);
  for (unsigned length = 0; expr; ++length) {
    if (isTooLong(length))
      return nullptr;
    if (length > 0)
      expr->source = sourceFrom(begin);
    if (at("[") && !peek().afterSpace)
      expr = parseIndex(std::move(expr));
    else if (at("as"))
      expr = parseAs(std::move(expr));
    else if (at("where"))
      expr = parseWhere(std::move(expr));
    else
      break;
  }
  return expr;
}

ExprPtr ExpressionParser::parseIndex(ExprPtr base) {
  ExprPtr expr = makeExpr(Expr::Kind::Index, advance().place());
  expr->operands.push_back(std::move(base));
  do {
    ExprPtr index = parseExpr();
    if (!index)
      return nullptr;
    expr->operands.push_back(std::move(index));
  } while (consume(","));
  return expect("]") ? std::move(expr) : nullptr;
}

ExprPtr ExpressionParser::parseAs(ExprPtr base) {
  ExprPtr expr = makeExpr(Expr::Kind::As, advance().place());
  expr->operands.push_back(std::move(base));
  if (!expect("["))
    return nullptr;
  std::optional<ExprList> axes = parseAxes();
  if (!axes || !expect("]"))
    return nullptr;
  expr->from.push_back(std::move(*axes));
  return expr;
}

ExprPtr ExpressionParser::parseWhere(ExprPtr base) {
  ExprPtr expr = makeExpr(Expr::Kind::Where, advance().place());
  ExprPtr condition = parseBinary(0);
  if (!condition)
    return nullptr;
  expr->operands.push_back(std::move(base));
  expr->operands.push_back(std::move(condition));
  return expr;
}

/// What a path begins with, right after `found`.
bool ExpressionParser::startsPath(const Token &token) {
  return !token.afterLineBreak &&
         (token.kind == TokenKind::Size || token.kind == TokenKind::String ||
          (token.kind == TokenKind::Name && !isReserved(token.text)));
}

/// prim = number | string | "(" expr ")" | key | "found" path | name | SIZE
/// | call .
ExprPtr ExpressionParser::parsePrimary() {
  const Token &token = peek();
  switch (token.kind) {
  case TokenKind::Number:
    return makeExpr(Expr::Kind::Number, token.place(), advance().text);
  case TokenKind::String:
    return makeExpr(Expr::Kind::String, token.place(), advance().unquoted());
  case TokenKind::Size:
    return makeExpr(Expr::Kind::Size, token.place(), advance().text);
  case TokenKind::Name:
    if (isReserved(token.text))
      break;
    if (peek(1).is("(") || peek(1).is("@"))
      return parseCall(advance());
    if (token.is("found") && startsPath(peek(1)))
      return parseFound();
    return makeExpr(Expr::Kind::Name, token.place(), advance().text);
  case TokenKind::Symbol:
    if (token.is("."))
      return parseKey();
    if (consume("(")) {
      ExprPtr inner = parseExpr();
      return inner && expect(")") ? std::move(inner) : nullptr;
    }
    break;
  case TokenKind::EndOfFile:
    break;
  }
  reportNeeded("an expression");
  return nullptr;
}

/// key = "." name { "." name } .
std::optional<ConfigKey> ExpressionParser::parseConfigKey() {
  ConfigKey key{"", peek().place()};
  if (!at(".")) {
    reportNeeded("a key of config.json, such as .hidden_size");
    return std::nullopt;
  }
  while (at(".") && (key.text.empty() || !peek().afterSpace)) {
    advanceAs(key.text.empty() ? Role::Key : Role::Plain);
    std::optional<Word> name = expectAnyWord("a key of config.json");
    if (!name)
      return std::nullopt;
    key.text += (key.text.empty() ? "" : ".") + name->text.str();
  }
  return key;
}

ExprPtr ExpressionParser::parseKey() {
  std::optional<ConfigKey> key = parseConfigKey();
  return key ? makeExpr(Expr::Kind::Key, key->place, key->text) : nullptr;
}

/// "found" path: the path of one tensor, known as it stands.
ExprPtr ExpressionParser::parseFound() {
  SMLoc place = advanceAs(Role::Keyword).place();
  std::unique_ptr<Path> path = parsePath();
  if (!path)
    return nullptr;
  std::string text;
  for (const PathSegment &segment : path->segments) {
    if (!segment.indices.empty()) {
      diagnostics.error(path->place, "found: a path with an index stands for "
                                     "several tensors, needs one of them");
      return nullptr;
    }
    text += (text.empty() ? "" : ".") + segment.name;
  }
  return makeExpr(Expr::Kind::Found, place, text);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// call = name [ "@" path ] "(" [ arg { "," arg } ] ")" .
ExprPtr ExpressionParser::parseCall(const Token &name) {
  ExprPtr call = makeExpr(Expr::Kind::Call, name.place(), name.text);
  if (consume("@")) {
    call->path = parsePath();
    if (!call->path)
      return nullptr;
  }
  if (!expect("("))
    return nullptr;
  while (!at(")")) {
    if (!parseArgument(*call))
      return nullptr;
    if (consume(","))
      continue;
    if (!at(")")) {
      reportNeeded("',' or ')'");
      return nullptr;
    }
  }
  advance();
  return call;
}

/// arg = option | pattern | expr .
bool ExpressionParser::parseArgument(Expr &call) {
  bool isWord =
      peek().kind == TokenKind::Name || peek().kind == TokenKind::Size;
  if (isWord && peek(1).is("="))
    return parseOption(call.options);
  ExprPtr argument = startsPattern() ? parsePattern() : parseExpr();
  if (!argument)
    return false;
  call.operands.push_back(std::move(argument));
  return true;
}

/// option = ( name | SIZE ) "=" ( pattern | expr ) .
bool ExpressionParser::parseOption(std::vector<Option> &options) {
  std::optional<Word> name = expectAnyWord("the name of an option");
  if (!name || !expect("="))
    return false;
  ExprPtr value = startsPattern() ? parsePattern() : parseExpr();
  if (!value)
    return false;
  options.push_back({*name, std::move(value)});
  return true;
}

/// Looks ahead to the end of the argument: only a pattern has `->`, `|` or two
/// axes side by side. One axis alone is an expression, which may mean the same.
bool ExpressionParser::startsPattern() const {
  unsigned nesting = 0;
  bool afterAxis = false;
  for (size_t ahead = 0;; ++ahead) {
    const Token &token = peek(ahead);
    if (token.kind == TokenKind::EndOfFile)
      return false;
    bool closes = token.is(")") || token.is("]");
    if (nesting == 0 &&
        (closes || token.is(",") || token.is("{") || token.is("}")))
      return false;
    bool isAxis = token.kind == TokenKind::Size ||
                  token.kind == TokenKind::Number || token.is("..");
    if (nesting == 0 &&
        (token.is("->") || token.is("|") || (isAxis && afterAxis)))
      return true;
    if (token.is("(") || token.is("["))
      ++nesting;
    else if (closes)
      --nesting;
    afterAxis = isAxis || closes;
  }
}

/// pattern = axes { "|" axes } [ "->" axes { "|" axes } ] .
ExprPtr ExpressionParser::parsePattern() {
  size_t begin = position;
  ExprPtr pattern = makeExpr(Expr::Kind::Pattern, peek().place());
  std::optional<AxisGroups> from = parseAxisGroups();
  if (!from)
    return nullptr;
  pattern->from = std::move(*from);
  pattern->hasArrow = consume("->");
  pattern->source = sourceFrom(begin);
  if (!pattern->hasArrow)
    return pattern;
  std::optional<AxisGroups> to = parseAxisGroups();
  if (!to)
    return nullptr;
  pattern->to = std::move(*to);
  pattern->source = sourceFrom(begin);
  return pattern;
}

/// expr { "," expr }
std::optional<ExprList> ExpressionParser::parseExprList() {
  ExprList list;
  do {
    ExprPtr expr = parseExpr();
    if (!expr)
      return std::nullopt;
    list.push_back(std::move(expr));
  } while (consume(","));
  return list;
}

//===----------------------------------------------------------------------===//
// Paths
//===----------------------------------------------------------------------===//

/// path = segment { "." segment } | string | "(" expr "?" path ":" path ")" .
std::unique_ptr<Path> ExpressionParser::parsePath() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  size_t begin = position;
  auto path = std::make_unique<Path>();
  path->place = peek().place();
  if (peek().kind == TokenKind::String) {
    path->fromRoot = true;
    SmallVector<StringRef> names;
    advance().unquoted().split(names, '.');
    for (StringRef name : names)
      path->segments.push_back({name.str(), {}});
    path->source = sourceFrom(begin);
    return path;
  }
  if (consume("(")) {
    path->condition = parseBinary(0);
    if (!path->condition || !expectOperator("?"))
      return nullptr;
    path->ifTrue = parsePath();
    if (!path->ifTrue || !expectOperator(":"))
      return nullptr;
    path->ifFalse = parsePath();
    if (!path->ifFalse || !expect(")"))
      return nullptr;
    path->source = sourceFrom(begin);
    return path;
  }
  do {
    if (!parseSegment(*path))
      return nullptr;
  } while (consume("."));
  path->source = sourceFrom(begin);
  return path;
}

/// segment = ( name | integer ) { "[" expr "]" } .
bool ExpressionParser::parseSegment(Path &path) {
  const Token &token = peek();
  bool isWord = token.kind == TokenKind::Name || token.kind == TokenKind::Size;
  // `layers.0.1` holds the number 0.1, which here means two segments.
  bool isNumber =
      token.kind == TokenKind::Number &&
      token.text.find_first_not_of("0123456789.") == StringRef::npos;
  if (!isWord && !isNumber) {
    reportNeeded("a step of a path, a name or a whole number");
    return false;
  }
  SmallVector<StringRef> names;
  advance().text.split(names, '.');
  for (StringRef name : names)
    path.segments.push_back({name.str(), {}});
  while (at("[") && !peek().afterSpace) {
    advance();
    ExprPtr index = parseExpr();
    if (!index || !expect("]"))
      return false;
    path.segments.back().indices.push_back(std::move(index));
  }
  return true;
}

} // namespace heddle::language
