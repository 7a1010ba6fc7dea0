// How terms are made: equal ones are one, and what has no text is nothing.
#include "runtime/grammar/Terms.h"

#include <algorithm>

namespace heddle::grammar {

/// Terms and alternatives of one language, which is far more than schemas need.
static constexpr size_t mostTerms = 1 << 21;

Terms::Terms() {
  table.limit(mostTerms);
  children.limit(mostTerms);
  slots.limit(4 * mostTerms);
  rows.limit(size_t{1} << 24);
  Entry entry = {};
  entry.kind = Nothing;
  intern(entry);
  entry.kind = Empty;
  entry.hasEmpty = true;
  intern(entry);
  if (table.size() == 2)
    rowOf(nothing);
}

//===-- Equal terms are one ---===//

uint64_t Terms::hashOf(const Entry &entry) const {
  uint64_t hash = entry.kind;
  auto mix = [&](uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
  };
  if (entry.kind == Either) {
    for (uint32_t i = 0; i < entry.b; ++i)
      mix(children[entry.a + i]);
    return hash;
  }
  mix(entry.a), mix(entry.b), mix(entry.c);
  return hash;
}

bool Terms::areSame(const Entry &left, const Entry &right) const {
  if (left.kind != right.kind || left.b != right.b)
    return false;
  if (left.kind != Either)
    return left.a == right.a && left.c == right.c;
  const Term *of = children.data();
  return std::equal(of + left.a, of + left.a + left.b, of + right.a);
}

void Terms::insert(Term term) {
  size_t mask = slots.size() - 1, at = hashOf(table[term]) & mask;
  while (slots[at])
    at = (at + 1) & mask;
  slots[at] = term + 1;
}

bool Terms::growSlots() {
  if ((table.size() + 1) * 2 <= slots.size())
    return true;
  text::Buffer<uint32_t> grown;
  if (!grown.resize(std::max<size_t>(1024, slots.size() * 2)))
    return false;
  slots.swap(grown);
  for (Term term = 0; term < table.size(); ++term)
    insert(term);
  return true;
}

/// The number of `entry`; where it is new, and an Either, its children are the
/// last ones. Nothing where there is no memory, which is noted as trouble.
Term Terms::intern(const Entry &entry) {
  if (!growSlots())
    return nothing;
  size_t mask = slots.size() - 1, at = hashOf(entry) & mask;
  for (; slots[at]; at = (at + 1) & mask)
    if (areSame(table[slots[at] - 1], entry)) {
      if (entry.kind == Either)
        children.shrink(entry.a);
      return slots[at] - 1;
    }
  auto term = static_cast<Term>(table.size());
  table.push(entry);
  rowsOf.push(0);
  if (rowsOf.size() != table.size() || table.size() == term) {
    table.shrink(term);
    rowsOf.shrink(term);
    return nothing;
  }
  slots[at] = term + 1;
  return term;
}

//===-- Making terms ---===//

Term Terms::bytes(const ByteSet &set) {
  if (set.isEmpty())
    return nothing;
  Entry entry = {};
  entry.kind = Bytes;
  const ByteSet *found = std::find(sets.begin(), sets.end(), set);
  entry.a = static_cast<uint32_t>(found - sets.begin());
  if (found == sets.end())
    sets.push(set);
  return entry.a < sets.size() ? intern(entry) : nothing;
}

Term Terms::sequence(Term first, Term second) {
  if (first == nothing || second == nothing)
    return nothing;
  // Sequences lean to the right: what comes first is at hand.
  size_t base = scratch.size();
  for (; table[first].kind == Sequence; first = table[first].b)
    scratch.push(table[first].a);
  scratch.push(first);
  Term rest = second;
  for (; scratch.size() > base; scratch.pop()) {
    Term part = scratch.back();
    if (part == empty || rest == nothing)
      continue;
    if (rest == empty) {
      rest = part;
      continue;
    }
    Entry entry = {};
    entry.kind = Sequence;
    entry.a = part, entry.b = rest;
    entry.hasEmpty = table[part].hasEmpty && table[rest].hasEmpty;
    rest = intern(entry);
  }
  return rest;
}

Term Terms::literal(std::string_view text, Term rest) {
  for (size_t i = text.size(); i-- > 0;)
    rest = sequence(byte(text[i]), rest);
  return rest;
}

/// Puts a term, or the terms that it is one of, on the scratch.
void Terms::collect(Term term) {
  const Entry &entry = table[term];
  if (entry.kind == Either)
    scratch.append(children.data() + entry.a, entry.b);
  else if (term != nothing)
    scratch.push(term);
}

/// One of the terms on the scratch from `base` on, which are taken off.
Term Terms::eitherOf(size_t base) {
  Term *begin = scratch.begin() + base;
  std::sort(begin, scratch.end());
  auto count = static_cast<size_t>(std::unique(begin, scratch.end()) - begin);
  scratch.shrink(base);
  if (count == 0)
    return nothing;
  if (count == 1)
    return begin[0];
  Entry entry = {};
  entry.kind = Either;
  entry.a = static_cast<uint32_t>(children.size());
  entry.b = static_cast<uint32_t>(count);
  for (size_t i = 0; i < count; ++i)
    entry.hasEmpty |= table[begin[i]].hasEmpty;
  children.append(begin, count);
  return children.size() == entry.a + count ? intern(entry) : nothing;
}

Term Terms::either(const Term *terms, size_t count) {
  size_t base = scratch.size();
  for (size_t i = 0; i < count; ++i)
    collect(terms[i]);
  return eitherOf(base);
}

Term Terms::repeat(Term term, uint32_t least, uint32_t most) {
  if (least > most)
    return nothing;
  if (term == nothing)
    return least ? nothing : empty;
  if (most == 0 || term == empty)
    return empty;
  if (least == 1 && most == 1)
    return term;
  Entry entry = {};
  entry.kind = Repeat;
  entry.a = term, entry.c = most;
  entry.b = table[term].hasEmpty ? 0 : least;
  entry.hasEmpty = entry.b == 0;
  return intern(entry);
}

Term Terms::rawBoth(Term first, Term second) {
  if (first == nothing || second == nothing || first == second)
    return first == second ? first : nothing;
  if (first == empty || second == empty)
    return table[first].hasEmpty && table[second].hasEmpty ? empty : nothing;
  Entry entry = {};
  entry.kind = Both;
  entry.a = std::min(first, second), entry.b = std::max(first, second);
  entry.hasEmpty = table[first].hasEmpty && table[second].hasEmpty;
  Term term = intern(entry);
  return table[term].isDead ? nothing : term;
}

Term Terms::newRule() {
  Entry entry = {};
  entry.kind = Rule;
  entry.a = static_cast<uint32_t>(rules.size());
  rules.push(nothing);
  return rules.size() > entry.a ? intern(entry) : nothing;
}

void Terms::setRule(Term rule, Term body) {
  if (table[rule].kind == Rule)
    rules[table[rule].a] = body;
}

//===-- What may come behind a byte ---===//

uint32_t Terms::rowOf(Term term) {
  if (rowsOf[term])
    return rowsOf[term] - 1;
  size_t before = rows.size();
  auto row = static_cast<uint32_t>(rowTerms.size());
  rowTerms.push(term);
  // Row 0 is that of `nothing`, which stays: it is what there is without
  // memory.
  if (!rows.resize(before + 256) || rowTerms.size() == row) {
    rows.shrink(before);
    rowTerms.shrink(row);
    return 0;
  }
  std::fill(rows.begin() + before, rows.end(),
            term == nothing ? nothing : unknown);
  rowsOf[term] = row + 1;
  return row;
}

/// The sets of bytes that derivative() looks at, each once.
void Terms::firstsOf(Term term, text::Buffer<uint32_t> &found) const {
  const Entry &entry = table[term];
  switch (entry.kind) {
  case Nothing:
  case Empty:
    return;
  case Bytes:
    if (std::find(found.begin(), found.end(), entry.a) == found.end())
      found.push(entry.a);
    return;
  case Sequence:
    firstsOf(entry.a, found);
    if (table[entry.a].hasEmpty)
      firstsOf(entry.b, found);
    return;
  case Either:
    for (uint32_t i = 0; i < entry.b; ++i)
      firstsOf(children[entry.a + i], found);
    return;
  case Repeat:
    return firstsOf(entry.a, found);
  case Both:
    firstsOf(entry.a, found);
    return firstsOf(entry.b, found);
  case Rule:
    return firstsOf(rules[entry.a], found);
  }
}

/// Numbers bytes alike that no set tells apart; how many numbers there are.
unsigned Terms::tellApart(const text::Buffer<uint32_t> &used,
                          uint8_t (&classes)[256]) const {
  memset(classes, 0, sizeof classes);
  unsigned count = 1;
  for (uint32_t set : used) {
    // By class: what its bytes outside and inside of the set are called.
    int16_t names[256][2];
    memset(names, -1, sizeof names[0] * count);
    unsigned next = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bool isIn = sets[set].contains(static_cast<uint8_t>(byte));
      int16_t &name = names[classes[byte]][isIn];
      if (name < 0)
        name = static_cast<int16_t>(next++);
      classes[byte] = static_cast<uint8_t>(name);
    }
    count = next;
  }
  return count;
}

/// Finds out what may come behind every byte: one of each class is looked at.
bool Terms::fill(uint32_t row) {
  text::Buffer<uint32_t> used;
  firstsOf(rowTerms[row], used);
  uint8_t classes[256];
  unsigned count = tellApart(used, classes);
  Term behind[256];
  std::fill(behind, behind + count, unknown);
  Term all[256];
  for (unsigned byte = 0; byte < 256; ++byte) {
    Term &found = behind[classes[byte]];
    if (found == unknown)
      found = derivative(rowTerms[row], static_cast<uint8_t>(byte));
    all[byte] = found;
  }
  // What is missing for want of memory is not to be remembered.
  if (text::trouble != text::Trouble::None)
    return false;
  memcpy(rows.data() + size_t{row} * 256, all, sizeof all);
  return true;
}

Term Terms::derivativeOfEither(const Entry &entry, uint8_t byte) {
  size_t base = scratch.size();
  for (uint32_t i = 0; i < entry.b; ++i)
    collect(derivative(children[entry.a + i], byte));
  return eitherOf(base);
}

Term Terms::derivative(Term term, uint8_t byte) {
  const Entry entry = table[term]; // a copy: the table grows
  if (text::trouble != text::Trouble::None)
    return nothing;
  switch (entry.kind) {
  case Nothing:
  case Empty:
    return nothing;
  case Bytes:
    return sets[entry.a].contains(byte) ? empty : nothing;
  case Sequence: {
    Term behind = sequence(derivative(entry.a, byte), entry.b);
    return table[entry.a].hasEmpty ? either(behind, derivative(entry.b, byte))
                                   : behind;
  }
  case Either:
    return derivativeOfEither(entry, byte);
  case Repeat: {
    Term first = derivative(entry.a, byte);
    if (first == nothing)
      return nothing;
    uint32_t least = entry.b ? entry.b - 1 : 0;
    uint32_t most = entry.c == unbounded ? unbounded : entry.c - 1;
    return sequence(first, repeat(entry.a, least, most));
  }
  case Both:
    return rawBoth(derivative(entry.a, byte), derivative(entry.b, byte));
  case Rule:
    return derivative(rules[entry.a], byte);
  }
  return nothing;
}

} // namespace heddle::grammar
