// UTF-8, and the character properties and normal forms which tokenizers ask for
// (from utf8proc).
//
// Text inside runtime/text is always well-formed UTF-8: repair() at the door
// sees to that, and the functions here that take text rely on it.
//
// Shared with the compiler, whose tables have to fit.
#ifndef HEDDLE_RUNTIME_TEXT_UNICODE_H
#define HEDDLE_RUNTIME_TEXT_UNICODE_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::text {

/// The part [begin, end) of a text; string_view::substr would bring in
/// libstdc++'s exceptions.
inline std::string_view slice(std::string_view text, size_t begin, size_t end) {
  return {text.data() + begin, end - begin};
}

inline bool startsWith(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         memcmp(text.data(), start.data(), start.size()) == 0;
}

/// Bytes of the character that begins with `lead`.
inline size_t characterLength(char lead) {
  uint8_t byte = static_cast<uint8_t>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// The character at `position`, which moves past it.
inline uint32_t nextCharacter(std::string_view text, size_t &position) {
  const uint8_t *at = reinterpret_cast<const uint8_t *>(text.data()) + position;
  if (at[0] < 0x80)
    return position += 1, at[0];
  if (at[0] < 0xe0)
    return position += 2, (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
  if (at[0] < 0xf0)
    return position += 3,
           (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
  return position += 4, (at[0] & 0x7u) << 18 | (at[1] & 0x3fu) << 12 |
                            (at[2] & 0x3fu) << 6 | (at[3] & 0x3fu);
}

/// Where the character before `position` begins.
inline size_t previousCharacter(std::string_view text, size_t position) {
  do
    --position;
  while (position > 0 && (static_cast<uint8_t>(text[position]) & 0xc0) == 0x80);
  return position;
}

void appendCharacter(Text &out, uint32_t character);

/// What lies at the front of bytes that may not be UTF-8.
struct Utf8Unit {
  size_t length;
  enum {
    Character,
    IllFormed,
    Unfinished
  } kind; // Unfinished: more bytes could make it a character
};
/// `bytes` must not be empty. An ill-formed or unfinished unit is a maximal
/// subpart (Unicode 3.9, U+FFFD substitution).
Utf8Unit firstUnit(std::string_view bytes);

/// Bytes at the front of `bytes` that are well formed.
size_t wellFormedPrefix(std::string_view bytes);

/// Appends `bytes` to `out`, with U+FFFD for every maximal ill-formed subpart.
void appendRepaired(Text &out, std::string_view bytes);

bool isWhitespace(uint32_t character); // property White_Space

// As Hugging Face's tables have it (UnicodeRanges.inc), which come from several
// versions of Unicode.
bool isPunctuation(uint32_t character); // general category P, and all ASCII
                                        // punctuation ($, +, <, …)
bool isNumeric(uint32_t character);     // general category N
bool isControl(uint32_t character); // general categories Cc, Cf and Co, save
                                    // tab and line ends
bool isMark(uint32_t character);    // general category M
bool isNonspacingMark(uint32_t character); // general category Mn
bool isWordCharacter(uint32_t character);  // \w of a Unicode expression
bool isChinese(uint32_t character); // the ideograph blocks which BERT names

void appendLowercase(Text &out, uint32_t character);

enum class NormalForm : uint32_t { C, D, KC, KD };
/// Appends `text` in a normal form to `out`.
void appendNormalized(Text &out, std::string_view text, NormalForm form);

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_UNICODE_H
