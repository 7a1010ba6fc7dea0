#include "runtime/serve/Message.h"

namespace heddle::serve {

using chat::Kind;
using chat::Value;

/// Null where the object, if it is one, has no such string.
static const Value *findString(const Value &object, std::string_view name) {
  const Value *value =
      object.is(Kind::Dict) ? object.dict->find(name) : nullptr;
  return value && value->is(Kind::String) ? value : nullptr;
}

static Value *findField(Value &object, std::string_view name) {
  return object.is(Kind::Dict) ? object.dict->find(chat::stringOf(name))
                               : nullptr;
}

static const char *joinParts(Value &content, chat::Heap &heap) {
  text::Text joined;
  for (int64_t i = 0; i < content.sequence->count; ++i) {
    const Value &part = content.sequence->items[i];
    const Value *type = findString(part, "type");
    const Value *text = findString(part, "text");
    if (!type || type->view() != "text" || !text)
      return "has a part that is no text: the model reads texts only";
    if (i)
      joined.push('\n');
    joined.append(text->view());
  }
  content = heap.string(joined.view());
  return nullptr;
}

static const char *readArguments(Value &call, chat::Heap &heap) {
  Value *function = findField(call, "function");
  Value *arguments = function ? findField(*function, "arguments") : nullptr;
  if (!arguments)
    return "has a tool call that is no call of a function with arguments";
  if (arguments->is(Kind::String) &&
      chat::readJson(arguments->view(), heap, *arguments))
    return "has a tool call whose arguments are no JSON";
  return nullptr;
}

const char *prepareMessage(Value &message, chat::Heap &heap) {
  if (!findString(message, "role"))
    return "has no role";
  Value *content = findField(message, "content");
  if (content && content->is(Kind::Sequence))
    if (const char *wrong = joinParts(*content, heap))
      return wrong;
  Value *calls = findField(message, "tool_calls");
  for (int64_t i = 0;
       calls && calls->is(Kind::Sequence) && i < calls->sequence->count; ++i)
    if (const char *wrong = readArguments(calls->sequence->items[i], heap))
      return wrong;
  return nullptr;
}

} // namespace heddle::serve
