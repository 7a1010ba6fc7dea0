// Lines of standard input or a file, each as soon as it is there.
#ifndef HEDDLE_RUNTIME_MAIN_LINEREADER_H
#define HEDDLE_RUNTIME_MAIN_LINEREADER_H

#include "runtime/text/Buffer.h"

namespace heddle::runtime {

class LineReader {
public:
  LineReader() = default;
  LineReader(const LineReader &) = delete;
  LineReader &operator=(const LineReader &) = delete;
  ~LineReader();

  /// A null path: standard input. False if it cannot be read, which has been
  /// printed.
  [[nodiscard]] bool open(const char *path);

  /// The next line, without its end. False at the end of the input, and where
  /// something is wrong with it, which has been printed.
  [[nodiscard]] bool next(text::Text &line);
  bool failed() const { return hasFailed; }
  /// Whether next() would not have to wait.
  bool isReady();

  /// Bytes of lines that were taken, and of the whole file; 0: nobody knows.
  int64_t taken() const { return bytesTaken; }
  int64_t total() const { return bytesTotal; }

private:
  bool fill();
  bool fail(const char *what);

  int file = -1;
  const char *name = "standard input";
  bool atEnd = false, hasFailed = false;
  text::Text held; // what was read and not taken begins at `at`
  size_t at = 0;
  int64_t bytesTaken = 0, bytesTotal = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_LINEREADER_H
