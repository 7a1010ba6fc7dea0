// A conversation: its messages, and the text that the checkpoint's template
// makes of them.
#ifndef HEDDLE_RUNTIME_MAIN_CONVERSATION_H
#define HEDDLE_RUNTIME_MAIN_CONVERSATION_H

#include "runtime/Memory.h"
#include "runtime/abi.h"
#include "runtime/chat/Template.h"

namespace heddle::runtime {

/// What cannot be done is an error of heddle_last_error().
class Conversation {
public:
  explicit Conversation(const heddle_chat &chat)
      : chat(chat), heap(mostBytes) {}

  /// Reads the template: `tool_use`, if there are tools and such a template,
  /// else `default`, else the only one.
  heddle_status open(const char *tools);

  heddle_status add(const char *role, std::string_view content);
  /// Without the messages from number `count` on.
  void shrink(size_t count) { messages.shrink(count); }
  size_t size() const { return messages.size(); }
  /// Whether the first message is the system's, and says this.
  bool beginsWithSystem(std::string_view content) const;

  /// The whole conversation, and what begins an answer.
  heddle_status render(text::Text &out);

  /// JSON of all messages, and of tools if there are some.
  heddle_status write(text::Text &out) const;
  /// Takes the messages of such a JSON, or of a list of messages, in place of
  /// those that are there.
  heddle_status read(const char *path);
  /// The same of JSON that a file holds.
  heddle_status read(const char *path, std::string_view json);

private:
  static constexpr size_t mostBytes = size_t{1} << 30;

  heddle_status take(const char *path, const chat::Value &json);
  heddle_status readFile(const char *path, chat::Value &value);

  const heddle_chat &chat;
  chat::Heap heap;
  chat::Values messages;
  chat::Value tools = chat::none();
  chat::Template parsed;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_CONVERSATION_H
