// Files that appear whole or not at all, and standard output.
#ifndef HEDDLE_RUNTIME_MAIN_OUTPUT_H
#define HEDDLE_RUNTIME_MAIN_OUTPUT_H

#include "runtime/main/JsonString.h"

#include <cstdint>
#include <cstdio>
#include <string_view>

namespace heddle::runtime {

/// An output file: written beside its place and moved there when complete.
/// Pipes and devices are written directly; a null path is standard output.
class OutputFile {
public:
  OutputFile() = default;
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  /// Without commit() nothing is left behind.
  ~OutputFile();

  // Each prints what went wrong and returns false.
  [[nodiscard]] bool open(const char *path);
  [[nodiscard]] bool commit();

  FILE *stream() const { return file; }

private:
  FILE *file = nullptr;
  const char *path = nullptr;
  char temporary[4200] = "";
};

/// Gives the standard streams that the caller has closed to nobody, so that no
/// file which is opened later gets what is written to them.
void occupyStandardStreams();

/// Writes out what standard output has buffered. False if it cannot: then the
/// reason is printed, unless the reader has just gone away.
[[nodiscard]] bool flushStandardOutput();

/// The beginning of a text that is to fit into a line, with an ellipsis where
/// there is more.
void printShort(FILE *file, const char *text, int characters = 60);

/// Characters of UTF-8 before a byte.
int64_t charactersBefore(std::string_view text, size_t byte);

/// The exit code for an output that failed: that of a program which the
/// signal for a closed pipe ended, or 1.
int outputExitCode();

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_OUTPUT_H
