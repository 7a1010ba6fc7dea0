#include "runtime/grammar/Schema.h"
#include "runtime/grammar/Reader.h"
#include "runtime/text/Tokenizer.h"

#include <algorithm>

namespace heddle::grammar {

/// Conjunctions of one schema; every choice doubles them, at worst.
static constexpr size_t mostItems = 20000;

//===-- White space ---===//

/// Nothing, one space, or a line end and so many spaces or tabs: all that
/// json.dumps writes, up to 32 columns.
Term Reader::space() {
  if (cachedSpace == nothing) {
    Term columns = terms.either(terms.repeat(terms.byte(' '), 0, 32),
                                terms.repeat(terms.byte('\t'), 0, 16));
    cachedSpace = terms.optional(
        terms.either(terms.byte(' '), terms.literal("\n", columns)));
  }
  return cachedSpace;
}

Term Reader::comma() { return terms.literal(",", space()); }

Term Reader::pairOf(Term key, Term value) {
  Term behind = terms.sequence(terms.optional(terms.byte(' ')), value);
  return terms.sequence(key, terms.literal(":", behind));
}

//===-- Conjunctions and their rules ---===//

/// The rule of all values that keep to `all`, which is made when it is the
/// first time. Rules of impossible ones are nothing.
Term Reader::ruleOf(const Conjunction &all) {
  if (all.isImpossible)
    return nothing;
  if (all.schemas.empty())
    return anyValue(anyLevels);
  text::Buffer<Node> key;
  key.append(all.schemas.data(), all.schemas.size());
  key.append(all.chosen.data(), all.chosen.size());
  if (key.size() != all.schemas.size() + all.chosen.size())
    return nothing; // no memory
  std::sort(key.begin(), key.begin() + all.schemas.size());
  std::sort(key.begin() + all.schemas.size(), key.end());
  auto begin = static_cast<uint32_t>(pool.size());
  Item item = {begin, static_cast<uint32_t>(all.schemas.size()),
               static_cast<uint32_t>(all.chosen.size()), nothing};
  uint64_t hash = item.schemas;
  for (Node node : key)
    hash = (hash ^ node) * 0x9e3779b97f4a7c15ull, hash ^= hash >> 29;
  if (slots.empty() && !slots.resize(4 * mostItems))
    return nothing;
  size_t at = hash % slots.size();
  for (; slots[at]; at = (at + 1) % slots.size()) {
    const Item &other = items[slots[at] - 1];
    if (other.schemas == item.schemas && other.chosen == item.chosen &&
        std::equal(key.begin(), key.end(), pool.begin() + other.begin))
      return other.rule;
  }
  if (items.size() == mostItems)
    return text::noteTrouble(text::Trouble::Growth), nothing;
  item.rule = terms.newRule();
  pool.append(key.data(), key.size());
  items.push(item);
  slots[at] = static_cast<uint32_t>(items.size());
  return item.rule;
}

/// Any JSON, of so many levels of lists and objects at most.
Term Reader::anyValue(int levels) {
  if (anyValues.empty()) {
    Bound none;
    Term scalars[] = {
        terms.literal("null"), terms.literal("true"), terms.literal("false"),
        numbers(terms, none, none, false),
        terms.literal(
            "\"", terms.sequence(terms.repeat(anySpelling(terms), 0, unbounded),
                                 terms.byte('"')))};
    anyValues.push(terms.either(scalars, 5));
  }
  while (static_cast<int>(anyValues.size()) <= levels) {
    if (text::trouble != text::Trouble::None)
      return nothing;
    Term below = anyValues.back(), rule = terms.newRule();
    auto partsOf = [&](char open, Term part, char close) {
      Term more = terms.repeat(terms.sequence(comma(), part), 0, unbounded);
      Term end = terms.sequence(space(), terms.byte(close));
      Term all = terms.sequence(
          space(), terms.sequence(part, terms.sequence(more, end)));
      return terms.sequence(terms.byte(open),
                            terms.either(terms.byte(close), all));
    };
    Term key = otherKey(terms, {});
    Term kinds[] = {anyValues[0], partsOf('[', below, ']'),
                    partsOf('{', pairOf(key, below), '}')};
    terms.setRule(rule, terms.either(kinds, 3));
    anyValues.push(rule);
  }
  return anyValues[static_cast<size_t>(levels)];
}

bool Reader::read(Term &root) {
  Conjunction all;
  if (!checked.resize(json.size()) || !flatten(0, all))
    return false;
  root = ruleOf(all);
  for (size_t i = 0; i < items.size(); ++i) {
    const Item item = items[i];
    Conjunction each;
    each.schemas.append(pool.data() + item.begin, item.schemas);
    each.chosen.append(pool.data() + item.begin + item.schemas, item.chosen);
    Term term = nothing;
    if (!build(each, term) || text::trouble != text::Trouble::None)
      return false;
    terms.setRule(item.rule, term);
  }
  bool isClosed = terms.closeRules();
  if (text::trouble != text::Trouble::None)
    return false;
  if (!isClosed)
    return fail(0, "schemas refer to each other in a circle, or more than 64 "
                   "of them in a row, before there is a value");
  if (!terms.hasText(root))
    return fail(0, "no value keeps to this schema");
  return true;
}

Node Reader::pendingChoice(const Conjunction &all) const {
  for (Node schema : all.schemas)
    for (std::string_view name : {"anyOf", "oneOf"}) {
      Node choice = json.member(schema, name);
      bool isChosen = std::find(all.chosen.begin(), all.chosen.end(), choice) !=
                      all.chosen.end();
      if (choice != noNode && !isChosen)
        return choice;
    }
  return noNode;
}

Node Reader::valuesOf(const Conjunction &all) const {
  for (Node schema : all.schemas)
    for (std::string_view name : {"const", "enum"})
      if (Node values = json.member(schema, name); values != noNode)
        return values;
  return noNode;
}

bool Reader::build(const Conjunction &all, Term &term) {
  if (Node values = valuesOf(all); values != noNode)
    return buildValues(all, values, term);
  if (Node choice = pendingChoice(all); choice != noNode)
    return buildChoice(all, choice, term);
  return buildTypes(all, term);
}

bool Reader::buildChoice(const Conjunction &all, Node choice, Term &term) {
  bool isOne = json.nameOf(choice) == "oneOf";
  for (Node branch = json.firstOf(choice); branch != noNode;
       branch = json.nextOf(branch)) {
    Conjunction with;
    with.copy(all);
    with.chosen.push(choice);
    if (!flatten(branch, with))
      return false;
    for (Node before = json.firstOf(choice); isOne && before != branch;
         before = json.nextOf(before)) {
      Conjunction other;
      bool areTold = false;
      other.copy(all);
      other.chosen.push(choice);
      if (!flatten(before, other) || !areApart(with, other, 0, areTold))
        return false;
      if (!areTold)
        return fail(branch, "a value may keep to this schema of oneOf and to "
                            "one before it: needed: anyOf, or schemas that "
                            "differ in type or in a required constant");
    }
    term = terms.either(term, ruleOf(with));
  }
  return true;
}

//===-- Values and types ---===//

/// `value` as it is, and `rest` behind it.
Term Reader::literalOf(Node value, Term rest) {
  switch (json.kindOf(value)) {
  case Json::Null:
    return terms.literal("null", rest);
  case Json::False:
    return terms.literal("false", rest);
  case Json::True:
    return terms.literal("true", rest);
  case Json::Number:
    return terms.literal(json.textOf(value), rest);
  case Json::String:
    return quoted(terms, json.textOf(value), rest);
  default:
    break;
  }
  bool isList = json.is(value, Json::List);
  text::Buffer<Node> parts;
  for (Node part = json.firstOf(value); part != noNode;
       part = json.nextOf(part))
    if (isList || json.member(value, json.nameOf(part)) == part)
      parts.push(part);
  rest = terms.literal(isList ? "]" : "}", rest);
  if (!parts.empty())
    rest = terms.sequence(space(), rest);
  for (; !parts.empty(); parts.pop()) {
    Node part = parts.back();
    rest = literalOf(part, rest);
    if (!isList)
      rest = pairOf(quoted(terms, json.nameOf(part)), rest);
    rest = terms.sequence(parts.size() > 1 ? comma() : space(), rest);
  }
  return terms.literal(isList ? "[" : "{", rest);
}

bool Reader::buildValues(const Conjunction &all, Node values, Term &term) {
  bool isOne = json.nameOf(values) == "const";
  text::Buffer<Term> found;
  for (Node value = isOne ? values : json.firstOf(values); value != noNode;
       value = isOne ? noNode : json.nextOf(value)) {
    bool isAllowed = false;
    if (!allows(all, value, 0, isAllowed))
      return false;
    if (isAllowed)
      found.push(literalOf(value, empty));
  }
  term = terms.either(found.data(), found.size());
  return true;
}

bool Reader::buildNumber(const Conjunction &all, unsigned types, Term &term) {
  Bound least, greatest;
  if (!bounds(all, least, greatest))
    return false;
  bool isInteger = !(types & FractionType);
  if (const char *wrong = checkBounds(least, greatest, isInteger))
    return fail(all.schemas[0], "%s", wrong);
  term = numbers(terms, least, greatest, isInteger);
  return true;
}

bool Reader::buildString(const Conjunction &all, Term &term) {
  term = nothing;
  bool isAny = true;
  Term content = nothing;
  for (Node schema : all.schemas) {
    for (std::string_view name : {"pattern", "format"}) {
      Node said = json.member(schema, name);
      if (said == noNode)
        continue;
      Term one = nothing;
      if (!contentOf(said, one))
        return false;
      content = isAny ? one : terms.both(content, one);
      isAny = false;
    }
  }
  uint32_t from, to;
  if (!count(all, "minLength", "maxLength", from, to))
    return true;
  if (isAny || from || to != unbounded) {
    Term length = terms.repeat(anySpelling(terms), from, to);
    content = isAny ? length : terms.both(content, length);
  }
  term = terms.literal("\"", terms.sequence(content, terms.byte('"')));
  return true;
}

/// What a `pattern` or `format` lets stand between quotes.
bool Reader::contentOf(Node said, Term &content) {
  if (json.nameOf(said) == "pattern") {
    const char *wrong = readPattern(terms, json.textOf(said), content);
    return !wrong || fail(said, "%s", wrong);
  }
  return readFormat(terms, json.textOf(said), content) ||
         fail(said,
              "needed: date, time, date-time, duration, uuid, ipv4, ipv6, "
              "hostname, email or uri");
}

bool Reader::buildTypes(const Conjunction &all, Term &term) {
  unsigned types;
  if (!typesOf(all, types))
    return false;
  types &= typesMeant(all, types);
  Term found[6] = {};
  if (types & NullType)
    found[0] = terms.literal("null");
  if (types & BooleanType)
    found[1] = terms.either(terms.literal("true"), terms.literal("false"));
  if (types & IntegerType && !buildNumber(all, types, found[2]))
    return false;
  if (types & StringType && !buildString(all, found[3]))
    return false;
  if (types & ListType && !buildList(all, found[4]))
    return false;
  if (types & ObjectType && !buildObject(all, found[5]))
    return false;
  term = terms.either(found, 6);
  return true;
}

const char *compileSchema(std::string_view schema, Terms &terms, Term &root,
                          text::Text &message) {
  constexpr size_t mostSchemaBytes = 1 << 20;
  char where[64];
  if (!terms.isOpen())
    return text::outOfMemory;
  if (schema.size() > mostSchemaBytes)
    return "the schema has more than a MiB";
  Json json;
  if (const char *wrong = json.read(schema)) {
    snprintf(where, sizeof where, " at byte %zu", json.offset());
    message.append(std::string_view(wrong));
    message.append(std::string_view(where));
    message.push('\0');
    return message.data();
  }
  if (!json.is(0, Json::Object) && !json.isBoolean(0))
    return "#: needed: a schema, which is an object or true";
  return Reader(json, terms, message).read(root) ? nullptr : message.data();
}

} // namespace heddle::grammar
