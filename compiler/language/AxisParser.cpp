//===- AxisParser.cpp - Axes, and types made of them ----------------------===//

#include "compiler/language/ParserCore.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace heddle::language {

/// axes { "|" axes }
std::optional<AxisGroups> AxisParser::parseAxisGroups() {
  AxisGroups groups;
  do {
    std::optional<ExprList> axes = parseAxes();
    if (!axes)
      return std::nullopt;
    if (axes->empty()) {
      reportNeeded("an axis");
      return std::nullopt;
    }
    groups.push_back(std::move(*axes));
  } while (consume("|"));
  return groups;
}

/// axes = { axis } .
std::optional<ExprList> AxisParser::parseAxes() {
  ExprList axes;
  // A name is no axis, but says more as one than as the end of the list; on the
  // next line it starts a statement.
  auto atAxis = [&] {
    TokenKind kind = peek().kind;
    return kind == TokenKind::Size || kind == TokenKind::Number || at("(") ||
           at("..") || (kind == TokenKind::Name && !peek().afterLineBreak);
  };
  while (atAxis()) {
    mark(Role::Axis);
    ExprPtr axis = parseAxis();
    if (!axis)
      return std::nullopt;
    axes.push_back(std::move(axis));
  }
  return axes;
}

/// axis = product { ( "+" | "-" ) product } .
ExprPtr AxisParser::parseAxis() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  ExprPtr lhs = parseAxisProduct();
  for (unsigned length = 1; lhs && (at("+") || at("-")); ++length) {
    if (isTooLong(length))
      return nullptr;
    Token op = advanceAs(Role::AxisOperator);
    ExprPtr rhs = parseAxisProduct();
    if (!rhs)
      return nullptr;
    lhs = makeBinary(op, std::move(lhs), std::move(rhs));
  }
  return lhs;
}

/// product = factor { ( "*" | "/" ) factor } .
ExprPtr AxisParser::parseAxisProduct() {
  ExprPtr lhs = parseAxisFactor();
  for (unsigned length = 1; lhs && (at("*") || at("/")); ++length) {
    if (isTooLong(length))
      return nullptr;
    Token op = advanceAs(Role::AxisOperator);
    ExprPtr rhs = parseAxisFactor();
    if (!rhs)
      return nullptr;
    lhs = makeBinary(op, std::move(lhs), std::move(rhs));
  }
  return lhs;
}

/// factor = SIZE | integer | "(" axis ")" | ".." .
ExprPtr AxisParser::parseAxisFactor() {
  const Token &token = peek();
  if (token.kind == TokenKind::Size)
    return makeExpr(Expr::Kind::Size, token.place(), advance().text);
  if (token.kind == TokenKind::Number && llvm::all_of(token.text, isDigit))
    return makeExpr(Expr::Kind::Number, token.place(), advance().text);
  if (at(".."))
    return makeExpr(Expr::Kind::Ellipsis, advance().place());
  if (consume("(")) {
    ExprPtr inner = parseAxis();
    return inner && expect(")") ? std::move(inner) : nullptr;
  }
  reportNeeded("the size of an axis, which starts with a capital");
  return nullptr;
}

/// type = [ "f32" | "bf16" | "int" | "bool" | "image" | "audio" | SIZE ]
///        "[" axes "]" .
std::optional<TypeExpr> AxisParser::parseType() {
  TypeExpr type;
  type.place = peek().place();
  if (!at("[")) {
    std::optional<Word> element = expectAnyWord("a type, such as V[B T]");
    if (!element)
      return std::nullopt;
    type.element = *element;
  }
  if (!expect("["))
    return std::nullopt;
  std::optional<ExprList> axes = parseAxes();
  if (!axes || !expect("]"))
    return std::nullopt;
  type.axes = std::move(*axes);
  return type;
}

} // namespace heddle::language
