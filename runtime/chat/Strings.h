// Python's strings over UTF-8: what is counted are characters.
#ifndef HEDDLE_RUNTIME_CHAT_STRINGS_H
#define HEDDLE_RUNTIME_CHAT_STRINGS_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::chat {

/// str.isspace(), and \s of an expression.
bool isSpace(uint32_t character);
/// str.isalpha(), of one character.
bool isLetter(uint32_t character);
/// str.isdigit(), of one character.
bool isDigit(uint32_t character);

int64_t countCharacters(std::string_view text);
/// Where character number `index` begins; the end where there are fewer.
size_t byteOf(std::string_view text, int64_t index);

/// Without the characters of `unwanted`, or white space if that is null, at its
/// beginning and end.
std::string_view strip(std::string_view text, const std::string_view *unwanted,
                       bool left, bool right);
/// The first occurrence from byte `from` on, or npos. `wanted` may be empty.
size_t findText(std::string_view text, std::string_view wanted, size_t from);
size_t findLastText(std::string_view text, std::string_view wanted);

enum class Case { Lower, Upper, Capital, Title, Swapped };
/// str.lower(), upper(), capitalize(), title() and swapcase().
void appendInCase(text::Text &out, std::string_view text, Case wanted);
/// Whether there are cased characters, and all of them are of that case.
bool isAllOf(std::string_view text, Case wanted);

/// The next line of str.splitlines() from `at` on, which moves behind its end.
std::string_view nextLine(std::string_view text, size_t &at);

/// With the five characters replaced that mean something in HTML.
void appendEscaped(text::Text &out, std::string_view text);

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_STRINGS_H
