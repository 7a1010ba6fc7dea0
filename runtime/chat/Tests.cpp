// Tests: what stands behind `is`.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"

namespace heddle::chat {

static bool isDefined(Interpreter &, const Value &input, const Bound &) {
  return !input.is(Kind::Undefined);
}
static bool isUndefined(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Undefined);
}
static bool isNone(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::None);
}
static bool isBoolean(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Boolean);
}
static bool isFalse(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Boolean) && !input.integer;
}
static bool isTrueItself(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Boolean) && input.integer;
}
static bool isInteger(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Integer);
}
static bool isFloat(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Float);
}
static bool isNumber(Interpreter &, const Value &input, const Bound &) {
  return input.isNumber();
}
static bool isString(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::String);
}
static bool isEscaped(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::String) && input.markup;
}
static bool isMapping(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Dict);
}
static bool isCallable(Interpreter &, const Value &input, const Bound &) {
  switch (input.kind) {
  case Kind::Undefined: // of Jinja: calling it is what fails
  case Kind::Macro:
  case Kind::Function:
  case Kind::Method:
  case Kind::Joiner:
  case Kind::Loop:
    return true;
  default:
    return false;
  }
}
static bool isIterable(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::Undefined) || input.is(Kind::String) ||
         input.is(Kind::Sequence) || input.is(Kind::Dict) ||
         input.is(Kind::Loop);
}
/// What has a length and items that are asked for by a number or a name.
static bool isSequence(Interpreter &, const Value &input, const Bound &) {
  if (input.is(Kind::Sequence))
    return input.sequence->hasIndices();
  return input.is(Kind::Undefined) || input.is(Kind::String) ||
         input.is(Kind::Dict);
}

static bool isLower(Interpreter &run, const Value &input, const Bound &) {
  Value string = run.toString(input);
  return run.spend(string.bytes / 4) && isAllOf(string.view(), Case::Lower);
}
static bool isUpper(Interpreter &run, const Value &input, const Bound &) {
  Value string = run.toString(input);
  return run.spend(string.bytes / 4) && isAllOf(string.view(), Case::Upper);
}

static int64_t restOf(Interpreter &run, const Value &input, const Value &by) {
  if (input.isWhole() && by.isWhole() && by.integer != 0)
    return by.integer == -1 ? 0 : input.integer % by.integer;
  run.fail("found a %s and a %s, needed whole numbers", typeName(input),
           typeName(by));
  return 0;
}
static bool isEven(Interpreter &run, const Value &input, const Bound &) {
  return restOf(run, input, integer(2)) == 0;
}
static bool isOdd(Interpreter &run, const Value &input, const Bound &) {
  return restOf(run, input, integer(2)) != 0;
}
static bool isDivisible(Interpreter &run, const Value &input,
                        const Bound &bound) {
  return restOf(run, input, bound[0]) == 0;
}

static bool isEqual(Interpreter &run, const Value &input, const Bound &bound) {
  return run.spendOnEquality(input, bound[0]) && areEqual(input, bound[0]);
}
static bool isUnequal(Interpreter &run, const Value &input,
                      const Bound &bound) {
  return !isEqual(run, input, bound);
}
static bool isSame(Interpreter &run, const Value &input, const Bound &bound) {
  if (input.kind != bound[0].kind)
    return false;
  switch (input.kind) {
  case Kind::String:
  case Kind::Float:
    // Whether two equal ones are the same is the affair of Python's memory.
    return isEqual(run, input, bound);
  case Kind::None:
  case Kind::Undefined:
    return true;
  default:
    return input.integer == bound[0].integer;
  }
}
static bool isIn(Interpreter &run, const Value &input, const Bound &bound) {
  return run.contains(bound[0], input);
}

/// −1, 0 or 1; 2, and fails, where there is no order.
static int orderOf(Interpreter &run, const Value &input, const Bound &bound) {
  int order = 0;
  if (run.spendOnEquality(input, bound[0]) && compare(input, bound[0], order))
    return order < 0 ? -1 : order > 0;
  run.fail("found a comparison of a %s with a %s", typeName(input),
           typeName(bound[0]));
  return 2;
}
static bool isLess(Interpreter &run, const Value &input, const Bound &bound) {
  return orderOf(run, input, bound) == -1;
}
static bool isAtMost(Interpreter &run, const Value &input, const Bound &bound) {
  return orderOf(run, input, bound) < 1;
}
static bool isGreater(Interpreter &run, const Value &input,
                      const Bound &bound) {
  return orderOf(run, input, bound) == 1;
}
static bool isAtLeast(Interpreter &run, const Value &input,
                      const Bound &bound) {
  int order = orderOf(run, input, bound);
  return order == 0 || order == 1;
}

static bool isFilter(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::String) &&
         (findFilter(input.view()) || isUnknownFilter(input.view()));
}
static bool isTest(Interpreter &, const Value &input, const Bound &) {
  return input.is(Kind::String) && findTest(input.view());
}

static constexpr Test tests[] = {
    {"boolean", "", isBoolean},    {"callable", "", isCallable},
    {"defined", "", isDefined},    {"divisibleby", "num", isDivisible},
    {"eq", "other", isEqual},      {"equalto", "other", isEqual},
    {"==", "other", isEqual},      {"escaped", "", isEscaped},
    {"even", "", isEven},          {"false", "", isFalse},
    {"filter", "", isFilter},      {"float", "", isFloat},
    {"ge", "other", isAtLeast},    {">=", "other", isAtLeast},
    {"gt", "other", isGreater},    {"greaterthan", "other", isGreater},
    {">", "other", isGreater},     {"in", "seq", isIn},
    {"integer", "", isInteger},    {"iterable", "", isIterable},
    {"le", "other", isAtMost},     {"<=", "other", isAtMost},
    {"lessthan", "other", isLess}, {"lower", "", isLower},
    {"lt", "other", isLess},       {"<", "other", isLess},
    {"mapping", "", isMapping},    {"ne", "other", isUnequal},
    {"!=", "other", isUnequal},    {"none", "", isNone},
    {"number", "", isNumber},      {"odd", "", isOdd},
    {"sameas", "other", isSame},   {"sequence", "", isSequence},
    {"string", "", isString},      {"test", "", isTest},
    {"true", "", isTrueItself},    {"undefined", "", isUndefined},
    {"upper", "", isUpper},
};

const Test *findTest(std::string_view name) {
  for (const Test &test : tests)
    if (name == test.name)
      return &test;
  return nullptr;
}

} // namespace heddle::chat
