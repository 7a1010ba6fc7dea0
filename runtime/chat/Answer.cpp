// The whole conversation is written down anew for every answer. What row 0 of
// the session has read of it already, up to the first token that differs, is
// not read again.

#include "runtime/Error.h"
#include "runtime/Session.h"
#include "runtime/TextUse.h"
#include "runtime/chat/Rendering.h"
#include "runtime/generate/Generate.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>

namespace heddle::runtime {

namespace {

/// What row 0 holds: right as long as no other call has named the row.
struct HeldConversation {
  text::Ids ids;
  int64_t mark = 0; // heddle_session.rowMarks
};

class Answer {
public:
  Answer(heddle_session &session, HeldConversation &held,
         heddle_token_callback callback, void *user)
      : session(session), held(held), callback(callback), user(user) {}

  heddle_status run(const char *messages, const heddle_chat_options &options,
                    heddle_generate_options generation);

private:
  heddle_status read(const char *messages, const heddle_chat_options &options);
  static int32_t take(void *answer, int64_t row, int32_t token,
                      const char *text, int64_t bytes);

  text::TroubleWatch watch;
  heddle_session &session;
  HeldConversation &held;
  heddle_token_callback callback;
  void *user;
  text::Ids ids; // of the conversation, and of the answer as it comes
};

} // namespace

int32_t Answer::take(void *answer, int64_t row, int32_t token, const char *text,
                     int64_t bytes) {
  auto &self = *static_cast<Answer *>(answer);
  if (token >= 0)
    self.ids.push(token);
  return self.callback(self.user, row, token, text, bytes);
}

heddle_status Answer::read(const char *messages,
                           const heddle_chat_options &options) {
  text::Text prompt;
  if (heddle_status status =
          render(session.program(), messages, options, prompt))
    return status;
  const text::Tokenizer *tokenizer = nullptr;
  if (heddle_status status = tokenizerOf(*session.model, tokenizer))
    return status;
  // The template has the tokens around a text.
  if (const char *wrong = tokenizer->encode(prompt.view(), false, ids))
    return fail(statusOf(wrong), "the conversation: %s", wrong);
  if (const char *wrong = text::describeDecoding(watch.found()))
    return fail(statusOf(wrong), "the conversation: %s", wrong);
  if (ids.empty())
    return fail(HEDDLE_BAD_ARGUMENT, "the template has made no text of the "
                                     "conversation");
  return HEDDLE_OK;
}

heddle_status Answer::run(const char *messages,
                          const heddle_chat_options &options,
                          heddle_generate_options generation) {
  if (heddle_status status = read(messages, options))
    return status;
  if (held.mark != session.rowMarks[0])
    held.ids.clear();
  if (heddle_status status = keepCommon(session, held.ids, ids))
    return status;
  text::Ids given;
  given.append(ids.data(), ids.size());
  if (given.size() != ids.size())
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory for the conversation");
  const int32_t *rows[] = {given.data()};
  const int64_t lengths[] = {static_cast<int64_t>(given.size())};
  generation.rows = 1;
  generation.prompts = nullptr;
  generation.prompt_ids = rows;
  generation.prompt_lengths = lengths;
  generation.resume = HEDDLE_RESUME_COMMON;
  generation.beams = generation.beams ? generation.beams : 1;
  // A length of the whole text would count the conversation.
  if (!generation.max_tokens && !generationOf(session.program()).max_tokens)
    generation.max_tokens = -1;
  GenerateReport report;
  heddle_status status =
      generateLocked(session, generation, take, this, report);
  // As far as the session came; the last token of an answer is not read yet.
  auto length = static_cast<size_t>(heddle_session_length(&session, 0));
  ids.shrink(std::min(length, ids.size()));
  held.ids.swap(ids);
  held.mark = session.rowMarks[0];
  return status;
}

static void closeConversation(void *held) {
  destroy(static_cast<HeldConversation *>(held));
}

static heddle_status check(heddle_session &session,
                           heddle_token_callback callback) {
  const heddle_program &program = session.program();
  if (!callback)
    return fail(HEDDLE_BAD_ARGUMENT,
                "the callback is NULL: nobody would read the answer");
  TextUse use = findTextUse(program, nullptr);
  if (!use.step)
    return fail(HEDDLE_NOT_SUPPORTED, "%s does not generate", program.name);
  if (use.source)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s reads a text as a whole: it does not chat", program.name);
  if (!session.conversation) {
    session.conversation = create<HeldConversation>();
    session.closeConversation = closeConversation;
  }
  return session.conversation
             ? HEDDLE_OK
             : fail(HEDDLE_OUT_OF_MEMORY, "no memory for the conversation");
}

} // namespace heddle::runtime

using namespace heddle::runtime;

heddle_status heddle_chat_answer(heddle_session *session, const char *messages,
                                 const heddle_chat_options *options,
                                 const heddle_generate_options *generation,
                                 heddle_token_callback callback, void *user) {
  SessionLock lock(session);
  heddle_status status = lock.check();
  if (!status)
    status = check(*session, callback);
  if (status)
    return status;
  auto &held = *static_cast<HeldConversation *>(session->conversation);
  const heddle_chat_options none = {};
  const heddle_generate_options defaults = {};
  return Answer(*session, held, callback, user)
      .run(messages, options ? *options : none,
           generation ? *generation : defaults);
}
