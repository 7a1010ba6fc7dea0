// Filters of lists, dicts, and all else that has items.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <iterator>

namespace heddle::chat {

static Value generator(Interpreter &run, const Values &items) {
  return run.heap.sequence(Sequence::Generator, items);
}

static Value join(Interpreter &run, const Value &input, const Bound &bound) {
  const Sequence *items = run.iterate(input);
  Value separator = bound.has(0) ? run.toString(bound[0]) : stringOf("");
  text::Text out;
  for (int64_t i = 0; items && i < items->count && !run.failed(); ++i) {
    Value item = items->items[i];
    if (bound.has(1))
      item = run.getPath(item, bound[1]);
    if (i)
      out.append(separator.view());
    item = run.toString(item);
    run.spend(1 + (separator.bytes + item.bytes) / 4);
    out.append(item.view());
  }
  return run.heap.string(out.view());
}

static Value toList(Interpreter &run, const Value &input, const Bound &) {
  const Sequence *items = run.iterate(input);
  if (!items || !run.spend(static_cast<uint64_t>(items->count) / 4))
    return undefined();
  return run.heap.sequence(Sequence::List, items->items, items->count);
}

static Value first(Interpreter &run, const Value &input, const Bound &) {
  const Sequence *items = run.iterate(input);
  return items && items->count ? items->items[0] : undefined();
}
static Value last(Interpreter &run, const Value &input, const Bound &) {
  if (input.is(Kind::Sequence) && input.sequence->form == Sequence::Generator)
    return run.fail("last: found a generator, which cannot be read from its "
                    "end"),
           undefined();
  const Sequence *items = run.iterate(input);
  return items && items->count ? items->items[items->count - 1] : undefined();
}

static Value itemsOf(Interpreter &run, const Value &input, const Bound &) {
  Values pairs;
  if (!input.is(Kind::Dict) && !input.is(Kind::Undefined))
    return run.fail("items: found a %s, needed a dict", typeName(input)),
           undefined();
  for (int64_t i = 0; input.is(Kind::Dict) && i < input.dict->count; ++i) {
    const Dict::Entry &entry = input.dict->entries[i];
    if (run.spend())
      pairs.push(run.heap.pair(entry.key, entry.value));
  }
  return generator(run, pairs);
}

static Value reverse(Interpreter &run, const Value &input, const Bound &) {
  const Sequence *items = run.iterate(input);
  if (!items)
    return undefined();
  if (input.is(Kind::String)) {
    text::Text out;
    for (int64_t i = items->count; i-- > 0;)
      out.append(items->items[i].view());
    return run.heap.string(out.view());
  }
  Values reversed;
  for (int64_t i = items->count; i-- > 0 && run.spend();)
    reversed.push(items->items[i]);
  return generator(run, reversed);
}

//===-- Order --===//

namespace {
/// Items by keys, in a stable order.
class Sorting {
public:
  Sorting(Interpreter &run, bool caseSensitive)
      : run(run), caseSensitive(caseSensitive) {}

  /// A string's key is in lower case unless case counts.
  Value keyOf(const Value &value) {
    if (caseSensitive || !value.is(Kind::String))
      return value;
    Arguments none;
    Bound bound;
    return findStringMethod("lower")->call(run, value, bound);
  }
  Value keyOf(const Value &item, const Bound &bound, int path) {
    bool hasPath = bound.has(path) && !bound[path].is(Kind::None);
    if (!hasPath)
      return keyOf(item);
    Values keys;
    Value paths = bound[path];
    if (!paths.is(Kind::String))
      return keyOf(run.getPath(item, paths));
    // `a,b`: by the second where the first is the same.
    std::string_view rest = paths.view();
    for (bool more = true; more && !run.failed();) {
      size_t comma = findText(rest, ",", 0);
      more = comma != std::string_view::npos;
      std::string_view one = text::slice(rest, 0, more ? comma : rest.size());
      keys.push(keyOf(run.getPath(item, stringOf(one))));
      if (more)
        rest = text::slice(rest, comma + 1, rest.size());
    }
    return keys.size() == 1 ? keys[0]
                            : run.heap.sequence(Sequence::Tuple, keys);
  }

  void add(const Value &key, const Value &item) {
    entries.push({key, item, static_cast<int64_t>(entries.size())});
    mostWork = std::max(mostWork, workOn(key));
  }

  void sort(bool descending) {
    uint64_t steps = 1;
    for (size_t size = entries.size(); size > 1; size /= 2)
      ++steps;
    if (!run.spend(entries.size() * steps * mostWork))
      return;
    // What cannot be compared is equal for the algorithm, and an error after.
    bool comparable = true;
    auto precedes = [&](const Entry &left, const Entry &right) {
      int order = 0;
      if (!compare(left.key, right.key, order))
        comparable = false, order = 0;
      order = descending ? -order : order;
      return order ? order < 0 : left.place < right.place;
    };
    // Of heaps, which stay within their bounds whatever the order says.
    std::make_heap(entries.begin(), entries.end(), precedes);
    std::sort_heap(entries.begin(), entries.end(), precedes);
    if (!comparable)
      run.fail("sort: found values that cannot be compared");
  }

  Value list() const {
    Values items;
    for (const Entry &entry : entries)
      items.push(entry.item);
    return run.heap.sequence(Sequence::List, items);
  }
  const Value &item(size_t index) const { return entries[index].item; }
  size_t size() const { return entries.size(); }

private:
  struct Entry {
    Value key, item;
    int64_t place;
  };
  Interpreter &run;
  bool caseSensitive;
  text::Buffer<Entry> entries;
  uint64_t mostWork = 1;
};
} // namespace

static bool isGiven(const Bound &bound, int index) {
  return bound.has(index) && isTrue(bound[index]);
}

static Value sort(Interpreter &run, const Value &input, const Bound &bound) {
  Sorting sorting(run, isGiven(bound, 1));
  const Sequence *items = run.iterate(input);
  for (int64_t i = 0; items && i < items->count && !run.failed(); ++i)
    sorting.add(sorting.keyOf(items->items[i], bound, 2), items->items[i]);
  sorting.sort(isGiven(bound, 0));
  return sorting.list();
}

static Value sortDict(Interpreter &run, const Value &input,
                      const Bound &bound) {
  if (!input.is(Kind::Dict))
    return run.fail("dictsort: found a %s, needed a dict", typeName(input)),
           undefined();
  Sorting sorting(run, isGiven(bound, 0));
  bool byValue = bound.has(1) && areEqual(bound[1], stringOf("value"));
  for (int64_t i = 0; i < input.dict->count && !run.failed(); ++i) {
    const Dict::Entry &entry = input.dict->entries[i];
    sorting.add(sorting.keyOf(byValue ? entry.value : entry.key),
                run.heap.pair(entry.key, entry.value));
  }
  sorting.sort(isGiven(bound, 2));
  return sorting.list();
}

static Value extreme(Interpreter &run, const Value &input, const Bound &bound,
                     bool greatest) {
  Sorting sorting(run, isGiven(bound, 0));
  const Sequence *items = run.iterate(input);
  for (int64_t i = 0; items && i < items->count && !run.failed(); ++i)
    sorting.add(sorting.keyOf(items->items[i], bound, 1), items->items[i]);
  sorting.sort(greatest);
  return sorting.size() ? sorting.item(0) : undefined();
}
static Value least(Interpreter &run, const Value &input, const Bound &bound) {
  return extreme(run, input, bound, false);
}
static Value greatest(Interpreter &run, const Value &input,
                      const Bound &bound) {
  return extreme(run, input, bound, true);
}

static Value unique(Interpreter &run, const Value &input, const Bound &bound) {
  Sorting sorting(run, isGiven(bound, 0));
  const Sequence *items = run.iterate(input);
  Values keys, kept;
  for (int64_t i = 0; items && i < items->count && !run.failed(); ++i) {
    Value key = sorting.keyOf(items->items[i], bound, 1);
    bool isNew = true;
    for (size_t k = 0; k < keys.size() && isNew; ++k)
      isNew = run.spendOnEquality(keys[k], key) && !areEqual(keys[k], key);
    if (!isNew)
      continue;
    keys.push(key);
    kept.push(items->items[i]);
  }
  return generator(run, kept);
}

static Value sum(Interpreter &run, const Value &input, const Bound &bound) {
  Value total = bound.has(1) ? bound[1] : integer(0);
  const Sequence *items = run.iterate(input);
  for (int64_t i = 0; items && i < items->count && run.spend(); ++i)
    total = run.add(total, bound.has(0) && !bound[0].is(Kind::None)
                               ? run.getPath(items->items[i], bound[0])
                               : items->items[i]);
  return total;
}

//===-- Other filters and tests, on every item --===//

/// Nothing of what is false, whatever it is.
static const Sequence *itemsToTry(Interpreter &run, const Value &input) {
  return run.iterate(isTrue(input) ? input : undefined());
}

/// The arguments from number `from` on.
static void passOn(const Arguments &arguments, size_t from, Arguments &rest) {
  for (size_t i = from; i < arguments.positional.size(); ++i)
    rest.positional.push(arguments.positional[i]);
  for (const Arguments::Named &named : arguments.named)
    rest.named.push(named);
}

static Value mapAttribute(Interpreter &run, const Value &input,
                          const Arguments &arguments) {
  Value path = missing(), otherwise = missing();
  for (const Arguments::Named &named : arguments.named)
    if (named.name == "attribute")
      path = named.value;
    else if (named.name == "default")
      otherwise = named.value;
    else
      run.fail("map: needed attribute and default, and no other name");
  const Sequence *items = itemsToTry(run, input);
  Values mapped;
  if (path.is(Kind::Missing))
    run.fail("map: needed a filter, or an attribute");
  for (int64_t i = 0; items && i < items->count && run.spend(); ++i) {
    Value value = run.getPath(items->items[i], path);
    bool lacks = value.is(Kind::Undefined) && !otherwise.is(Kind::Missing) &&
                 !otherwise.is(Kind::None);
    mapped.push(lacks ? otherwise : value);
  }
  return generator(run, mapped);
}

static Value map(Interpreter &run, const Value &input,
                 const Arguments &arguments) {
  if (arguments.positional.empty())
    return mapAttribute(run, input, arguments);
  const Value &name = arguments.positional[0];
  const Filter *filter =
      name.is(Kind::String) ? findFilter(name.view()) : nullptr;
  Arguments rest;
  passOn(arguments, 1, rest);
  const Sequence *items = itemsToTry(run, input);
  Values mapped;
  for (int64_t i = 0; items && i < items->count && run.spend(); ++i)
    mapped.push(run.applyFilter(filter,
                                name.is(Kind::String) ? name.view() : "",
                                items->items[i], rest));
  return generator(run, mapped);
}

/// The items of which a test holds, or an attribute of theirs; or does not.
static Value choose(Interpreter &run, const Value &input,
                    const Arguments &arguments, bool byAttribute, bool wanted) {
  size_t place = byAttribute;
  const Values &values = arguments.positional;
  if (values.size() < place)
    return run.fail("needed the name of an attribute"), undefined();
  Value name = values.size() > place ? values[place] : missing();
  const Test *test = name.is(Kind::String) ? findTest(name.view()) : nullptr;
  Arguments rest;
  passOn(arguments, place + 1, rest);
  const Sequence *items = itemsToTry(run, input);
  Values chosen;
  for (int64_t i = 0; items && i < items->count && run.spend(); ++i) {
    Value item = items->items[i];
    if (byAttribute)
      item = run.getPath(item, values[0]);
    bool holds =
        name.is(Kind::Missing)
            ? isTrue(item)
            : run.applyTest(test, name.is(Kind::String) ? name.view() : "",
                            item, rest);
    if (holds == wanted)
      chosen.push(items->items[i]);
  }
  return generator(run, chosen);
}
static Value select(Interpreter &run, const Value &input,
                    const Arguments &arguments) {
  return choose(run, input, arguments, false, true);
}
static Value reject(Interpreter &run, const Value &input,
                    const Arguments &arguments) {
  return choose(run, input, arguments, false, false);
}
static Value selectAttribute(Interpreter &run, const Value &input,
                             const Arguments &arguments) {
  return choose(run, input, arguments, true, true);
}
static Value rejectAttribute(Interpreter &run, const Value &input,
                             const Arguments &arguments) {
  return choose(run, input, arguments, true, false);
}

const Filter sequenceFilters[] = {
    {"dictsort", "case_sensitive by reverse", sortDict, nullptr},
    {"first", "", first, nullptr},
    {"items", "", itemsOf, nullptr},
    {"join", "d attribute", join, nullptr},
    {"last", "", last, nullptr},
    {"list", "", toList, nullptr},
    {"map", nullptr, nullptr, map},
    {"max", "case_sensitive attribute", greatest, nullptr},
    {"min", "case_sensitive attribute", least, nullptr},
    {"reject", nullptr, nullptr, reject},
    {"rejectattr", nullptr, nullptr, rejectAttribute},
    {"reverse", "", reverse, nullptr},
    {"select", nullptr, nullptr, select},
    {"selectattr", nullptr, nullptr, selectAttribute},
    {"sort", "reverse case_sensitive attribute", sort, nullptr},
    {"sum", "attribute start", sum, nullptr},
    {"unique", "case_sensitive attribute", unique, nullptr},
};
const size_t sequenceFilterCount = std::size(sequenceFilters);

const Filter *findFilter(std::string_view name) {
  for (size_t i = 0; i < valueFilterCount; ++i)
    if (name == valueFilters[i].name)
      return &valueFilters[i];
  for (const Filter &filter : sequenceFilters)
    if (name == filter.name)
      return &filter;
  return nullptr;
}

} // namespace heddle::chat
