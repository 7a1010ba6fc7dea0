//===- StatementParser.cpp - Lines, bodies and statements -----------------===//

#include "compiler/language/Budgets.h"
#include "compiler/language/ParserCore.h"

using namespace llvm;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Lines and recovery
//===----------------------------------------------------------------------===//

/// A line break ends a statement only here, where the statement is already
/// complete. That is all there is to line breaks: within brackets and beside an
/// operator, the statement is not complete yet.
bool StatementParser::expectEndOfLine() {
  if (atEnd() || at("}") || peek().afterLineBreak)
    return true;
  reportNeeded("the end of the line");
  return false;
}

/// To the start of the next line of this body, or to the brace that closes it.
void StatementParser::skipToNextLine() {
  unsigned nesting = 0;
  while (!atEnd()) {
    if (at("{"))
      ++nesting;
    if (at("}")) {
      if (nesting == 0)
        return;
      --nesting;
    }
    advance();
    if (nesting == 0 && peek().afterLineBreak)
      return;
  }
}

/// A declaration's word at the start of a line, followed by what can follow it
/// there; `state = x` is a statement.
static bool startsDeclaration(const Token &token, const Token &next) {
  static constexpr StringLiteral words[] = {
      "model",   "import",  "config",   "dyn",   "tokenizer", "state",
      "default", "weights", "override", "block", "entry",     "generate"};
  if (!token.afterLineBreak)
    return false;
  if (token.is("drop")) // within weights { } a mistake, and a name elsewhere
    return next.is("block") || next.is("entry");
  return llvm::is_contained(words, token.text) &&
         (next.kind != TokenKind::Symbol || next.is("{"));
}

void StatementParser::skipToNextDeclaration() {
  while (!atEnd() && !startsDeclaration(peek(), peek(1)))
    advance();
}

void StatementParser::skipToBody() {
  while (!atEnd() && !at("{") && !startsDeclaration(peek(), peek(1)))
    advance();
}

/// "{" { line NL } "}"
bool StatementParser::parseLines(llvm::function_ref<bool()> parseLine) {
  SMLoc open = peek().place();
  if (!expect("{"))
    return false;
  while (!at("}")) {
    if (atEnd() || startsDeclaration(peek(), peek(1))) {
      reportNeeded("the '}' that closes the '{' at " +
                   diagnostics.describe(open));
      return false;
    }
    startLine();
    if (!parseLine() || !expectEndOfLine())
      skipToNextLine();
  }
  advance();
  return true;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

/// body = "{" { stmt NL } "}" .
bool StatementParser::parseBody(Body &body) {
  if (bodyDepth == budgets::bodies) {
    diagnostics.error(peek().place(), "statements are nested too deeply");
    return false;
  }
  ++bodyDepth;
  bool ok = parseLines([&] { return parseStatement(body); });
  --bodyDepth;
  return ok;
}

/// stmt = assign | return | yield | for | scan | if .
bool StatementParser::parseStatement(Body &body) {
  Statement statement;
  statement.place = peek().place();
  size_t begin = position;
  bool ok = at("return")  ? parseReturn(statement, Statement::Kind::Return)
            : at("yield") ? parseReturn(statement, Statement::Kind::Yield)
            : at("for")   ? parseFor(statement)
            : at("scan")  ? parseScan(statement)
            : at("if")    ? parseIf(statement)
                          : parseAssign(statement);
  statement.source = sourceFrom(begin);
  // A loop or a branch with a mistake in its body is kept with the rest of it.
  if (ok || !statement.body.empty())
    body.push_back(std::move(statement));
  return ok;
}

/// assign = name { "," name } "=" expr .
bool StatementParser::parseAssign(Statement &statement) {
  statement.kind = Statement::Kind::Assign;
  do {
    std::optional<Word> name =
        expectName("a statement: name = …, return, yield, for, scan or if");
    if (!name)
      return false;
    statement.names.push_back(*name);
  } while (consume(","));
  if (!expect("="))
    return false;
  ExprPtr value = parseExpr();
  if (!value)
    return false;
  statement.values.push_back(std::move(value));
  return true;
}

/// return = "return" expr { "," expr } .
/// yield  = "yield" expr { "," expr } .
bool StatementParser::parseReturn(Statement &statement, Statement::Kind kind) {
  advance();
  statement.kind = kind;
  std::optional<ExprList> values = parseExprList();
  if (!values)
    return false;
  statement.values = std::move(*values);
  return true;
}

/// for = "for" name "in" expr ".." expr body .
bool StatementParser::parseFor(Statement &statement) {
  advance();
  statement.kind = Statement::Kind::For;
  std::optional<Word> variable = expectName("a loop variable");
  if (!variable || !expect("in"))
    return false;
  statement.names.push_back(*variable);
  ExprPtr from = parseExpr();
  if (!from || !expect(".."))
    return false;
  ExprPtr to = parseExpr();
  if (!to)
    return false;
  statement.values.push_back(std::move(from));
  statement.values.push_back(std::move(to));
  return parseBodyOf(statement);
}

/// scan = "scan" name "in" SIZE [ "reversed" | "anew" ]
///        "carry" name ":" type { "," name ":" type } body .
bool StatementParser::parseScan(Statement &statement) {
  advance();
  statement.kind = Statement::Kind::Scan;
  std::optional<Word> variable = expectName("a name for the position");
  if (!variable || !expect("in"))
    return false;
  statement.names.push_back(*variable);
  std::optional<Word> axis = expectSize("the axis to go along");
  if (!axis)
    return false;
  statement.isReversed = consume("reversed");
  statement.isAnew = !statement.isReversed && consume("anew");
  if (!expect("carry"))
    return false;
  auto axisExpr = std::make_unique<Expr>(Expr::Kind::Size, axis->place);
  axisExpr->text = axis->text.str();
  statement.values.push_back(std::move(axisExpr));
  do {
    std::optional<Word> name = expectName("the name of a carried value");
    if (!name || !expect(":"))
      return false;
    std::optional<TypeExpr> type = parseType();
    if (!type)
      return false;
    statement.carried.push_back({*name, std::move(*type)});
  } while (consume(","));
  return parseBodyOf(statement);
}

bool StatementParser::parseBodyOf(Statement &statement) {
  size_t begin = position;
  if (!parseBody(statement.body))
    return false;
  statement.bodySource = withinBraces(begin);
  return true;
}

/// if = "if" expr body [ "else" ( body | if ) ] .
bool StatementParser::parseIf(Statement &statement) {
  advance();
  statement.kind = Statement::Kind::If;
  ExprPtr condition = parseExpr();
  if (!condition)
    return false;
  statement.values.push_back(std::move(condition));
  if (!parseBodyOf(statement))
    return false;
  if (!consume("else"))
    return true;
  if (at("if")) {
    if (++branches > budgets::nesting) {
      diagnostics.error(peek().place(), "'if' has too many branches");
      return false;
    }
    bool ok = parseStatement(statement.otherwise);
    --branches;
    return ok;
  }
  size_t begin = position;
  if (!parseBody(statement.otherwise))
    return false;
  statement.otherwiseSource = withinBraces(begin);
  return true;
}

} // namespace heddle::language
