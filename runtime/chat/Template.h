// A chat template: conversation in, the text that a model continues out.
//
// Shared with the compiler, which tries the templates that it builds in.
#ifndef HEDDLE_RUNTIME_CHAT_TEMPLATE_H
#define HEDDLE_RUNTIME_CHAT_TEMPLATE_H

#include "runtime/chat/Value.h"

#include <ctime>

namespace heddle::chat {

class Template {
public:
  Template() = default;
  Template(const Template &) = delete;
  Template &operator=(const Template &) = delete;
  ~Template();

  /// Reads the source, which is copied. Null, or what is wrong with it, such as
  /// `line 3: the statement `include` is not supported`. The message lives as
  /// long as the template.
  const char *open(std::string_view source);

  /// Appends to `out` what the template makes of a dict of variables:
  /// `messages`, `tools`, `add_generation_prompt` … Null, or what went wrong,
  /// such as the template's own words where it refuses a conversation.
  /// `steps` bounds the work; a template is never executed for longer than some
  /// seconds.
  const char *render(const Value &variables, time_t now, text::Text &out,
                     Heap &heap, int64_t steps = 50'000'000);

private:
  struct State;
  State *state = nullptr;
  char message[512] = "";
};

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_TEMPLATE_H
