//===- PickleInput.h - The bytes of a pickle --------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PICKLEINPUT_H
#define HEDDLE_COMPILER_CHECKPOINT_PICKLEINPUT_H

#include "compiler/checkpoint/Pickle.h"
#include "llvm/Support/Endian.h"
#include <cstring>

namespace heddle::checkpoint {

/// Reads a part of a file from front to back, and notes the first fault.
class PickleInput {
public:
  PickleInput(llvm::sys::fs::file_t file, uint64_t begin, uint64_t end,
              uint64_t countedFrom, Pickle &pickle)
      : file(file), next(begin), end(end), countedFrom(countedFrom),
        pickle(pickle) {}

  /// As messages count it.
  uint64_t at() const { return next - countedFrom; }
  uint64_t position() const { return next; }
  uint64_t left() const { return end - next; }

  bool bytes(char *to, uint64_t count) {
    if (count > left())
      return pickle.fail(at(), "truncated: found " + llvm::Twine(left()) +
                                   " bytes, needed " + llvm::Twine(count)),
             false;
    while (count > 0) {
      if (next >= bufferEnd && !refill())
        return false;
      uint64_t here = std::min(count, bufferEnd - next);
      std::memcpy(to, buffer + (next - bufferBegin), here);
      next += here, to += here, count -= here;
    }
    return true;
  }

  template <typename T> bool number(T &to) {
    char raw[sizeof(T)];
    if (!bytes(raw, sizeof raw))
      return false;
    to = llvm::support::endian::read<T, llvm::endianness::little>(raw);
    return true;
  }

  bool skip(uint64_t count) {
    char ignored[64];
    for (; count > sizeof ignored; count -= sizeof ignored)
      if (!bytes(ignored, sizeof ignored))
        return false;
    return bytes(ignored, count);
  }

private:
  bool refill() {
    bufferBegin = bufferEnd = next;
    llvm::Expected<size_t> got = llvm::sys::fs::readNativeFileSlice(
        file, {buffer, std::min<uint64_t>(sizeof buffer, end - next)}, next);
    if (!got)
      return pickle.fail(at(), llvm::toString(got.takeError())), false;
    if (*got == 0)
      return pickle.fail(at(), "the file ended while it was read"), false;
    bufferEnd += *got;
    return true;
  }

  llvm::sys::fs::file_t file;
  uint64_t next, end, countedFrom, bufferBegin = 0, bufferEnd = 0;
  Pickle &pickle;
  char buffer[1 << 14];
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PICKLEINPUT_H
