#include "runtime/chat/Template.h"
#include "runtime/Memory.h"
#include "runtime/chat/Interpreter.h"
#include "runtime/text/Unicode.h"

namespace heddle::chat {

using runtime::create;
using runtime::destroy;

/// Templates of published models have some 20 KB.
static constexpr size_t mostSourceBytes = size_t{1} << 20;
static constexpr size_t mostTreeBytes = size_t{128} << 20;

struct Template::State {
  text::Text source;
  Heap heap{mostTreeBytes};
  Symbols symbols;
  Node *body = nullptr;
};

Template::~Template() { destroy(state); }

const char *Template::open(std::string_view source) {
  text::TroubleWatch watch;
  if (source.size() > mostSourceBytes)
    return "the template has more than 1 MiB";
  if (text::wellFormedPrefix(source) != source.size())
    return "the template is not UTF-8";
  destroy(state);
  if (!(state = create<State>()))
    return "out of memory";
  appendLines(state->source, source);
  Trouble trouble;
  text::Buffer<Token> tokens;
  tokenize(state->source.view(), tokens, trouble);
  if (!trouble.any() && watch.found() == text::Trouble::None)
    state->body = Parser(tokens, state->heap, state->symbols, trouble).parse();
  if (watch.found() != text::Trouble::None)
    return "out of memory";
  if (!trouble.any())
    return nullptr;
  snprintf(message, sizeof message, "line %d: %s", trouble.line,
           trouble.message);
  return message;
}

const char *Template::render(const Value &variables, time_t now,
                             text::Text &out, Heap &heap, int64_t steps) {
  text::TroubleWatch watch;
  Trouble trouble;
  Limits limits;
  limits.steps = steps;
  Interpreter interpreter(state->symbols, heap, limits, now, trouble);
  interpreter.run(state->body, *variables.dict, out);
  if (watch.found() == text::Trouble::Memory)
    return "out of memory";
  if (watch.found() != text::Trouble::None)
    return "the text has grown beyond all measure";
  if (!trouble.any())
    return nullptr;
  snprintf(message, sizeof message, "line %d: %s", trouble.line,
           trouble.message);
  return message;
}

} // namespace heddle::chat
