//===- GgufCursor.h - The numbers and texts of a GGUF file ------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFCURSOR_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFCURSOR_H

#include "compiler/checkpoint/FileBytes.h"
#include "compiler/checkpoint/Problems.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"

namespace heddle::checkpoint {

/// Reads a file from front to back, and notes the first fault.
class GgufCursor {
public:
  /// Bytes of a header: ten times the largest that are known, which hold a
  /// vocabulary each.
  static constexpr uint64_t largest = 256'000'000;

  GgufCursor(llvm::sys::fs::file_t file, llvm::StringRef path,
             Problems &problems)
      : file(file), input(file, 0, 0), path(path), problems(problems) {}

  bool begin() {
    llvm::sys::fs::file_status status;
    if (std::error_code error = llvm::sys::fs::status(file, status)) {
      problems.add(path, error.message());
      return false;
    }
    fileBytes = status.getSize();
    input.endAt(std::min(fileBytes, largest));
    return true;
  }

  /// Always false, for the caller to return.
  bool fail(uint64_t at, const llvm::Twine &what) {
    problems.add(path + ": byte " + llvm::Twine(at), what);
    return false;
  }

  uint64_t position() const { return input.position(); }
  uint64_t left() const { return input.left(); }
  uint64_t size() const { return fileBytes; }

  bool bytes(char *to, uint64_t count, llvm::StringRef what) {
    if (count > left())
      return fail(position(), fileBytes <= largest
                                  ? "truncated: found " + llvm::Twine(left()) +
                                        " bytes, needed " + llvm::Twine(count) +
                                        " for " + what
                                  : "found a header of more than " +
                                        llvm::Twine(largest) +
                                        " bytes, needed a smaller one");
    llvm::Expected<bool> isThere = input.take(to, count);
    if (!isThere) {
      problems.add(path, llvm::toString(isThere.takeError()));
      return false;
    }
    return *isThere || fail(position(), "the file ended while it was read");
  }

  template <typename T> bool number(T &to, llvm::StringRef what) {
    char raw[sizeof(T)];
    if (!bytes(raw, sizeof raw, what))
      return false;
    to = llvm::support::endian::read<T, llvm::endianness::little>(raw);
    return true;
  }

  bool text(std::string &to, uint64_t longest, llvm::StringRef what) {
    uint64_t at = position(), length;
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
  llvm::sys::fs::file_t file;
  FileBytes input;
  llvm::StringRef path;
  Problems &problems;
  uint64_t fileBytes = 0;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFCURSOR_H
