//===- GgufCursor.h - The numbers and texts of a GGUF file ------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFCURSOR_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFCURSOR_H

#include "compiler/checkpoint/Problems.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include <cstring>

namespace heddle::checkpoint {

/// Reads a file from front to back, and notes the first fault.
class GgufCursor {
public:
  /// Bytes of a header: ten times the largest that are known, which hold a
  /// vocabulary each.
  static constexpr uint64_t largest = 256'000'000;

  GgufCursor(llvm::sys::fs::file_t file, llvm::StringRef path,
             Problems &problems)
      : file(file), path(path), problems(problems) {}

  bool begin() {
    llvm::sys::fs::file_status status;
    if (std::error_code error = llvm::sys::fs::status(file, status)) {
      problems.add(path, error.message());
      return false;
    }
    fileBytes = status.getSize();
    end = std::min(fileBytes, largest);
    return true;
  }

  /// Always false, for the caller to return.
  bool fail(uint64_t at, const llvm::Twine &what) {
    problems.add(path + ": byte " + llvm::Twine(at), what);
    return false;
  }

  uint64_t position() const { return next; }
  uint64_t left() const { return end - next; }
  uint64_t size() const { return fileBytes; }

  bool bytes(char *to, uint64_t count, llvm::StringRef what) {
    if (count > left())
      return fail(next, end == fileBytes
                            ? "truncated: found " + llvm::Twine(left()) +
                                  " bytes, needed " + llvm::Twine(count) +
                                  " for " + what
                            : "found a header of more than " +
                                  llvm::Twine(largest) +
                                  " bytes, needed a smaller one");
    while (count > 0) {
      if (next >= bufferEnd && !refill())
        return false;
      uint64_t here = std::min(count, bufferEnd - next);
      std::memcpy(to, buffer + (next - bufferBegin), here);
      next += here, to += here, count -= here;
    }
    return true;
  }

  template <typename T> bool number(T &to, llvm::StringRef what) {
    char raw[sizeof(T)];
    if (!bytes(raw, sizeof raw, what))
      return false;
    to = llvm::support::endian::read<T, llvm::endianness::little>(raw);
    return true;
  }

  bool text(std::string &to, uint64_t longest, llvm::StringRef what) {
    uint64_t at = next, length;
    if (!number(length, what))
      return false;
    if (length > std::min(left(), longest))
      return fail(at, "found " + what + " of " + llvm::Twine(length) +
                          " bytes, needed at most " +
                          llvm::Twine(std::min(left(), longest)));
    to.resize(length);
    return bytes(to.data(), length, what);
  }

private:
  bool refill() {
    bufferBegin = bufferEnd = next;
    llvm::Expected<size_t> got = llvm::sys::fs::readNativeFileSlice(
        file, {buffer, std::min<uint64_t>(sizeof buffer, end - next)}, next);
    if (!got) {
      problems.add(path, llvm::toString(got.takeError()));
      return false;
    }
    if (*got == 0)
      return fail(next, "the file ended while it was read");
    bufferEnd += *got;
    return true;
  }

  llvm::sys::fs::file_t file;
  llvm::StringRef path;
  Problems &problems;
  uint64_t fileBytes = 0, end = 0, next = 0, bufferBegin = 0, bufferEnd = 0;
  char buffer[1 << 16];
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFCURSOR_H
