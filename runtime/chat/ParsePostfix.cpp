// What stands behind an expression: members, calls, filters and tests.
#include "runtime/chat/Functions.h"
#include "runtime/chat/Parser.h"

#include <cstdlib>

namespace heddle::chat {

Node *Parser::parsePostfix(Node *node) {
  while (!trouble.any()) {
    if (takeSign("."))
      node = parseMember(node);
    else if (takeSign("["))
      node = parseItem(node);
    else if (takeSign("("))
      node = parseCall(node);
    else
      break;
  }
  return node;
}

Node *Parser::parseFilters(Node *node, bool startsWithName) {
  while (!trouble.any()) {
    if (startsWithName || takeSign("|"))
      node = parseFilter(node);
    else if (takeName("is"))
      node = parseTest(node);
    else if (node->type != NodeType::BlockText && takeSign("("))
      node = parseCall(node);
    else
      break;
    startsWithName = false;
  }
  return node;
}

Node *Parser::parseMember(Node *object) {
  if (isAt(TokenType::Integer)) {
    Node *index = parseNumber();
    return make(NodeType::Item, object, index);
  }
  Node *member = make(NodeType::Attribute, object);
  member->value = stringOf(current().text);
  expect(TokenType::Name, "the name of a member");
  return member;
}

Node *Parser::parseItem(Node *object) {
  Node *slice = make(NodeType::Slice, object);
  bool isSlice = false;
  int part = 1;
  for (; part < 4 && !trouble.any(); ++part) {
    if (!current().is(":") && !current().is("]"))
      slice->parts[part] = parseExpression();
    if (current().is(","))
      refuse("a subscript with", ",");
    if (!takeSign(":"))
      break;
    isSlice = true;
  }
  expectSign("]");
  if (isSlice)
    return slice;
  if (!slice->parts[1])
    complainOf("a subscript");
  slice->type = NodeType::Item;
  return slice;
}

Node *Parser::parseArguments() {
  NodeList arguments;
  bool named = false;
  while (!takeSign(")") && !trouble.any()) {
    if (arguments.front())
      expectSign(",");
    if (takeSign(")"))
      break;
    if (current().is("*") || current().is("**")) {
      Node *spread = make(NodeType::Spread);
      spread->ofNames = current().is("**");
      named |= spread->ofNames;
      advance();
      spread->parts[0] = parseExpression();
      arguments.push(spread);
    } else if (isAt(TokenType::Name) && ahead().is("=")) {
      Node *argument = make(NodeType::Keyword);
      argument->value = stringOf(current().text);
      advance();
      advance();
      argument->parts[0] = parseExpression();
      arguments.push(argument);
      named = true;
    } else {
      if (named)
        complainOf("a name for what stands behind arguments with names");
      arguments.push(parseExpression());
    }
  }
  return arguments.front();
}

Node *Parser::parseCall(Node *callee) {
  Node *call = make(NodeType::Call, callee);
  if (callee->type == NodeType::Attribute)
    if (std::string_view name = callee->value.view(); isUnknownMethod(name))
      refuse("the method", name);
  call->parts[1] = parseArguments();
  return call;
}

/// Whether `parameters`, names with spaces between them, take the arguments.
void Parser::checkArguments(const Node *arguments, const char *what,
                            std::string_view name, const char *parameters) {
  if (!parameters || trouble.any())
    return;
  int64_t positional = 0;
  for (const Node *node = arguments; node; node = node->next) {
    if (node->type == NodeType::Spread)
      return; // how many there are shows when they are there
    bool isNamed = node->type == NodeType::Keyword;
    int64_t place =
        isNamed ? placeOf(node->value.view(), parameters) : positional++;
    if (place < 0 || place >= countParameters(parameters))
      trouble.note(node->line, "the %s `%.*s` takes no such argument%s%.*s",
                   what, static_cast<int>(name.size()), name.data(),
                   isNamed ? ": " : "",
                   isNamed ? static_cast<int>(node->value.bytes) : 0,
                   isNamed ? node->value.text : "");
  }
}

/// `map("trim")` and `select("equalto", …)` name a filter or a test.
void Parser::checkNamedFunctions(const Node *node, std::string_view name) {
  bool ofAttribute = name == "selectattr" || name == "rejectattr";
  const Node *argument = node->parts[1];
  if (ofAttribute && argument)
    argument = argument->next;
  if (!argument || argument->type != NodeType::Constant ||
      !argument->value.is(Kind::String))
    return;
  std::string_view wanted = argument->value.view();
  if (name == "map" && !findFilter(wanted))
    refuse("the filter", wanted);
  if (name != "map" && !findTest(wanted))
    refuse("the test", wanted);
}

Node *Parser::parseFilter(Node *operand) {
  Node *node = make(NodeType::Filtered, operand);
  std::string_view name = current().text;
  expect(TokenType::Name, "the name of a filter");
  node->value = stringOf(name);
  node->filter = findFilter(name);
  // One that Jinja does not know is a mistake only where it is reached.
  if (!node->filter && (!soft || isUnknownFilter(name)))
    refuse("the filter", name);
  if (takeSign("("))
    node->parts[1] = parseArguments();
  if (node->filter)
    checkArguments(node->parts[1], "filter", name, node->filter->parameters);
  for (const char *taking :
       {"map", "select", "reject", "selectattr", "rejectattr"})
    if (name == taking)
      checkNamedFunctions(node, name);
  return node;
}

static bool beginsArgument(const Token &token) {
  switch (token.type) {
  case TokenType::Name:
    return token.text != "else" && token.text != "or" && token.text != "and";
  case TokenType::String:
  case TokenType::Integer:
  case TokenType::Float:
    return true;
  default:
    return token.is("(") || token.is("[") || token.is("{");
  }
}

Node *Parser::parseTest(Node *operand) {
  bool negated = takeName("not");
  Node *node = make(NodeType::Tested, operand);
  std::string_view name = current().text;
  expect(TokenType::Name, "the name of a test");
  node->value = stringOf(name);
  node->test = findTest(name);
  if (!node->test && (!soft || isUnknownTest(name)))
    refuse("the test", name);
  if (takeSign("(")) {
    node->parts[1] = parseArguments();
  } else if (beginsArgument(current())) {
    if (current().isName("is"))
      complainOf("no second test");
    node->parts[1] = parsePostfix(parsePrimary());
  }
  if (node->test)
    checkArguments(node->parts[1], "test", name, node->test->parameters);
  return negated ? make(NodeType::Not, node) : node;
}

} // namespace heddle::chat
