// Functions that a template finds in its environment.
#include "runtime/chat/Interpreter.h"

namespace heddle::chat {

static Value range(Interpreter &run, const Bound &bound) {
  int64_t numbers[3] = {0, 0, 1};
  int given = 0;
  for (; given < 3 && bound.has(given); ++given) {
    if (!bound[given].isWhole())
      run.fail("range: found a %s, needed a whole number",
               typeName(bound[given]));
    numbers[given] = bound[given].integer;
  }
  if (given == 1)
    numbers[1] = numbers[0], numbers[0] = 0;
  int64_t step = numbers[2];
  // Jinja's sandbox has the same limit.
  constexpr int64_t most = 100000;
  __int128 distance = step > 0 ? __int128{numbers[1]} - numbers[0]
                               : __int128{numbers[0]} - numbers[1];
  __int128 stride = step > 0 ? __int128{step} : -__int128{step};
  if (step == 0 || given == 0 ||
      (distance > 0 && (distance - 1) / stride + 1 > most))
    run.fail("range: found a step of 0 or more than %lld numbers",
             static_cast<long long>(most));
  Values values;
  if (run.failed())
    return undefined();
  auto count =
      distance > 0 ? static_cast<int64_t>((distance - 1) / stride) + 1 : 0;
  for (int64_t i = 0; i < count && run.spend(); ++i)
    values.push(integer(numbers[0] + i * step));
  return run.heap.sequence(Sequence::Range, values);
}

/// dict(a=1), and namespace(a=1): of another dict, too.
static Value makeDict(Interpreter &run, const Arguments &arguments, Kind kind) {
  Value made = run.heap.dict(kind);
  if (arguments.positional.size() > 1 ||
      (!arguments.positional.empty() &&
       !arguments.positional[0].is(Kind::Dict)))
    return run.fail("needed names with values, or one dict"), undefined();
  if (!made.is(kind))
    return undefined();
  if (!arguments.positional.empty()) {
    const Dict &from = *arguments.positional[0].dict;
    for (int64_t i = 0; i < from.count; ++i)
      if (run.spendOnFinding(*made.dict, from.entries[i].key))
        run.heap.set(*made.dict, from.entries[i].key, from.entries[i].value);
  }
  for (const Arguments::Named &named : arguments.named)
    run.heap.set(*made.dict, stringOf(named.name), named.value);
  return made;
}
static Value dict(Interpreter &run, const Arguments &arguments) {
  return makeDict(run, arguments, Kind::Dict);
}
static Value makeNamespace(Interpreter &run, const Arguments &arguments) {
  return makeDict(run, arguments, Kind::Namespace);
}

static Value joiner(Interpreter &run, const Bound &bound) {
  Value value = ofKind(Kind::Joiner);
  value.cycler = run.heap.create<Cycler>();
  if (!value.cycler)
    return undefined();
  value.cycler->text = bound.has(0) ? bound[0] : stringOf(", ");
  return value;
}

static Value cycler(Interpreter &run, const Arguments &arguments) {
  Value items = run.heap.sequence(Sequence::List, arguments.positional);
  Value value = ofKind(Kind::Cycler);
  value.cycler = run.heap.create<Cycler>();
  if (arguments.positional.empty())
    run.fail("cycler: found nothing to choose from");
  if (!value.cycler || !items.is(Kind::Sequence) || run.failed())
    return undefined();
  value.cycler->items = items.sequence;
  return value;
}

static Value raise(Interpreter &run, const Bound &bound) {
  Value message = bound.has(0) ? run.toString(bound[0]) : stringOf("");
  run.fail("%.*s", static_cast<int>(message.bytes), message.text);
  return undefined();
}

static Value formatNow(Interpreter &run, const Bound &bound) {
  if (!bound.has(0) || !bound[0].is(Kind::String))
    return run.fail("strftime_now: needed a format"), undefined();
  char format[256], text[1024];
  std::string_view wanted = bound[0].view();
  if (wanted.size() >= sizeof format || memchr(wanted.data(), 0, wanted.size()))
    return run.fail("strftime_now: needed a format of up to 255 bytes"),
           undefined();
  memcpy(format, wanted.data(), wanted.size());
  format[wanted.size()] = '\0';
  tm local;
  if (!localtime_r(&run.now, &local))
    return run.fail("strftime_now: found a time that is no date"), undefined();
  size_t length = strftime(text, sizeof text, format, &local);
  return run.heap.string({text, length});
}

static constexpr Function functions[] = {
    {"cycler", nullptr, nullptr, cycler},
    {"dict", nullptr, nullptr, dict},
    {"joiner", "sep", joiner, nullptr},
    {"namespace", nullptr, nullptr, makeNamespace},
    {"raise_exception", "message", raise, nullptr},
    {"range", "start stop step", range, nullptr},
    {"strftime_now", "format", formatNow, nullptr},
};

const Function *findFunction(std::string_view name) {
  for (const Function &function : functions)
    if (name == function.name)
      return &function;
  return nullptr;
}

} // namespace heddle::chat
