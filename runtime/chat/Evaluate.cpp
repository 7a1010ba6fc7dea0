// Expressions: what they are worth.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::chat {

Value Interpreter::evaluate(const Node *node) {
  if (!spend() || !descend())
    return undefined();
  Value value = evaluateNode(*node);
  --depth;
  return value;
}

Value Interpreter::evaluateNode(const Node &node) {
  switch (node.type) {
  case NodeType::Constant:
    return node.value;
  case NodeType::Name:
    return evaluateName(node.symbol);
  case NodeType::BlockText:
    return blockText;
  case NodeType::List:
    return evaluateItems(node.parts[0], Sequence::List);
  case NodeType::Tuple:
    return evaluateItems(node.parts[0], Sequence::Tuple);
  case NodeType::Dict:
    return evaluateDict(node.parts[0]);
  case NodeType::Conditional:
    if (isTrue(evaluate(node.parts[0])))
      return evaluate(node.parts[1]);
    return node.parts[2] ? evaluate(node.parts[2]) : undefined();
  case NodeType::Or: {
    Value left = evaluate(node.parts[0]);
    return isTrue(left) ? left : evaluate(node.parts[1]);
  }
  case NodeType::And: {
    Value left = evaluate(node.parts[0]);
    return isTrue(left) ? evaluate(node.parts[1]) : left;
  }
  case NodeType::Not:
    return boolean(!isTrue(evaluate(node.parts[0])));
  case NodeType::Unary:
    return evaluateUnary(node);
  case NodeType::Binary:
    return evaluateBinary(node);
  case NodeType::Compare:
    return evaluateCompare(node);
  case NodeType::Join:
    return evaluateJoin(node.parts[0]);
  case NodeType::Filtered:
  case NodeType::Tested: {
    Value operand = evaluate(node.parts[0]);
    Arguments arguments;
    evaluateArguments(node.parts[1], arguments);
    line = node.line;
    std::string_view name = node.value.view();
    if (node.type == NodeType::Filtered)
      return applyFilter(node.filter, name, operand, arguments);
    return boolean(applyTest(node.test, name, operand, arguments));
  }
  case NodeType::Call:
    return evaluateCall(node, nullptr);
  case NodeType::Attribute: {
    Value object = evaluate(node.parts[0]);
    line = node.line;
    return getAttribute(object, node.value.view());
  }
  case NodeType::Item: {
    Value object = evaluate(node.parts[0]), index = evaluate(node.parts[1]);
    line = node.line;
    return getItem(object, index);
  }
  case NodeType::Slice:
    return evaluateSlice(node);
  default:
    fail("found a statement in the place of an expression");
    return undefined();
  }
}

Value Interpreter::evaluateName(int32_t symbol) {
  if (const Variable *variable = find(symbol))
    return variable->value;
  std::string_view name = symbols[static_cast<size_t>(symbol)];
  const Function *function = findFunction(name);
  if (!function)
    return undefined(name);
  Value value = ofKind(Kind::Function);
  value.function = function;
  return value;
}

Value Interpreter::evaluateItems(const Node *items, Sequence::Form form) {
  Values values;
  for (const Node *item = items; item && !failed(); item = item->next)
    values.push(evaluate(item));
  return heap.sequence(form, values);
}

/// Lists and dicts cannot be keys.
static bool canBeKey(const Value &value) {
  return value.kind < Kind::Sequence ||
         (value.is(Kind::Sequence) && value.sequence->form == Sequence::Tuple);
}

Value Interpreter::evaluateDict(const Node *entries) {
  Value dict = heap.dict();
  for (const Node *key = entries; key && !failed(); key = key->next->next) {
    Value keyValue = evaluate(key), value = evaluate(key->next);
    if (!canBeKey(keyValue))
      fail("found a key that is a %s", typeName(keyValue));
    else if (dict.is(Kind::Dict) && spendOnFinding(*dict.dict, keyValue))
      heap.set(*dict.dict, keyValue, value);
  }
  return dict;
}

Value Interpreter::evaluateCompare(const Node &node) {
  Value left = evaluate(node.parts[0]);
  for (const Node *operand = node.parts[1]; operand && !failed();
       operand = operand->next) {
    Value right = evaluate(operand->parts[0]);
    line = operand->line;
    if (!holds(operand->operation, left, right))
      return boolean(false);
    left = right;
  }
  return boolean(true);
}

Value Interpreter::evaluateJoin(const Node *operands) {
  Value joined = toString(evaluate(operands));
  joined.markup = false;
  for (const Node *node = operands->next; node && !failed();
       node = node->next) {
    Value more = toString(evaluate(node));
    if (spend(more.bytes / 16))
      joined = heap.concatenation(joined.view(), more.view());
    if (!joined.is(Kind::String))
      break;
  }
  return joined;
}

void Interpreter::spread(const Node &node, Arguments &arguments) {
  Value value = evaluate(node.parts[0]);
  if (node.ofNames) {
    if (!value.is(Kind::Dict))
      return fail("found a %s behind `**`, needed a dict", typeName(value));
    for (int64_t i = 0; i < value.dict->count && spend(); ++i)
      if (const Dict::Entry &entry = value.dict->entries[i];
          entry.key.is(Kind::String))
        arguments.named.push({entry.key.view(), entry.value});
      else
        fail("found a key behind `**` that is no string");
    return;
  }
  const Sequence *items = iterate(value);
  for (int64_t i = 0; items && i < items->count && spend(); ++i)
    arguments.positional.push(items->items[i]);
}

void Interpreter::evaluateArguments(const Node *nodes, Arguments &arguments) {
  for (const Node *node = nodes; node && !failed(); node = node->next)
    if (node->type == NodeType::Spread)
      spread(*node, arguments);
    else if (node->type == NodeType::Keyword)
      arguments.named.push({node->value.view(), evaluate(node->parts[0])});
    else
      arguments.positional.push(evaluate(node));
}

Value Interpreter::evaluateCall(const Node &node, const Value *caller) {
  Value callee = evaluate(node.parts[0]);
  Arguments arguments;
  evaluateArguments(node.parts[1], arguments);
  if (failed())
    return undefined();
  line = node.line;
  if (callee.is(Kind::Macro))
    return callMacro(*callee.macro, arguments, caller);
  return call(callee, arguments);
}

Value Interpreter::toString(const Value &value) {
  if (value.is(Kind::String))
    return value;
  text::Text text;
  if (failed())
    return stringOf("");
  if (spend(workOn(value)) && !appendString(text, value))
    fail("found a %s, which cannot be written out", typeName(value));
  Value string = heap.string(text.view());
  return string.is(Kind::String) ? string : stringOf("");
}

const Sequence *Interpreter::iterate(const Value &value) {
  Values items;
  switch (value.kind) {
  case Kind::Undefined:
    break;
  case Kind::Sequence: {
    Sequence &sequence = *value.sequence;
    if (sequence.form == Sequence::Generator && sequence.read)
      break;
    sequence.read = true;
    spend(static_cast<uint64_t>(sequence.count) / 4);
    return &sequence;
  }
  case Kind::String:
    for (size_t at = 0; at < value.bytes && spend();) {
      size_t begin = at;
      text::nextCharacter(value.view(), at);
      items.push(stringOf(text::slice(value.view(), begin, at), value.markup));
    }
    break;
  case Kind::Dict:
    for (int64_t i = 0; i < value.dict->count; ++i)
      items.push(value.dict->entries[i].key);
    break;
  default:
    fail("found a %s, which cannot be iterated over", typeName(value));
    return nullptr;
  }
  Value made = heap.sequence(Sequence::List, items);
  if (!made.is(Kind::Sequence) || failed())
    return nullptr;
  return made.sequence;
}

bool Interpreter::spendOnFinding(const Dict &dict, const Value &key) {
  uint64_t keyWork = key.is(Kind::String) ? 1 : workOn(key);
  return spend((1 + static_cast<uint64_t>(dict.count) / 4) * keyWork);
}

//===-- Members --===//

static Value methodOf(Heap &heap, const Value &self, const MethodEntry *entry) {
  auto *method = heap.create<Method>();
  if (!method)
    return undefined();
  *method = {self, entry};
  Value value = ofKind(Kind::Method);
  value.method = method;
  return value;
}

Value Interpreter::getAttribute(const Value &object, std::string_view name) {
  if (failed())
    return undefined();
  if (object.is(Kind::Undefined)) {
    fail("`%.*s` is undefined, and has no member %.*s",
         static_cast<int>(object.bytes), object.bytes ? object.text : "",
         static_cast<int>(name.size()), name.data());
    return undefined();
  }
  if (object.is(Kind::Namespace)) {
    const Value *value = object.dict->find(name);
    return value ? *value : undefined(name);
  }
  if (object.is(Kind::Loop))
    return getLoopAttribute(*object.loop, name);
  if (isForbidden(object, name))
    return undefined(name);
  const MethodEntry *method = object.is(Kind::String)
                                  ? findStringMethod(name)
                                  : findMethod(object, name);
  if (method)
    return methodOf(heap, object, method);
  if (object.is(Kind::Dict) && spendOnFinding(*object.dict, none()))
    if (const Value *value = object.dict->find(name))
      return *value;
  return undefined(name);
}

/// The item at a number that counts from the end where it is negative; null
/// where there is none.
static const Value *itemAt(const Sequence &sequence, int64_t index) {
  if (index < 0)
    index += sequence.count;
  bool isThere = index >= 0 && index < sequence.count;
  return isThere ? &sequence.items[index] : nullptr;
}

Value Interpreter::getItem(const Value &object, const Value &index) {
  if (failed())
    return undefined();
  if (object.is(Kind::Undefined) || object.is(Kind::Missing)) {
    fail("`%.*s` is undefined, and has no items",
         static_cast<int>(object.bytes), object.bytes ? object.text : "");
    return undefined();
  }
  if (object.is(Kind::Dict)) {
    if (!spendOnFinding(*object.dict, index))
      return undefined();
    if (const Value *value = object.dict->find(index))
      return *value;
  } else if (object.is(Kind::Sequence) && object.sequence->hasIndices() &&
             index.isWhole()) {
    const Value *item = itemAt(*object.sequence, index.integer);
    return item ? *item : undefined();
  } else if (object.is(Kind::String) && index.isWhole()) {
    spend(object.bytes / 16);
    int64_t count = countCharacters(object.view());
    int64_t place = index.integer < 0 ? index.integer + count : index.integer;
    if (place < 0 || place >= count)
      return undefined();
    size_t begin = byteOf(object.view(), place), end = begin;
    text::nextCharacter(object.view(), end);
    return stringOf(text::slice(object.view(), begin, end), object.markup);
  }
  // A string names what is no item: a method.
  if (!index.is(Kind::String) || isForbidden(object, index.view()))
    return undefined(index.is(Kind::String) ? index.view() : "");
  const MethodEntry *method = object.is(Kind::String)
                                  ? findStringMethod(index.view())
                                  : findMethod(object, index.view());
  return method ? methodOf(heap, object, method) : undefined(index.view());
}

Value Interpreter::getPath(Value value, const Value &path) {
  if (!path.is(Kind::String))
    return getItem(value, path);
  std::string_view rest = path.view();
  for (bool more = true; more && !failed();) {
    size_t dot = findText(rest, ".", 0);
    more = dot != std::string_view::npos;
    std::string_view part = text::slice(rest, 0, more ? dot : rest.size());
    int64_t number = 0;
    bool isNumber = !part.empty() && part.size() < 10;
    for (char digit : part) {
      isNumber &= digit >= '0' && digit <= '9';
      number = number * 10 + (digit - '0') * isNumber;
    }
    value = getItem(value, isNumber ? integer(number) : stringOf(part));
    if (more)
      rest = text::slice(rest, dot + 1, rest.size());
  }
  return value;
}

//===-- Slices --===//

namespace {
/// Where a slice begins and ends, and how many items it has.
struct Range {
  int64_t start, step, count;
};
} // namespace

/// As PySlice_AdjustIndices.
static Range rangeOf(const Value &start, const Value &stop, int64_t step,
                     int64_t length) {
  auto clamp = [&](const Value &value, int64_t missing) {
    if (!value.isWhole())
      return missing;
    int64_t index = value.integer;
    if (index < 0)
      index = index < -length ? -1 : index + length;
    if (step > 0)
      return std::min(std::max<int64_t>(index, 0), length);
    return std::min(std::max<int64_t>(index, -1), length - 1);
  };
  int64_t first = clamp(start, step > 0 ? 0 : length - 1);
  int64_t last = clamp(stop, step > 0 ? length : -1);
  int64_t distance = step > 0 ? last - first : first - last;
  int64_t stride = step > 0 ? step : -step;
  return {first, step, distance <= 0 ? 0 : (distance - 1) / stride + 1};
}

Value Interpreter::evaluateSlice(const Node &node) {
  Value object = evaluate(node.parts[0]);
  Value bounds[3];
  for (int i = 0; i < 3; ++i) {
    bounds[i] = node.parts[i + 1] ? evaluate(node.parts[i + 1]) : none();
    if (!bounds[i].isWhole() && !bounds[i].is(Kind::None))
      fail("found a slice with a bound that is a %s", typeName(bounds[i]));
  }
  line = node.line;
  bool isString = object.is(Kind::String);
  bool isSequence = object.is(Kind::Sequence) && object.sequence->hasIndices();
  int64_t step = bounds[2].isWhole() ? bounds[2].integer : 1;
  if (step == 0 || step < -INT64_MAX)
    fail("found a slice with a step of %lld", static_cast<long long>(step));
  if (!isString && !isSequence)
    fail("found a %s, which cannot be sliced", typeName(object));
  if (failed())
    return undefined();
  if (!isString) {
    Sequence &sequence = *object.sequence;
    Range range = rangeOf(bounds[0], bounds[1], step, sequence.count);
    Values items;
    for (int64_t i = 0; i < range.count && spend(); ++i)
      items.push(sequence.items[range.start + i * step]);
    return heap.sequence(sequence.form, items);
  }
  std::string_view text = object.view();
  spend(text.size() / 16);
  Range range = rangeOf(bounds[0], bounds[1], step, countCharacters(text));
  if (step == 1) {
    size_t begin = byteOf(text, range.start);
    std::string_view rest = text::slice(text, begin, text.size());
    return stringOf(text::slice(rest, 0, byteOf(rest, range.count)),
                    object.markup);
  }
  text::Buffer<size_t> places;
  for (size_t at = 0; at < text.size(); at += text::characterLength(text[at]))
    places.push(at);
  text::Text out;
  for (int64_t i = 0; i < range.count && spend(); ++i) {
    size_t place = static_cast<size_t>(range.start + i * step);
    if (place < places.size())
      out.append(text::slice(text, places[place],
                             places[place] +
                                 text::characterLength(text[places[place]])));
  }
  return heap.string(out.view(), object.markup);
}

} // namespace heddle::chat
