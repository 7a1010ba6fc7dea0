#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

#include <utf8proc.h>

namespace heddle::chat {

bool isSpace(uint32_t c) {
  return text::isWhitespace(c) || (c >= 0x1c && c <= 0x1f);
}

bool isLetter(uint32_t c) {
  utf8proc_category_t category =
      utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

int64_t countCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<uint8_t>(byte) & 0xc0) != 0x80;
  });
}

size_t byteOf(std::string_view text, int64_t index) {
  size_t at = 0;
  while (index-- > 0 && at < text.size())
    at += text::characterLength(text[at]);
  return at;
}

static bool isUnwanted(uint32_t character, const std::string_view *unwanted) {
  if (!unwanted)
    return isSpace(character);
  for (size_t at = 0; at < unwanted->size();)
    if (text::nextCharacter(*unwanted, at) == character)
      return true;
  return false;
}

std::string_view strip(std::string_view text, const std::string_view *unwanted,
                       bool left, bool right) {
  size_t begin = 0, end = text.size();
  for (size_t at = 0; left && at < end; begin = at)
    if (!isUnwanted(text::nextCharacter(text, at), unwanted))
      break;
  while (right && end > begin) {
    size_t last = text::previousCharacter(text, end), at = last;
    if (!isUnwanted(text::nextCharacter(text, at), unwanted))
      break;
    end = last;
  }
  return text::slice(text, begin, end);
}

size_t findText(std::string_view text, std::string_view wanted, size_t from) {
  if (from > text.size())
    return std::string_view::npos;
  if (wanted.empty())
    return from;
  const void *found = memmem(text.data() + from, text.size() - from,
                             wanted.data(), wanted.size());
  return found ? static_cast<size_t>(static_cast<const char *>(found) -
                                     text.data())
               : std::string_view::npos;
}

size_t findLastText(std::string_view text, std::string_view wanted) {
  for (size_t at = text.size() + 1; at-- > 0;)
    if (text::startsWith(text::slice(text, at, text.size()), wanted))
      return at;
  return std::string_view::npos;
}

//===-- Case --===//

namespace {
/// A character that becomes several, or another than the tables of simple
/// mappings say.
struct SpecialCase {
  uint32_t character;
  uint32_t upper[3], title[3];
};
} // namespace

#include "runtime/chat/SpecialCases.inc"

bool isDigit(uint32_t c) {
  if (utf8proc_category(static_cast<utf8proc_int32_t>(c)) ==
      UTF8PROC_CATEGORY_ND)
    return true;
  for (const auto &range : otherDigits)
    if (c >= range[0] && c <= range[1])
      return true;
  return false;
}

static const SpecialCase *specialCase(uint32_t c) {
  const SpecialCase *end = specialCases + std::size(specialCases);
  const SpecialCase *found = std::lower_bound(
      specialCases, end, c, [](const SpecialCase &entry, uint32_t character) {
        return entry.character < character;
      });
  return found != end && found->character == c ? found : nullptr;
}

static void appendMapped(text::Text &out, uint32_t c, bool title) {
  if (const SpecialCase *special = specialCase(c)) {
    for (uint32_t part : title ? special->title : special->upper)
      if (part)
        text::appendCharacter(out, part);
    return;
  }
  auto character = static_cast<utf8proc_int32_t>(c);
  text::appendCharacter(
      out, static_cast<uint32_t>(title ? utf8proc_totitle(character)
                                       : utf8proc_toupper(character)));
}

static bool isCased(uint32_t c) {
  auto character = static_cast<utf8proc_int32_t>(c);
  utf8proc_category_t category = utf8proc_category(character);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT ||
         utf8proc_toupper(character) != character ||
         utf8proc_tolower(character) != character;
}

/// Marks, and signs such as an apostrophe, which a word goes on behind.
static bool isCaseIgnorable(uint32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_SK:
    return true;
  default:
    return c == '\'' || c == '.' || c == ':' || c == 0xb7 || c == 0x2019;
  }
}

/// Whether the sigma at byte `at` ends a word: a letter before it, none behind.
static bool isFinalSigma(std::string_view text, size_t at, size_t behind) {
  bool before = false, after = false;
  while (at > 0) {
    size_t begin = at = text::previousCharacter(text, at);
    uint32_t c = text::nextCharacter(text, begin);
    if (isCaseIgnorable(c))
      continue;
    before = isCased(c);
    break;
  }
  while (behind < text.size()) {
    uint32_t c = text::nextCharacter(text, behind);
    if (isCaseIgnorable(c))
      continue;
    after = isCased(c);
    break;
  }
  return before && !after;
}

static void appendLower(text::Text &out, std::string_view text, size_t begin) {
  size_t at = begin;
  uint32_t c = text::nextCharacter(text, at);
  if (c == 0x130)
    return out.append("i\xcc\x87");
  if (c == 0x3a3)
    return text::appendCharacter(out,
                                 isFinalSigma(text, begin, at) ? 0x3c2 : 0x3c3);
  text::appendCharacter(out, static_cast<uint32_t>(utf8proc_tolower(
                                 static_cast<utf8proc_int32_t>(c))));
}

static bool isUpper(uint32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c)) ==
         UTF8PROC_CATEGORY_LU;
}

void appendInCase(text::Text &out, std::string_view text, Case wanted) {
  bool insideWord = false;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    uint32_t c = text::nextCharacter(text, at);
    bool lower = wanted == Case::Lower || insideWord ||
                 (wanted == Case::Swapped && isUpper(c));
    if (lower)
      appendLower(out, text, begin);
    else
      appendMapped(out, c, wanted == Case::Capital || wanted == Case::Title);
    if (wanted == Case::Capital)
      insideWord = true;
    else if (wanted == Case::Title)
      insideWord = isCased(c);
  }
}

bool isAllOf(std::string_view text, Case wanted) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    uint32_t c = text::nextCharacter(text, at);
    if (!isCased(c))
      continue;
    any = true;
    auto character = static_cast<utf8proc_int32_t>(c);
    utf8proc_category_t category = utf8proc_category(character);
    bool isOther = wanted == Case::Upper ? category == UTF8PROC_CATEGORY_LL
                                         : category == UTF8PROC_CATEGORY_LU;
    if (isOther || category == UTF8PROC_CATEGORY_LT)
      return false;
  }
  return any;
}

//===-- Lines and signs --===//

static bool endsLine(uint32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 ||
         c == 0x2028 || c == 0x2029;
}

std::string_view nextLine(std::string_view text, size_t &at) {
  size_t begin = at, end = at;
  while (at < text.size()) {
    end = at;
    uint32_t c = text::nextCharacter(text, at);
    if (!endsLine(c)) {
      end = at;
      continue;
    }
    if (c == '\r' && at < text.size() && text[at] == '\n')
      ++at;
    break;
  }
  return text::slice(text, begin, end);
}

void appendEscaped(text::Text &out, std::string_view text) {
  for (char byte : text)
    switch (byte) {
    case '&':
      out.append("&amp;");
      break;
    case '<':
      out.append("&lt;");
      break;
    case '>':
      out.append("&gt;");
      break;
    case '\'':
      out.append("&#39;");
      break;
    case '"':
      out.append("&#34;");
      break;
    default:
      out.push(byte);
    }
}

} // namespace heddle::chat
