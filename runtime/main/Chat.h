// A conversation with a model, turn by turn, in one row of a session.
#ifndef HEDDLE_RUNTIME_MAIN_CHAT_H
#define HEDDLE_RUNTIME_MAIN_CHAT_H

#include "runtime/Model.h"
#include "runtime/generate/Generate.h"
#include "runtime/main/Arguments.h"
#include "runtime/main/Conversation.h"

namespace heddle::runtime {

/// Set by ctrl-C, which ends an answer and not the program.
extern volatile int interrupted;

class Chat {
public:
  Chat(heddle_model &model, const Arguments &arguments)
      : model(model), arguments(arguments), conversation(*model.program->chat) {
    report.interrupted = &interrupted;
  }
  Chat(const Chat &) = delete;
  Chat &operator=(const Chat &) = delete;
  ~Chat() { heddle_session_close(session); }

  /// Opens the template and a session, and puts the system's message first.
  heddle_status open();

  /// What the user says, and the answer, which is printed as it comes. Where
  /// that fails, the conversation is as it was.
  heddle_status say(std::string_view text);
  /// Begins anew, with the system's message.
  heddle_status reset();
  /// Writes the session to the file that the command line names, if it does.
  /// False, and printed why, where that fails.
  bool save();

  Conversation &messages() { return conversation; }
  const GenerateReport &work() const { return report; }
  /// Nobody reads standard output any more.
  bool hasNoReader() const { return noReader; }

private:
  heddle_status resume();
  heddle_status answer();
  heddle_status keepCommon();
  heddle_generate_options optionsOf() const;
  int32_t take(int32_t token, std::string_view text);
  static int32_t onToken(void *chat, int64_t, int32_t token, const char *text,
                         int64_t bytes) {
    return static_cast<Chat *>(chat)->take(token,
                                           {text, static_cast<size_t>(bytes)});
  }

  heddle_model &model;
  const Arguments &arguments;
  Conversation conversation;
  heddle_session *session = nullptr;
  GenerateReport report;
  text::Ids held; // what the session's row has read
  text::Ids ids;  // of the conversation, and of the answer as it comes
  text::Text written;
  bool noReader = false;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_CHAT_H
