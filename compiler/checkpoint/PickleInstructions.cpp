//===- PickleInstructions.cpp - What instructions of pickles do -----------===//

#include "compiler/checkpoint/PickleMachine.h"

using namespace llvm;
using Kind = heddle::checkpoint::PickleValue::Kind;

namespace heddle::checkpoint {

/// The stack and the memo.
bool PickleMachine::step(PickleOpcode code) {
  switch (code) {
  case PickleOpcode::Proto: {
    uint8_t version;
    if (!input.number(version))
      return false;
    constexpr unsigned newest = 5;
    return version <= newest ||
           fail("found protocol " + Twine(unsigned{version}) +
                " of pickle, needed at most " + Twine(newest));
  }
  case PickleOpcode::Frame:
    return input.skip(sizeof(uint64_t));
  case PickleOpcode::Mark:
    if (marks.size() >= mostValues)
      return fail("found too many marks, needed fewer");
    marks.push_back(stack.size());
    return true;
  case PickleOpcode::Pop:
    if (!marks.empty() && marks.back() == stack.size())
      return popMarked();
    if (!needs(1))
      return false;
    stack.pop_back();
    return true;
  case PickleOpcode::PopMark:
    return popMarked();
  case PickleOpcode::Dup:
    return needs(1) && push(stack.back());
  case PickleOpcode::BinGet:
    return recall<uint8_t>();
  case PickleOpcode::LongBinGet:
    return recall<uint32_t>();
  case PickleOpcode::BinPut:
    return memorise<uint8_t>();
  case PickleOpcode::LongBinPut:
    return memorise<uint32_t>();
  case PickleOpcode::Memoize:
    return memorise(memo.size());
  default:
    return stepOfValues(code);
  }
}

bool PickleMachine::stepOfValues(PickleOpcode code) {
  switch (code) {
  case PickleOpcode::None:
    return pushNew(Kind::None);
  case PickleOpcode::NewTrue:
  case PickleOpcode::NewFalse:
    if (!pushNew(Kind::Bool))
      return false;
    stack.back()->integer = code == PickleOpcode::NewTrue;
    return true;
  case PickleOpcode::BinInt:
    return pushNumber<int32_t>();
  case PickleOpcode::BinInt1:
    return pushNumber<uint8_t>();
  case PickleOpcode::BinInt2:
    return pushNumber<uint16_t>();
  case PickleOpcode::Long1:
    return pushLong<uint8_t>();
  case PickleOpcode::Long4:
    return pushLong<uint32_t>();
  case PickleOpcode::BinFloat:
    return pushFloat();
  case PickleOpcode::BinString:
  case PickleOpcode::BinUnicode:
    return pushText<uint32_t>(Kind::Text);
  case PickleOpcode::ShortBinString:
  case PickleOpcode::ShortBinUnicode:
    return pushText<uint8_t>(Kind::Text);
  case PickleOpcode::BinUnicode8:
    return pushText<uint64_t>(Kind::Text);
  case PickleOpcode::BinBytes:
    return pushText<uint32_t>(Kind::Bytes);
  case PickleOpcode::ShortBinBytes:
    return pushText<uint8_t>(Kind::Bytes);
  case PickleOpcode::BinBytes8:
    return pushText<uint64_t>(Kind::Bytes);
  default:
    return stepOfContainers(code);
  }
}

/// Containers, names and calls.
bool PickleMachine::stepOfContainers(PickleOpcode code) {
  PickleValue::List items;
  switch (code) {
  case PickleOpcode::EmptyTuple:
    return makeTuple(0);
  case PickleOpcode::Tuple1:
    return makeTuple(1);
  case PickleOpcode::Tuple2:
    return makeTuple(2);
  case PickleOpcode::Tuple3:
    return makeTuple(3);
  case PickleOpcode::Tuple:
    return tupleOfMarked();
  case PickleOpcode::EmptyList:
    return pushNew(Kind::List);
  case PickleOpcode::Append:
    return needs(2) && append({pop()});
  case PickleOpcode::Appends:
    return popMark(items) && append(std::move(items));
  case PickleOpcode::EmptyDict:
    return pushNew(Kind::Dict);
  case PickleOpcode::SetItem: {
    if (!needs(3))
      return false;
    PickleValue *value = pop(), *key = pop();
    return setItems({key, value});
  }
  case PickleOpcode::SetItems:
    return popMark(items) && setItems(std::move(items));
  case PickleOpcode::Global:
    return readName();
  case PickleOpcode::StackGlobal:
    return nameOfStack();
  case PickleOpcode::Reduce:
    return call();
  case PickleOpcode::Build:
    return build();
  case PickleOpcode::BinPersId:
    return address();
  default:
    return fail("found " + pickleOpcodeName(static_cast<uint8_t>(code)) +
                ", needed an instruction that torch.save writes");
  }
}

PickleValue *PickleMachine::run() {
  while (true) {
    at = input.at();
    uint8_t code;
    if (!input.number(code))
      return nullptr;
    if (code == static_cast<uint8_t>(PickleOpcode::Stop))
      break;
    if (!step(static_cast<PickleOpcode>(code)))
      return nullptr;
  }
  if (!marks.empty() || stack.size() != 1) {
    fail("found " + Twine(stack.size()) + " values and " + Twine(marks.size()) +
         " marks at the end, needed one value");
    return nullptr;
  }
  return stack.back();
}

} // namespace heddle::checkpoint
