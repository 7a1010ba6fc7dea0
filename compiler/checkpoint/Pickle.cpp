//===- Pickle.cpp - The values of a pickle, of which nothing runs ---------===//

#include "compiler/checkpoint/PickleMachine.h"

using namespace llvm;
using Kind = heddle::checkpoint::PickleValue::Kind;

namespace heddle::checkpoint {

/// Ten times the largest that are known: a tensor of a model takes some
/// hundred bytes and twenty values. What stands behind is cut off.
static constexpr uint64_t mostBytes = 64'000'000;

std::string PickleValue::describe() const {
  switch (kind) {
  case Kind::None:
    return "None";
  case Kind::Bool:
    return integer ? "True" : "False";
  case Kind::Integer:
    return "the integer " + std::to_string(integer);
  case Kind::Float:
    return "a float";
  case Kind::Text:
    return "the text \"" + text.take_front(60).str() + "\"";
  case Kind::Bytes:
    return "bytes";
  case Kind::Tuple:
    return "a tuple";
  case Kind::List:
    return "a list";
  case Kind::Dict:
    return "a dictionary";
  case Kind::Name:
    return "the name " + text.str();
  case Kind::Call:
    return "what " + callee().str() + " makes";
  case Kind::Persistent:
    return "a storage";
  }
  llvm_unreachable("all kinds have a description");
}

std::nullptr_t Pickle::fail(uint64_t at, const Twine &what) {
  problems.add(place + ": byte " + Twine(at), what);
  return nullptr;
}

const PickleValue *Pickle::read(uint64_t begin, uint64_t end,
                                uint64_t countedFrom,
                                function_ref<bool(StringRef)> isKnown) {
  PickleMachine machine(*this, begin, std::min(end, begin + mostBytes),
                        countedFrom, isKnown);
  const PickleValue *value = machine.run();
  behind = machine.position();
  return value;
}

} // namespace heddle::checkpoint
