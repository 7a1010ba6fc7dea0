// str() and repr() of values, as Python has them.
#include "runtime/chat/Value.h"
#include "runtime/text/Unicode.h"

#include <cmath>
#include <cstdlib>

#include <utf8proc.h>

namespace heddle::chat {

static constexpr int deepest = 64;

/// The shortest digits that read as the same number.
void appendFloat(text::Text &out, double number) {
  if (std::isnan(number))
    return out.append("nan");
  if (std::isinf(number))
    return out.append(number < 0 ? "-inf" : "inf");
  char digits[40];
  int precision = 1;
  do
    snprintf(digits, sizeof digits, "%.*e", precision - 1, number);
  while (strtod(digits, nullptr) != number && ++precision <= 17);
  int exponent = atoi(strchr(digits, 'e') + 1);
  if (exponent < -4 || exponent >= 16) {
    snprintf(digits, sizeof digits, "%.*e", precision - 1, number);
    return out.append(std::string_view(digits));
  }
  int places = precision - 1 - exponent;
  snprintf(digits, sizeof digits, "%.*f", places > 0 ? places : 1, number);
  out.append(std::string_view(digits));
}

/// Whether repr() shows the character itself.
static bool isPrintable(uint32_t character) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  case UTF8PROC_CATEGORY_ZS:
    return character == ' ';
  default:
    return true;
  }
}

static void appendQuoted(text::Text &out, std::string_view string) {
  bool hasSingle = memchr(string.data(), '\'', string.size());
  bool hasDouble = memchr(string.data(), '"', string.size());
  char quote = hasSingle && !hasDouble ? '"' : '\'';
  out.push(quote);
  for (size_t at = 0; at < string.size();) {
    size_t begin = at;
    uint32_t character = text::nextCharacter(string, at);
    char escape[16];
    if (character == static_cast<uint32_t>(quote) || character == '\\') {
      out.push('\\');
      out.push(static_cast<char>(character));
    } else if (character == '\n') {
      out.append("\\n");
    } else if (character == '\r') {
      out.append("\\r");
    } else if (character == '\t') {
      out.append("\\t");
    } else if (isPrintable(character)) {
      out.append(text::slice(string, begin, at));
    } else {
      snprintf(escape, sizeof escape,
               character < 0x100     ? "\\x%02x"
               : character < 0x10000 ? "\\u%04x"
                                     : "\\U%08x",
               character);
      out.append(std::string_view(escape));
    }
  }
  out.push(quote);
}

static bool appendItems(text::Text &out, const Sequence &sequence, int depth) {
  if (sequence.form > Sequence::Tuple)
    return false;
  bool isList = sequence.form == Sequence::List;
  out.push(isList ? '[' : '(');
  for (int64_t i = 0; i < sequence.count; ++i) {
    if (i)
      out.append(", ");
    if (!appendRepresentation(out, sequence.items[i], depth + 1))
      return false;
  }
  if (!isList && sequence.count == 1)
    out.push(',');
  out.push(isList ? ']' : ')');
  return true;
}

static bool appendEntries(text::Text &out, const Dict &dict, int depth) {
  out.push('{');
  for (int64_t i = 0; i < dict.count; ++i) {
    if (i)
      out.append(", ");
    if (!appendRepresentation(out, dict.entries[i].key, depth + 1))
      return false;
    out.append(": ");
    if (!appendRepresentation(out, dict.entries[i].value, depth + 1))
      return false;
  }
  out.push('}');
  return true;
}

bool appendRepresentation(text::Text &out, const Value &value, int depth) {
  if (depth > deepest)
    return false;
  char digits[24];
  switch (value.kind) {
  case Kind::Undefined:
    out.append("Undefined");
    return true;
  case Kind::None:
    out.append("None");
    return true;
  case Kind::Boolean:
    out.append(value.integer ? "True" : "False");
    return true;
  case Kind::Integer:
    snprintf(digits, sizeof digits, "%lld",
             static_cast<long long>(value.integer));
    out.append(std::string_view(digits));
    return true;
  case Kind::Float:
    appendFloat(out, value.number);
    return true;
  case Kind::String:
    if (value.markup)
      return false;
    appendQuoted(out, value.view());
    return true;
  case Kind::Sequence:
    return appendItems(out, *value.sequence, depth);
  case Kind::Dict:
    return appendEntries(out, *value.dict, depth);
  default:
    return false;
  }
}

bool appendString(text::Text &out, const Value &value) {
  if (value.is(Kind::Undefined))
    return true;
  if (!value.is(Kind::String))
    return appendRepresentation(out, value);
  out.append(value.view());
  return true;
}

} // namespace heddle::chat
