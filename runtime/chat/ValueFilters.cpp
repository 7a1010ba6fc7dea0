// Filters of single values.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace heddle::chat {

static int64_t wholeOr(Interpreter &run, const Bound &bound, int index,
                       int64_t otherwise) {
  if (!bound.has(index) || bound[index].is(Kind::None))
    return otherwise;
  if (!bound[index].isWhole())
    run.fail("found a %s, needed a whole number", typeName(bound[index]));
  return bound[index].integer;
}

static Value defaultOf(Interpreter &, const Value &input, const Bound &bound) {
  bool replaces = input.is(Kind::Undefined) ||
                  (bound.has(1) && isTrue(bound[1]) && !isTrue(input));
  return !replaces ? input : bound.has(0) ? bound[0] : stringOf("");
}

static Value callMethod(Interpreter &run, const Value &input,
                        const Bound &bound, const char *name) {
  Value string = run.toString(input);
  return findStringMethod(name)->call(run, string, bound);
}
static Value trim(Interpreter &run, const Value &input, const Bound &bound) {
  return callMethod(run, input, bound, "strip");
}
static Value upper(Interpreter &run, const Value &input, const Bound &bound) {
  return callMethod(run, input, bound, "upper");
}
static Value lower(Interpreter &run, const Value &input, const Bound &bound) {
  return callMethod(run, input, bound, "lower");
}
static Value capitalize(Interpreter &run, const Value &input,
                        const Bound &bound) {
  return callMethod(run, input, bound, "capitalize");
}

/// Words begin behind white space, hyphens and brackets that open.
static Value title(Interpreter &run, const Value &input, const Bound &) {
  Value string = run.toString(input);
  std::string_view text = string.view();
  run.spend(text.size() / 4);
  text::Text out;
  auto separates = [](uint32_t c) {
    return isSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' ||
           c == '<';
  };
  for (size_t at = 0; at < text.size();) {
    size_t begin = at, end = at;
    bool isSeparator = separates(text::nextCharacter(text, end));
    size_t afterFirst = end;
    for (at = end; at < text.size() &&
                   separates(text::nextCharacter(text, end)) == isSeparator;)
      at = end;
    appendInCase(out, text::slice(text, begin, afterFirst), Case::Upper);
    appendInCase(out, text::slice(text, afterFirst, at), Case::Lower);
  }
  return run.heap.string(out.view(), false);
}

static Value toText(Interpreter &run, const Value &input, const Bound &) {
  return run.toString(input);
}
static Value safe(Interpreter &run, const Value &input, const Bound &) {
  Value string = run.toString(input);
  string.markup = true;
  return string;
}
static Value escape(Interpreter &run, const Value &input, const Bound &) {
  Value string = run.toString(input);
  if (string.markup)
    return string;
  text::Text out;
  if (run.spend(string.bytes))
    appendEscaped(out, string.view());
  return run.heap.string(out.view(), true);
}

static Value replace(Interpreter &run, const Value &input, const Bound &bound) {
  if (!bound.has(0) || !bound.has(1))
    return run.fail("replace: needed what to replace, and by what"),
           undefined();
  Value text = run.toString(input), old = run.toString(bound[0]),
        fresh = run.toString(bound[1]);
  return replaceIn(run, text.view(), old.view(), fresh.view(),
                   wholeOr(run, bound, 2, -1), false);
}

static Value length(Interpreter &run, const Value &input, const Bound &) {
  switch (input.kind) {
  case Kind::Undefined:
    return integer(0);
  case Kind::String:
    run.spend(input.bytes / 16);
    return integer(countCharacters(input.view()));
  case Kind::Dict:
    return integer(input.dict->count);
  case Kind::Loop:
    return integer(input.loop->items->count);
  case Kind::Sequence:
    if (input.sequence->form != Sequence::Generator)
      return integer(input.sequence->count);
    [[fallthrough]];
  default:
    run.fail("found a %s, which has no length", typeName(input));
    return undefined();
  }
}

/// int() of a string: white space around, underscores between digits.
static bool readWhole(std::string_view text, int64_t base, int64_t &number) {
  text = strip(text, nullptr, true, true);
  char digits[72];
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text.data()[i];
    bool isBetween = i > 0 && i + 1 < text.size() && text.data()[i - 1] != '_';
    if (c == '_' && isBetween)
      continue;
    bool isSign = (c == '-' || c == '+') && i == 0;
    bool isWord = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
    if ((!isSign && !isWord) || count + 1 == sizeof digits)
      return false;
    digits[count++] = c;
  }
  digits[count] = '\0';
  char *stop;
  errno = 0;
  number = strtoll(digits, &stop, static_cast<int>(base));
  return count && stop == digits + count && !errno;
}

static bool readFloat(std::string_view text, double &number) {
  text = strip(text, nullptr, true, true);
  char digits[400];
  if (text.empty() || text.size() >= sizeof digits)
    return false;
  for (char c : text)
    if (c == 'x' || c == 'X' || c == '(' || c == '\0')
      return false; // strtod reads more than Python does
  memcpy(digits, text.data(), text.size());
  digits[text.size()] = '\0';
  char *stop;
  number = strtod(digits, &stop);
  return *stop == '\0';
}

static Value toWhole(Interpreter &run, const Value &input, const Bound &bound) {
  int64_t base = wholeOr(run, bound, 1, 10), number = 0;
  Value otherwise = bound.has(0) ? bound[0] : integer(0);
  double real = 0;
  if (base < 2 || base > 36)
    return run.fail("int: found a base of %lld, needed 2 to 36",
                    static_cast<long long>(base)),
           undefined();
  if (input.isWhole())
    return integer(input.integer);
  if (input.is(Kind::String) && readWhole(input.view(), base, number))
    return integer(number);
  if (input.is(Kind::Float))
    real = input.number;
  else if (!input.is(Kind::String) || !readFloat(input.view(), real))
    return otherwise;
  if (!std::isfinite(real))
    return otherwise;
  if (real <= -9.2e18 || real >= 9.2e18)
    return run.fail("int: found a number that is too large"), undefined();
  return integer(static_cast<int64_t>(real));
}

static Value toFloat(Interpreter &, const Value &input, const Bound &bound) {
  double number = 0;
  if (input.isNumber())
    return floating(input.asFloat());
  if (input.is(Kind::String) && readFloat(input.view(), number))
    return floating(number);
  return bound.has(0) ? bound[0] : floating(0);
}

static Value absolute(Interpreter &run, const Value &input, const Bound &) {
  if (input.isWhole() && input.integer != INT64_MIN)
    return integer(input.integer < 0 ? -input.integer : input.integer);
  if (!input.is(Kind::Float))
    run.fail("abs: found a %s, needed a number", typeName(input));
  return floating(std::fabs(input.number));
}

static Value roundTo(Interpreter &run, const Value &input, const Bound &bound) {
  int64_t places = wholeOr(run, bound, 0, 0);
  std::string_view method =
      bound.has(1) && bound[1].is(Kind::String) ? bound[1].view() : "common";
  if (!input.isNumber() || places < 0 || places > 15)
    return run.fail("round: needed a number and 0 to 15 places"), undefined();
  if (method == "common" && input.isWhole())
    return integer(input.integer);
  double number = input.asFloat();
  if (method == "common") {
    char digits[400];
    snprintf(digits, sizeof digits, "%.*f", static_cast<int>(places), number);
    return floating(strtod(digits, nullptr));
  }
  double scale = std::pow(10, static_cast<double>(places));
  if (method != "ceil" && method != "floor")
    run.fail("round: needed common, ceil or floor");
  return floating((method == "ceil" ? std::ceil(number * scale)
                                    : std::floor(number * scale)) /
                  scale);
}

/// What is put before the lines of a text.
static Value indentation(Interpreter &run, const Value &width) {
  if (width.is(Kind::String))
    return width;
  int64_t columns = width.isWhole()           ? width.integer
                    : width.is(Kind::Missing) ? 4
                                              : -1;
  if (columns < 0 || columns > 1000)
    return run.fail("indent: needed a string, or 0 to 1000 columns"),
           stringOf("");
  text::Text spaces;
  for (int64_t i = 0; i < columns; ++i)
    spaces.push(' ');
  return run.heap.string(spaces.view());
}

static Value indent(Interpreter &run, const Value &input, const Bound &bound) {
  Value string = run.toString(input), space = indentation(run, bound[0]);
  bool first = bound.has(1) && isTrue(bound[1]);
  bool blank = bound.has(2) && isTrue(bound[2]);
  if (run.failed())
    return undefined();
  text::Text source, out;
  run.spend(string.bytes / 4);
  source.append(string.view());
  source.push('\n');
  if (first)
    out.append(space.view());
  for (size_t at = 0; at < source.size() && run.spend(1 + space.bytes / 4);) {
    bool isFirst = at == 0;
    std::string_view line = nextLine(source.view(), at);
    if (!isFirst)
      out.push('\n');
    if (!isFirst && (blank || !line.empty()))
      out.append(space.view());
    out.append(line);
  }
  return run.heap.string(out.view(), string.markup);
}

static Value toJson(Interpreter &run, const Value &input, const Bound &bound) {
  JsonStyle style;
  style.escapesUnicode = bound.has(0) && isTrue(bound[0]);
  Value space = stringOf("");
  if (bound.has(1) && !bound[1].is(Kind::None)) {
    space = indentation(run, bound[1]);
    style.breaksLines = true;
    style.indent = space.view();
    style.itemSeparator = ",";
  }
  if (bound.has(2) && !bound[2].is(Kind::None)) {
    const Sequence *both = run.iterate(bound[2]);
    if (!both || both->count != 2 || !both->items[0].is(Kind::String) ||
        !both->items[1].is(Kind::String))
      return run.fail("tojson: needed two separators"), undefined();
    style.itemSeparator = both->items[0].view();
    style.keySeparator = both->items[1].view();
  }
  style.sortsKeys = bound.has(3) && isTrue(bound[3]);
  text::Text out;
  uint64_t work = workOn(input);
  if (!run.spend(work + work * space.bytes / 16))
    return undefined();
  if (const char *wrong = appendJson(out, input, style))
    return run.fail("tojson: found %s, needed a JSON value", wrong),
           undefined();
  return run.heap.string(out.view());
}

static Value formatAll(Interpreter &run, const Value &input,
                       const Arguments &arguments) {
  if (!arguments.named.empty())
    return run.fail("format: arguments with names are not supported"),
           undefined();
  Value values = run.heap.sequence(Sequence::Tuple, arguments.positional);
  return run.formatPercent(run.toString(input).view(), values);
}

const Filter valueFilters[] = {
    {"abs", "", absolute, nullptr},
    {"capitalize", "", capitalize, nullptr},
    {"count", "", length, nullptr},
    {"d", "default_value boolean", defaultOf, nullptr},
    {"default", "default_value boolean", defaultOf, nullptr},
    {"e", "", escape, nullptr},
    {"escape", "", escape, nullptr},
    {"float", "default", toFloat, nullptr},
    {"format", nullptr, nullptr, formatAll},
    {"indent", "width first blank", indent, nullptr},
    {"int", "default base", toWhole, nullptr},
    {"length", "", length, nullptr},
    {"lower", "", lower, nullptr},
    {"replace", "old new count", replace, nullptr},
    {"round", "precision method", roundTo, nullptr},
    {"safe", "", safe, nullptr},
    {"string", "", toText, nullptr},
    {"title", "", title, nullptr},
    {"tojson", "ensure_ascii indent separators sort_keys", toJson, nullptr},
    {"trim", "chars", trim, nullptr},
    {"upper", "", upper, nullptr},
};
const size_t valueFilterCount = std::size(valueFilters);

} // namespace heddle::chat
