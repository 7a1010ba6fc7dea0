// A conversation written down by a checkpoint's template, with what templates
// may read besides its messages.
#ifndef HEDDLE_RUNTIME_CHAT_RENDERING_H
#define HEDDLE_RUNTIME_CHAT_RENDERING_H

#include "runtime/abi.h"
#include "runtime/chat/Template.h"

namespace heddle::runtime {

/// The template of this name; without one `tool_use`, if there are tools and
/// such a template, else `default`, else the only one. Null and a message if
/// there is none.
const heddle_prompt *chooseTemplate(const heddle_chat &chat, const char *name,
                                    bool withTools);

/// The number of the first message that is no object with a role, which every
/// template may rely on; -1: all have one.
int64_t findMessageWithoutRole(const chat::Value &messages);

/// What a template is given.
struct Conversed {
  chat::Value messages, tools = chat::none();
  const chat::Dict *variables = nullptr; // what else it reads
  bool beginsAnswer = true;
};

/// Appends what the template makes of it to `out`.
heddle_status render(const heddle_chat &chat, chat::Template &parsed,
                     const Conversed &conversed, text::Text &out);

/// The same of JSON, as heddle_chat_render() has it.
heddle_status render(const heddle_program &program, const char *messages,
                     const heddle_chat_options &options, text::Text &out);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_CHAT_RENDERING_H
