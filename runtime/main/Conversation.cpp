#include "runtime/main/Conversation.h"
#include "runtime/Error.h"
#include "runtime/RegularFile.h"
#include "runtime/chat/Rendering.h"
#include "runtime/text/Unicode.h"

#include <cinttypes>

namespace heddle::runtime {

using chat::Kind;
using chat::stringOf;
using chat::Value;

static heddle_status noMemory() {
  return fail(HEDDLE_OUT_OF_MEMORY, "no memory for the conversation");
}

heddle_status Conversation::open(const char *toolsFile) {
  if (toolsFile)
    if (heddle_status status = readFile(toolsFile, tools))
      return status;
  if (toolsFile && !tools.is(Kind::Sequence))
    return fail(HEDDLE_BAD_FILE, "%s: found no list, needed one of tools",
                toolsFile);
  const heddle_prompt *chosen = chooseTemplate(chat, nullptr, toolsFile);
  if (!chosen)
    return HEDDLE_NOT_SUPPORTED;
  if (const char *wrong = parsed.open(chosen->text))
    return fail(HEDDLE_BAD_FILE, "chat template %s: %s", chosen->name, wrong);
  return HEDDLE_OK;
}

heddle_status Conversation::add(const char *role, std::string_view content) {
  text::TroubleWatch watch;
  text::Text repaired;
  text::appendRepaired(repaired, content);
  Value message = heap.dict();
  if (!message.is(Kind::Dict))
    return noMemory();
  heap.set(*message.dict, stringOf("role"), heap.string(role));
  heap.set(*message.dict, stringOf("content"), heap.string(repaired.view()));
  messages.push(message);
  return heap.isExhausted() || watch.found() != text::Trouble::None ? noMemory()
                                                                    : HEDDLE_OK;
}

bool Conversation::beginsWithSystem(std::string_view content) const {
  if (messages.empty())
    return false;
  const chat::Dict &first = *messages[0].dict;
  const Value *role = first.find("role"), *said = first.find("content");
  return role && said && areEqual(*role, stringOf("system")) &&
         areEqual(*said, stringOf(content));
}

heddle_status Conversation::render(text::Text &out) {
  chat::Heap work(mostBytes);
  Conversed conversed;
  conversed.messages = work.sequence(chat::Sequence::List, messages);
  conversed.tools = tools;
  if (work.isExhausted())
    return noMemory();
  return runtime::render(chat, parsed, conversed, out);
}

heddle_status Conversation::write(text::Text &out) const {
  chat::Heap work(mostBytes);
  Value all = work.dict();
  if (!all.is(Kind::Dict))
    return noMemory();
  work.set(*all.dict, stringOf("messages"),
           work.sequence(chat::Sequence::List, messages));
  if (!tools.is(Kind::None))
    work.set(*all.dict, stringOf("tools"), tools);
  chat::JsonStyle style;
  style.breaksLines = true;
  style.indent = " ";
  style.itemSeparator = ",";
  if (work.isExhausted() || appendJson(out, all, style))
    return noMemory();
  out.push('\n');
  return HEDDLE_OK;
}

static heddle_status parse(const char *path, std::string_view json,
                           chat::Heap &heap, Value &value) {
  if (const char *wrong = chat::readJson(json, heap, value))
    return fail(HEDDLE_BAD_FILE, "%s: found %s, needed JSON", path, wrong);
  return HEDDLE_OK;
}

heddle_status Conversation::readFile(const char *path, Value &value) {
  Array<uint8_t> bytes;
  RegularFile file(path);
  if (heddle_status status = file.check("a JSON file"))
    return status;
  if (heddle_status status = file.readAll(int64_t{64} << 20, bytes))
    return status;
  return parse(path,
               {reinterpret_cast<const char *>(bytes.data()),
                static_cast<size_t>(bytes.size())},
               heap, value);
}

heddle_status Conversation::read(const char *path) {
  Value json;
  heddle_status status = readFile(path, json);
  return status ? status : take(path, json);
}

heddle_status Conversation::read(const char *path, std::string_view text) {
  Value json;
  heddle_status status = parse(path, text, heap, json);
  return status ? status : take(path, json);
}

heddle_status Conversation::take(const char *path, const Value &json) {
  const Value *list = json.is(Kind::Dict) ? json.dict->find("messages") : &json;
  if (!list || !list->is(Kind::Sequence))
    return fail(HEDDLE_BAD_FILE, "%s: found no messages, needed a list of them",
                path);
  if (int64_t i = findMessageWithoutRole(*list); i >= 0)
    return fail(HEDDLE_BAD_FILE,
                "%s: message %" PRId64
                " has no role, needed an object with one",
                path, i + 1);
  const Value *withTools =
      json.is(Kind::Dict) ? json.dict->find("tools") : nullptr;
  if (withTools && withTools->is(Kind::Sequence))
    tools = *withTools;
  messages.clear();
  for (int64_t i = 0; i < list->sequence->count; ++i)
    messages.push(list->sequence->items[i]);
  return HEDDLE_OK;
}

} // namespace heddle::runtime
