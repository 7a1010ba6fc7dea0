// What a template may call: filters, tests, functions and methods, by name.
#ifndef HEDDLE_RUNTIME_CHAT_FUNCTIONS_H
#define HEDDLE_RUNTIME_CHAT_FUNCTIONS_H

#include "runtime/chat/Value.h"

#include <string_view>

namespace heddle::chat {

class Interpreter;

/// Arguments of a call as they are written.
struct Arguments {
  struct Named {
    std::string_view name;
    Value value;
  };
  Values positional;
  text::Buffer<Named> named;
};

/// Arguments in the order of a function's parameters; Missing where none is
/// given.
struct Bound {
  static constexpr int most = 6;
  Value values[most];

  const Value &operator[](int index) const { return values[index]; }
  bool has(int index) const { return !values[index].is(Kind::Missing); }
};

/// Names with a space between them; null: the function binds by itself.
struct Filter {
  const char *name, *parameters;
  Value (*apply)(Interpreter &, const Value &input, const Bound &);
  Value (*applyFreely)(Interpreter &, const Value &input, const Arguments &);
};

struct Test {
  const char *name, *parameters;
  bool (*holds)(Interpreter &, const Value &input, const Bound &);
};

struct Function {
  const char *name, *parameters;
  Value (*call)(Interpreter &, const Bound &);
  Value (*callFreely)(Interpreter &, const Arguments &);
};

/// Of strings, lists and dicts. `this` is a string for the first, and so on.
struct MethodEntry {
  const char *name, *parameters;
  Value (*call)(Interpreter &, const Value &self, const Bound &);
  Value (*callFreely)(Interpreter &, const Value &self, const Arguments &);
};

/// A method of a certain value.
struct Method {
  Value self;
  const MethodEntry *entry;
};

const Filter *findFilter(std::string_view name);
const Test *findTest(std::string_view name);
const Function *findFunction(std::string_view name);
const MethodEntry *findStringMethod(std::string_view name);
/// Of what is no string.
const MethodEntry *findMethod(const Value &value, std::string_view name);
/// A method that changes its value, which templates may not.
bool isForbidden(const Value &value, std::string_view name);

/// What Jinja or Python has by that name, and Heddle lacks.
bool isUnknownFilter(std::string_view name);
bool isUnknownTest(std::string_view name);
bool isUnknownMethod(std::string_view name);

/// `text` with `fresh` for every `old`, at most `most` times; -1: all.
Value replaceIn(Interpreter &run, std::string_view text, std::string_view old,
                std::string_view fresh, int64_t most, bool markup);

/// Filters of single values, and of several.
extern const Filter valueFilters[];
extern const size_t valueFilterCount;
extern const Filter sequenceFilters[];
extern const size_t sequenceFilterCount;

/// The number of the name among `parameters`, or -1.
int64_t placeOf(std::string_view name, const char *parameters);
int64_t countParameters(const char *parameters);

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_FUNCTIONS_H
