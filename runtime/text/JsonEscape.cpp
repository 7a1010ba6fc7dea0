#include "runtime/text/JsonEscape.h"
#include "runtime/text/Unicode.h"

namespace heddle::text {

bool readHexadecimal(std::string_view text, size_t &at, int digits,
                     uint32_t &number) {
  number = 0;
  for (int i = 0; i < digits; ++i, ++at) {
    char digit = at < text.size() ? text[at] : '\0';
    int value = digit >= '0' && digit <= '9'   ? digit - '0'
                : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                               : -1;
    if (value < 0)
      return false;
    number = number << 4 | static_cast<uint32_t>(value);
  }
  return true;
}

const char *readJsonEscape(std::string_view text, size_t &at, Text &out) {
  constexpr char letters[] = "\b\f\n\r\t\"\\/", names[] = "bfnrt\"\\/";
  char name = at < text.size() ? text[at++] : '\0';
  if (const char *found = name ? strchr(names, name) : nullptr)
    return out.push(letters[found - names]), nullptr;
  uint32_t unit, low;
  if (name != 'u' || !readHexadecimal(text, at, 4, unit))
    return "an escape that JSON does not have";
  if (unit >= 0xd800 && unit < 0xdc00 &&
      startsWith(slice(text, at, text.size()), "\\u") &&
      readHexadecimal(text, at += 2, 4, low) && low >= 0xdc00 && low < 0xe000)
    unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
  if (unit >= 0xd800 && unit < 0xe000)
    return "half a character (a lone surrogate)";
  appendCharacter(out, unit);
  return nullptr;
}

} // namespace heddle::text
