//===- FileBytes.h - A part of a file, from front to back -------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_FILEBYTES_H
#define HEDDLE_COMPILER_CHECKPOINT_FILEBYTES_H

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <cstring>

namespace heddle::checkpoint {

/// Reads through a buffer.
class FileBytes {
public:
  FileBytes(llvm::sys::fs::file_t file, uint64_t begin, uint64_t end)
      : file(file), next(begin), end(end) {}

  /// For who learns it after it began.
  void endAt(uint64_t place) { end = place; }

  uint64_t position() const { return next; }
  uint64_t left() const { return end - next; }

  /// Copies the next `count` bytes, of those that are left. False: the file
  /// ended while it was read.
  llvm::Expected<bool> take(char *to, uint64_t count) {
    while (count > 0) {
      if (next >= bufferEnd) {
        bufferBegin = bufferEnd = next;
        llvm::Expected<size_t> got = llvm::sys::fs::readNativeFileSlice(
            file, {buffer, std::min<uint64_t>(sizeof buffer, end - next)},
            next);
        if (!got)
          return got.takeError();
        if (*got == 0)
          return false;
        bufferEnd += *got;
      }
      uint64_t here = std::min(count, bufferEnd - next);
      std::memcpy(to, buffer + (next - bufferBegin), here);
      next += here, to += here, count -= here;
    }
    return true;
  }

private:
  llvm::sys::fs::file_t file;
  uint64_t next, end, bufferBegin = 0, bufferEnd = 0;
  char buffer[1 << 16];
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_FILEBYTES_H
