//===- PickleInput.h - The bytes of a pickle --------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PICKLEINPUT_H
#define HEDDLE_COMPILER_CHECKPOINT_PICKLEINPUT_H

#include "compiler/checkpoint/FileBytes.h"
#include "compiler/checkpoint/Pickle.h"
#include "llvm/Support/Endian.h"

namespace heddle::checkpoint {

/// Reads a part of a file from front to back, and notes the first fault.
class PickleInput {
public:
  PickleInput(llvm::sys::fs::file_t file, uint64_t begin, uint64_t end,
              uint64_t countedFrom, Pickle &pickle)
      : input(file, begin, end), countedFrom(countedFrom), pickle(pickle) {}

  /// As messages count it.
  uint64_t at() const { return position() - countedFrom; }
  uint64_t position() const { return input.position(); }
  uint64_t left() const { return input.left(); }

  bool bytes(char *to, uint64_t count) {
    if (count > left())
      return pickle.fail(at(), "truncated: found " + llvm::Twine(left()) +
                                   " bytes, needed " + llvm::Twine(count)),
             false;
    llvm::Expected<bool> isThere = input.take(to, count);
    if (!isThere)
      return pickle.fail(at(), llvm::toString(isThere.takeError())), false;
    return *isThere ||
           (pickle.fail(at(), "the file ended while it was read"), false);
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
  FileBytes input;
  uint64_t countedFrom;
  Pickle &pickle;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PICKLEINPUT_H
