// Lists and objects: what their parts keep to, and in which order they come.
#include "runtime/grammar/Reader.h"

#include <algorithm>

namespace heddle::grammar {

/// Members and items that schemas say something of by themselves.
static constexpr size_t mostParts = 1000;
/// Of names, where other ones than them are to be written as well.
static constexpr size_t mostNameBytes = 128;

//===-- Lists ---===//

static uint32_t countIn(const Json &json, Node schema, std::string_view name) {
  Node list = json.member(schema, name);
  return list == noNode ? 0 : json.countOf(list);
}

/// What the item at `place` keeps to.
bool Reader::itemAt(const Conjunction &all, uint32_t place, Conjunction &item) {
  for (Node schema : all.schemas) {
    Node part = json.member(schema, "items");
    if (place < countIn(json, schema, "prefixItems")) {
      part = json.firstOf(json.member(schema, "prefixItems"));
      for (uint32_t i = 0; i < place; ++i)
        part = json.nextOf(part);
    }
    if (part != noNode && !flatten(part, item))
      return false;
  }
  return true;
}

bool Reader::buildList(const Conjunction &all, Term &term) {
  uint32_t from, to, first = 0;
  if (!count(all, "minItems", "maxItems", from, to))
    return true;
  bool saysRest = true;
  for (Node schema : all.schemas) {
    uint32_t prefix = countIn(json, schema, "prefixItems");
    first = std::max(first, prefix);
    saysRest &= !prefix || json.member(schema, "items") != noNode;
  }
  if (first > mostParts)
    return fail(all.schemas[0], "more than 1000 prefixItems");
  // Where only the first ones are said, there are no others unless there must.
  if (!saysRest && from <= first)
    to = std::min(to, first);
  Conjunction rest;
  if (!itemAt(all, first, rest))
    return false;
  auto behind = [&](uint32_t number) {
    return number > first ? number - first : 0;
  };
  Term close = terms.sequence(space(), terms.byte(']'));
  Term more = terms.sequence(comma(), ruleOf(rest));
  // What stands behind `i` items, from the last prefix item on; 0 of them have
  // no comma before the first.
  Term tail = nothing;
  if (to >= first)
    tail =
        terms.sequence(terms.repeat(more, behind(from),
                                    to == unbounded ? unbounded : behind(to)),
                       close);
  if (first == 0) {
    Term others = terms.sequence(terms.repeat(more, from ? from - 1 : 0,
                                              to == unbounded ? to
                                              : to            ? to - 1
                                                              : 0),
                                 close);
    tail = to ? terms.sequence(ruleOf(rest), others) : nothing;
  }
  for (uint32_t i = first; i-- > 0;) {
    Conjunction item;
    if (!itemAt(all, i, item))
      return false;
    Term with = i < to ? terms.sequence(ruleOf(item), tail) : nothing;
    tail = i == 0 ? with
                  : terms.either(i >= from ? close : nothing,
                                 terms.sequence(comma(), with));
  }
  Term whole = terms.either(from == 0 ? terms.byte(']') : nothing,
                            terms.sequence(space(), tail));
  term = terms.literal("[", whole);
  return true;
}

//===-- Objects ---===//

/// Of all properties that are said, and of those that are required, each once.
bool Reader::namesOf(const Conjunction &all,
                     text::Buffer<std::string_view> &names) {
  auto add = [&](std::string_view name) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push(name);
  };
  for (Node schema : all.schemas)
    if (Node said = json.member(schema, "properties"); said != noNode)
      for (Node member = json.firstOf(said);
           member != noNode && names.size() <= mostParts;
           member = json.nextOf(member))
        add(json.nameOf(member));
  for (Node schema : all.schemas)
    if (Node said = json.member(schema, "required"); said != noNode)
      for (Node name = json.firstOf(said);
           name != noNode && names.size() <= mostParts;
           name = json.nextOf(name))
        add(json.textOf(name));
  return names.size() <= mostParts ||
         fail(all.schemas[0], "more than 1000 properties");
}

bool Reader::isRequired(const Conjunction &all, std::string_view name) const {
  for (Node schema : all.schemas)
    if (Node said = json.member(schema, "required"); said != noNode)
      for (Node each = json.firstOf(said); each != noNode;
           each = json.nextOf(each))
        if (json.textOf(each) == name)
          return true;
  return false;
}

/// What the member of that name keeps to.
bool Reader::memberOf(const Conjunction &all, std::string_view name,
                      Conjunction &member) {
  for (Node schema : all.schemas) {
    Node said = json.member(schema, "properties");
    Node own = said == noNode ? noNode : json.member(said, name);
    if (own == noNode)
      own = json.member(schema, "additionalProperties");
    if (own != noNode && !flatten(own, member))
      return false;
  }
  return true;
}

/// What all other members keep to: where a schema has properties and says
/// nothing of others, there are none.
bool Reader::othersOf(const Conjunction &all, Conjunction &others) {
  for (Node schema : all.schemas) {
    Node said = json.member(schema, "additionalProperties");
    others.isImpossible |=
        said == noNode && json.member(schema, "properties") != noNode;
    if (said != noNode && !flatten(said, others))
      return false;
  }
  return true;
}

bool Reader::buildObject(const Conjunction &all, Term &term) {
  text::Buffer<std::string_view> names;
  if (!namesOf(all, names) || !spend(2 * names.size() * names.size()))
    return false;
  Conjunction others;
  if (!othersOf(all, others))
    return false;
  Term other = nothing;
  if (!others.isImpossible) {
    for (std::string_view name : names)
      if (name.size() > mostNameBytes)
        return fail(all.schemas[0],
                    "a property's name is longer than 128 bytes, where "
                    "additionalProperties are to have other ones");
    other = pairOf(otherKey(terms, names), ruleOf(others));
  }
  text::Buffer<Term> pairs;
  for (std::string_view name : names) {
    Conjunction member;
    if (!memberOf(all, name, member))
      return false;
    pairs.push(pairOf(quoted(terms, name), ruleOf(member)));
  }
  return finishObject(all, names, pairs, other, term);
}

/// The members in their order, those that are not required perhaps.
bool Reader::finishObject(const Conjunction &all,
                          const text::Buffer<std::string_view> &names,
                          const text::Buffer<Term> &pairs, Term other,
                          Term &term) {
  size_t count = pairs.size();
  text::Buffer<uint8_t> required;
  for (std::string_view name : names)
    required.push(isRequired(all, name));
  // rests[i]: what may stand behind a member, of the members from i on.
  text::Buffer<Term> rests;
  if (required.size() != count || !rests.resize(count + 1))
    return false;
  Term close = terms.sequence(space(), terms.byte('}'));
  Term tail = terms.sequence(
      terms.repeat(terms.sequence(comma(), other), 0, unbounded), close);
  Term firsts = nothing;
  bool mayBeEmpty = false;
  for (size_t i = count + 1; i-- > 0;) {
    text::Buffer<Term> next; // the members that may come next
    size_t j = i;
    for (; j < count; ++j) {
      next.push(terms.sequence(pairs[j], rests[j + 1]));
      if (required[j])
        break;
    }
    bool mayEnd = j == count;
    firsts = terms.either(next.data(), next.size());
    rests[i] =
        terms.either(terms.sequence(comma(), firsts), mayEnd ? tail : nothing);
    mayBeEmpty = mayEnd;
  }
  if (mayBeEmpty)
    firsts = terms.either(firsts, terms.sequence(other, tail));
  term = terms.literal("{", terms.either(mayBeEmpty ? terms.byte('}') : nothing,
                                         terms.sequence(space(), firsts)));
  return true;
}

} // namespace heddle::grammar
