//===- PickleMachine.h - The machine that a pickle is for -------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PICKLEMACHINE_H
#define HEDDLE_COMPILER_CHECKPOINT_PICKLEMACHINE_H

#include "compiler/checkpoint/PickleInput.h"
#include "compiler/checkpoint/PickleOpcodes.h"
#include "llvm/ADT/DenseMap.h"

namespace heddle::checkpoint {

/// Runs the instructions of one pickle.
class PickleMachine {
public:
  PickleMachine(Pickle &pickle, uint64_t begin, uint64_t end,
                uint64_t countedFrom,
                llvm::function_ref<bool(llvm::StringRef)> isKnown)
      : pickle(pickle), input(pickle.file, begin, end, countedFrom, pickle),
        isKnown(isKnown) {}

  PickleValue *run();
  uint64_t position() const { return input.position(); }

private:
  static constexpr size_t mostValues = 4'000'000;

  bool step(PickleOpcode code);
  bool stepOfValues(PickleOpcode code);
  bool stepOfContainers(PickleOpcode code);
  bool fail(const llvm::Twine &what) { return pickle.fail(at, what), false; }

  // Values.
  PickleValue *make(PickleValue::Kind kind);
  bool push(PickleValue *value);
  bool pushNew(PickleValue::Kind kind) { return push(make(kind)); }
  bool pushInteger(int64_t integer);
  bool pushText(PickleValue::Kind kind, uint64_t length);
  template <typename Length> bool pushText(PickleValue::Kind kind) {
    Length length;
    return input.number(length) && pushText(kind, length);
  }
  template <typename T> bool pushNumber() {
    T number;
    return input.number(number) && pushInteger(number);
  }
  bool pushLong(uint64_t length);
  template <typename Length> bool pushLong() {
    Length length;
    return input.number(length) && pushLong(uint64_t{length});
  }
  bool pushFloat();

  // The stack.
  bool needs(size_t count);
  PickleValue *pop() { return stack.pop_back_val(); }
  bool popMark(PickleValue::List &items);
  bool popMarked();

  // Containers, names and the memo.
  bool makeTuple(size_t count);
  bool tupleOfMarked();
  bool append(PickleValue::List items);
  bool setItems(PickleValue::List items);
  bool readName();
  bool nameOfStack();
  bool pushName(llvm::StringRef module, llvm::StringRef name);
  bool call();
  bool orderedDict(const PickleValue &arguments);
  bool build();
  bool address();
  bool recall(uint64_t number);
  bool memorise(uint64_t number);
  template <typename Number> bool recall() {
    Number number;
    return input.number(number) && recall(uint64_t{number});
  }
  template <typename Number> bool memorise() {
    Number number;
    return input.number(number) && memorise(uint64_t{number});
  }

  Pickle &pickle;
  PickleInput input;
  llvm::function_ref<bool(llvm::StringRef)> isKnown;
  uint64_t at = 0; ///< of the instruction
  size_t pairsCopied = 0;
  llvm::SmallVector<PickleValue *, 0> stack;
  llvm::SmallVector<size_t, 0> marks; ///< heights of the stack
  llvm::DenseMap<uint64_t, PickleValue *> memo;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PICKLEMACHINE_H
