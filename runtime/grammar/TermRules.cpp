// What is looked at as a whole: rules that name each other, texts of two terms,
// and what may be forgotten.
#include "runtime/grammar/Terms.h"

#include <algorithm>

namespace heddle::grammar {

//===-- Rules ---===//

/// Rules that begin with rules that begin with rules …: derivative() goes so
/// deep, on the stack of whoever asks.
static constexpr int deepestBeginning = 256;

bool Terms::isProductive(const Entry &entry,
                         const text::Buffer<uint8_t> &productive) const {
  switch (entry.kind) {
  case Nothing:
    return false;
  case Sequence:
    return productive[entry.a] && productive[entry.b];
  case Either:
    return std::any_of(children.data() + entry.a,
                       children.data() + entry.a + entry.b,
                       [&](Term child) { return productive[child]; });
  case Repeat:
    return entry.b == 0 || productive[entry.a];
  case Rule:
    return false; // as far as is known
  default:
    return true;
  }
}

/// Which terms and rules have a text: those whose parts have one, over and over
/// until no more are found. Parts have lower numbers than what they are of.
bool Terms::findProductive(text::Buffer<uint8_t> &productive,
                           text::Buffer<uint8_t> &productiveRules) const {
  if (!productive.resize(table.size()) || !productiveRules.resize(rules.size()))
    return false;
  for (bool changed = true; changed;) {
    changed = false;
    for (Term term = 0; term < table.size(); ++term) {
      const Entry &entry = table[term];
      productive[term] = entry.kind == Rule ? productiveRules[entry.a]
                                            : isProductive(entry, productive);
    }
    for (size_t rule = 0; rule < rules.size(); ++rule)
      if (!productiveRules[rule] && productive[rules[rule]])
        changed = productiveRules[rule] = true;
  }
  return true;
}

Term Terms::rewritten(const Entry &entry, const text::Buffer<Term> &now) {
  switch (entry.kind) {
  case Sequence:
    return sequence(now[entry.a], now[entry.b]);
  case Repeat:
    return repeat(now[entry.a], entry.b, entry.c);
  case Either: {
    size_t base = scratch.size();
    for (uint32_t i = 0; i < entry.b; ++i)
      collect(now[children[entry.a + i]]);
    return eitherOf(base);
  }
  default:
    return intern(entry);
  }
}

/// Makes all terms anew, without rules that have no text.
void Terms::rewrite(const text::Buffer<uint8_t> &productiveRules) {
  auto count = static_cast<Term>(table.size());
  text::Buffer<Term> now;
  for (Term term = 0; term < count; ++term) {
    const Entry entry = table[term];
    bool isGone = entry.kind == Rule && !productiveRules[entry.a];
    now.push(isGone ? nothing : rewritten(entry, now));
    if (now.size() == term)
      return; // no memory
  }
  for (Term &body : rules)
    body = now[body];
}

/// How many rules `term` may begin with, one within the other; -1: more than
/// can be, as of a rule that begins with itself.
int Terms::levelOf(Term term, text::Buffer<int32_t> &levels, int depth) const {
  constexpr int32_t underway = -2;
  const Entry &entry = table[term];
  if (depth > 4 * deepestBeginning)
    return -1;
  int deepest = 0;
  auto look = [&](Term part) {
    int level = deepest < 0 ? -1 : levelOf(part, levels, depth + 1);
    deepest = level < 0 ? -1 : std::max(deepest, level);
  };
  switch (entry.kind) {
  case Sequence:
    look(entry.a);
    for (Term rest = term; deepest >= 0 && table[rest].kind == Sequence &&
                           table[table[rest].a].hasEmpty;) {
      rest = table[rest].b;
      look(table[rest].kind == Sequence ? table[rest].a : rest);
    }
    return deepest;
  case Either:
    for (uint32_t i = 0; i < entry.b; ++i)
      look(children[entry.a + i]);
    return deepest;
  case Repeat:
    return look(entry.a), deepest;
  case Rule: {
    if (int32_t known = levels[entry.a])
      return known == underway ? -1 : known;
    levels[entry.a] = underway;
    look(rules[entry.a]);
    deepest = deepest < 0 || deepest >= deepestBeginning ? -1 : deepest + 1;
    return levels[entry.a] = deepest;
  }
  default:
    return 0;
  }
}

bool Terms::closeRules() {
  text::Buffer<uint8_t> productive, productiveRules;
  if (!findProductive(productive, productiveRules))
    return false;
  if (std::count(productiveRules.begin(), productiveRules.end(), 0))
    rewrite(productiveRules);
  text::Buffer<int32_t> levels;
  if (!levels.resize(rules.size()))
    return false;
  for (const Term &body : rules)
    if (levelOf(body, levels, 0) < 0)
      return false;
  return true;
}

//===-- Texts of two terms at once ---===//

/// States of two terms together that are looked at, for one call of both().
static constexpr size_t mostStates = 20000;

/// All that may come of `start`: terms, and edges as pairs of their indices.
bool Terms::explore(Term start, text::Buffer<Term> &found,
                    text::Buffer<uint32_t> &edges) {
  text::Buffer<uint32_t> indices; // by term: index in found + 1
  text::Buffer<uint32_t> used;
  found.push(start);
  if (!indices.resize(start + size_t{1}))
    return false;
  indices[start] = 1;
  for (size_t i = 0; i < found.size(); ++i) {
    uint8_t classes[256];
    used.clear();
    firstsOf(found[i], used);
    unsigned count = tellApart(used, classes);
    for (unsigned k = 0; k < count; ++k) {
      uint8_t *first = std::find(classes, classes + 256, k);
      Term behind = derivative(found[i], static_cast<uint8_t>(first - classes));
      if (behind == nothing)
        continue;
      if (behind >= indices.size() && !indices.resize(table.size()))
        return false;
      if (!indices[behind]) {
        found.push(behind);
        indices[behind] = static_cast<uint32_t>(found.size());
      }
      edges.push(static_cast<uint32_t>(i));
      edges.push(indices[behind] - 1);
      if (found.size() > mostStates)
        text::noteTrouble(text::Trouble::Growth);
      if (text::trouble != text::Trouble::None)
        return false;
    }
  }
  return true;
}

Term Terms::both(Term first, Term second) {
  Term start = rawBoth(first, second);
  if (table[start].kind != Both || table[start].isLive)
    return start;
  text::Buffer<Term> found;
  text::Buffer<uint32_t> edges;
  if (!explore(start, found, edges))
    return nothing;
  // Live is what has the empty text, and what something live may follow.
  for (const Term &term : found)
    table[term].isLive = table[term].hasEmpty;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t e = edges.size(); e > 0; e -= 2) {
      Entry &from = table[found[edges[e - 2]]];
      if (!from.isLive && table[found[edges[e - 1]]].isLive)
        changed = from.isLive = true;
    }
  }
  for (const Term &term : found)
    table[term].isDead = !table[term].isLive;
  return table[start].isDead ? nothing : start;
}

//===-- Forgetting ---===//

void Terms::keepAllSoFar() {
  keptTerms = table.size();
  keptChildren = children.size();
  keptRows = rowTerms.size();
}

/// Terms behind the kept ones that `kept` are made of get new numbers, in the
/// order that they have.
void Terms::sweep(Term *const *kept, size_t count) {
  text::Buffer<Term> todo, live;
  for (size_t i = 0; i < count; ++i)
    todo.push(*kept[i]);
  text::Buffer<Term> now;
  if (!now.resize(table.size()))
    return;
  auto isLate = [&](Term term) { return term >= keptTerms; };
  while (!todo.empty()) {
    Term term = todo.back();
    todo.pop();
    if (!isLate(term) || now[term])
      continue;
    now[term] = 1;
    live.push(term);
    const Entry &entry = table[term];
    if (entry.kind == Sequence || entry.kind == Both)
      todo.push(entry.a), todo.push(entry.b);
    if (entry.kind == Repeat)
      todo.push(entry.a);
    if (entry.kind == Either)
      todo.append(children.data() + entry.a, entry.b);
  }
  if (text::trouble != text::Trouble::None)
    return;
  std::sort(live.begin(), live.end());
  auto moved = [&](Term term) { return isLate(term) ? now[term] : term; };
  auto next = static_cast<Term>(keptTerms);
  auto nextChild = static_cast<uint32_t>(keptChildren);
  for (Term term : live) {
    Entry entry = table[term];
    if (entry.kind == Sequence || entry.kind == Both)
      entry.a = moved(entry.a), entry.b = moved(entry.b);
    if (entry.kind == Repeat)
      entry.a = moved(entry.a);
    if (entry.kind == Either) {
      // Numbers keep their order, so that children stay sorted.
      for (uint32_t i = 0; i < entry.b; ++i)
        children[nextChild + i] = moved(children[entry.a + i]);
      entry.a = nextChild;
      nextChild += entry.b;
    }
    table[next] = entry;
    now[term] = next++;
  }
  for (size_t i = 0; i < count; ++i)
    *kept[i] = moved(*kept[i]);
  table.shrink(next);
  children.shrink(nextChild);
  rowsOf.shrink(keptTerms);
  // There was room for more.
  (void)rowsOf.resize(next);
  for (size_t row = keptRows; row < rowTerms.size(); ++row)
    if (rowTerms[row] < keptTerms)
      rowsOf[rowTerms[row]] = 0;
  rowTerms.shrink(keptRows);
  rows.shrink(keptRows * 256);
  std::fill(slots.begin(), slots.end(), 0);
  for (Term term = 0; term < table.size(); ++term)
    insert(term);
}

} // namespace heddle::grammar
