// Executes a template's tree.
//
// What a template does is what Python does with Jinja in the sandbox of
// transformers. The first thing that goes wrong is noted; all that follows is
// then worth nothing, and ends soon: every loop asks failed().
#ifndef HEDDLE_RUNTIME_CHAT_INTERPRETER_H
#define HEDDLE_RUNTIME_CHAT_INTERPRETER_H

#include "runtime/chat/Functions.h"
#include "runtime/chat/Parser.h"

#include <ctime>

namespace heddle::chat {

struct Limits {
  int64_t steps = 50'000'000; // nodes that are visited, and much of bytes
  size_t bytes = size_t{256} << 20;
  int depth = 900; // of statements and expressions within each other
};

/// A name that has a value, in the scope it was set in.
struct Variable {
  int32_t symbol;
  Value value;
  Variable *next;
};

struct Scope {
  Scope *outer = nullptr;
  Variable *variables = nullptr;
};

struct Macro {
  const Node *node = nullptr, *parameters = nullptr, *body = nullptr;
  std::string_view name;
  Scope *scope = nullptr; // that it was written in
};

/// The variable `loop`.
struct Loop {
  const Sequence *items = nullptr;
  int64_t index = 0;
  Value changed = missing();
};

struct Cycler {
  const Sequence *items = nullptr; // null: of a joiner, in `text`
  Value text;
  int64_t next = 0;
};

class Interpreter {
public:
  Interpreter(const Symbols &symbols, Heap &heap, const Limits &limits,
              time_t now, Trouble &trouble)
      : heap(heap), now(now), symbols(symbols), limits(limits),
        trouble(trouble) {}

  /// Executes the statements with the entries of `variables` as names.
  void run(const Node *body, const Dict &variables, text::Text &out);

  // For what a template calls.
  Heap &heap;
  const time_t now;
  [[gnu::format(printf, 2, 3)]] void fail(const char *format, ...);
  bool failed() const { return trouble.any(); }
  /// Work on so many bytes, or items. False when there was too much.
  bool spend(uint64_t work = 1);
  /// Room for the work of one comparison.
  bool spendOnEquality(const Value &left, const Value &right) {
    uint64_t first = workOn(left), second = workOn(right);
    return spend(first < second ? first : second);
  }
  bool spendOnFinding(const Dict &dict, const Value &key);
  /// str(): the string itself, if it is one.
  Value toString(const Value &value);
  /// The items of what can be iterated over; else fails.
  const Sequence *iterate(const Value &value);
  Value add(const Value &left, const Value &right);
  bool contains(const Value &container, const Value &item);
  Value getAttribute(const Value &object, std::string_view name);
  Value getItem(const Value &object, const Value &index);
  /// `a.b.0` of a value, as filters take it.
  Value getPath(Value value, const Value &path);
  Value call(const Value &callee, const Arguments &arguments);
  Value applyFilter(const Filter *filter, std::string_view name,
                    const Value &input, const Arguments &arguments);
  bool applyTest(const Test *test, std::string_view name, const Value &input,
                 const Arguments &arguments);
  bool bind(const char *what, std::string_view name, const char *parameters,
            const Arguments &arguments, Bound &bound);
  Value format(std::string_view pattern, const Arguments &arguments);
  Value formatPercent(std::string_view pattern, const Value &values);

private:
  enum class Flow { Next, Break, Continue };

  // Statements.
  void write(const Value &string);
  Flow execute(const Node *body);
  Flow executeOne(const Node &node);
  void executeFor(const Node &node);
  const Sequence *filterItems(const Node &node, const Sequence *items);
  void executeSet(const Node &target, const Value &value);
  void executeMember(const Node &target, const Value &value);
  void executeCallBlock(const Node &node);
  void executeWith(const Node &node);
  Value capture(const Node *body);
  Value callMacro(const Macro &macro, const Arguments &arguments,
                  const Value *caller);
  void bindParameters(const Macro &macro, const Arguments &arguments);

  // Expressions.
  Value evaluate(const Node *node);
  Value evaluateNode(const Node &node);
  Value evaluateName(int32_t symbol);
  Value evaluateItems(const Node *items, Sequence::Form form);
  Value evaluateDict(const Node *entries);
  Value evaluateCompare(const Node &node);
  Value evaluateJoin(const Node *operands);
  Value evaluateUnary(const Node &node);
  Value evaluateBinary(const Node &node);
  Value evaluateSlice(const Node &node);
  Value evaluateCall(const Node &node, const Value *caller);
  void spread(const Node &node, Arguments &arguments);
  void evaluateArguments(const Node *nodes, Arguments &arguments);
  bool holds(Operation operation, const Value &left, const Value &right);
  Value calculate(Operation operation, const Value &left, const Value &right);
  Value calculateWhole(Operation operation, int64_t left, int64_t right);
  Value calculateFloat(Operation operation, double left, double right);
  Value repeat(const Value &value, int64_t times);
  Value getLoopAttribute(Loop &loop, std::string_view name);
  Value callLoop(const Method &method, const Arguments &arguments);
  Value appendField(text::Text &out, std::string_view field,
                    const Arguments &arguments, int64_t &next);

  /// A level deeper; false where that is too deep.
  bool descend();

  // Variables.
  Variable *find(int32_t symbol);
  void define(int32_t symbol, const Value &value);
  int32_t symbolOf(std::string_view name) const;

  const Symbols &symbols;
  const Limits &limits;
  Trouble &trouble;
  Scope *scope = nullptr;
  text::Text *out = nullptr;
  Value blockText;
  int64_t steps = 0;
  int depth = 0;
  int32_t line = 0;
};

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_INTERPRETER_H
