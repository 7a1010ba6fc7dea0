//===- Pickle.h - The values of a pickle, of which nothing runs -*- C++ -*-===//
//
// A pickle is a program for a machine with a stack, which in Python may call
// any function. Here it makes values only: numbers, texts, containers, and
// calls that are noted and never made. Names that such a call may have are a
// list that the reader is given; another one ends the reading where it stands,
// as does every instruction that makes objects in another way.
// https://github.com/python/cpython/blob/3.13/Lib/pickletools.py
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PICKLE_H
#define HEDDLE_COMPILER_CHECKPOINT_PICKLE_H

#include "compiler/checkpoint/Problems.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/FileSystem.h"
#include <deque>

namespace heddle::checkpoint {

struct PickleValue {
  enum class Kind : uint8_t {
    None,
    Bool,
    Integer, ///< one beyond 64 bits has its sign's largest magnitude
    Float,
    Text,
    Bytes,
    Tuple,
    List,
    Dict,       ///< keys and their values in turn
    Name,       ///< `module.name`
    Call,       ///< a name and the tuple of its arguments
    Persistent, ///< what the file has outside of the pickle, and its address
  };
  using List = std::vector<const PickleValue *>;

  bool is(Kind other) const { return kind == other; }
  bool isName(llvm::StringRef name) const {
    return kind == Kind::Name && text == name;
  }
  /// The name of a call; empty of anything else.
  llvm::StringRef callee() const {
    return kind == Kind::Call ? items[0]->text : "";
  }
  /// The arguments of a call.
  llvm::ArrayRef<const PickleValue *> arguments() const {
    return items[1]->items;
  }
  /// `an integer`, `the name torch.Size`: for messages.
  std::string describe() const;

  Kind kind = Kind::None;
  uint64_t at = 0;      ///< the byte of the instruction that made it
  int64_t integer = 0;  ///< of Bool and Integer
  double real = 0;      ///< of Float
  llvm::StringRef text; ///< of Text, Bytes and Name; the bytes of a LONG
  List items;
};

/// The values that a part of a file makes, and memory for them.
class Pickle {
public:
  /// `where` is what faults name before their byte.
  Pickle(llvm::sys::fs::file_t file, const llvm::Twine &where,
         Problems &problems)
      : file(file), place(where.str()), problems(problems) {}

  /// Reads the pickle that begins at a byte and ends before another at the
  /// latest. Its value, or null and a problem. Bytes are counted from
  /// `countedFrom`.
  const PickleValue *read(uint64_t begin, uint64_t end, uint64_t countedFrom,
                          llvm::function_ref<bool(llvm::StringRef)> isKnown);
  /// The byte behind the last pickle that was read.
  uint64_t position() const { return behind; }

  /// All that have an address, in order.
  llvm::ArrayRef<const PickleValue *> persistent() const { return addressed; }

  const std::string &where() const { return place; }
  /// Notes a fault at a byte and returns null.
  std::nullptr_t fail(uint64_t at, const llvm::Twine &what);

private:
  friend class PickleMachine;

  llvm::sys::fs::file_t file;
  std::string place;
  Problems &problems;
  uint64_t behind = 0;
  std::deque<PickleValue> values;
  PickleValue::List addressed;
  llvm::StringSet<> names;
  llvm::BumpPtrAllocator texts;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PICKLE_H
