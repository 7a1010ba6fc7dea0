//===- PickleMachine.cpp - The machine that a pickle is for ---------------===//
#include "compiler/checkpoint/PickleMachine.h"
#include "llvm/ADT/bit.h"

using namespace llvm;
using Kind = heddle::checkpoint::PickleValue::Kind;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

PickleValue *PickleMachine::make(Kind kind) {
  if (pickle.values.size() >= mostValues)
    return fail("found more than " + Twine(mostValues) +
                " values, needed fewer"),
           nullptr;
  PickleValue &value = pickle.values.emplace_back();
  value.kind = kind;
  value.at = at;
  return &value;
}

bool PickleMachine::push(PickleValue *value) {
  if (!value)
    return false;
  if (stack.size() >= mostValues)
    return fail("found more than " + Twine(mostValues) +
                " values on the stack, needed fewer");
  stack.push_back(value);
  return true;
}

bool PickleMachine::pushInteger(int64_t integer) {
  PickleValue *value = make(Kind::Integer);
  if (value)
    value->integer = integer;
  return push(value);
}

bool PickleMachine::pushText(Kind kind, uint64_t length) {
  if (length > input.left())
    return fail("truncated: found " + Twine(input.left()) + " bytes, needed " +
                Twine(length) + " of a text");
  PickleValue *value = make(kind);
  if (!value)
    return false;
  char *text = pickle.texts.Allocate<char>(length);
  value->text = StringRef(text, length);
  return input.bytes(text, length) && push(value);
}

/// Two's complement of any length.
bool PickleMachine::pushLong(uint64_t length) {
  constexpr uint64_t most = 1024;
  if (length > most)
    return fail("found an integer of " + Twine(length) +
                " bytes, needed at most " + Twine(most));
  char *bytes = pickle.texts.Allocate<char>(length);
  PickleValue *value = make(Kind::Integer);
  if (!value || !input.bytes(bytes, length))
    return false;
  value->text = StringRef(bytes, length);
  char sign = length > 0 && bytes[length - 1] < 0 ? -1 : 0;
  char low[sizeof(int64_t)];
  std::memset(low, sign, sizeof low);
  std::memcpy(low, bytes, std::min<size_t>(length, sizeof low));
  value->integer = support::endian::read64le(low);
  bool isWide = (value->integer < 0) != (sign < 0);
  for (size_t i = sizeof low; i < length; ++i)
    isWide |= bytes[i] != sign;
  if (isWide)
    value->integer = sign ? INT64_MIN : INT64_MAX;
  return push(value);
}

bool PickleMachine::pushFloat() {
  uint64_t bits;
  PickleValue *value = make(Kind::Float);
  if (!value || !input.number(bits))
    return false;
  value->real = bit_cast<double>(byteswap(bits)); // big-endian
  return push(value);
}

//===----------------------------------------------------------------------===//
// The stack
//===----------------------------------------------------------------------===//

/// Whether so many values stand above the last mark.
bool PickleMachine::needs(size_t count) {
  size_t there = stack.size() - (marks.empty() ? 0 : marks.back());
  return there >= count || fail("found " + Twine(there) +
                                " values on the stack, needed " + Twine(count));
}

/// Takes all above the last mark, and the mark.
bool PickleMachine::popMark(PickleValue::List &items) {
  if (marks.empty())
    return fail("found no mark on the stack, needed one");
  items.assign(stack.begin() + marks.back(), stack.end());
  return popMarked();
}

bool PickleMachine::popMarked() {
  if (marks.empty())
    return fail("found no mark on the stack, needed one");
  stack.truncate(marks.pop_back_val());
  return true;
}

//===----------------------------------------------------------------------===//
// Containers
//===----------------------------------------------------------------------===//

bool PickleMachine::makeTuple(size_t count) {
  PickleValue *tuple = make(Kind::Tuple);
  if (!tuple || !needs(count))
    return false;
  tuple->items.assign(stack.end() - count, stack.end());
  stack.truncate(stack.size() - count);
  return push(tuple);
}

bool PickleMachine::tupleOfMarked() {
  PickleValue *tuple = make(Kind::Tuple);
  return tuple && popMark(tuple->items) && push(tuple);
}

bool PickleMachine::append(PickleValue::List items) {
  if (!needs(1))
    return false;
  PickleValue &list = *stack.back();
  if (!list.is(Kind::List))
    return fail("found " + list.describe() + " to append to, needed a list");
  list.items.insert(list.items.end(), items.begin(), items.end());
  return true;
}

bool PickleMachine::setItems(PickleValue::List items) {
  if (!needs(1))
    return false;
  PickleValue &dict = *stack.back();
  if (!dict.is(Kind::Dict) || items.size() % 2 != 0)
    return fail("found " + dict.describe() + " and " + Twine(items.size()) +
                " values, needed a dictionary and pairs");
  dict.items.insert(dict.items.end(), items.begin(), items.end());
  return true;
}

//===----------------------------------------------------------------------===//
// Names and calls
//===----------------------------------------------------------------------===//

/// Two lines: a module and a name.
bool PickleMachine::readName() {
  SmallString<64> lines[2];
  constexpr size_t longest = 256;
  for (SmallString<64> &line : lines)
    while (true) {
      char c;
      if (line.size() > longest)
        return fail("found a name of more than " + Twine(longest) +
                    " bytes, needed a shorter one");
      if (!input.bytes(&c, 1))
        return false;
      if (c == '\n')
        break;
      line += c;
    }
  return pushName(lines[0], lines[1]);
}

bool PickleMachine::nameOfStack() {
  if (!needs(2))
    return false;
  PickleValue *name = pop(), *module = pop();
  if (!module->is(Kind::Text) || !name->is(Kind::Text))
    return fail("found " + module->describe() + " and " + name->describe() +
                " for a name, needed two texts");
  return pushName(module->text, name->text);
}

bool PickleMachine::pushName(StringRef module, StringRef name) {
  std::string whole = (module + "." + name).str();
  if (!isKnown(whole))
    return fail("found " + StringRef(whole).take_front(200) +
                ", needed tensors and what holds them: nothing else of a "
                "pickle is read, and nothing of it is run");
  PickleValue *value = make(Kind::Name);
  if (value)
    value->text = pickle.names.insert(whole).first->first();
  return push(value);
}

bool PickleMachine::call() {
  if (!needs(2))
    return false;
  PickleValue *arguments = pop(), *name = pop();
  if (!name->is(Kind::Name) || !arguments->is(Kind::Tuple))
    return fail("found a call of " + name->describe() + " with " +
                arguments->describe() + ", needed a name and a tuple");
  if (name->isName("collections.OrderedDict"))
    return orderedDict(*arguments);
  PickleValue *made = make(Kind::Call);
  if (made)
    made->items = {name, arguments};
  return push(made);
}

/// Of nothing, or of a list of pairs.
bool PickleMachine::orderedDict(const PickleValue &arguments) {
  PickleValue *dict = make(Kind::Dict);
  if (!dict || arguments.items.empty())
    return push(dict);
  const PickleValue &pairs = *arguments.items[0];
  // One list may be copied over and over.
  pairsCopied += pairs.items.size();
  if (pairsCopied > mostValues)
    return fail("found more than " + Twine(mostValues) +
                " pairs of dictionaries, needed fewer");
  if (!pairs.is(Kind::List) || arguments.items.size() != 1)
    return fail("found " + pairs.describe() +
                " for a dictionary, needed a list of pairs");
  for (const PickleValue *pair : pairs.items) {
    if (!(pair->is(Kind::List) || pair->is(Kind::Tuple)) ||
        pair->items.size() != 2)
      return fail("found " + pair->describe() +
                  " in a list of pairs, needed a pair");
    dict->items.insert(dict->items.end(), pair->items.begin(),
                       pair->items.end());
  }
  return push(dict);
}

/// Attributes of an object. Those of a dictionary (`_metadata`, the versions
/// of modules) are no tensors; nothing else may have any.
bool PickleMachine::build() {
  if (!needs(2))
    return false;
  PickleValue *state = pop(), *object = stack.back();
  if (!object->is(Kind::Dict) || !state->is(Kind::Dict))
    return fail("found a state, " + state->describe() + ", of " +
                object->describe() + ", needed a dictionary of a dictionary");
  return true;
}

bool PickleMachine::address() {
  if (!needs(1))
    return false;
  PickleValue *address = pop(), *value = make(Kind::Persistent);
  if (!value)
    return false;
  value->items = {address};
  pickle.addressed.push_back(value);
  return push(value);
}

//===----------------------------------------------------------------------===//
// The memo
//===----------------------------------------------------------------------===//

bool PickleMachine::recall(uint64_t number) {
  auto found = memo.find(number);
  if (found == memo.end())
    return fail("found no value " + Twine(number) + " in the memo, needed one");
  return push(found->second);
}

bool PickleMachine::memorise(uint64_t number) {
  if (!needs(1))
    return false;
  if (memo.size() >= mostValues)
    return fail("found more than " + Twine(mostValues) +
                " values in the memo, needed fewer");
  memo[number] = stack.back();
  return true;
}

} // namespace heddle::checkpoint
