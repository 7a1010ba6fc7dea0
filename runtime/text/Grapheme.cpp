// Where a grapheme ends: Unicode's rules (UAX #29) over the properties that the
// `tokenizers` library knows (GraphemeRanges.inc).
#include "runtime/text/Charsmap.h"

#include "runtime/text/CharacterRanges.h"
#include "runtime/text/Unicode.h"

namespace heddle::text {

#include "runtime/text/GraphemeRanges.inc"

namespace {

constexpr uint32_t zeroWidthNonJoiner = 0x200c, zeroWidthJoiner = 0x200d;

enum class Hangul { None, Leading, Vowel, Trailing, OpenSyllable, Syllable };

Hangul hangulOf(uint32_t c) {
  if (c < 0x1100 || c > 0xd7fb)
    return Hangul::None;
  if (c <= 0x115f || (c >= 0xa960 && c <= 0xa97c))
    return Hangul::Leading;
  if (c <= 0x11a7 || (c >= 0xd7b0 && c <= 0xd7c6))
    return Hangul::Vowel;
  if (c <= 0x11ff || c >= 0xd7cb)
    return Hangul::Trailing;
  if (c < 0xac00 || c > 0xd7a3)
    return Hangul::None;
  return (c - 0xac00) % 28 == 0 ? Hangul::OpenSyllable : Hangul::Syllable;
}

/// GB6 to GB8.
bool joinsHangul(Hangul left, Hangul right) {
  switch (right) {
  case Hangul::None:
    return false;
  case Hangul::Leading:
  case Hangul::OpenSyllable:
  case Hangul::Syllable:
    return left == Hangul::Leading;
  case Hangul::Vowel:
    return left == Hangul::Leading || left == Hangul::Vowel ||
           left == Hangul::OpenSyllable;
  case Hangul::Trailing:
    return left != Hangul::None && left != Hangul::Leading;
  }
  return false;
}

bool isControlOfGraphemes(uint32_t c) {
  return c < 0x80 ? c < ' ' || c == 0x7f : contains(controls, c);
}

bool isRegional(uint32_t c) { return c >= 0x1f1e6 && c <= 0x1f1ff; }

/// What the characters of a grapheme so far let the next one do.
class Cluster {
public:
  explicit Cluster(uint32_t first) { take(first); }

  bool joins(uint32_t c) const {
    if (c < 0x80) // GB4, GB5, GB9b; CR LF is the caller's
      return !isControlOfGraphemes(c) && contains(prepended, last);
    if (isControlOfGraphemes(c))
      return false;
    return contains(extenders, c) || contains(prepended, last) || // GB9, 9a, 9b
           joinsHangul(hangulOf(last), hangulOf(c)) ||
           (linked && contains(consonants, c)) || // GB9c
           (pictured && last == zeroWidthJoiner &&
            contains(pictographs, c)) ||          // GB11
           (regionals % 2 == 1 && isRegional(c)); // GB12, GB13
  }

  void take(uint32_t c) {
    bool extends = c >= 0x300 && contains(extenders, c);
    if (!extends || contains(spacingMarks, c)) {
      conjunct = contains(consonants, c);
      linked = false;
      pictured = contains(pictographs, c);
    } else if (c == zeroWidthNonJoiner) {
      conjunct = linked = false;
    } else if (conjunct) {
      linked = linked || contains(linkers, c);
    }
    regionals = isRegional(c) ? regionals + 1 : 0;
    last = c;
  }

private:
  uint32_t last = 0;
  bool conjunct = false; // a consonant, and extenders behind it
  bool linked = false;   // one of them is a linker
  bool pictured = false; // a pictograph, and extenders behind it
  unsigned regionals = 0;
};

} // namespace

size_t graphemeEnd(std::string_view text, size_t begin) {
  size_t at = begin;
  uint32_t first = nextCharacter(text, at);
  if (first == '\r' && at < text.size() && text[at] == '\n')
    return at + 1;
  // Most characters of most texts stand before one that joins nothing.
  if (isControlOfGraphemes(first) || (first < 0x300 && at < text.size() &&
                                      static_cast<uint8_t>(text[at]) < 0x80))
    return at;
  Cluster cluster(first);
  while (at < text.size()) {
    size_t after = at;
    uint32_t next = nextCharacter(text, after);
    if (!cluster.joins(next))
      break;
    cluster.take(next);
    at = after;
  }
  return at;
}

} // namespace heddle::text
