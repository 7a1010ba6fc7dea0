//===- ParserCore.h - The parser, layer by layer ----------------*- C++ -*-===//
//
// ParserCore walks the tokens and reports what is found where something else is
// needed; AxisParser adds axes and types, ExpressionParser expressions and
// paths, StatementParser the bodies of functions. The parser of declarations,
// in Parser.cpp, builds on them all.
//
// A function that fails has reported why, and returns null, nullopt or false.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_PARSERCORE_H
#define HEDDLE_COMPILER_LANGUAGE_PARSERCORE_H

#include "compiler/language/AST.h"
#include "compiler/language/Lexer.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"

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
    advanceAs(llvm::isAlpha(word.front()) ? Role::Keyword : peek().role);
    return true;
  }
  /// Notes what the current token is.
  void mark(Role role) { tokens[position].role = role; }
  const Token &advanceAs(Role role) {
    mark(role);
    return advance();
  }
  void startLine() { tokens[position].startsLine = true; }

  /// What is written from the token at `begin` to the one before this.
  llvm::StringRef sourceFrom(size_t begin) const {
    const char *first = tokens[begin].text.begin();
    return {first,
            static_cast<size_t>(
                tokens[std::max(position, begin + 1) - 1].text.end() - first)};
  }
  /// What stood within the braces that end here and began at `begin`.
  llvm::StringRef withinBraces(size_t begin) const {
    return sourceFrom(begin).drop_front().drop_back();
  }

  /// Reports `found X, needed Y` at the current token.
  void reportNeeded(const llvm::Twine &needed);
  bool expect(llvm::StringRef symbol);
  /// One that stands between two expressions.
  bool expectOperator(llvm::StringRef symbol);
  std::optional<Word> expectName(llvm::StringRef what);
  std::optional<Word> expectSize(llvm::StringRef what);
  std::optional<Word> expectAnyWord(llvm::StringRef what);
  std::optional<std::string> expectString(llvm::StringRef what);
  std::optional<std::vector<std::string>> parseStrings(llvm::StringRef what);
  /// Two strings with a symbol between them.
  std::optional<std::vector<std::string>> parsePair(llvm::StringRef first,
                                                    llvm::StringRef between,
                                                    llvm::StringRef second);
  /// A string and, behind an arrow, those that it is split into.
  std::optional<std::vector<std::string>> parseSplit();

  static ExprPtr makeExpr(Expr::Kind kind, llvm::SMLoc place,
                          llvm::StringRef text = {});
  static ExprPtr makeBinary(const Token &op, ExprPtr lhs, ExprPtr rhs);

  /// Expressions nest by recursion; deeper than this is a mistake, not a model.
  class Nesting {
  public:
    explicit Nesting(ParserCore &parser);
    ~Nesting() { --depth; }
    explicit operator bool() const { return ok; }

  private:
    unsigned &depth;
    bool ok;
  };
  bool isTooLong(unsigned length);

  Diagnostics &diagnostics;
  std::vector<Token> tokens;
  size_t position = 0;

private:
  unsigned depth = 0; ///< of the expression being read
};

class AxisParser : public ParserCore {
public:
  using ParserCore::ParserCore;

protected:
  std::optional<TypeExpr> parseType();
  std::optional<AxisGroups> parseAxisGroups();
  std::optional<ExprList> parseAxes();

private:
  ExprPtr parseAxis();
  ExprPtr parseAxisProduct();
  ExprPtr parseAxisFactor();
};

class ExpressionParser : public AxisParser {
public:
  using AxisParser::AxisParser;

  ExprPtr parseWholeExpression();

protected:
  ExprPtr parseExpr();
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
  static bool startsPath(const Token &token);
  ExprPtr parseCall(const Token &name);
  bool parseArgument(Expr &call);
  ExprPtr parsePattern();
  bool startsPattern() const;
  std::unique_ptr<Path> parsePath();
  bool parseSegment(Path &path);
};

class StatementParser : public ExpressionParser {
public:
  using ExpressionParser::ExpressionParser;

protected:
  /// What could be read of a body stays in it after a mistake.
  bool parseBody(Body &body);

  bool parseLines(llvm::function_ref<bool()> parseLine);
  bool expectEndOfLine();
  void skipToNextDeclaration();
  /// To the brace that opens a body, or the next declaration.
  void skipToBody();

private:
  bool parseStatement(Body &body);
  bool parseAssign(Statement &statement);
  bool parseReturn(Statement &statement, Statement::Kind kind);
  bool parseFor(Statement &statement);
  bool parseScan(Statement &statement);
  bool parseIf(Statement &statement);
  bool parseBodyOf(Statement &statement);
  void skipToNextLine();

  unsigned bodyDepth = 0;
  unsigned branches = 0; ///< of the `if` being read
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_PARSERCORE_H
