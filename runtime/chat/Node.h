// The tree of a template.
#ifndef HEDDLE_RUNTIME_CHAT_NODE_H
#define HEDDLE_RUNTIME_CHAT_NODE_H

#include "runtime/chat/Value.h"

namespace heddle::chat {

struct Filter;
struct Test;

// What the children of a node are stands beside its type; `…` is a list of
// nodes, which hang together by `next`.
enum class NodeType : uint8_t {
  // Statements.
  Text,        // value
  Output,      // [expression]
  If,          // [condition, body…, otherwise…]
  For,         // [target, sequence, condition, body…, otherwise…]
  Set,         // [target, expression]
  SetBlock,    // [target, filters, body…]
  Macro,       // symbol, [parameters…, body…]
  CallBlock,   // [parameters…, call, body…]
  FilterBlock, // [filters, body…]
  With,        // [targets…, expressions…, body…]
  Generation,  // [body…]
  Break,
  Continue,

  // Expressions.
  Constant,    // value
  Name,        // symbol; as a parameter of a macro [default]
  Member,      // a target: symbol of a namespace, value: name
  BlockText,   // what the filters of a block are applied to
  List,        // [items…]
  Tuple,       // [items…]
  Dict,        // [key, value, key, value…]
  Conditional, // [condition, then, otherwise]
  Or,          // [left, right]
  And,         // [left, right]
  Not,         // [operand]
  Unary,       // operation, [operand]
  Binary,      // operation, [left, right]
  Compare,     // [left, operands…], each with an operation
  Join,        // [operands…]
  Filtered,    // filter, [operand, arguments…]
  Tested,      // test, [operand, arguments…]
  Call,        // [callee, arguments…]
  Keyword,     // value: the argument's name, [expression]
  Spread,      // [expression]: all items are arguments
  Attribute,   // value: name, [object]
  Item,        // [object, index]
  Slice        // [object, start, stop, step]
};

enum class Operation : uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  NotIn
};

struct Node {
  NodeType type = NodeType::Break;
  Operation operation = Operation::Add;
  bool ofNames = false; // `**`
  int32_t line = 0;
  int32_t symbol = -1; // a name's number
  Node *next = nullptr;
  Node *parts[5] = {};
  Value value;
  const chat::Filter *filter = nullptr; // null: there is none of that name
  const chat::Test *test = nullptr;
};

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_NODE_H
