// Statements of a template.
#include "runtime/chat/Functions.h"
#include "runtime/chat/Parser.h"

#include <new>

namespace heddle::chat {

namespace {
/// Sets a variable while it lives.
template <typename T> class Restored {
public:
  Restored(T &variable, T value) : variable(variable), before(variable) {
    variable = value;
  }
  ~Restored() { variable = before; }

private:
  T &variable;
  T before;
};
} // namespace

Node *Parser::make(NodeType type, Node *first, Node *second) {
  auto *memory = static_cast<Node *>(heap.allocate(sizeof(Node)));
  if (!memory) {
    // Any node will do: nothing is executed after trouble.
    static Node lost;
    trouble.note(current().line, "no memory for the template");
    return &(lost = Node());
  }
  Node *node = new (memory) Node();
  node->type = type;
  node->line = current().line;
  node->parts[0] = first;
  node->parts[1] = second;
  return node;
}

int32_t Parser::symbolOf(std::string_view name) {
  for (size_t i = 0; i < symbols.size(); ++i)
    if (symbols[i] == name)
      return static_cast<int32_t>(i);
  symbols.push(name);
  return static_cast<int32_t>(symbols.size()) - 1;
}

bool Parser::takeSign(std::string_view sign) {
  if (!current().is(sign))
    return false;
  advance();
  return true;
}

bool Parser::takeName(std::string_view name) {
  if (!current().isName(name))
    return false;
  advance();
  return true;
}

void Parser::complainOf(const char *needed) {
  const Token &token = current();
  bool isEnd = token.type == TokenType::End;
  trouble.note(
      token.line, "found %s%.*s%s, needed %s",
      isEnd ? "the template's end" : "`",
      static_cast<int>(token.text.size() < 40 ? token.text.size() : 40),
      token.text.data(), isEnd ? "" : "`", needed);
}

void Parser::expect(TokenType type, const char *what) {
  if (!isAt(type))
    complainOf(what);
  advance();
}

void Parser::expectSign(std::string_view sign) {
  char needed[8];
  snprintf(needed, sizeof needed, "`%.*s`", static_cast<int>(sign.size()),
           sign.data());
  if (!takeSign(sign))
    complainOf(needed);
}

/// What Jinja knows and Heddle does not.
void Parser::refuse(const char *what, std::string_view name) {
  trouble.note(current().line, "%s `%.*s` is not supported", what,
               static_cast<int>(name.size()), name.data());
}

Node *Parser::parse() {
  Node *body = parseBody({});
  return trouble.any() ? nullptr : body;
}

/// Statements up to a block with one of the names `ends`, at which the parser
/// then stands; to the template's end where there are none.
Node *Parser::parseBody(Names ends) {
  Level level(depth, trouble, current().line);
  if (ends.size()) {
    takeSign(":");
    expect(TokenType::BlockEnd, "the block's end");
  }
  NodeList body;
  while (!trouble.any()) {
    if (isAt(TokenType::End)) {
      if (ends.size())
        complainOf("the end of a block that is open");
      break;
    }
    if (isAt(TokenType::Data)) {
      Node *text = make(NodeType::Text);
      text->value = stringOf(current().text);
      advance();
      body.push(text);
    } else if (isAt(TokenType::VariableBegin)) {
      advance();
      Node *output = make(NodeType::Output);
      output->parts[0] = parseTuple();
      expect(TokenType::VariableEnd, "`}}`");
      body.push(output);
    } else {
      expect(TokenType::BlockBegin, "a block");
      for (std::string_view end : ends)
        if (current().isName(end))
          return body.front();
      body.push(parseStatement());
    }
  }
  return body.front();
}

/// Behind the name that ends a block.
void Parser::finishBlock(std::string_view end) {
  if (!takeName(end))
    complainOf("the end of the block");
  expect(TokenType::BlockEnd, "`%}`");
}

Node *Parser::parseStatement() {
  if (!isAt(TokenType::Name))
    return complainOf("the name of a statement"), nullptr;
  std::string_view name = current().text;
  for (const char *unsupported : {"autoescape", "block", "do", "extends",
                                  "from", "import", "include", "trans"})
    if (name == unsupported)
      return refuse("the statement", name), nullptr;
  if (takeName("if"))
    return parseIf();
  if (takeName("for"))
    return parseFor();
  if (takeName("set"))
    return parseSet();
  if (takeName("macro"))
    return parseMacro();
  if (takeName("call"))
    return parseCallBlock();
  if (takeName("filter"))
    return parseFilterBlock();
  if (takeName("with"))
    return parseWith();
  if (takeName("generation")) {
    Restored<bool> hard(soft, false);
    Restored<int> outside(loops, 0);
    Node *generation = make(NodeType::Generation);
    generation->parts[0] = parseBody({"endgeneration"});
    finishBlock("endgeneration");
    return generation;
  }
  if (takeName("print")) {
    NodeList outputs;
    do
      outputs.push(make(NodeType::Output, parseExpression()));
    while (takeSign(","));
    expect(TokenType::BlockEnd, "`%}`");
    Node *always = make(NodeType::Constant);
    always->value = boolean(true);
    return make(NodeType::If, always, outputs.front());
  }
  bool isBreak = name == "break";
  if (!isBreak && name != "continue")
    return trouble.note(current().line, "found `%.*s`, which is no statement",
                        static_cast<int>(name.size()), name.data()),
           nullptr;
  if (!loops)
    complainOf("a loop around it");
  advance();
  expect(TokenType::BlockEnd, "`%}`");
  return make(isBreak ? NodeType::Break : NodeType::Continue);
}

Node *Parser::parseIf() {
  Level level(depth, trouble, current().line);
  Node *node = make(NodeType::If);
  {
    Restored<bool> inside(soft, true);
    node->parts[0] = parseTuple(/*conditional=*/false);
    node->parts[1] = parseBody({"elif", "else", "endif"});
    if (takeName("elif")) {
      node->parts[2] = parseIf();
      return node;
    }
    if (takeName("else"))
      node->parts[2] = parseBody({"endif"});
  }
  finishBlock("endif");
  return node;
}

Node *Parser::parseFor() {
  Restored<bool> hard(soft, false);
  Node *node = make(NodeType::For);
  node->parts[0] = parseTarget(false, true);
  if (!takeName("in"))
    complainOf("`in`");
  node->parts[1] = parseTuple(/*conditional=*/false);
  if (takeName("if"))
    node->parts[2] = parseExpression();
  if (current().isName("recursive"))
    refuse("the loop that is", "recursive");
  ++loops;
  node->parts[3] = parseBody({"endfor", "else"});
  --loops;
  if (takeName("else"))
    node->parts[4] = parseBody({"endfor"});
  finishBlock("endfor");
  return node;
}

Node *Parser::parseSet() {
  Node *target = parseTarget(true, true);
  if (takeSign("=")) {
    Node *set = make(NodeType::Set, target);
    set->parts[1] = parseTuple();
    expect(TokenType::BlockEnd, "`%}`");
    return set;
  }
  Restored<bool> hard(soft, false);
  Restored<int> outside(loops, 0);
  Node *set = make(NodeType::SetBlock, target);
  set->parts[1] = parseFilters(make(NodeType::BlockText));
  set->parts[2] = parseBody({"endset"});
  finishBlock("endset");
  return set;
}

Node *Parser::parseParameters() {
  NodeList parameters;
  expectSign("(");
  bool hasDefaults = false;
  while (!takeSign(")") && !trouble.any()) {
    if (parameters.front())
      expectSign(",");
    // One comma may stand behind the last.
    if (takeSign(")"))
      break;
    Node *parameter = parseName();
    if (takeSign("="))
      hasDefaults = (parameter->parts[0] = parseExpression());
    else if (hasDefaults)
      trouble.note(parameter->line,
                   "found a parameter without a default behind one with it");
    parameters.push(parameter);
  }
  return parameters.front();
}

Node *Parser::parseMacro() {
  Restored<bool> hard(soft, false);
  Restored<int> outside(loops, 0);
  Node *macro = make(NodeType::Macro);
  macro->symbol = symbolOf(current().text);
  expect(TokenType::Name, "the macro's name");
  macro->parts[0] = parseParameters();
  macro->parts[1] = parseBody({"endmacro"});
  finishBlock("endmacro");
  return macro;
}

Node *Parser::parseCallBlock() {
  Restored<bool> hard(soft, false);
  Restored<int> outside(loops, 0);
  Node *block = make(NodeType::CallBlock);
  if (current().is("("))
    block->parts[0] = parseParameters();
  Node *call = block->parts[1] = parseExpression();
  if (!trouble.any() && (!call || call->type != NodeType::Call))
    complainOf("a call");
  block->parts[2] = parseBody({"endcall"});
  finishBlock("endcall");
  return block;
}

Node *Parser::parseFilterBlock() {
  Restored<bool> hard(soft, false);
  Restored<int> outside(loops, 0);
  Node *block = make(NodeType::FilterBlock);
  block->parts[0] = parseFilters(make(NodeType::BlockText), true);
  block->parts[1] = parseBody({"endfilter"});
  finishBlock("endfilter");
  return block;
}

Node *Parser::parseWith() {
  Restored<bool> hard(soft, false);
  Node *with = make(NodeType::With);
  NodeList targets, values;
  while (!isAt(TokenType::BlockEnd) && !trouble.any()) {
    if (targets.front())
      expectSign(",");
    targets.push(parseTarget(false, false));
    expectSign("=");
    values.push(parseExpression());
  }
  with->parts[0] = targets.front();
  with->parts[1] = values.front();
  with->parts[2] = parseBody({"endwith"});
  finishBlock("endwith");
  return with;
}

Node *Parser::parseName() {
  Node *name = make(NodeType::Name);
  std::string_view text = current().text;
  for (const char *word : {"true", "false", "none", "True", "False", "None"})
    if (isAt(TokenType::Name) && text == word)
      complainOf("a name that can be set");
  expect(TokenType::Name, "a name");
  name->symbol = symbolOf(text);
  return name;
}

/// What is assigned to: a name, several, or a member of a namespace.
Node *Parser::parseTarget(bool mayBeMember, bool mayBeTuple) {
  if (mayBeMember && isAt(TokenType::Name) && ahead().is(".")) {
    Node *member = make(NodeType::Member);
    member->symbol = symbolOf(current().text);
    advance();
    advance();
    member->value = stringOf(current().text);
    expect(TokenType::Name, "the name of a member");
    return member;
  }
  bool inParentheses = mayBeTuple && takeSign("(");
  Node *first = parseName();
  if (!mayBeTuple || (!current().is(",") && !inParentheses))
    return first;
  NodeList names;
  names.push(first);
  bool isTuple = false;
  while (takeSign(",") && !trouble.any()) {
    isTuple = true;
    if (!isAt(TokenType::Name) || current().isName("in"))
      break;
    names.push(parseName());
  }
  if (inParentheses)
    expectSign(")");
  return isTuple ? make(NodeType::Tuple, names.front()) : first;
}

} // namespace heddle::chat
