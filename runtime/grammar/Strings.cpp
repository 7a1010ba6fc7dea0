// Characters in the spellings of JSON, as UTF-8.
#include "runtime/grammar/Strings.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::grammar {

//===-- Sets of characters ---===//

static constexpr uint32_t lastCharacter = 0x10ffff;

bool CharacterSet::contains(uint32_t character) const {
  return std::any_of(
      ranges.begin(), ranges.end(), [&](const text::CharacterRange &range) {
        return character >= range.first && character <= range.last;
      });
}

void CharacterSet::normalize() {
  std::sort(
      ranges.begin(), ranges.end(),
      [](const text::CharacterRange &left, const text::CharacterRange &right) {
        return left.first < right.first;
      });
  size_t count = 0;
  for (const text::CharacterRange range : ranges)
    if (count && range.first <= ranges[count - 1].last + 1)
      ranges[count - 1].last = std::max(ranges[count - 1].last, range.last);
    else
      ranges[count++] = range;
  ranges.shrink(count);
}

void CharacterSet::invert() {
  normalize();
  text::Buffer<text::CharacterRange> others;
  uint32_t from = 0;
  for (const text::CharacterRange range : ranges) {
    if (range.first > from)
      others.push({from, range.first - 1});
    from = range.last + 1;
  }
  if (from <= lastCharacter)
    others.push({from, lastCharacter});
  ranges.swap(others);
}

//===-- UTF-8 ---===//

/// Texts of `count` bytes from `low` to `high`; those behind the first lie
/// between 80 and BF.
static Term between(Terms &terms, const uint8_t *low, const uint8_t *high,
                    size_t count) {
  if (count == 1)
    return terms.bytes(ByteSet::of(low[0], high[0]));
  static constexpr uint8_t lowest[] = {0x80, 0x80, 0x80};
  static constexpr uint8_t highest[] = {0xbf, 0xbf, 0xbf};
  auto from = [&](uint8_t first, uint8_t last, const uint8_t *begin,
                  const uint8_t *end) {
    return first > last ? nothing
                        : terms.sequence(terms.bytes(ByteSet::of(first, last)),
                                         between(terms, begin, end, count - 1));
  };
  if (low[0] == high[0])
    return from(low[0], low[0], low + 1, high + 1);
  Term parts[] = {from(low[0], low[0], low + 1, highest),
                  from(low[0] + 1, high[0] - 1, lowest, highest),
                  from(high[0], high[0], lowest, high + 1)};
  return terms.either(parts, 3);
}

static Term utf8(Terms &terms, uint32_t first, uint32_t last) {
  // Where characters get longer, and around the halves of pairs.
  static constexpr uint32_t ends[] = {0x7f,   0x7ff,  0xd7ff,
                                      0xdfff, 0xffff, lastCharacter};
  Term found = nothing;
  uint32_t begin = 0;
  for (uint32_t end : ends) {
    uint32_t low = std::max(first, begin), high = std::min(last, end);
    begin = end + 1;
    if (low > high || end == 0xdfff)
      continue;
    text::Text from, to;
    text::appendCharacter(from, low);
    text::appendCharacter(to, high);
    if (from.empty() || to.size() != from.size())
      return nothing; // no memory
    found = terms.either(
        found,
        between(terms, reinterpret_cast<const uint8_t *>(from.data()),
                reinterpret_cast<const uint8_t *>(to.data()), from.size()));
  }
  return found;
}

//===-- Spellings ---===//

/// As json.dumps does; false where the character stands for itself.
static bool escape(uint32_t character, char (&spelling)[8]) {
  constexpr char letters[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
  const char *found = character && character < 0x80
                          ? strchr(letters, static_cast<int>(character))
                          : nullptr;
  if (found)
    snprintf(spelling, sizeof spelling, "\\%c", names[found - letters]);
  else if (character < 0x20)
    snprintf(spelling, sizeof spelling, "\\u%04x", character);
  return found || character < 0x20;
}

static CharacterSet &plainCharacters(CharacterSet &set) {
  set.add(0, 0x1f);
  set.add('"', '"');
  set.add('\\', '\\');
  set.invert();
  return set;
}

static Term plain(Terms &terms, const CharacterSet &set) {
  Term found = nothing;
  for (const text::CharacterRange &range : set.view())
    found = terms.either(found, utf8(terms, range.first, range.last));
  return found;
}

Term plainCharacter(Terms &terms) {
  CharacterSet set;
  return plain(terms, plainCharacters(set));
}

Term spelled(Terms &terms, CharacterSet &set) {
  Term found = nothing;
  char spelling[8];
  for (uint32_t character = 0; character <= '\\'; ++character)
    if (set.contains(character) && escape(character, spelling))
      found = terms.either(found, terms.literal(spelling));
  // What is plain of them: neither outside the set nor outside the plain ones.
  CharacterSet others, plainOnes;
  others.add(set);
  others.invert();
  plainCharacters(plainOnes);
  plainOnes.invert();
  others.add(plainOnes);
  others.invert();
  return terms.either(found, plain(terms, others));
}

/// \u and four digits: of a character, or of both halves of one.
static Term numbered(Terms &terms) {
  ByteSet hex = ByteSet::of('0', '9');
  hex.add('a', 'f'), hex.add('A', 'F');
  auto either = [](std::string_view letters) {
    ByteSet set;
    for (char letter : letters)
      set.add(static_cast<uint8_t>(letter), static_cast<uint8_t>(letter));
    return set;
  };
  Term digit = terms.bytes(hex), two = terms.sequence(digit, digit);
  ByteSet notD = hex;
  for (char d : {'d', 'D'})
    notD.words[d / 64] &= ~(uint64_t{1} << d % 64);
  Term d = terms.bytes(either("dD"));
  Term behind = terms.either(
      terms.sequence(terms.bytes(notD), terms.sequence(digit, two)),
      terms.sequence(d,
                     terms.sequence(terms.bytes(ByteSet::of('0', '7')), two)));
  Term high =
      terms.sequence(d, terms.sequence(terms.bytes(either("89abAB")), two));
  Term low =
      terms.sequence(d, terms.sequence(terms.bytes(either("cdefCDEF")), two));
  Term pair = terms.sequence(high, terms.literal("\\u", low));
  return terms.literal("u", terms.either(behind, pair));
}

Term anySpelling(Terms &terms) {
  ByteSet names;
  for (char name : std::string_view("\"\\/bfnrt"))
    names.add(static_cast<uint8_t>(name), static_cast<uint8_t>(name));
  Term escaped =
      terms.literal("\\", terms.either(terms.bytes(names), numbered(terms)));
  return terms.either(plainCharacter(terms), escaped);
}

void appendQuoted(text::Text &out, std::string_view text) {
  out.push('"');
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    char escaped[8];
    if (escape(text::nextCharacter(text, at), escaped))
      out.append(std::string_view(escaped));
    else
      out.append(text::slice(text, begin, at));
  }
  out.push('"');
}

Term quoted(Terms &terms, std::string_view text, Term rest) {
  text::Text spelling;
  appendQuoted(spelling, text);
  return terms.literal(spelling.view(), rest);
}

/// Keys that begin with the first `depth` bytes of names[first..end), which are
/// sorted: what stands behind those bytes. Characters are told apart as a
/// whole.
static Term otherKeys(Terms &terms, const std::string_view *first,
                      const std::string_view *end, size_t depth) {
  bool isName = first != end && first->size() == depth;
  first += isName;
  Term free = terms.sequence(terms.repeat(plainCharacter(terms), 0, unbounded),
                             terms.byte('"'));
  Term found = isName ? nothing : terms.byte('"');
  CharacterSet others;
  others.add(0, 0x1f), others.add('"', '"'), others.add('\\', '\\');
  while (first != end) {
    size_t at = depth;
    uint32_t character = text::nextCharacter(*first, at);
    const std::string_view *same = first;
    while (same != end && same->size() >= at &&
           !memcmp(same->data(), first->data(), at))
      ++same;
    if (!others.contains(character)) {
      others.add(character, character);
      found = terms.either(found,
                           terms.sequence(utf8(terms, character, character),
                                          otherKeys(terms, first, same, at)));
    }
    first = same;
  }
  others.invert();
  return terms.either(found, terms.sequence(plain(terms, others), free));
}

Term otherKey(Terms &terms, const text::Buffer<std::string_view> &names) {
  text::Buffer<std::string_view> sorted;
  sorted.append(names.data(), names.size());
  std::sort(sorted.begin(), sorted.end(),
            [](std::string_view left, std::string_view right) {
              int order = memcmp(left.data(), right.data(),
                                 std::min(left.size(), right.size()));
              return order ? order < 0 : left.size() < right.size();
            });
  return terms.literal("\"", otherKeys(terms, sorted.begin(), sorted.end(), 0));
}

} // namespace heddle::grammar
