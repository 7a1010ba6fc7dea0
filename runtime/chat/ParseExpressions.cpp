// Expressions of a template.
#include "runtime/chat/Functions.h"
#include "runtime/chat/Parser.h"
#include "runtime/text/Unicode.h"

#include <cerrno>
#include <cstdlib>

namespace heddle::chat {

bool Parser::isAtTupleEnd() const {
  return isAt(TokenType::VariableEnd) || isAt(TokenType::BlockEnd) ||
         isAt(TokenType::End) || current().is(")") ||
         current().isName("recursive");
}

Node *Parser::parseTuple(bool conditional, bool inParentheses) {
  NodeList items;
  bool isTuple = false;
  while (!trouble.any()) {
    if (isAtTupleEnd())
      break;
    items.push(parseExpression(conditional));
    if (!takeSign(","))
      break;
    isTuple = true;
  }
  if (!isTuple && items.front())
    return items.front();
  if (!isTuple && !inParentheses)
    complainOf("an expression");
  return make(NodeType::Tuple, items.front());
}

Node *Parser::parseExpression(bool conditional) {
  Level level(depth, trouble, current().line);
  if (trouble.any())
    return make(NodeType::Constant);
  return conditional ? parseConditional() : parseOr();
}

Node *Parser::parseConditional() {
  Node *value = parseOr();
  while (!trouble.any() && takeName("if")) {
    Node *conditional = make(NodeType::Conditional);
    bool before = soft;
    soft = true;
    conditional->parts[0] = parseOr();
    conditional->parts[1] = value;
    if (takeName("else"))
      conditional->parts[2] = parseExpression();
    soft = before;
    value = conditional;
  }
  return value;
}

Node *Parser::parseOr() {
  Node *left = parseAnd();
  while (!trouble.any() && takeName("or")) {
    Node *either = make(NodeType::Or, left);
    either->parts[1] = parseAnd();
    left = either;
  }
  return left;
}

Node *Parser::parseAnd() {
  Node *left = parseNot();
  while (!trouble.any() && takeName("and")) {
    Node *both = make(NodeType::And, left);
    both->parts[1] = parseNot();
    left = both;
  }
  return left;
}

Node *Parser::parseNot() {
  Level level(depth, trouble, current().line);
  if (trouble.any())
    return make(NodeType::Constant);
  if (!current().isName("not"))
    return parseCompare();
  advance();
  Node *negation = make(NodeType::Not);
  negation->parts[0] = parseNot();
  return negation;
}

bool Parser::takeComparison(Operation &operation) {
  constexpr std::pair<std::string_view, Operation> signs[] = {
      {"==", Operation::Equal},  {"!=", Operation::NotEqual},
      {"<", Operation::Less},    {"<=", Operation::LessEqual},
      {">", Operation::Greater}, {">=", Operation::GreaterEqual}};
  for (auto [sign, meaning] : signs)
    if (takeSign(sign))
      return operation = meaning, true;
  if (takeName("in"))
    return operation = Operation::In, true;
  if (!current().isName("not") || !ahead().isName("in"))
    return false;
  advance();
  advance();
  return operation = Operation::NotIn, true;
}

Node *Parser::parseCompare() {
  Node *left = parseSum();
  NodeList operands;
  Operation operation;
  while (!trouble.any() && takeComparison(operation)) {
    Node *operand = make(NodeType::Binary);
    operand->operation = operation;
    operand->parts[0] = parseSum();
    operands.push(operand);
  }
  if (!operands.front())
    return left;
  return make(NodeType::Compare, left, operands.front());
}

Node *Parser::parseSum() {
  Node *left = parseJoin();
  while (!trouble.any() && (current().is("+") || current().is("-"))) {
    Node *sum = make(NodeType::Binary, left);
    sum->operation = current().is("+") ? Operation::Add : Operation::Subtract;
    advance();
    sum->parts[1] = parseJoin();
    left = sum;
  }
  return left;
}

Node *Parser::parseJoin() {
  Node *first = parseProduct();
  if (!current().is("~"))
    return first;
  Node *join = make(NodeType::Join);
  NodeList operands;
  operands.push(first);
  while (!trouble.any() && takeSign("~"))
    operands.push(parseProduct());
  join->parts[0] = operands.front();
  return join;
}

Node *Parser::parseProduct() {
  constexpr std::pair<std::string_view, Operation> signs[] = {
      {"*", Operation::Multiply},
      {"/", Operation::Divide},
      {"//", Operation::FloorDivide},
      {"%", Operation::Modulo}};
  Node *left = parsePower();
  for (bool found = true; found && !trouble.any();) {
    found = false;
    for (auto [sign, operation] : signs) {
      if (!current().is(sign))
        continue;
      Node *product = make(NodeType::Binary, left);
      product->operation = operation;
      advance();
      product->parts[1] = parsePower();
      left = product;
      found = true;
      break;
    }
  }
  return left;
}

Node *Parser::parsePower() {
  Node *left = parseUnary(true);
  while (!trouble.any() && takeSign("**")) {
    Node *power = make(NodeType::Binary, left);
    power->operation = Operation::Power;
    power->parts[1] = parseUnary(true);
    left = power;
  }
  return left;
}

Node *Parser::parseUnary(bool withFilters) {
  Level level(depth, trouble, current().line);
  if (trouble.any())
    return make(NodeType::Constant);
  Node *node;
  if (current().is("-") || current().is("+")) {
    node = make(NodeType::Unary);
    node->operation = current().is("-") ? Operation::Subtract : Operation::Add;
    advance();
    node->parts[0] = parseUnary(false);
  } else {
    node = parsePrimary();
  }
  node = parsePostfix(node);
  return withFilters ? parseFilters(node) : node;
}

Node *Parser::parsePrimary() {
  const Token &token = current();
  switch (token.type) {
  case TokenType::Name:
    return parseConstantName();
  case TokenType::String:
    return parseStrings();
  case TokenType::Integer:
  case TokenType::Float:
    return parseNumber();
  default:
    break;
  }
  if (takeSign("(")) {
    Node *node = parseTuple(/*conditional=*/true, /*inParentheses=*/true);
    expectSign(")");
    return node;
  }
  if (takeSign("["))
    return parseList();
  if (takeSign("{"))
    return parseDict();
  complainOf("an expression");
  return make(NodeType::Constant);
}

Node *Parser::parseConstantName() {
  std::string_view name = current().text;
  if (name == "lipsum")
    refuse("the function", name);
  if (name == "varargs" || name == "kwargs")
    refuse("the variable", name);
  Node *node = make(NodeType::Constant);
  if (name == "true" || name == "True" || name == "false" || name == "False")
    node->value = boolean(name == "true" || name == "True");
  else if (name == "none" || name == "None")
    node->value = none();
  else
    node->type = NodeType::Name, node->symbol = symbolOf(name);
  advance();
  return node;
}

static bool takeDigits(std::string_view text, size_t &at, int base, int most,
                       uint32_t &number) {
  number = 0;
  int taken = 0;
  for (; taken < most && at < text.size(); ++taken, ++at) {
    char c = text[at];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 99;
    if (digit >= base)
      break;
    number =
        number * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
  }
  return taken == (base == 16 ? most : taken) && taken > 0;
}

/// The text of a string literal: its escapes are Python's.
Value Parser::decode(std::string_view quoted) {
  constexpr std::string_view names = "\\'\"abfnrtv";
  constexpr std::string_view meanings = "\\'\"\a\b\f\n\r\t\v";
  text::Text out;
  for (size_t at = 0; at < quoted.size();) {
    char c = quoted[at++];
    if (c != '\\' || at == quoted.size()) {
      out.push(c);
      continue;
    }
    char name = quoted[at];
    uint32_t number = 0;
    const void *found = memchr(names.data(), name, names.size());
    if (found) {
      out.push(meanings[static_cast<size_t>(static_cast<const char *>(found) -
                                            names.data())]);
      ++at;
    } else if (name == '\n') {
      ++at;
    } else if (name == 'x' || name == 'u' || name == 'U') {
      ++at;
      if (!takeDigits(quoted, at, 16,
                      name == 'x'   ? 2
                      : name == 'u' ? 4
                                    : 8,
                      number) ||
          number > 0x10ffff || (number >= 0xd800 && number < 0xe000))
        return complainOf("a string whose escapes are characters"), none();
      text::appendCharacter(out, number);
    } else if (takeDigits(quoted, at, 8, 3, number)) {
      text::appendCharacter(out, number);
    } else if (name == 'N') {
      return refuse("the escape", "\\N"), none();
    } else {
      out.push('\\');
    }
  }
  return heap.string(out.view());
}

/// Strings that stand side by side are one.
Node *Parser::parseStrings() {
  Node *node = make(NodeType::Constant);
  node->value = decode(current().text);
  advance();
  while (isAt(TokenType::String) && !trouble.any()) {
    Value more = decode(current().text);
    if (node->value.is(Kind::String) && more.is(Kind::String))
      node->value = heap.concatenation(node->value.view(), more.view());
    advance();
  }
  return node;
}

Node *Parser::parseNumber() {
  Node *node = make(NodeType::Constant);
  char digits[64];
  size_t count = 0;
  for (char c : current().text)
    if (c != '_' && count + 1 < sizeof digits)
      digits[count++] = c;
  digits[count] = '\0';
  errno = 0;
  if (isAt(TokenType::Float))
    node->value = floating(strtod(digits, nullptr));
  else
    node->value = integer(strtoll(digits, nullptr, 10));
  bool hasZeros = digits[0] == '0' && strspn(digits, "0") != count;
  if ((errno || count + 1 == sizeof digits || hasZeros) &&
      isAt(TokenType::Integer))
    complainOf("a number of 64 bits without zeros before it");
  advance();
  return node;
}

Node *Parser::parseList() {
  Node *list = make(NodeType::List);
  NodeList items;
  while (!takeSign("]") && !trouble.any()) {
    if (items.front())
      expectSign(",");
    if (takeSign("]"))
      break;
    items.push(parseExpression());
  }
  list->parts[0] = items.front();
  return list;
}

Node *Parser::parseDict() {
  Node *dict = make(NodeType::Dict);
  NodeList entries;
  while (!takeSign("}") && !trouble.any()) {
    if (entries.front())
      expectSign(",");
    if (takeSign("}"))
      break;
    entries.push(parseExpression());
    expectSign(":");
    entries.push(parseExpression());
  }
  dict->parts[0] = entries.front();
  return dict;
}

} // namespace heddle::chat
