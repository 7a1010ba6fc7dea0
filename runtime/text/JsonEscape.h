// Escapes in strings of JSON, and the hexadecimal numbers in them.
#ifndef HEDDLE_RUNTIME_TEXT_JSONESCAPE_H
#define HEDDLE_RUNTIME_TEXT_JSONESCAPE_H

#include "runtime/text/Buffer.h"

#include <string_view>

namespace heddle::text {

/// Reads so many hexadecimal digits from `at` on, which moves behind them.
/// False where there is something else.
bool readHexadecimal(std::string_view text, size_t &at, int digits,
                     uint32_t &number);

/// Appends to `out` what stands for the escape behind a backslash at `at`,
/// which moves behind it. What is wrong with it, or null.
const char *readJsonEscape(std::string_view text, size_t &at, Text &out);

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_JSONESCAPE_H
