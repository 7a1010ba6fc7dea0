// Reading files that strangers wrote.
#ifndef HEDDLE_RUNTIME_REGULARFILE_H
#define HEDDLE_RUNTIME_REGULARFILE_H

#include "runtime/Error.h"
#include "runtime/Memory.h"

namespace heddle::runtime {

/// A file whose kind and size are known before anything of it is read.
class RegularFile {
public:
  explicit RegularFile(const char *path);

  /// Fails unless the file can be read and is a regular one. `needed` says what
  /// it should be: "a .npy file".
  heddle_status check(const char *needed);

  int64_t size() const { return bytes; }

  /// All `wanted` bytes at `offset`, or false.
  bool read(void *to, int64_t wanted, int64_t offset) const;

  /// All of it, if that is at most `most` bytes.
  heddle_status readAll(int64_t most, Array<uint8_t> &to) const;

  /// All of it, mapped; notes the reason of a failure.
  heddle_status map(FileMapping &to) const;

private:
  FileDescriptor descriptor;
  const char *path;
  int64_t bytes = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_REGULARFILE_H
