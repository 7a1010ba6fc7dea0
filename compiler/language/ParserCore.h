//===- ParserCore.h - What both halves of the parser share ------*- C++ -*-===//
//
// ParserCore walks the tokens and reports what is found where something else is
// needed; ExpressionParser adds expressions, types and paths; the parser of
// declarations and statements, in Parser.cpp, builds on both.
//
// A function that fails has reported why, and returns null, nullopt or false.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_PARSERCORE_H
#define HEDDLE_COMPILER_LANGUAGE_PARSERCORE_H

#include "compiler/language/AST.h"
#include "compiler/language/Lexer.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace heddle::language {

class ParserCore {
public:
  ParserCore(std::vector<Token> tokens, Diagnostics &diagnostics)
      : diagnostics(diagnostics), tokens(std::move(tokens)) {}

protected:
  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(position + ahead, tokens.size() - 1)];
  }
  bool at(llvm::StringRef word) const { return peek().is(word); }
  bool atEnd() const { return peek().kind == TokenKind::EndOfFile; }
  const Token &advance() {
    const Token &token = peek();
    if (!atEnd())
      ++position;
    return token;
  }
  bool consume(llvm::StringRef word) {
    if (!at(word))
      return false;
    advance();
    return true;
  }

  /// Reports `found X, needed Y` at the current token.
  void reportNeeded(const llvm::Twine &needed);
  bool expect(llvm::StringRef symbol);
  std::optional<Word> expectName(llvm::StringRef what);
  std::optional<Word> expectSize(llvm::StringRef what);
  std::optional<Word> expectAnyWord(llvm::StringRef what);
  std::optional<std::string> expectString(llvm::StringRef what);

  Diagnostics &diagnostics;
  std::vector<Token> tokens;
  size_t position = 0;
};

class ExpressionParser : public ParserCore {
public:
  using ParserCore::ParserCore;

  ExprPtr parseWholeExpression();

protected:
  ExprPtr parseExpr();
  std::optional<TypeExpr> parseType();
  std::optional<ExprList> parseExprList();
  bool parseOption(std::vector<Option> &options);
  std::optional<ConfigKey> parseConfigKey();

private:
  ExprPtr parseBinary(unsigned level);
  ExprPtr parseNot();
  ExprPtr parseUnary();
  ExprPtr parsePrefix(Expr::Kind kind,
                      llvm::function_ref<ExprPtr()> parseOperand);
  ExprPtr parsePower();
  ExprPtr parsePostfix();
  ExprPtr parseIndex(ExprPtr base);
  ExprPtr parseAs(ExprPtr base);
  ExprPtr parseWhere(ExprPtr base);
  ExprPtr parsePrimary();
  ExprPtr parseKey();
  ExprPtr parseFound();
  ExprPtr parseCall(const Token &name);
  bool parseArgument(Expr &call);
  ExprPtr parsePattern();
  bool startsPattern() const;
  std::optional<AxisGroups> parseAxisGroups();
  std::optional<ExprList> parseAxes();
  ExprPtr parseAxis();
  ExprPtr parseAxisProduct();
  ExprPtr parseAxisFactor();
  std::unique_ptr<Path> parsePath();
  bool parseSegment(Path &path);

  bool isTooLong(unsigned length);

  /// Expressions nest by recursion; deeper than this is a mistake, not a model.
  class Nesting;
  unsigned depth = 0;
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_PARSERCORE_H
