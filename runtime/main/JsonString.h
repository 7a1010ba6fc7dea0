// Strings of JSON. Linked into libraries as well, which print nothing.
#ifndef HEDDLE_RUNTIME_MAIN_JSONSTRING_H
#define HEDDLE_RUNTIME_MAIN_JSONSTRING_H

#include <cstdio>
#include <string_view>

namespace heddle::runtime {

/// In quotes. What is no UTF-8 is written as a tokenizer reads it, with U+FFFD.
void printJsonString(FILE *file, std::string_view text);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_JSONSTRING_H
