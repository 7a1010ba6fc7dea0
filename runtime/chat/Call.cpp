// Calls: arguments are bound to parameters, and functions found.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

namespace heddle::chat {

int64_t countParameters(const char *parameters) {
  int64_t count = *parameters != '\0';
  for (const char *at = parameters; *at; ++at)
    count += *at == ' ';
  return count;
}

int64_t placeOf(std::string_view name, const char *parameters) {
  int64_t place = 0;
  for (const char *at = parameters; *at; ++place) {
    size_t length = strcspn(at, " ");
    if (std::string_view(at, length) == name)
      return place;
    at += length + (at[length] == ' ');
  }
  return -1;
}

bool Interpreter::bind(const char *what, std::string_view name,
                       const char *parameters, const Arguments &arguments,
                       Bound &bound) {
  for (Value &value : bound.values)
    value = missing();
  auto count = static_cast<size_t>(countParameters(parameters));
  bool fits = arguments.positional.size() <= count;
  for (size_t i = 0; i < arguments.positional.size() && fits; ++i)
    bound.values[i] = arguments.positional[i];
  for (const Arguments::Named &named : arguments.named) {
    int64_t place = placeOf(named.name, parameters);
    fits &= place >= 0 && !bound.has(static_cast<int>(place));
    if (fits)
      bound.values[place] = named.value;
  }
  if (!fits)
    fail("the %s %.*s does not take these arguments", what,
         static_cast<int>(name.size()), name.data());
  return !failed();
}

Value Interpreter::applyFilter(const Filter *filter, std::string_view name,
                               const Value &input, const Arguments &arguments) {
  Bound bound;
  if (!filter)
    fail("there is no filter %.*s", static_cast<int>(name.size()), name.data());
  if (failed())
    return undefined();
  if (filter->applyFreely)
    return filter->applyFreely(*this, input, arguments);
  if (!bind("filter", name, filter->parameters, arguments, bound))
    return undefined();
  return filter->apply(*this, input, bound);
}

bool Interpreter::applyTest(const Test *test, std::string_view name,
                            const Value &input, const Arguments &arguments) {
  Bound bound;
  if (!test)
    fail("there is no test %.*s", static_cast<int>(name.size()), name.data());
  return !failed() && bind("test", name, test->parameters, arguments, bound) &&
         test->holds(*this, input, bound);
}

Value Interpreter::callLoop(const Method &method, const Arguments &arguments) {
  Loop &loop = *method.self.loop;
  const Values &values = arguments.positional;
  if (!strcmp(method.entry->name, "cycle")) {
    if (values.empty())
      return fail("loop.cycle has nothing to choose from"), undefined();
    return values[static_cast<size_t>(loop.index) % values.size()];
  }
  Value now = heap.sequence(Sequence::Tuple, values);
  bool same = spendOnEquality(loop.changed, now) && areEqual(loop.changed, now);
  loop.changed = now;
  return boolean(!same);
}

Value Interpreter::call(const Value &callee, const Arguments &arguments) {
  if (failed())
    return undefined();
  Bound bound;
  switch (callee.kind) {
  case Kind::Macro:
    return callMacro(*callee.macro, arguments, nullptr);
  case Kind::Function: {
    const Function &function = *callee.function;
    if (function.callFreely)
      return function.callFreely(*this, arguments);
    if (!bind("function", function.name, function.parameters, arguments, bound))
      return undefined();
    return function.call(*this, bound);
  }
  case Kind::Method: {
    const Method &method = *callee.method;
    if (method.self.is(Kind::Loop))
      return callLoop(method, arguments);
    if (method.entry->callFreely)
      return method.entry->callFreely(*this, method.self, arguments);
    if (!bind("method", method.entry->name, method.entry->parameters, arguments,
              bound))
      return undefined();
    return method.entry->call(*this, method.self, bound);
  }
  case Kind::Joiner: {
    // The first time nothing, then what stands between.
    Cycler &joiner = *callee.cycler;
    return joiner.next++ ? joiner.text : stringOf("");
  }
  case Kind::Undefined:
    fail("`%.*s` is undefined, and cannot be called",
         static_cast<int>(callee.bytes), callee.bytes ? callee.text : "");
    return undefined();
  default:
    fail("found a %s, which cannot be called", typeName(callee));
    return undefined();
  }
}

Value Interpreter::getLoopAttribute(Loop &loop, std::string_view name) {
  int64_t count = loop.items->count, index = loop.index;
  if (name == "index0")
    return integer(index);
  if (name == "index")
    return integer(index + 1);
  if (name == "revindex0")
    return integer(count - index - 1);
  if (name == "revindex")
    return integer(count - index);
  if (name == "first")
    return boolean(index == 0);
  if (name == "last")
    return boolean(index + 1 == count);
  if (name == "length")
    return integer(count);
  if (name == "depth")
    return integer(1); // counts how often a recursive loop calls itself
  if (name == "depth0")
    return integer(0);
  if (name == "previtem")
    return index > 0 ? loop.items->items[index - 1] : undefined(name);
  if (name == "nextitem")
    return index + 1 < count ? loop.items->items[index + 1] : undefined(name);
  static constexpr MethodEntry methods[] = {{"cycle", "", nullptr, nullptr},
                                            {"changed", "", nullptr, nullptr}};
  for (const MethodEntry &entry : methods) {
    auto *method = name == entry.name ? heap.create<Method>() : nullptr;
    if (!method)
      continue;
    Value self = ofKind(Kind::Loop);
    self.loop = &loop;
    *method = {self, &entry};
    Value value = ofKind(Kind::Method);
    value.method = method;
    return value;
  }
  return undefined(name);
}

//===-- Texts with places to fill --===//

/// What stands for `{…}`: the next value, one by its number, one by its name.
Value Interpreter::appendField(text::Text &text, std::string_view field,
                               const Arguments &arguments, int64_t &next) {
  Value value = missing();
  bool isNumber = true;
  for (char c : field)
    isNumber &= c >= '0' && c <= '9';
  if (isNumber && field.size() < 6) {
    int64_t index = 0;
    for (char c : field)
      index = index * 10 + (c - '0');
    index = field.empty() ? next++ : index;
    if (index < static_cast<int64_t>(arguments.positional.size()))
      value = arguments.positional[static_cast<size_t>(index)];
  }
  for (const Arguments::Named &named : arguments.named)
    if (named.name == field)
      value = named.value;
  if (value.is(Kind::Missing))
    fail("format: found the field {%.*s}, needed a number or name of an "
         "argument (conversions and widths are not supported)",
         static_cast<int>(field.size()), field.data());
  text.append(toString(value.is(Kind::Missing) ? undefined() : value).view());
  return value;
}

Value Interpreter::format(std::string_view pattern,
                          const Arguments &arguments) {
  text::Text filled;
  int64_t next = 0;
  for (size_t at = 0; at < pattern.size() && spend();) {
    char c = pattern[at];
    bool isDouble = at + 1 < pattern.size() && pattern[at + 1] == c;
    if ((c == '{' || c == '}') && !isDouble) {
      size_t end = findText(pattern, "}", at);
      if (c == '}' || end == std::string_view::npos)
        return fail("format: found a brace that stands alone"), undefined();
      appendField(filled, text::slice(pattern, at + 1, end), arguments, next);
      at = end + 1;
      continue;
    }
    filled.push(c);
    at += c == '{' || c == '}' ? 2 : 1;
  }
  return heap.string(filled.view());
}

Value Interpreter::formatPercent(std::string_view pattern,
                                 const Value &values) {
  bool isTuple =
      values.is(Kind::Sequence) && values.sequence->form == Sequence::Tuple;
  const Value *items = isTuple ? values.sequence->items : &values;
  int64_t count = isTuple ? values.sequence->count : 1, next = 0;
  text::Text filled;
  for (size_t at = 0; at < pattern.size() && spend(); ++at) {
    if (pattern[at] != '%') {
      filled.push(pattern[at]);
      continue;
    }
    char kind = ++at < pattern.size() ? pattern[at] : '\0';
    if (kind == '%') {
      filled.push('%');
      continue;
    }
    bool isWhole = kind == 'd' || kind == 'i';
    if (next >= count || (kind != 's' && !isWhole) ||
        (isWhole && !items[next].isWhole()))
      return fail("found %%%c, needed %%s or %%d and a value for it", kind),
             undefined();
    const Value &item = items[next++];
    filled.append(toString(isWhole ? integer(item.integer) : item).view());
  }
  if (next < count && (isTuple || !values.is(Kind::Dict)))
    fail("found more values than `%%` has places");
  return heap.string(filled.view());
}

} // namespace heddle::chat
