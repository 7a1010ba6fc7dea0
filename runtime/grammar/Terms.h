// Languages of byte strings, as terms that are derived byte by byte
// (Brzozowski, "Derivatives of Regular Expressions", 1964).
//
// A term stands for the set of texts that may still come, so it is the state
// of a text as well: after(term, byte) is what may come behind the byte. Equal
// terms have equal numbers, which makes terms the states of an automaton that
// comes into being where somebody walks. Rules give terms names and may name
// themselves, as brackets do: the automaton is a pushdown one, and its stack is
// the sequence that a term is.
//
// No term is without a text but `nothing`: so a byte may come exactly if what
// follows it is another term.
#ifndef HEDDLE_RUNTIME_GRAMMAR_TERMS_H
#define HEDDLE_RUNTIME_GRAMMAR_TERMS_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::grammar {

using Term = uint32_t;
constexpr Term nothing = 0; ///< no text, not even the empty one
constexpr Term empty = 1;   ///< the empty text
constexpr uint32_t unbounded = UINT32_MAX;

struct ByteSet {
  uint64_t words[4] = {};

  static ByteSet of(uint8_t first, uint8_t last) {
    ByteSet set;
    set.add(first, last);
    return set;
  }
  void add(uint8_t first, uint8_t last) {
    for (unsigned byte = first; byte <= last; ++byte)
      words[byte / 64] |= uint64_t{1} << byte % 64;
  }
  bool contains(uint8_t byte) const {
    return words[byte / 64] >> byte % 64 & 1;
  }
  bool isEmpty() const { return !(words[0] | words[1] | words[2] | words[3]); }
  bool operator==(const ByteSet &other) const {
    return !memcmp(words, other.words, sizeof words);
  }
};

class Terms {
public:
  Terms();
  Terms(const Terms &) = delete;
  Terms &operator=(const Terms &) = delete;

  /// False if there was no memory to begin with.
  bool isOpen() const { return rowTerms.size() > 0; }

  Term bytes(const ByteSet &set);
  Term byte(char value) {
    auto number = static_cast<uint8_t>(value);
    if (single[number] == nothing)
      single[number] = bytes(ByteSet::of(number, number));
    return single[number];
  }
  Term sequence(Term first, Term second);
  /// `text`, and `rest` behind it.
  Term literal(std::string_view text, Term rest = empty);
  Term either(const Term *terms, size_t count);
  Term either(Term first, Term second) {
    Term terms[] = {first, second};
    return either(terms, 2);
  }
  Term optional(Term term) { return either(term, empty); }
  Term repeat(Term term, uint32_t least, uint32_t most);
  /// What is a text of either term. Without rules in them; all that may come of
  /// it is looked at here, so that none of its states is without a text.
  Term both(Term first, Term second);

  /// A name, to be given its term later: one that does not have the empty text.
  Term newRule();
  void setRule(Term rule, Term body);
  size_t ruleCount() const { return rules.size(); }

  /// Rules without a text become nothing, wherever they are named. Call it
  /// once, when all rules are set. False: a rule begins with itself.
  [[nodiscard]] bool closeRules();
  /// Of a rule, too, once they are closed.
  bool hasText(Term term) const {
    return table[term].kind == Rule ? rules[table[term].a] != nothing
                                    : term != nothing;
  }

  bool hasEmpty(Term term) const { return table[term].hasEmpty; }
  /// What may come behind `byte`.
  Term after(Term term, uint8_t byte) { return next(rowOf(term), byte); }

  /// The same for who asks for many bytes behind a term: its row.
  uint32_t rowOf(Term term);
  Term next(uint32_t row, uint8_t byte) {
    Term found = rows[size_t{row} * 256 + byte];
    if (found != unknown)
      return found;
    return fill(row) ? rows[size_t{row} * 256 + byte] : nothing;
  }

  /// How much there is: what comes into being while texts are written is
  /// forgotten by sweep(), save `kept`, which get their new numbers.
  size_t size() const { return table.size() + children.size(); }
  size_t bytesHeld() const { return size() * 32 + rows.size() * sizeof(Term); }
  void keepAllSoFar();
  void sweep(Term *const *kept, size_t count);

private:
  enum Kind : uint8_t {
    Nothing,
    Empty,
    Bytes,
    Sequence,
    Either,
    Repeat,
    Both,
    Rule
  };
  struct Entry {
    Kind kind;
    bool hasEmpty, isDead, isLive;
    uint32_t a, b, c; // Bytes: the set; Sequence, Both: two terms; Either:
                      // children from a on, b of them; Repeat: the term, least,
                      // most; Rule: which
  };
  static constexpr Term unknown = UINT32_MAX;

  Term intern(const Entry &entry);
  uint64_t hashOf(const Entry &entry) const;
  bool areSame(const Entry &left, const Entry &right) const;
  bool growSlots();
  void insert(Term term);
  bool fill(uint32_t row);
  void firstsOf(Term term, text::Buffer<uint32_t> &found) const;
  unsigned tellApart(const text::Buffer<uint32_t> &used,
                     uint8_t (&classes)[256]) const;
  Term derivative(Term term, uint8_t byte);
  Term derivativeOfEither(const Entry &entry, uint8_t byte);
  void collect(Term term);
  Term eitherOf(size_t base);
  Term rawBoth(Term first, Term second);
  bool explore(Term start, text::Buffer<Term> &found,
               text::Buffer<uint32_t> &edges);
  bool isProductive(const Entry &entry,
                    const text::Buffer<uint8_t> &productive) const;
  bool findProductive(text::Buffer<uint8_t> &productive,
                      text::Buffer<uint8_t> &productiveRules) const;
  void rewrite(const text::Buffer<uint8_t> &productiveRules);
  Term rewritten(const Entry &entry, const text::Buffer<Term> &now);
  int levelOf(Term term, text::Buffer<int32_t> &levels, int depth) const;

  text::Buffer<Entry> table;
  text::Buffer<Term> children; // of Either
  text::Buffer<ByteSet> sets;
  text::Buffer<Term> rules;      // bodies
  text::Buffer<uint32_t> slots;  // hash table: term + 1; a power of two
  text::Buffer<uint32_t> rowsOf; // by term: row + 1, or 0
  text::Buffer<Term> rows;       // 256 a row
  text::Buffer<Term> rowTerms;   // by row
  text::Buffer<Term> scratch;
  Term single[256] = {}; // of one byte; nothing: not made yet
  size_t keptTerms = 0, keptChildren = 0, keptRows = 1;
};

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_TERMS_H
