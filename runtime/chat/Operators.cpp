// Arithmetic and comparisons, as Python has them, with integers of 64 bits.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"

#include <cmath>

namespace heddle::chat {

static constexpr const char *signs[] = {"+", "-", "*", "/", "//", "%", "**"};

Value Interpreter::evaluateUnary(const Node &node) {
  Value operand = evaluate(node.parts[0]);
  line = node.line;
  bool negative = node.operation == Operation::Subtract;
  if (operand.isWhole() && operand.integer != INT64_MIN)
    return integer(negative ? -operand.integer : operand.integer);
  if (operand.is(Kind::Float))
    return floating(negative ? -operand.number : operand.number);
  fail("found a %s, needed a number behind `%s`", typeName(operand),
       negative ? "-" : "+");
  return undefined();
}

Value Interpreter::evaluateBinary(const Node &node) {
  Value left = evaluate(node.parts[0]), right = evaluate(node.parts[1]);
  line = node.line;
  if (failed())
    return undefined();
  if (node.operation == Operation::Add)
    return add(left, right);
  return calculate(node.operation, left, right);
}

Value Interpreter::add(const Value &left, const Value &right) {
  if (left.is(Kind::String) && right.is(Kind::String)) {
    spend(right.bytes / 16);
    if (left.markup == right.markup) {
      Value sum = heap.concatenation(left.view(), right.view());
      sum.markup = left.markup && sum.is(Kind::String);
      return sum;
    }
    // What `safe` has made escapes the string that is added to it.
    text::Text text;
    for (const Value *part : {&left, &right})
      if (part->markup)
        text.append(part->view());
      else
        appendEscaped(text, part->view());
    return heap.string(text.view(), true);
  }
  if (left.is(Kind::Sequence) && right.is(Kind::Sequence) &&
      left.sequence->form == right.sequence->form &&
      left.sequence->form <= Sequence::Tuple) {
    Values items;
    for (const Value *part : {&left, &right})
      items.append(part->sequence->items,
                   static_cast<size_t>(part->sequence->count));
    spend(items.size());
    return heap.sequence(left.sequence->form, items);
  }
  return calculate(Operation::Add, left, right);
}

Value Interpreter::repeat(const Value &value, int64_t times) {
  times = times < 0 ? 0 : times;
  bool isString = value.is(Kind::String);
  int64_t size = isString ? value.bytes : value.sequence->count;
  int64_t total = 0;
  if (__builtin_mul_overflow(size, times, &total) ||
      !spend(static_cast<uint64_t>(total)))
    return fail("the template needs too much memory"), undefined();
  text::Text text;
  Values items;
  for (int64_t i = 0; i < times && size; ++i)
    if (isString)
      text.append(value.view());
    else
      items.append(value.sequence->items, static_cast<size_t>(size));
  return isString ? heap.string(text.view(), value.markup)
                  : heap.sequence(value.sequence->form, items);
}

static bool canBeRepeated(const Value &value) {
  return value.is(Kind::String) ||
         (value.is(Kind::Sequence) && value.sequence->form <= Sequence::Tuple);
}

Value Interpreter::calculate(Operation operation, const Value &left,
                             const Value &right) {
  if (operation == Operation::Multiply && left.isWhole() &&
      canBeRepeated(right))
    return repeat(right, left.integer);
  if (operation == Operation::Multiply && right.isWhole() &&
      canBeRepeated(left))
    return repeat(left, right.integer);
  if (operation == Operation::Modulo && left.is(Kind::String))
    return formatPercent(left.view(), right);
  if (!left.isNumber() || !right.isNumber()) {
    fail("found `%s` between a %s and a %s", signs[static_cast<int>(operation)],
         typeName(left), typeName(right));
    return undefined();
  }
  bool isWhole = left.isWhole() && right.isWhole() &&
                 operation != Operation::Divide &&
                 !(operation == Operation::Power && right.integer < 0);
  if (operation >= Operation::Divide && operation <= Operation::Modulo &&
      right.asFloat() == 0)
    return fail("found a division by zero"), undefined();
  return isWhole ? calculateWhole(operation, left.integer, right.integer)
                 : calculateFloat(operation, left.asFloat(), right.asFloat());
}

Value Interpreter::calculateWhole(Operation operation, int64_t left,
                                  int64_t right) {
  int64_t result = 0;
  bool overflows = false;
  switch (operation) {
  case Operation::Add:
    overflows = __builtin_add_overflow(left, right, &result);
    break;
  case Operation::Subtract:
    overflows = __builtin_sub_overflow(left, right, &result);
    break;
  case Operation::Multiply:
    overflows = __builtin_mul_overflow(left, right, &result);
    break;
  case Operation::Power:
    result = 1;
    // A base of 0 or 1 would go on for long.
    if (left >= -1 && left <= 1)
      right = right ? 2 - (right & 1) : 0;
    for (int64_t i = 0; i < right && !overflows; ++i)
      overflows = __builtin_mul_overflow(result, left, &result);
    break;
  default:
    if (right == -1) {
      overflows = __builtin_sub_overflow(int64_t{0}, left, &result);
      result = operation == Operation::Modulo ? 0 : result;
      overflows &= operation != Operation::Modulo;
      break;
    }
    // Python's rests have the sign of the divisor.
    int64_t rest = left % right;
    bool down = rest != 0 && (rest < 0) != (right < 0);
    result = operation == Operation::Modulo ? rest + (down ? right : 0)
                                            : left / right - down;
  }
  if (overflows)
    fail("found a number that is too large");
  return integer(result);
}

Value Interpreter::calculateFloat(Operation operation, double left,
                                  double right) {
  double rest;
  switch (operation) {
  case Operation::Add:
    return floating(left + right);
  case Operation::Subtract:
    return floating(left - right);
  case Operation::Multiply:
    return floating(left * right);
  case Operation::Divide:
    return floating(left / right);
  case Operation::Power:
    return floating(std::pow(left, right));
  default:
    rest = std::fmod(left, right);
    if (rest != 0 && (rest < 0) != (right < 0))
      rest += right;
    if (operation == Operation::Modulo)
      return floating(rest == 0 ? std::copysign(0.0, right) : rest);
    return floating(std::round((left - rest) / right));
  }
}

bool Interpreter::contains(const Value &container, const Value &item) {
  if (container.is(Kind::String)) {
    if (!item.is(Kind::String))
      return fail("found `in` between a %s and a string", typeName(item)),
             false;
    spend(container.bytes / 16);
    return findText(container.view(), item.view(), 0) != std::string_view::npos;
  }
  if (container.is(Kind::Dict)) {
    return spendOnFinding(*container.dict, item) && container.dict->find(item);
  }
  const Sequence *items = iterate(container);
  for (int64_t i = 0; items && i < items->count; ++i)
    if (!spendOnEquality(items->items[i], item) ||
        areEqual(items->items[i], item))
      return !failed();
  return false;
}

bool Interpreter::holds(Operation operation, const Value &left,
                        const Value &right) {
  if (failed() || !spendOnEquality(left, right))
    return false;
  int order = 0;
  switch (operation) {
  case Operation::Equal:
    return areEqual(left, right);
  case Operation::NotEqual:
    return !areEqual(left, right);
  case Operation::In:
    return contains(right, left);
  case Operation::NotIn:
    return !contains(right, left);
  default:
    break;
  }
  if (!compare(left, right, order)) {
    fail("found a comparison of a %s with a %s", typeName(left),
         typeName(right));
    return false;
  }
  bool isNaN = (left.is(Kind::Float) && std::isnan(left.number)) ||
               (right.is(Kind::Float) && std::isnan(right.number));
  if (isNaN)
    return false;
  switch (operation) {
  case Operation::Less:
    return order < 0;
  case Operation::LessEqual:
    return order <= 0;
  case Operation::Greater:
    return order > 0;
  default:
    return order >= 0;
  }
}

} // namespace heddle::chat
