//===- ParserCore.cpp - Walking the tokens --------------------------------===//

#include "compiler/language/ParserCore.h"

#include "compiler/language/Budgets.h"

using namespace llvm;

namespace heddle::language {

void ParserCore::reportNeeded(const Twine &needed) {
  const Token &token = peek();
  std::string found = token.kind == TokenKind::EndOfFile ? "the end of the file"
                      : token.kind == TokenKind::String
                          ? "the string " + token.text.str()
                          : "'" + token.text.str() + "'";
  diagnostics.error(token.place(), "found " + found + ", needed " + needed);
}

bool ParserCore::expect(StringRef symbol) {
  if (consume(symbol))
    return true;
  reportNeeded("'" + symbol + "'");
  return false;
}

bool ParserCore::expectOperator(StringRef symbol) {
  mark(Role::Operator);
  return expect(symbol);
}

std::optional<Word> ParserCore::expectName(StringRef what) {
  if (peek().kind != TokenKind::Name || isReserved(peek().text)) {
    reportNeeded(what);
    return std::nullopt;
  }
  const Token &token = advance();
  return Word{token.text, token.place()};
}

std::optional<Word> ParserCore::expectSize(StringRef what) {
  if (peek().kind != TokenKind::Size) {
    reportNeeded(what + ", which starts with a capital");
    return std::nullopt;
  }
  const Token &token = advance();
  return Word{token.text, token.place()};
}

std::optional<Word> ParserCore::expectAnyWord(StringRef what) {
  return peek().kind == TokenKind::Size ? expectSize(what) : expectName(what);
}

std::optional<std::string> ParserCore::expectString(StringRef what) {
  if (peek().kind != TokenKind::String) {
    reportNeeded(what + " in quotes");
    return std::nullopt;
  }
  return advance().unquoted().str();
}

ParserCore::Nesting::Nesting(ParserCore &parser) : depth(parser.depth) {
  ok = ++depth <= budgets::nesting;
  if (!ok)
    parser.diagnostics.error(parser.peek().place(),
                             "expression is nested too deeply");
}

/// What stands side by side becomes a tree as deep as it is long.
bool ParserCore::isTooLong(unsigned length) {
  if (length <= budgets::nesting)
    return false;
  diagnostics.error(peek().place(), "expression is too long");
  return true;
}

ExprPtr ParserCore::makeExpr(Expr::Kind kind, SMLoc place, StringRef text) {
  auto expr = std::make_unique<Expr>(kind, place);
  expr->text = text.str();
  return expr;
}

ExprPtr ParserCore::makeBinary(const Token &op, ExprPtr lhs, ExprPtr rhs) {
  ExprPtr expr = makeExpr(Expr::Kind::Binary, op.place(), op.text);
  expr->operands.push_back(std::move(lhs));
  expr->operands.push_back(std::move(rhs));
  return expr;
}

/// string { "," string }
std::optional<std::vector<std::string>>
ParserCore::parseStrings(StringRef what) {
  std::vector<std::string> strings;
  do {
    std::optional<std::string> string = expectString(what);
    if (!string)
      return std::nullopt;
    strings.push_back(std::move(*string));
  } while (consume(","));
  return strings;
}

/// Of the rules rename and same.
std::optional<std::vector<std::string>>
ParserCore::parsePair(StringRef first, StringRef between, StringRef second) {
  std::optional<std::string> one = expectString(first);
  if (!one || !expect(between))
    return std::nullopt;
  std::optional<std::string> other = expectString(second);
  if (!other)
    return std::nullopt;
  return std::vector<std::string>{*one, *other};
}

/// Of a rule split: the whole, then its parts.
std::optional<std::vector<std::string>> ParserCore::parseSplit() {
  std::optional<std::string> whole = expectString("the name of a tensor");
  if (!whole || !expect("->"))
    return std::nullopt;
  std::vector<std::string> texts{*whole};
  do {
    SMLoc place = peek().place();
    std::optional<std::string> part = expectString("the name of each part");
    if (!part)
      return std::nullopt;
    size_t stars = StringRef(*part).count('*');
    if (stars > 1 ||
        (texts.size() > 1 && stars != StringRef(texts[1]).count('*'))) {
      diagnostics.error(place, "found \"" + *part +
                                   "\", needs one * where the number of the "
                                   "part along the first axis stands, or in no "
                                   "part");
      return std::nullopt;
    }
    texts.push_back(*part);
  } while (consume("|"));
  return texts;
}

} // namespace heddle::language
