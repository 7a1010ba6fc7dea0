#include "runtime/chat/Rendering.h"
#include "runtime/Error.h"
#include "runtime/Model.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

using chat::Kind;
using chat::stringOf;
using chat::Value;

/// Of what is made for one rendering.
static constexpr size_t mostBytes = size_t{256} << 20;

static heddle_status noMemory() {
  return fail(HEDDLE_OUT_OF_MEMORY, "no memory for the conversation");
}

/// The status for what a template says.
static heddle_status statusOf(const char *wrong, const chat::Heap &heap,
                              heddle_status otherwise) {
  bool noMemory = heap.isExhausted() || !strcmp(wrong, "out of memory") ||
                  strstr(wrong, ": no memory for the template");
  return noMemory ? HEDDLE_OUT_OF_MEMORY : otherwise;
}

const heddle_prompt *chooseTemplate(const heddle_chat &chat, const char *name,
                                    bool withTools) {
  const heddle_prompt *chosen = nullptr;
  for (int32_t i = 0; i < chat.template_count; ++i) {
    const heddle_prompt &one = chat.templates[i];
    if (name ? !strcmp(one.name, name)
             : withTools && !strcmp(one.name, "tool_use"))
      return &one;
    if (!name && (!strcmp(one.name, "default") || chat.template_count == 1))
      chosen = &one;
  }
  if (!chosen && name)
    fail(HEDDLE_BAD_ARGUMENT, "the checkpoint has no chat template %s", name);
  else if (!chosen)
    fail(HEDDLE_NOT_SUPPORTED,
         "the checkpoint has %d chat templates, and none of them is the "
         "default",
         chat.template_count);
  return chosen;
}

int64_t findMessageWithoutRole(const Value &messages) {
  for (int64_t i = 0; i < messages.sequence->count; ++i) {
    const Value &message = messages.sequence->items[i];
    const Value *role =
        message.is(Kind::Dict) ? message.dict->find("role") : nullptr;
    if (!role || !role->is(Kind::String))
      return i;
  }
  return -1;
}

heddle_status render(const heddle_chat &chat, chat::Template &parsed,
                     const Conversed &conversed, text::Text &out) {
  chat::Heap work(mostBytes);
  Value variables = work.dict();
  if (!variables.is(Kind::Dict))
    return noMemory();
  auto set = [&](const char *name, Value value) {
    work.set(*variables.dict, stringOf(name), value);
  };
  for (int32_t i = 0; i < chat.token_count; ++i)
    set(chat.tokens[i].name, stringOf(chat.tokens[i].text));
  set("documents", chat::none());
  for (int64_t i = 0; conversed.variables && i < conversed.variables->count;
       ++i)
    work.set(*variables.dict, conversed.variables->entries[i].key,
             conversed.variables->entries[i].value);
  set("messages", conversed.messages);
  set("tools", conversed.tools);
  set("add_generation_prompt", chat::boolean(conversed.beginsAnswer));
  if (work.isExhausted())
    return noMemory();
  if (const char *wrong = parsed.render(variables, time(nullptr), out, work))
    return fail(statusOf(wrong, work, HEDDLE_BAD_ARGUMENT), "chat template, %s",
                wrong);
  return HEDDLE_OK;
}

static heddle_status readJson(const char *what, const char *json, Kind kind,
                              const char *needed, chat::Heap &heap,
                              Value &value) {
  const char *wrong = chat::readJson(json, heap, value);
  if (heap.isExhausted() || text::trouble != text::Trouble::None)
    return noMemory();
  if (wrong)
    return fail(HEDDLE_BAD_ARGUMENT, "%s: found %s, needed JSON", what, wrong);
  if (!value.is(kind))
    return fail(HEDDLE_BAD_ARGUMENT, "%s: found %s, needed %s", what,
                chat::typeName(value), needed);
  return HEDDLE_OK;
}

/// What the caller has its own argument for.
static heddle_status checkVariables(const chat::Dict &variables) {
  for (const char *name : {"messages", "tools", "add_generation_prompt"})
    if (variables.find(name))
      return fail(HEDDLE_BAD_ARGUMENT,
                  "variables: found %s, which is an argument by itself", name);
  return HEDDLE_OK;
}

heddle_status render(const heddle_program &program, const char *messages,
                     const heddle_chat_options &options, text::Text &out) {
  if (!program.chat)
    return fail(HEDDLE_NOT_SUPPORTED, "%s has no chat template", program.name);
  if (!messages)
    return fail(HEDDLE_BAD_ARGUMENT, "messages is NULL, needed: JSON");
  chat::Heap heap(mostBytes);
  Conversed conversed;
  if (heddle_status status =
          readJson("messages", messages, Kind::Sequence, "a list of messages",
                   heap, conversed.messages))
    return status;
  if (int64_t i = findMessageWithoutRole(conversed.messages); i >= 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "message %" PRId64 " has no role, needed an object with one",
                i + 1);
  if (options.tools)
    if (heddle_status status =
            readJson("tools", options.tools, Kind::Sequence, "a list of tools",
                     heap, conversed.tools))
      return status;
  Value variables;
  if (options.variables) {
    if (heddle_status status =
            readJson("variables", options.variables, Kind::Dict, "an object",
                     heap, variables))
      return status;
    if (heddle_status status = checkVariables(*variables.dict))
      return status;
    conversed.variables = variables.dict;
  }
  conversed.beginsAnswer = !options.without_answer;
  const heddle_prompt *chosen =
      chooseTemplate(*program.chat, options.template_name, options.tools);
  if (!chosen)
    return HEDDLE_BAD_ARGUMENT;
  chat::Template parsed;
  if (const char *wrong = parsed.open(chosen->text))
    return fail(statusOf(wrong, heap, HEDDLE_BAD_FILE), "chat template %s: %s",
                chosen->name, wrong);
  return render(*program.chat, parsed, conversed, out);
}

} // namespace heddle::runtime

using namespace heddle;
using namespace heddle::runtime;

int64_t heddle_chat_render(heddle_model *model, const char *messages,
                           const heddle_chat_options *options, char *text,
                           int64_t capacity) {
  ModelUse use(model);
  if (use.check())
    return -1;
  if (capacity < 0 || (capacity && !text))
    return fail(HEDDLE_BAD_ARGUMENT, "text is NULL, or capacity less than 0"),
           -1;
  text::TroubleWatch watch;
  text::Text out;
  heddle_chat_options none = {};
  if (render(*model->program, messages, options ? *options : none, out))
    return -1;
  if (const char *wrong = text::describeDecoding(watch.found()))
    return fail(statusOf(wrong), "the conversation: %s", wrong), -1;
  auto bytes = static_cast<int64_t>(out.size());
  if (int64_t written = std::min(bytes, capacity); written > 0)
    memcpy(text, out.data(), static_cast<size_t>(written));
  return bytes;
}
