// UTF-8 and character properties; see Unicode.h.
#include "runtime/text/Unicode.h"

#include "runtime/text/CharacterRanges.h"

#include <utf8proc.h>

#include <algorithm>

namespace heddle::text {

void appendCharacter(Text &out, uint32_t character) {
  if (character < 0x80) {
    out.push(static_cast<char>(character));
    return;
  }
  utf8proc_uint8_t bytes[4];
  utf8proc_ssize_t count =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes);
  out.Buffer::append(reinterpret_cast<const char *>(bytes),
                     static_cast<size_t>(count));
}

Utf8Unit firstUnit(std::string_view bytes) {
  const uint8_t *at = reinterpret_cast<const uint8_t *>(bytes.data());
  uint8_t lead = at[0];
  if (lead < 0x80)
    return {1, Utf8Unit::Character};
  if (lead < 0xc2 || lead > 0xf4)
    return {1, Utf8Unit::IllFormed};
  size_t length = characterLength(static_cast<char>(lead));
  // The second byte's range excludes overlong forms, surrogates and what lies
  // above U+10FFFF (Unicode table 3-7).
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < length; ++i) {
    if (i == bytes.size())
      return {i, Utf8Unit::Unfinished};
    if (at[i] < low || at[i] > high)
      return {i, Utf8Unit::IllFormed};
    low = 0x80, high = 0xbf;
  }
  return {length, Utf8Unit::Character};
}

size_t wellFormedPrefix(std::string_view bytes) {
  size_t position = 0;
  while (position < bytes.size()) {
    uint64_t eight;
    if (bytes.size() - position >= 8 &&
        (memcpy(&eight, bytes.data() + position, 8),
         (eight & 0x8080808080808080ull) == 0)) {
      position += 8;
      continue;
    }
    Utf8Unit unit = firstUnit(slice(bytes, position, bytes.size()));
    if (unit.kind != Utf8Unit::Character)
      return position;
    position += unit.length;
  }
  return position;
}

void appendRepaired(Text &out, std::string_view bytes) {
  while (true) {
    size_t good = wellFormedPrefix(bytes);
    out.append(slice(bytes, 0, good));
    if (good == bytes.size())
      return;
    bytes = slice(bytes, good, bytes.size());
    out.append("\xef\xbf\xbd");
    bytes = slice(bytes, firstUnit(bytes).length, bytes.size());
  }
}

bool isWhitespace(uint32_t c) {
  if (c < 0x80)
    return c == ' ' || (c >= 9 && c <= 13);
  return c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

#include "runtime/text/UnicodeRanges.inc"

bool isPunctuation(uint32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  return contains(punctuation, c);
}

bool isNumeric(uint32_t c) {
  return c < 0x80 ? c >= '0' && c <= '9' : contains(numbers, c);
}

bool isControl(uint32_t c) {
  if (c < 0x80)
    return (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
  return contains(controls, c);
}

bool isMark(uint32_t c) { return c >= 0x300 && contains(marks, c); }
bool isNonspacingMark(uint32_t c) {
  return c >= 0x300 && contains(nonspacingMarks, c);
}

bool isWordCharacter(uint32_t c) {
  if (c < 0x80)
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_';
  return contains(wordCharacters, c);
}

bool isChinese(uint32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
         (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

void appendLowercase(Text &out, uint32_t c) {
  if (c < 0x80)
    return out.push(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
  if (c ==
      0x130) // the one character whose lower case is two: i with a dot above
    return out.append("i\xcc\x87");
  for (const auto &capitals : youngCapitals)
    if (c >= capitals.first && c <= capitals.last)
      return appendCharacter(out, capitals.lower + (c - capitals.first));
  appendCharacter(out, static_cast<uint32_t>(
                           utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

//===-- Normal forms --===//

/// Marks that Hugging Face's tables do not know yet have no class there, and
/// stay where they are.
static uint64_t classOf(int32_t character) {
  return isMark(static_cast<uint32_t>(character))
             ? static_cast<uint64_t>(
                   utf8proc_get_property(character)->combining_class)
             : 0;
}

/// Whether the decomposition is younger than Hugging Face's tables, which leave
/// the character as it is.
static bool isYoung(uint32_t c) {
  switch (c) {
  case 0x32ff:
  case 0xab69:
  case 0x11938:
  case 0x1f16c:
    return true;
  default:
    return (c >= 0xa7f1 && c <= 0xa7f4) || (c >= 0x10781 && c <= 0x107ba) ||
           (c >= 0x1e030 && c <= 0x1e06d) || (c >= 0x1fbf0 && c <= 0x1fbf9);
  }
}

/// Sorts every run of combining marks by combining class, keeping the order of
/// equals (Unicode 3.11, D109).
static void orderMarks(Buffer<int32_t> &characters, Buffer<uint64_t> &keys) {
  for (size_t begin = 0; begin < characters.size();) {
    keys.clear();
    size_t end = begin;
    for (; end < characters.size(); ++end) {
      uint64_t combiningClass = classOf(characters[end]);
      if (combiningClass == 0)
        break;
      // class | place in the run | character, most significant first: sorting
      // the numbers is a stable sort by class
      keys.push(combiningClass << 53 |
                static_cast<uint64_t>(end - begin) << 21 |
                static_cast<uint64_t>(characters[end]));
    }
    std::sort(keys.begin(), keys.end());
    for (size_t i = 0; i < keys.size(); ++i)
      characters[begin + i] = static_cast<int32_t>(keys[i] & 0x1fffff);
    begin = end + 1;
  }
}

/// Characters below this are their own normal form, and no such character
/// combines with the one before it.
static uint32_t firstUnstable(NormalForm form) {
  return form == NormalForm::C ? 0x300 : form == NormalForm::D ? 0xc0 : 0xa0;
}

static void appendSegment(Text &out, std::string_view segment, NormalForm form,
                          Buffer<int32_t> &characters, Buffer<uint64_t> &keys) {
  bool compatible = form == NormalForm::KC || form == NormalForm::KD;
  bool compose = form == NormalForm::C || form == NormalForm::KC;
  auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE | (compatible ? UTF8PROC_COMPAT : 0));
  characters.clear();
  for (size_t position = 0; position < segment.size();) {
    int32_t character = static_cast<int32_t>(nextCharacter(segment, position));
    if (isYoung(static_cast<uint32_t>(character))) {
      characters.push(character);
      continue;
    }
    int32_t parts[32]; // the longest decomposition (U+FDFA) has 18
    int boundClass = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        character, parts, 32,
        static_cast<utf8proc_option_t>(options | UTF8PROC_DECOMPOSE),
        &boundClass);
    if (count < 1 || count > 32)
      characters.push(character);
    else
      characters.append(parts, static_cast<size_t>(count));
  }
  orderMarks(characters, keys);
  // A mark that Hugging Face's tables do not know is no mark there: nothing
  // composes across it.
  for (size_t begin = 0; begin < characters.size();) {
    size_t end = begin + 1;
    while (end < characters.size() &&
           (classOf(characters[end]) != 0 ||
            utf8proc_get_property(characters[end])->combining_class == 0))
      ++end;
    auto count = static_cast<utf8proc_ssize_t>(end - begin);
    if (compose)
      count = utf8proc_normalize_utf32(
          characters.data() + begin, count,
          static_cast<utf8proc_option_t>(options | UTF8PROC_COMPOSE));
    for (utf8proc_ssize_t i = 0; i < count; ++i)
      appendCharacter(out, static_cast<uint32_t>(
                               characters[begin + static_cast<size_t>(i)]));
    begin = end;
  }
}

void appendNormalized(Text &out, std::string_view text, NormalForm form) {
  uint32_t unstable = firstUnstable(form);
  Buffer<int32_t> characters;
  Buffer<uint64_t> keys;
  size_t copied = 0, previous = 0, position = 0;
  while (position < text.size()) {
    if (static_cast<uint8_t>(text[position]) < 0x80) {
      previous = position++;
      continue;
    }
    size_t here = position;
    if (nextCharacter(text, position) < unstable) {
      previous = here;
      continue;
    }
    // A segment: the stable character before (marks may combine with it) and
    // all unstable ones that follow.
    size_t end = position;
    while (end < text.size()) {
      size_t after = end;
      if (nextCharacter(text, after) < unstable)
        break;
      end = after;
    }
    size_t begin = here > copied ? previous : here;
    out.append(slice(text, copied, begin));
    appendSegment(out, slice(text, begin, end), form, characters, keys);
    copied = position = end;
    previous = end;
  }
  out.append(slice(text, copied, text.size()));
}

} // namespace heddle::text
