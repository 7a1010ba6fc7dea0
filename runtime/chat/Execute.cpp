// Statements: what a template does.
#include "runtime/chat/Interpreter.h"

#include <cstdarg>

namespace heddle::chat {

void Interpreter::fail(const char *format, ...) {
  char message[sizeof trouble.message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  trouble.note(line, "%s", message);
}

bool Interpreter::spend(uint64_t work) {
  steps += static_cast<int64_t>(work < (uint64_t{1} << 40) ? work
                                                           : uint64_t{1} << 40);
  if (steps > limits.steps)
    fail("the template does not come to an end");
  if (heap.isExhausted())
    fail("the template needs too much memory");
  return !failed();
}

bool Interpreter::descend() {
  if (depth >= limits.depth)
    fail("macros call each other without an end");
  depth += !failed();
  return !failed();
}

//===-- Variables --===//

Variable *Interpreter::find(int32_t symbol) {
  for (Scope *at = scope; at; at = at->outer)
    for (Variable *variable = at->variables; variable;
         variable = variable->next)
      if (variable->symbol == symbol)
        return variable;
  return nullptr;
}

void Interpreter::define(int32_t symbol, const Value &value) {
  for (Variable *known = scope->variables; known; known = known->next)
    if (known->symbol == symbol) {
      known->value = value;
      return;
    }
  auto *variable = heap.create<Variable>();
  if (!variable)
    return fail("the template needs too much memory");
  *variable = {symbol, value, scope->variables};
  scope->variables = variable;
}

int32_t Interpreter::symbolOf(std::string_view name) const {
  for (size_t i = 0; i < symbols.size(); ++i)
    if (symbols[i] == name)
      return static_cast<int32_t>(i);
  return -1;
}

namespace {
/// Names that are set while it lives are forgotten afterwards.
class Inside {
public:
  Inside(Scope *&current, Scope *outer) : current(current), before(current) {
    scope.outer = outer;
    current = &scope;
  }
  /// A scope that macros written in it may outlive.
  Inside(Scope *&current, Scope *lasting, Scope *outer)
      : current(current), before(current) {
    lasting->outer = outer;
    current = lasting;
  }
  ~Inside() { current = before; }

private:
  Scope scope;
  Scope *&current, *before;
};
} // namespace

//===-- Statements --===//

void Interpreter::write(const Value &string) {
  if (spend(string.bytes / 4))
    out->append(string.view());
}

void Interpreter::run(const Node *body, const Dict &variables,
                      text::Text &text) {
  auto *root = heap.create<Scope>();
  if (!root)
    return fail("the template needs too much memory");
  Inside inside(scope, root, nullptr);
  for (int64_t i = 0; i < variables.count; ++i)
    if (int32_t symbol = symbolOf(variables.entries[i].key.view()); symbol >= 0)
      define(symbol, variables.entries[i].value);
  out = &text;
  execute(body);
}

Interpreter::Flow Interpreter::execute(const Node *body) {
  if (!descend())
    return Flow::Next;
  Flow flow = Flow::Next;
  for (const Node *node = body; node && flow == Flow::Next && !failed();
       node = node->next)
    flow = executeOne(*node);
  --depth;
  return flow;
}

Interpreter::Flow Interpreter::executeOne(const Node &node) {
  line = node.line;
  if (!spend())
    return Flow::Next;
  switch (node.type) {
  case NodeType::Text:
    write(node.value);
    break;
  case NodeType::Output:
    write(toString(evaluate(node.parts[0])));
    break;
  case NodeType::If:
    return execute(isTrue(evaluate(node.parts[0])) ? node.parts[1]
                                                   : node.parts[2]);
  case NodeType::For:
    executeFor(node);
    break;
  case NodeType::Set:
    executeSet(*node.parts[0], evaluate(node.parts[1]));
    break;
  case NodeType::SetBlock: {
    Value before = blockText;
    blockText = capture(node.parts[2]);
    executeSet(*node.parts[0], evaluate(node.parts[1]));
    blockText = before;
    break;
  }
  case NodeType::Macro: {
    auto *macro = heap.create<Macro>();
    if (!macro)
      break;
    *macro = {&node, node.parts[0], node.parts[1], symbols[node.symbol], scope};
    Value value = ofKind(Kind::Macro);
    value.macro = macro;
    define(node.symbol, value);
    break;
  }
  case NodeType::CallBlock:
    executeCallBlock(node);
    break;
  case NodeType::FilterBlock: {
    Value before = blockText;
    blockText = capture(node.parts[1]);
    write(toString(evaluate(node.parts[0])));
    blockText = before;
    break;
  }
  case NodeType::With:
    executeWith(node);
    break;
  case NodeType::Generation:
    write(capture(node.parts[0]));
    break;
  case NodeType::Break:
    return Flow::Break;
  case NodeType::Continue:
    return Flow::Continue;
  default:
    fail("found an expression in the place of a statement");
  }
  return Flow::Next;
}

/// What statements write, in a scope of their own.
Value Interpreter::capture(const Node *body) {
  auto *lasting = heap.create<Scope>();
  if (!lasting)
    return stringOf("");
  text::Text text;
  text::Text *before = out;
  out = &text;
  {
    Inside inside(scope, lasting, scope);
    execute(body);
  }
  out = before;
  Value value = heap.string(text.view());
  return value.is(Kind::String) ? value : stringOf("");
}

/// The items that the loop's `if` lets pass.
const Sequence *Interpreter::filterItems(const Node &node,
                                         const Sequence *items) {
  Values passing;
  for (int64_t i = 0; i < items->count && !failed(); ++i) {
    Inside inside(scope, scope);
    executeSet(*node.parts[0], items->items[i]);
    if (isTrue(evaluate(node.parts[2])))
      passing.push(items->items[i]);
  }
  Value filtered = heap.sequence(Sequence::List, passing);
  return filtered.is(Kind::Sequence) ? filtered.sequence : nullptr;
}

void Interpreter::executeFor(const Node &node) {
  const Sequence *items = iterate(evaluate(node.parts[1]));
  if (items && node.parts[2])
    items = filterItems(node, items);
  auto *loop = heap.create<Loop>();
  if (!items || !loop)
    return;
  Value value = ofKind(Kind::Loop);
  value.loop = loop;
  loop->items = items;
  int32_t symbol = symbolOf("loop");
  bool finished = false; // any round
  for (; loop->index < items->count && !failed(); ++loop->index) {
    auto *lasting = heap.create<Scope>();
    if (!lasting)
      break;
    Inside inside(scope, lasting, scope);
    if (symbol >= 0)
      define(symbol, value);
    executeSet(*node.parts[0], items->items[loop->index]);
    Flow flow = execute(node.parts[3]);
    finished |= flow == Flow::Next;
    if (flow == Flow::Break)
      break;
  }
  // As in Jinja: also where no round came to its end.
  if (finished || failed())
    return;
  if (auto *lasting = heap.create<Scope>()) {
    Inside inside(scope, lasting, scope);
    execute(node.parts[4]);
  }
}

void Interpreter::executeMember(const Node &target, const Value &value) {
  Variable *variable = find(target.symbol);
  if (!variable || !variable->value.is(Kind::Namespace))
    return fail("found an assignment to a member of what is no namespace");
  heap.set(*variable->value.dict, target.value, value);
}

void Interpreter::executeSet(const Node &target, const Value &value) {
  if (failed())
    return;
  if (target.type == NodeType::Name)
    return define(target.symbol, value);
  if (target.type == NodeType::Member)
    return executeMember(target, value);
  const Sequence *items = iterate(value);
  const Node *name = target.parts[0];
  int64_t index = 0;
  for (; items && index < items->count && name; ++index, name = name->next)
    define(name->symbol, items->items[index]);
  if (items && (name || index < items->count))
    fail("found %lld values for another number of names",
         static_cast<long long>(items->count));
}

void Interpreter::executeCallBlock(const Node &node) {
  auto *macro = heap.create<Macro>();
  if (!macro)
    return;
  *macro = {&node, node.parts[0], node.parts[2], "caller", scope};
  Value caller = ofKind(Kind::Macro);
  caller.macro = macro;
  write(toString(evaluateCall(*node.parts[1], &caller)));
}

void Interpreter::executeWith(const Node &node) {
  auto *lasting = heap.create<Scope>();
  if (!lasting)
    return;
  Values values;
  for (const Node *value = node.parts[1]; value; value = value->next)
    values.push(evaluate(value));
  Inside inside(scope, lasting, scope);
  size_t index = 0;
  for (const Node *name = node.parts[0]; name; name = name->next)
    if (index < values.size())
      define(name->symbol, values[index++]);
  execute(node.parts[2]);
}

//===-- Macros --===//

void Interpreter::bindParameters(const Macro &macro,
                                 const Arguments &arguments) {
  size_t place = 0, taken = 0;
  for (const Node *parameter = macro.parameters; parameter && !failed();
       parameter = parameter->next, ++place) {
    std::string_view name = symbols[parameter->symbol];
    Value value = missing();
    if (place < arguments.positional.size())
      value = arguments.positional[place];
    for (const Arguments::Named &named : arguments.named)
      if (named.name == name) {
        if (!value.is(Kind::Missing))
          return fail("the macro %.*s got two values for %.*s",
                      static_cast<int>(macro.name.size()), macro.name.data(),
                      static_cast<int>(name.size()), name.data());
        value = named.value;
        ++taken;
      }
    if (value.is(Kind::Missing))
      value =
          parameter->parts[0] ? evaluate(parameter->parts[0]) : undefined(name);
    define(parameter->symbol, value);
  }
  // Jinja's `varargs` and `kwargs` hold the others, if the macro names them.
  bool hasMore = place < arguments.positional.size();
  if ((hasMore || taken < arguments.named.size()) && !failed())
    fail("the macro %.*s does not take that many arguments, or not by these "
         "names",
         static_cast<int>(macro.name.size()), macro.name.data());
}

Value Interpreter::callMacro(const Macro &macro, const Arguments &arguments,
                             const Value *caller) {
  auto *lasting = heap.create<Scope>();
  if (!lasting)
    return undefined();
  text::Text text;
  text::Text *before = out;
  int32_t callLine = line;
  out = &text;
  {
    Inside inside(scope, lasting, macro.scope);
    bindParameters(macro, arguments);
    if (int32_t symbol = caller ? symbolOf("caller") : -1; symbol >= 0)
      define(symbol, *caller);
    execute(macro.body);
  }
  out = before;
  if (!failed())
    line = callLine;
  return heap.string(text.view());
}

} // namespace heddle::chat
