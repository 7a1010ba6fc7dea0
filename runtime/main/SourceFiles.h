// The pictures or sounds that texts are written of.
#ifndef HEDDLE_RUNTIME_MAIN_SOURCEFILES_H
#define HEDDLE_RUNTIME_MAIN_SOURCEFILES_H

#include "runtime/main/InputFiles.h"

namespace heddle::runtime {

/// What the entry before the step reads: a file a row.
class SourceFiles {
public:
  SourceFiles(const heddle_program &program, const heddle_value &input)
      : program(program), input(input) {}
  SourceFiles(const SourceFiles &) = delete;
  SourceFiles &operator=(const SourceFiles &) = delete;
  ~SourceFiles() { clear(); }

  // Each notes the reason of a failure.

  /// Reads files in place of those that were read before.
  heddle_status read(const char *const *paths, int64_t count);

  const float *const *rows() const { return numbers.data(); }

private:
  heddle_status readOne(const char *path);
  void clear();

  const heddle_program &program;
  const heddle_value &input;
  text::Buffer<NpyArray *> arrays;
  text::Buffer<const float *> numbers;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_SOURCEFILES_H
