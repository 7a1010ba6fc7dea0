// A template's tokens → its tree.
//
// Grammar and precedence are Jinja's. What Jinja has and the interpreter lacks
// is refused here, by name and line, so that a template which is read can be
// executed.
#ifndef HEDDLE_RUNTIME_CHAT_PARSER_H
#define HEDDLE_RUNTIME_CHAT_PARSER_H

#include "runtime/chat/Lexer.h"
#include "runtime/chat/Node.h"

#include <initializer_list>

namespace heddle::chat {

/// The names of a template, by number.
using Symbols = text::Buffer<std::string_view>;

class Parser {
public:
  /// Nodes lie in `heap`.
  Parser(const text::Buffer<Token> &tokens, Heap &heap, Symbols &symbols,
         Trouble &trouble)
      : tokens(tokens), heap(heap), symbols(symbols), trouble(trouble) {}

  /// The statements of the whole template; null where there are none, or where
  /// there is trouble.
  Node *parse();

private:
  using Names = std::initializer_list<std::string_view>;

  // Statements.
  Node *parseBody(Names ends);
  Node *parseStatement();
  Node *parseIf();
  Node *parseFor();
  Node *parseSet();
  Node *parseMacro();
  Node *parseCallBlock();
  Node *parseFilterBlock();
  Node *parseWith();
  Node *parseParameters();
  Node *parseTarget(bool mayBeMember, bool mayBeTuple);
  Node *parseName();
  void finishBlock(std::string_view end);

  // Expressions, the loosest first.
  Node *parseTuple(bool conditional = true, bool inParentheses = false);
  Node *parseExpression(bool conditional = true);
  Node *parseConditional();
  Node *parseOr();
  Node *parseAnd();
  Node *parseNot();
  Node *parseCompare();
  bool takeComparison(Operation &operation);
  Node *parseSum();
  Node *parseJoin();
  Node *parseProduct();
  Node *parsePower();
  Node *parseUnary(bool withFilters);
  Node *parsePrimary();
  Node *parseConstantName();
  Node *parseStrings();
  Node *parseNumber();
  Node *parseList();
  Node *parseDict();
  Node *parsePostfix(Node *node);
  Node *parseFilters(Node *node, bool startsWithName = false);
  Node *parseFilter(Node *operand);
  Node *parseTest(Node *operand);
  Node *parseMember(Node *object);
  Node *parseItem(Node *object);
  Node *parseCall(Node *callee);
  Node *parseArguments();
  void checkArguments(const Node *arguments, const char *what,
                      std::string_view name, const char *parameters);
  void checkNamedFunctions(const Node *node, std::string_view name);
  Value decode(std::string_view quoted);

  const Token &current() const { return tokens[at]; }
  const Token &ahead() const {
    return tokens[at + 1 < tokens.size() ? at + 1 : at];
  }
  void advance() { at += at + 1 < tokens.size(); }
  bool isAt(TokenType type) const { return current().type == type; }
  bool takeSign(std::string_view sign);
  bool takeName(std::string_view name);
  void expect(TokenType type, const char *what);
  void expectSign(std::string_view sign);
  bool isAtTupleEnd() const;
  void refuse(const char *what, std::string_view name);
  void complainOf(const char *needed);

  Node *make(NodeType type, Node *first = nullptr, Node *second = nullptr);
  int32_t symbolOf(std::string_view name);

  const text::Buffer<Token> &tokens;
  size_t at = 0;
  Heap &heap;
  Symbols &symbols;
  Trouble &trouble;
  int depth = 0;     // of the grammar's rules
  int loops = 0;     // around the statement, within its macro
  bool soft = false; // where Jinja looks filters up only when they are reached
};

/// A level of the grammar, while it lives.
class Level {
public:
  Level(int &depth, Trouble &trouble, int32_t line) : depth(depth) {
    if (++depth > deepest)
      trouble.note(line, "found expressions or blocks that are nested too "
                         "deeply");
  }
  ~Level() { --depth; }

private:
  /// A parenthesis takes about three.
  static constexpr int deepest = 400;
  int &depth;
};

/// Appends nodes to a list.
class NodeList {
public:
  void push(Node *node) {
    if (!node)
      return;
    *tail = node;
    tail = &node->next;
  }
  Node *front() const { return head; }

private:
  Node *head = nullptr;
  Node **tail = &head;
};

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_PARSER_H
