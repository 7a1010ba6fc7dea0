// The values of a chat template: what Python's would be, as far as templates
// can tell.
//
// Values are small and copied; what they point to lies in a Heap, is never
// freed by itself, and goes with it. Strings do not change, so parts of them
// share their bytes. They are well-formed UTF-8, and counted by characters
// wherever Python counts.
//
// Shared with the compiler, which tries the templates that it builds in.
#ifndef HEDDLE_RUNTIME_CHAT_VALUE_H
#define HEDDLE_RUNTIME_CHAT_VALUE_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::chat {

struct Sequence;
struct Dict;
struct Macro;
struct Method;
struct Loop;
struct Function;
struct Cycler;

enum class Kind : uint8_t {
  Missing, // no value at all: an argument that is not given
  Undefined,
  None,
  Boolean,
  Integer,
  Float,
  String,
  Sequence,
  Dict,
  Namespace, // a dict whose entries are attributes that can be set
  Macro,
  Function, // of the template's environment: range, raise_exception …
  Method,   // of a value: text.strip
  Loop,     // the variable `loop`
  Joiner,
  Cycler
};

struct Value {
  Kind kind = Kind::Undefined;
  bool markup = false; // a string that the filter `safe` has made
  uint32_t bytes = 0;  // of a string, or of an undefined value's name
  union {
    int64_t integer = 0; // or a boolean
    double number;
    const char *text;
    Sequence *sequence;
    Dict *dict; // or a namespace
    Macro *macro;
    const Function *function;
    const Method *method;
    Loop *loop;
    Cycler *cycler;
  };

  std::string_view view() const { return {text, bytes}; }
  bool is(Kind wanted) const { return kind == wanted; }
  bool isWhole() const {
    return kind == Kind::Integer || kind == Kind::Boolean;
  }
  bool isNumber() const { return isWhole() || kind == Kind::Float; }
  double asFloat() const {
    return kind == Kind::Float ? number : static_cast<double>(integer);
  }
};

inline Value ofKind(Kind kind) {
  Value value;
  value.kind = kind;
  return value;
}
inline Value none() { return ofKind(Kind::None); }
inline Value missing() { return ofKind(Kind::Missing); }
inline Value undefined(std::string_view name = {}) {
  Value value;
  value.text = name.data();
  value.bytes = static_cast<uint32_t>(name.size());
  return value;
}
inline Value boolean(bool truth) {
  Value value = ofKind(Kind::Boolean);
  value.integer = truth;
  return value;
}
inline Value integer(int64_t number) {
  Value value = ofKind(Kind::Integer);
  value.integer = number;
  return value;
}
inline Value floating(double number) {
  Value value = ofKind(Kind::Float);
  value.number = number;
  return value;
}
/// A string whose bytes live long enough.
inline Value stringOf(std::string_view text, bool markup = false) {
  Value value = ofKind(Kind::String);
  value.markup = markup;
  value.text = text.data();
  value.bytes = static_cast<uint32_t>(text.size());
  return value;
}

using Values = text::Buffer<Value>;

/// What has items one after the other.
struct Sequence {
  enum Form : uint8_t {
    List,
    Tuple,
    Range,
    View,     // of a dict: has a length, and no item by its number
    Generator // is read once
  } form = List;
  bool read = false; // of a generator
  int64_t count = 0;
  uint64_t work = 0; // see workOn()
  Value *items = nullptr;

  bool hasIndices() const { return form <= Range; }
};

/// In the order in which keys came.
struct Dict {
  struct Entry {
    Value key, value;
  };
  int64_t count = 0, room = 0;
  uint64_t work = 0;
  Entry *entries = nullptr;

  Value *find(const Value &key);
  const Value *find(const Value &key) const {
    return const_cast<Dict *>(this)->find(key);
  }
  const Value *find(std::string_view key) const;
};

/// Memory of a rendering: given out piece by piece, and freed together.
class Heap {
public:
  /// Gives out `most` bytes at most.
  explicit Heap(size_t most) : left(most) {}
  Heap(const Heap &) = delete;
  Heap &operator=(const Heap &) = delete;
  ~Heap();

  /// Null where there is no more, which isExhausted() then tells.
  void *allocate(size_t bytes);
  template <typename T> T *create() {
    void *memory = allocate(sizeof(T));
    return memory ? new (memory) T() : nullptr;
  }
  bool isExhausted() const { return exhausted; }

  /// Undefined where there is no memory.
  Value string(std::string_view text, bool markup = false);
  /// `first` followed by `second`. Costs only the second where the first is
  /// what was made last, as when a text grows.
  Value concatenation(std::string_view first, std::string_view second);
  Value sequence(Sequence::Form form, const Value *items, int64_t count);
  Value sequence(Sequence::Form form, const Values &items) {
    return sequence(form, items.data(), static_cast<int64_t>(items.size()));
  }
  Value pair(const Value &first, const Value &second);
  Value dict(Kind kind = Kind::Dict);
  /// Replaces the value of a key that is there.
  void set(Dict &dict, const Value &key, const Value &value);

private:
  struct Block {
    Block *before;
    size_t size;
  };
  bool grow(size_t bytes);

  Block *blocks = nullptr;
  char *at = nullptr, *end = nullptr;
  size_t left;
  bool exhausted = false;
};

/// What it costs to look at all of a value. Parts that it shares with itself
/// count as often as they are found, so that a small one may be immense.
uint64_t workOn(const Value &value);

bool isTrue(const Value &value);
/// Python's ==.
bool areEqual(const Value &left, const Value &right, int depth = 0);
/// Less than, equal to, greater than 0; false if Python would not compare.
bool compare(const Value &left, const Value &right, int &order, int depth = 0);

/// What Python calls a value's type.
const char *typeName(const Value &value);

/// str() and repr(). False where a value has no printed form that two runs
/// would agree on.
bool appendString(text::Text &out, const Value &value);
bool appendRepresentation(text::Text &out, const Value &value, int depth = 0);
void appendFloat(text::Text &out, double number);

/// json.dumps of Python.
struct JsonStyle {
  bool escapesUnicode = false, sortsKeys = false;
  bool breaksLines = false;
  std::string_view indent = "";
  std::string_view itemSeparator = ", ", keySeparator = ": ";
};
/// What is not a JSON value, or nothing.
const char *appendJson(text::Text &out, const Value &value,
                       const JsonStyle &style, int depth = 0);

/// Reads a JSON text, with the keys of its objects in their order. What is
/// wrong with it, or null.
const char *readJson(std::string_view text, Heap &heap, Value &value);

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_VALUE_H
