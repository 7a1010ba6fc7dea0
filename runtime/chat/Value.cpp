// Making, finding and comparing the values of a template.
#include "runtime/chat/Value.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace heddle::chat {

//===-- Memory --===//

static constexpr size_t alignment = 16;
static constexpr size_t smallestBlock = size_t{64} << 10;

Heap::~Heap() {
  while (blocks) {
    Block *before = blocks->before;
    free(blocks);
    blocks = before;
  }
}

bool Heap::grow(size_t bytes) {
  size_t size = std::max(smallestBlock, 2 * bytes + sizeof(Block) + alignment);
  // The last block may be smaller: the limit counts what there is in all.
  if (size > left)
    size = bytes + sizeof(Block) + alignment;
  Block *block =
      size > left || exhausted ? nullptr : static_cast<Block *>(malloc(size));
  if (!block)
    return !(exhausted = true);
  left -= size;
  *block = {blocks, size};
  blocks = block;
  at = reinterpret_cast<char *>(block) + alignment;
  end = reinterpret_cast<char *>(block) + size;
  return true;
}

void *Heap::allocate(size_t bytes) {
  if (bytes > left && bytes > static_cast<size_t>(end - at))
    return exhausted = true, nullptr;
  size_t skipped = -reinterpret_cast<uintptr_t>(at) % alignment;
  if (!at || static_cast<size_t>(end - at) < bytes + skipped) {
    if (!grow(bytes))
      return nullptr;
    skipped = -reinterpret_cast<uintptr_t>(at) % alignment;
  }
  char *given = at + skipped;
  at = given + bytes;
  return given;
}

Value Heap::string(std::string_view text, bool markup) {
  auto *bytes = static_cast<char *>(allocate(text.size()));
  if (!bytes)
    return undefined();
  if (!text.empty())
    memcpy(bytes, text.data(), text.size());
  return stringOf({bytes, text.size()}, markup);
}

Value Heap::concatenation(std::string_view first, std::string_view second) {
  if (second.empty())
    return stringOf(first);
  bool isLast = !first.empty() && first.data() + first.size() == at;
  if (isLast && static_cast<size_t>(end - at) >= second.size()) {
    memcpy(at, second.data(), second.size());
    at += second.size();
    return stringOf({first.data(), first.size() + second.size()});
  }
  size_t bytes = first.size() + second.size();
  if (bytes > UINT32_MAX)
    return exhausted = true, undefined();
  auto *joined = static_cast<char *>(allocate(bytes));
  if (!joined)
    return undefined();
  if (!first.empty())
    memcpy(joined, first.data(), first.size());
  memcpy(joined + first.size(), second.data(), second.size());
  return stringOf({joined, bytes});
}

uint64_t workOn(const Value &value) {
  switch (value.kind) {
  case Kind::String:
    return 1 + value.bytes / 16;
  case Kind::Sequence:
    return 1 + value.sequence->work;
  case Kind::Dict:
    return 1 + value.dict->work;
  default:
    return 1;
  }
}

static uint64_t addWork(uint64_t sum, const Value &value) {
  return std::min(sum + workOn(value), uint64_t{1} << 40);
}

Value Heap::sequence(Sequence::Form form, const Value *items, int64_t count) {
  auto *made = create<Sequence>();
  auto *copies = static_cast<Value *>(
      allocate(static_cast<size_t>(count) * sizeof(Value)));
  if (!made || !copies)
    return undefined();
  std::copy(items, items + count, copies);
  made->form = form;
  made->count = count;
  for (int64_t i = 0; i < count; ++i)
    made->work = addWork(made->work, items[i]);
  made->items = copies;
  Value value = ofKind(Kind::Sequence);
  value.sequence = made;
  return value;
}

Value Heap::pair(const Value &first, const Value &second) {
  const Value both[] = {first, second};
  return sequence(Sequence::Tuple, both, 2);
}

Value Heap::dict(Kind kind) {
  Value value = ofKind(kind);
  value.dict = create<Dict>();
  return value.dict ? value : undefined();
}

void Heap::set(Dict &dict, const Value &key, const Value &value) {
  dict.work = addWork(addWork(dict.work, key), value);
  if (Value *found = dict.find(key)) {
    *found = value;
    return;
  }
  if (dict.count == dict.room) {
    int64_t room = std::max<int64_t>(4, 2 * dict.room);
    auto *entries = static_cast<Dict::Entry *>(
        allocate(static_cast<size_t>(room) * sizeof(Dict::Entry)));
    if (!entries)
      return;
    std::copy(dict.entries, dict.entries + dict.count, entries);
    dict.entries = entries;
    dict.room = room;
  }
  dict.entries[dict.count++] = {key, value};
}

Value *Dict::find(const Value &key) {
  for (int64_t i = 0; i < count; ++i)
    if (areEqual(entries[i].key, key))
      return &entries[i].value;
  return nullptr;
}

const Value *Dict::find(std::string_view key) const {
  return find(stringOf(key));
}

//===-- Comparing --===//

/// Deeper values are never equal, nor ordered: no template compares them.
static constexpr int deepest = 64;

bool isTrue(const Value &value) {
  switch (value.kind) {
  case Kind::Missing:
  case Kind::Undefined:
  case Kind::None:
    return false;
  case Kind::Boolean:
  case Kind::Integer:
    return value.integer != 0;
  case Kind::Float:
    return value.number != 0;
  case Kind::String:
    return value.bytes != 0;
  case Kind::Sequence:
    return value.sequence->form == Sequence::Generator ||
           value.sequence->count != 0;
  case Kind::Dict:
    return value.dict->count != 0;
  default:
    return true;
  }
}

static bool areEqual(const Sequence &left, const Sequence &right, int depth) {
  if (left.form != right.form || left.count != right.count ||
      !left.hasIndices())
    return &left == &right;
  for (int64_t i = 0; i < left.count; ++i)
    if (!areEqual(left.items[i], right.items[i], depth + 1))
      return false;
  return true;
}

static bool areEqual(const Dict &left, const Dict &right, int depth) {
  if (left.count != right.count)
    return false;
  for (int64_t i = 0; i < left.count; ++i) {
    const Value *other = right.find(left.entries[i].key);
    if (!other || !areEqual(left.entries[i].value, *other, depth + 1))
      return false;
  }
  return true;
}

bool areEqual(const Value &left, const Value &right, int depth) {
  if (depth > deepest)
    return false;
  if (left.isWhole() && right.isWhole())
    return left.integer == right.integer;
  if (left.isNumber() && right.isNumber())
    return left.asFloat() == right.asFloat();
  if (left.kind != right.kind)
    return false;
  switch (left.kind) {
  case Kind::String:
    return left.view() == right.view();
  case Kind::Sequence:
    return areEqual(*left.sequence, *right.sequence, depth);
  case Kind::Dict:
    return areEqual(*left.dict, *right.dict, depth);
  case Kind::None:
  case Kind::Undefined:
  case Kind::Missing:
  case Kind::Joiner:
    return true;
  default:
    return left.integer == right.integer; // the same object
  }
}

template <typename T> static int orderOf(T left, T right) {
  return left < right ? -1 : left > right;
}

bool compare(const Value &left, const Value &right, int &order, int depth) {
  if (left.isWhole() && right.isWhole())
    return order = orderOf(left.integer, right.integer), true;
  if (left.isNumber() && right.isNumber())
    return order = orderOf(left.asFloat(), right.asFloat()), true;
  if (left.is(Kind::String) && right.is(Kind::String)) {
    // The order of UTF-8's bytes is that of characters.
    size_t common = std::min(left.bytes, right.bytes);
    int bytes = common ? memcmp(left.text, right.text, common) : 0;
    order = bytes ? bytes : orderOf(left.bytes, right.bytes);
    return true;
  }
  if (!left.is(Kind::Sequence) || !right.is(Kind::Sequence) ||
      depth > deepest || left.sequence->form > Sequence::Tuple ||
      left.sequence->form != right.sequence->form)
    return false;
  const Sequence &first = *left.sequence, &second = *right.sequence;
  for (int64_t i = 0; i < std::min(first.count, second.count); ++i)
    if (!areEqual(first.items[i], second.items[i]))
      return compare(first.items[i], second.items[i], order, depth + 1);
  return order = orderOf(first.count, second.count), true;
}

const char *typeName(const Value &value) {
  switch (value.kind) {
  case Kind::Missing:
  case Kind::Undefined:
    return "Undefined";
  case Kind::None:
    return "NoneType";
  case Kind::Boolean:
    return "bool";
  case Kind::Integer:
    return "int";
  case Kind::Float:
    return "float";
  case Kind::String:
    return "str";
  case Kind::Sequence:
    switch (value.sequence->form) {
    case Sequence::List:
      return "list";
    case Sequence::Tuple:
      return "tuple";
    case Sequence::Range:
      return "range";
    case Sequence::View:
      return "view of a dict";
    case Sequence::Generator:
      return "generator";
    }
    break;
  case Kind::Dict:
    return "dict";
  case Kind::Namespace:
    return "Namespace";
  case Kind::Macro:
    return "Macro";
  case Kind::Function:
    return "function";
  case Kind::Method:
    return "method";
  case Kind::Loop:
    return "LoopContext";
  case Kind::Joiner:
    return "Joiner";
  case Kind::Cycler:
    return "Cycler";
  }
  return "object";
}

} // namespace heddle::chat
