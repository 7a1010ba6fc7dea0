// Text from standard input.
#ifndef HEDDLE_RUNTIME_MAIN_INPUT_H
#define HEDDLE_RUNTIME_MAIN_INPUT_H

#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// Reads all of standard input, without its last line's end and followed by a
/// zero byte. False if it holds nothing or a zero byte, which has been printed.
bool readStandardInput(text::Text &input);

/// Reads a file of text, to be followed by a zero byte; `needed` says what it
/// should be. False if it is none, which has been printed.
bool readTextFile(const char *path, const char *needed, text::Text &input);

/// Cuts a text that ends in a zero byte at its line ends, which become zero.
void splitLines(text::Text &input, text::Buffer<const char *> &lines);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_INPUT_H
