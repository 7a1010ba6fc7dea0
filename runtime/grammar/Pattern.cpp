// Regular expressions of schemas (ECMA 262), as far as they describe a regular
// language: what is written keeps to them for Python's `re` as well.
//
//   pattern      alternative | …
//   alternative  ^? piece … $?, and anything where ^ or $ is not there
//   piece        atom, then * + ? {n} {n,} {n,m}, each perhaps with ? behind it
//   atom         a character, . , [set], \d \w \s …, ( … ), (?: … )
//
// Where the two languages differ, what both allow is written: \d, \w and \s are
// those of ASCII, and what is not one of them is none of Unicode's either.
#include "runtime/grammar/Strings.h"
#include "runtime/text/JsonEscape.h"
#include "runtime/text/Unicode.h"

namespace heddle::grammar {

/// Groups within groups.
static constexpr int deepestGroup = 32;
static constexpr uint32_t mostTimes = 10000;

namespace {

class PatternReader {
public:
  PatternReader(Terms &terms, std::string_view pattern)
      : terms(terms), pattern(pattern) {}

  const char *readAll(Term &content) {
    content = readAlternatives(0);
    if (!wrong && at < pattern.size())
      wrong = "a ) without a (";
    return wrong;
  }

private:
  Term readAlternatives(int depth);
  Term readAlternative(int depth);
  Term readPiece(int depth);
  Term readAtom(int depth);
  Term readGroup(int depth);
  Term readTimes(Term atom);
  void readSet(CharacterSet &set);
  bool readSetItem(CharacterSet &set, uint32_t &single, bool isInverted);
  bool readEscape(CharacterSet &set, uint32_t &single, bool isWide);
  bool readCode(int digits, uint32_t &code);
  bool readNumber(uint32_t &number);

  Term fail(const char *what) {
    if (!wrong)
      wrong = what;
    at = pattern.size();
    return nothing;
  }
  bool isAt(char c) const { return at < pattern.size() && pattern[at] == c; }
  Terms &terms;
  std::string_view pattern;
  size_t at = 0;
  const char *wrong = nullptr;
};

} // namespace

static Term anything(Terms &terms) {
  return terms.repeat(anySpelling(terms), 0, unbounded);
}

Term PatternReader::readAlternatives(int depth) {
  Term found = readAlternative(depth);
  while (isAt('|')) {
    ++at;
    found = terms.either(found, readAlternative(depth));
  }
  return found;
}

/// Outermost alternatives are searched for: what may stand around them is
/// anything, unless they say that nothing does.
Term PatternReader::readAlternative(int depth) {
  text::Buffer<Term> pieces;
  bool begins = depth == 0 && isAt('^');
  at += begins;
  if (depth == 0 && !begins)
    pieces.push(anything(terms));
  bool ends = false;
  while (at < pattern.size() && !isAt('|') && !isAt(')')) {
    bool isLast = at + 1 == pattern.size() || pattern[at + 1] == '|';
    if (depth == 0 && isAt('$') && isLast) {
      ends = true;
      ++at;
      continue;
    }
    pieces.push(readPiece(depth));
  }
  if (depth == 0 && !ends)
    pieces.push(anything(terms));
  Term found = empty;
  for (; !pieces.empty(); pieces.pop())
    found = terms.sequence(pieces.back(), found);
  return found;
}

Term PatternReader::readPiece(int depth) {
  Term atom = readAtom(depth);
  return wrong ? nothing : readTimes(atom);
}

bool PatternReader::readNumber(uint32_t &number) {
  size_t begin = at;
  for (number = 0; at < pattern.size() && pattern[at] >= '0' &&
                   pattern[at] <= '9' && number <= mostTimes;
       ++at)
    number = number * 10 + static_cast<uint32_t>(pattern[at] - '0');
  return at > begin && number <= mostTimes;
}

Term PatternReader::readTimes(Term atom) {
  uint32_t least = 1, most = 1;
  if (isAt('*') || isAt('+') || isAt('?')) {
    least = isAt('+');
    most = isAt('?') ? 1 : unbounded;
    ++at;
  } else if (isAt('{')) {
    ++at;
    if (!readNumber(least))
      return fail("a { without a number up to 10000 behind it");
    most = least;
    if (isAt(',')) {
      ++at;
      most = unbounded;
      if (!isAt('}') && !readNumber(most))
        return fail("a number of times that is none, or more than 10000");
    }
    if (!isAt('}'))
      return fail("a { without a }");
    ++at;
    if (least > most)
      return fail("a number of times that is more than the one behind it");
  } else {
    return atom;
  }
  // Behind the number of times: the shortest first, which is the same language.
  at += isAt('?');
  if (isAt('*') || isAt('+') || isAt('?') || isAt('{'))
    return fail("times behind times");
  return terms.repeat(atom, least, most);
}

Term PatternReader::readGroup(int depth) {
  if (isAt('?')) {
    if (at + 1 >= pattern.size() || pattern[at + 1] != ':')
      return fail("a group that begins with (? and not with (?:");
    at += 2;
  }
  if (depth == deepestGroup)
    return fail("more than 32 groups within each other");
  Term group = readAlternatives(depth + 1);
  if (!isAt(')'))
    return fail("a ( without a )");
  ++at;
  return group;
}

static void addExcept(CharacterSet &set,
                      std::initializer_list<text::CharacterRange> without) {
  CharacterSet others;
  for (const text::CharacterRange &range : without)
    others.add(range.first, range.last);
  others.invert();
  set.add(others);
}

/// What Python or ECMA 262 take for a space beyond those of ASCII.
static void addSpaces(CharacterSet &set) {
  for (const text::CharacterRange &range : {text::CharacterRange{0x1c, 0x1f},
                                            {0x85, 0x85},
                                            {0xa0, 0xa0},
                                            {0x1680, 0x1680},
                                            {0x2000, 0x200a},
                                            {0x2028, 0x2029},
                                            {0x202f, 0x202f},
                                            {0x205f, 0x205f},
                                            {0x3000, 0x3000},
                                            {0xfeff, 0xfeff}})
    set.add(range.first, range.last);
}

Term PatternReader::readAtom(int depth) {
  CharacterSet set;
  uint32_t single;
  if (isAt('(')) {
    ++at;
    return readGroup(depth);
  }
  if (isAt('[')) {
    ++at;
    readSet(set);
  } else if (isAt('.')) {
    ++at;
    addExcept(set, {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}});
  } else if (isAt('\\')) {
    ++at;
    if (readEscape(set, single, false))
      set.add(single, single);
  } else if (strchr("*+?{}])^$", pattern[at])) {
    return fail(isAt('^') || isAt('$')
                    ? "a ^ or $ that is not at an end of the whole pattern"
                    : "one of * + ? { } ] ) where a character is to stand");
  } else {
    single = text::nextCharacter(pattern, at);
    set.add(single, single);
  }
  return wrong ? nothing : spelled(terms, set);
}

bool PatternReader::readCode(int digits, uint32_t &code) {
  if (!text::readHexadecimal(pattern, at, digits, code))
    return fail("a code that is not of two (\\x) or four (\\u) digits"), false;
  if (code >= 0xd800 && code < 0xe000)
    return fail("half a character (a surrogate)"), false;
  return true;
}

/// Behind a \. True: one character. Wide: all of Unicode that some reader takes
/// for a digit, a letter or a space, so that what is left is none for any.
bool PatternReader::readEscape(CharacterSet &set, uint32_t &single,
                               bool isWide) {
  constexpr char letters[] = "fnrtv", codes[] = "\f\n\r\t\v";
  char c = at < pattern.size() ? pattern[at++] : '\0';
  if (const char *found = c ? strchr(letters, c) : nullptr)
    return single = static_cast<uint8_t>(codes[found - letters]), true;
  if (c == 'x' || c == 'u')
    return readCode(c == 'x' ? 2 : 4, single);
  if (c && strchr("^$\\.*+?()[]{}|/-\"'#&,:;<=>@!%~` _", c) && c != '_')
    return single = static_cast<uint8_t>(c), true;
  bool isNegative = c >= 'A' && c <= 'Z';
  switch (c) {
  case 'd':
  case 'D':
    set.add('0', '9');
    break;
  case 'w':
  case 'W':
    set.add('0', '9'), set.add('a', 'z'), set.add('A', 'Z'), set.add('_', '_');
    break;
  case 's':
  case 'S':
    set.add('\t', '\r'), set.add(' ', ' ');
    if (isNegative || isWide)
      addSpaces(set);
    break;
  default:
    fail("a \\ with a letter that has no meaning here");
    return false;
  }
  if ((isNegative || isWide) && (c | 0x20) != 's')
    set.add(0x80, 0x10ffff);
  if (isNegative)
    set.invert();
  return false;
}

/// One character or range of a set; true where it is one that may begin a
/// range.
bool PatternReader::readSetItem(CharacterSet &set, uint32_t &single,
                                bool isInverted) {
  if (!isAt('\\'))
    return single = text::nextCharacter(pattern, at), true;
  ++at;
  if (isAt('b')) // a backspace, in a set
    return ++at, single = '\b', true;
  bool isNegative =
      at < pattern.size() && pattern[at] >= 'A' && pattern[at] <= 'Z';
  if (isNegative && isInverted)
    return fail("\\D, \\W or \\S in a set that begins with ^"), false;
  CharacterSet escaped;
  if (readEscape(escaped, single, isInverted))
    return true;
  set.add(escaped);
  return false;
}

/// Behind a [.
void PatternReader::readSet(CharacterSet &set) {
  bool isInverted = isAt('^');
  at += isInverted;
  while (at < pattern.size() && !isAt(']') && !wrong) {
    uint32_t first, last;
    if (!readSetItem(set, first, isInverted))
      continue;
    last = first;
    bool isRange =
        isAt('-') && at + 1 < pattern.size() && pattern[at + 1] != ']';
    if (isRange) {
      ++at;
      if (!readSetItem(set, last, isInverted) || last < first) {
        fail("a range in a set that ends before it begins");
        return;
      }
    }
    set.add(first, last);
  }
  if (!isAt(']')) {
    fail("a [ without a ]");
    return;
  }
  ++at;
  if (isInverted)
    set.invert();
}

const char *readPattern(Terms &terms, std::string_view pattern, Term &content) {
  return PatternReader(terms, pattern).readAll(content);
}

} // namespace heddle::grammar
