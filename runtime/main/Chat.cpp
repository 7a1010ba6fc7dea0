// The whole conversation is written down anew for every turn, as the template
// has it. What the session has read of it already, up to the first token that
// differs, is not read again.

#include "runtime/main/Chat.h"
#include "runtime/Error.h"
#include "runtime/Session.h"
#include "runtime/TextUse.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Output.h"
#include "runtime/main/SessionFile.h"

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <unistd.h>

namespace heddle::runtime {

volatile int interrupted = 0;

heddle_status Chat::open() {
  const heddle_program &program = *model.program;
  if (findTextUse(program, nullptr).source)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s reads a text as a whole: it does not chat", program.name);
  heddle_session_options limits = {1, 0, arguments.context};
  if (program.flags & HEDDLE_PREFILL_IN_CHUNKS)
    limits.tokens = tokensOfCall(program, limits.rows, chunkTokens);
  session = heddle_session_open(&model, &limits);
  if (!session)
    return HEDDLE_OUT_OF_MEMORY;
  if (heddle_status status = conversation.open(arguments.tools))
    return status;
  if (arguments.session && access(arguments.session, F_OK) == 0)
    return resume();
  return reset();
}

/// Goes on from a file.
heddle_status Chat::resume() {
  text::Text json;
  if (heddle_status status =
          readSession(arguments.session, *session, held, json))
    return status;
  if (heddle_status status = conversation.read(arguments.session, json.view()))
    return status;
  if (arguments.system && !conversation.beginsWithSystem(arguments.system))
    return fail(HEDDLE_BAD_ARGUMENT,
                "the conversation of %s does not begin with that --system",
                arguments.session);
  return HEDDLE_OK;
}

bool Chat::save() {
  if (!arguments.session)
    return true;
  text::Text json;
  if (conversation.write(json))
    return complainLastError(), false;
  return !complainOfMemory() &&
         writeSession(arguments.session, *session, held, json.view());
}

heddle_status Chat::reset() {
  conversation.shrink(0);
  return arguments.system ? conversation.add("system", arguments.system)
                          : HEDDLE_OK;
}

heddle_generate_options Chat::optionsOf() const {
  heddle_generate_options options = {};
  options.rows = 1;
  options.max_tokens = arguments.tokensGiven
                           ? (arguments.tokens ? arguments.tokens : -1)
                       : generationOf(*model.program).max_tokens ? 0
                                                                 : -1;
  setChoice(arguments, options);
  options.beams = 1;
  options.resume = HEDDLE_RESUME_COMMON;
  return options;
}

/// Writes the text behind what stdout holds; whether it could. Ctrl-C waits
/// meanwhile: a terminal gives up what it is to write when a signal comes.
static bool writeText(std::string_view text) {
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  bool isWritten = fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                   !fflush(stdout);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return isWritten;
}

int32_t Chat::take(int32_t token, std::string_view text) {
  if (token >= 0)
    ids.push(token);
  written.append(text);
  if (arguments.format != Arguments::Json && !text.empty())
    noReader |= !writeText(text);
  return noReader || interrupted;
}

/// Rewinds the session to what it has read of the conversation.
heddle_status Chat::keepCommon() {
  SessionLock lock(session);
  heddle_status status = lock.check();
  return status ? status : runtime::keepCommon(*session, held, ids);
}

heddle_status Chat::answer() {
  text::Text prompt;
  if (heddle_status status = conversation.render(prompt))
    return status;
  const text::Tokenizer *tokenizer = nullptr;
  if (heddle_status status = tokenizerOf(model, tokenizer))
    return status;
  ids.clear();
  // The template has the tokens around a text.
  if (const char *wrong = tokenizer->encode(prompt.view(), false, ids))
    return fail(statusOf(wrong), "the conversation: %s", wrong);
  if (ids.empty())
    return fail(HEDDLE_BAD_ARGUMENT, "the template has made no text of the "
                                     "conversation");
  if (heddle_status status = keepCommon())
    return status;
  heddle_generate_options options = optionsOf();
  text::Ids given;
  given.append(ids.data(), ids.size());
  const int32_t *rows[] = {given.data()};
  const int64_t lengths[] = {static_cast<int64_t>(given.size())};
  options.prompt_ids = rows;
  options.prompt_lengths = lengths;
  report.cutRows.clear();
  heddle_status status = generate(*session, options, onToken, this, report);
  // As far as the session came; the last token of an answer is not read yet.
  held.clear();
  auto read = static_cast<size_t>(heddle_session_length(session, 0));
  held.append(ids.data(), std::min(read, ids.size()));
  return status;
}

heddle_status Chat::say(std::string_view text) {
  size_t before = conversation.size();
  interrupted = 0;
  written.clear();
  heddle_status status = conversation.add("user", text);
  if (!status)
    status = answer();
  // Before there was an answer: as if nothing had been said.
  bool isUnanswered = interrupted && written.empty();
  if (!status && !isUnanswered)
    status = conversation.add("assistant", written.view());
  if (isUnanswered)
    noReader |= !writeText("\n");
  if (status || isUnanswered) {
    conversation.shrink(before);
    return status;
  }
  if (arguments.format == Arguments::Json) {
    fputs("{\"role\": \"assistant\", \"content\": ", stdout);
    printJsonString(stdout, written.view());
    putchar('}');
  }
  bool isLine = arguments.format != Arguments::Json && !written.empty() &&
                written.back() == '\n';
  noReader |= !writeText(isLine ? "" : "\n");
  if (!report.cutRows.empty())
    fprintf(stderr,
            "note: the answer ends because the context of %" PRId64
            " positions is full\n",
            heddle_session_length(session, 0));
  return HEDDLE_OK;
}

} // namespace heddle::runtime
