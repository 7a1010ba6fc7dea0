// Methods of lists, dicts and cyclers, and what may not be called at all.
#include "runtime/chat/Interpreter.h"

#include <iterator>

namespace heddle::chat {

static Value view(Interpreter &run, const Dict &dict, bool keys, bool values) {
  Values items;
  for (int64_t i = 0; i < dict.count && run.spend(); ++i) {
    const Dict::Entry &entry = dict.entries[i];
    items.push(keys && values ? run.heap.pair(entry.key, entry.value)
               : keys         ? entry.key
                              : entry.value);
  }
  return run.heap.sequence(Sequence::View, items);
}

static Value items(Interpreter &run, const Value &self, const Bound &) {
  return view(run, *self.dict, true, true);
}
static Value keys(Interpreter &run, const Value &self, const Bound &) {
  return view(run, *self.dict, true, false);
}
static Value values(Interpreter &run, const Value &self, const Bound &) {
  return view(run, *self.dict, false, true);
}
static Value get(Interpreter &run, const Value &self, const Bound &bound) {
  if (!bound.has(0))
    return run.fail("get: found no key"), undefined();
  if (!run.spendOnFinding(*self.dict, bound[0]))
    return undefined();
  if (const Value *found = self.dict->find(bound[0]))
    return *found;
  return bound.has(1) ? bound[1] : none();
}
static Value copyDict(Interpreter &run, const Value &self, const Bound &) {
  Value copy = run.heap.dict();
  const Dict &dict = *self.dict;
  for (int64_t i = 0; i < dict.count && copy.is(Kind::Dict); ++i)
    if (run.spendOnFinding(*copy.dict, dict.entries[i].key))
      run.heap.set(*copy.dict, dict.entries[i].key, dict.entries[i].value);
  return copy;
}

static Value copyList(Interpreter &run, const Value &self, const Bound &) {
  run.spend(static_cast<uint64_t>(self.sequence->count));
  return run.heap.sequence(Sequence::List, self.sequence->items,
                           self.sequence->count);
}
static Value count(Interpreter &run, const Value &self, const Bound &bound) {
  int64_t found = 0;
  for (int64_t i = 0; i < self.sequence->count; ++i)
    found += run.spendOnEquality(self.sequence->items[i], bound[0]) &&
             areEqual(self.sequence->items[i], bound[0]);
  return integer(found);
}
static Value index(Interpreter &run, const Value &self, const Bound &bound) {
  for (int64_t i = 0; i < self.sequence->count; ++i)
    if (run.spendOnEquality(self.sequence->items[i], bound[0]) &&
        areEqual(self.sequence->items[i], bound[0]))
      return integer(i);
  run.fail("index: the value is not in the list");
  return undefined();
}

static Value nextOfCycler(Interpreter &, const Value &self, const Bound &) {
  Cycler &cycler = *self.cycler;
  Value current = cycler.items->items[cycler.next];
  cycler.next = (cycler.next + 1) % cycler.items->count;
  return current;
}
static Value resetCycler(Interpreter &, const Value &self, const Bound &) {
  self.cycler->next = 0;
  return none();
}

static constexpr MethodEntry dictMethods[] = {
    {"copy", "", copyDict, nullptr}, {"get", "key default", get, nullptr},
    {"items", "", items, nullptr},   {"keys", "", keys, nullptr},
    {"values", "", values, nullptr},
};
static constexpr MethodEntry listMethods[] = {
    {"copy", "", copyList, nullptr},
    {"count", "value", count, nullptr},
    {"index", "value", index, nullptr},
};
static constexpr MethodEntry cyclerMethods[] = {
    {"next", "", nextOfCycler, nullptr},
    {"reset", "", resetCycler, nullptr},
};

template <size_t count>
static const MethodEntry *findIn(const MethodEntry (&entries)[count],
                                 std::string_view name) {
  for (const MethodEntry &entry : entries)
    if (name == entry.name)
      return &entry;
  return nullptr;
}

const MethodEntry *findMethod(const Value &value, std::string_view name) {
  if (value.is(Kind::Dict))
    return findIn(dictMethods, name);
  if (value.is(Kind::Cycler))
    return findIn(cyclerMethods, name);
  bool isList = value.is(Kind::Sequence) && value.sequence->hasIndices();
  if (isList && !(name == "copy" && value.sequence->form != Sequence::List))
    return findIn(listMethods, name);
  return nullptr;
}

template <size_t count>
static bool isAmong(const std::string_view (&names)[count],
                    std::string_view name) {
  for (std::string_view known : names)
    if (name == known)
      return true;
  return false;
}

static constexpr std::string_view listChanges[] = {
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
static constexpr std::string_view dictChanges[] = {"clear", "pop", "popitem",
                                                   "setdefault", "update"};

bool isForbidden(const Value &value, std::string_view name) {
  if (value.is(Kind::Dict))
    return isAmong(dictChanges, name);
  return value.is(Kind::Sequence) && value.sequence->form == Sequence::List &&
         isAmong(listChanges, name);
}

/// Of Python's str, int and float; calls of them are refused when a template is
/// read.
bool isUnknownMethod(std::string_view name) {
  constexpr std::string_view lacking[] = {
      "as_integer_ratio", "bit_count",  "bit_length",
      "casefold",         "center",     "encode",
      "expandtabs",       "format_map", "from_bytes",
      "fromhex",          "fromkeys",   "hex",
      "is_integer",       "isascii",    "isdecimal",
      "isidentifier",     "isnumeric",  "isprintable",
      "istitle",          "ljust",      "maketrans",
      "rindex",           "rjust",      "rpartition",
      "striptags",        "to_bytes",   "translate",
      "unescape",         "zfill"};
  return isAmong(lacking, name);
}

bool isUnknownFilter(std::string_view name) {
  constexpr std::string_view lacking[] = {
      "attr",        "batch",     "center",   "filesizeformat",
      "forceescape", "groupby",   "pprint",   "random",
      "slice",       "striptags", "truncate", "urlencode",
      "urlize",      "wordcount", "wordwrap", "xmlattr"};
  return isAmong(lacking, name);
}

/// Jinja has none but those in Tests.cpp.
bool isUnknownTest(std::string_view) { return false; }

} // namespace heddle::chat
