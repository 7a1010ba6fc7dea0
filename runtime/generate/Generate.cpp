// Every call gives each unfinished row what it still has to read: the rest of
// its prompt, or the token chosen last. So prompts of different lengths and
// rows that already write share calls, and cutting a long prompt into chunks is
// no special case.

#include "runtime/generate/Generate.h"
#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/generate/Generation.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace heddle::runtime {

Generation::~Generation() {
  for (Row *row : rows)
    destroy(row);
  for (Beams *beams : beamsOf)
    destroy(beams);
}

heddle_status Generation::run() {
  if (heddle_status status = prepare())
    return status;
  if (source.entry)
    if (heddle_status status = encodeSources())
      return status;
  if (heddle_status status = limitLengths())
    return status;
  if (heddle_status status = checkRoom())
    return status;
  if (beamOptions.beams > 1)
    if (heddle_status status = prepareBeams())
      return status;
  while (unfinished()) {
    planCall();
    if (heddle_status status = checkTrouble())
      return status;
    if (heddle_status status = call())
      return status;
    double start = secondsNow();
    if (heddle_status status = answer())
      return status;
    report.samplingSeconds += secondsNow() - start;
  }
  return HEDDLE_OK;
}

/// What follows from the logits of a call.
heddle_status Generation::answer() {
  int64_t before = 0;
  for (int64_t i = 0; i < callRows; ++i) {
    before += lengths[i];
    int64_t b = sessionRows[i];
    if (rows[b]->unread())
      continue; // the logits follow the middle of a prompt
    int64_t at = logitsOfEveryToken ? before - 1 : i;
    const float *rowLogits = logits.data() + at * vocabulary;
    if (heddle_status status = answerFollowers(b, rowLogits))
      return status;
    if (heddle_status status =
            beamOptions.beams > 1 ? search(b, rowLogits) : choose(b, rowLogits))
      return status;
  }
  return HEDDLE_OK;
}

bool Generation::unfinished() const {
  return std::any_of(rows.data(), rows.data() + rows.size(),
                     [](const Row *row) { return !row->done; });
}

void Generation::planCall() {
  bool chunks = model.program->flags & HEDDLE_PREFILL_IN_CHUNKS;
  int64_t budget = session.limits.total[step.size];
  callRows = callTokens = 0;
  callIds.clear();
  for (int64_t b = 0; b < rows.size(); ++b) {
    Row &row = *rows[b];
    if (row.done || row.leader >= 0)
      continue;
    int64_t most = std::min(budget, session.limits.perRow[step.size]);
    int64_t take = std::min(row.unread(), most);
    if (take == 0 || (take < row.unread() && !chunks))
      continue;
    sessionRows[callRows] = b;
    stateRows[callRows] = b - b % beamOptions.beams;
    lengths[callRows] = take;
    ++callRows;
    callIds.append(row.ids.data() + row.read, take);
    budget -= take;
    callTokens += take;
  }
}

heddle_status Generation::call() {
  const int64_t *sizes[] = {lengths.data()};
  const void *inputs[HEDDLE_MAX_INPUTS] = {callIds.data()};
  if (!logits.resize((logitsOfEveryToken ? callTokens : callRows) * vocabulary))
    return checkTrouble();
  void *outputs[] = {logits.data()};
  double start = secondsNow();
  if (heddle_status status =
          runCall(session, step.entry, callRows, sizes, sessionRows.data(),
                  inputs, outputs, stateRows.data()))
    return status;
  double seconds = secondsNow() - start;
  bool readsPrompt = false;
  for (int64_t i = 0; i < callRows; ++i) {
    Row &row = *rows[sessionRows[i]];
    readsPrompt |= row.isUnanswered();
    row.read += lengths[i];
  }
  (readsPrompt ? report.prefillTokens : report.decodeTokens) += callTokens;
  (readsPrompt ? report.prefillSeconds : report.decodeSeconds) += seconds;
  return HEDDLE_OK;
}

/// Whether the next token is one of those that stand before the text.
bool Generation::takeOpening(Row &row, const float *logits) const {
  auto place = static_cast<int64_t>(row.ids.size()) - 1;
  if (!source.entry || !row.isUnanswered() || place >= opening.count())
    return false;
  row.ids.push(opening.likeliest(place, logits, vocabulary));
  ++row.prompt;
  return true;
}

/// The rows that have waited for this one to read their prompt.
heddle_status Generation::answerFollowers(int64_t b, const float *rowLogits) {
  for (int64_t other = b + 1; other < rows.size(); ++other) {
    if (rows[other]->leader != b)
      continue;
    copyRow(session, b, other, 0);
    rows[other]->read = rows[other]->prompt;
    rows[other]->leader = -1;
    if (heddle_status status = choose(other, rowLogits))
      return status;
  }
  return HEDDLE_OK;
}

/// By the model's own distribution.
void Generation::tellLikeliest(const float *modelLogits, int32_t token) {
  auto count = static_cast<int32_t>(vocabulary);
  const float *logs = sampler.normalize(modelLogits, count);
  if (!logs)
    return;
  int32_t *tokens = options.likeliest_tokens;
  float *probabilities = options.log_probabilities;
  tokens[0] = token;
  probabilities[0] = logs[token];
  const text::Buffer<text::Candidate> &likeliest =
      sampler.likeliest(logs, count, static_cast<size_t>(options.likeliest));
  for (int32_t i = 0; i < options.likeliest; ++i) {
    bool isThere = static_cast<size_t>(i) < likeliest.size();
    tokens[1 + i] = isThere ? likeliest[i].id : -1;
    probabilities[1 + i] = isThere ? likeliest[i].logit : -INFINITY;
  }
}

heddle_status Generation::choose(int64_t b, const float *rowLogits) {
  Row &row = *rows[b];
  const float *modelLogits = rowLogits;
  if (takeOpening(row, rowLogits))
    return checkTrouble();
  auto count = static_cast<int32_t>(vocabulary);
  auto length = static_cast<int64_t>(row.ids.size());
  rowLogits = rules.apply(rowLogits, count, row.soFar());
  int32_t token = sampler.choose(rowLogits, count, row.ids.data(),
                                 static_cast<int32_t>(length), row.stream,
                                 heddle_session_length(&session, b),
                                 static_cast<int32_t>(row.prompt));
  if (heddle_status status = checkTrouble())
    return status;
  if (token < 0)
    return noNumber(b);
  row.ids.push(token);
  if (options.likeliest)
    tellLikeliest(modelLogits, token);
  bool stopped = write(b, row.decoder, token, &row.held);
  if (heddle_status status = checkTrouble())
    return status;
  bool complete = stopped || rules.isEnd(token) || length + 1 == row.longest;
  if (!complete && roomOf(b) == 0)
    report.cutRows.push(b);
  if (complete || roomOf(b) == 0)
    finish(b);
  return checkTrouble();
}

heddle_status Generation::noNumber(int64_t prompt) const {
  return fail(HEDDLE_BAD_ARGUMENT,
              "%s gave no number for any token that may come next in row "
              "%" PRId64 ": are the weights damaged",
              step.entry->name, prompt);
}

/// Hands a token to the caller, with the text that it completes; an end of the
/// text has none. Whether the caller has enough.
bool Generation::write(int64_t textRow, text::Decoder *decoder, int32_t token,
                       text::Text *held) {
  piece.clear();
  if (decoder && !rules.isEnd(token))
    decoder->push(token, piece);
  bool stopped = held && stops.count && holdBack(*held);
  bool enough = watch.found() != text::Trouble::None ||
                callback(user, textRow, token, piece.data(),
                         static_cast<int64_t>(piece.size())) != 0;
  return stopped || enough;
}

/// Leaves of the piece what belongs to the text for certain; whether a string
/// that stops it has come up.
bool Generation::holdBack(text::Text &held) {
  held.append(piece.view());
  piece.clear();
  bool stopped = stops.take(held, piece);
  // Nothing of what the decoder still has comes behind it.
  stoppedText |= stopped;
  return stopped;
}

void Generation::close(int64_t textRow, text::Decoder *decoder,
                       text::Text *held) {
  piece.clear();
  if (decoder && !stoppedText)
    decoder->finish(piece);
  if (held && stops.count && !stoppedText && !holdBack(*held))
    piece.append(held->view());
  stoppedText = false;
  callback(user, textRow, -1, piece.data(), static_cast<int64_t>(piece.size()));
}

/// What went wrong in the work on texts, and with the memory of all else.
heddle_status Generation::checkTrouble() const {
  const char *wrong = text::describeDecoding(watch.found());
  return wrong ? fail(statusOf(wrong), "generate: %s", wrong) : HEDDLE_OK;
}

void Generation::finish(int64_t b) {
  Row &row = *rows[b];
  row.done = true;
  session.unread[b] = row.ids.back();
  close(b, row.decoder, &row.held);
}

static constexpr heddle_generation neutralSettings() {
  heddle_generation settings = {};
  settings.top_p = settings.repetition_penalty = settings.length_penalty = 1;
  settings.begin = settings.decoder_start = settings.forced_begin = -1;
  return settings;
}

const heddle_generation &generationOf(const heddle_program &program) {
  static constexpr heddle_generation neutral = neutralSettings();
  return program.generation ? *program.generation : neutral;
}

heddle_status generate(heddle_session &session,
                       const heddle_generate_options &options,
                       heddle_token_callback callback, void *user,
                       GenerateReport &report, const uint64_t *repeats) {
  SessionLock lock(&session);
  if (heddle_status status = lock.check())
    return status;
  return Generation(session, options, callback, user, report, repeats).run();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

heddle_status heddle_generate(heddle_session *session,
                              const heddle_generate_options *options,
                              heddle_token_callback callback, void *user) {
  if (!session)
    return fail(HEDDLE_BAD_ARGUMENT, "the session is NULL: it was not opened");
  if (!callback)
    return fail(HEDDLE_BAD_ARGUMENT,
                "the callback is NULL: nobody would read the text");
  GenerateReport report;
  return generate(*session, options ? *options : heddle_generate_options{},
                  callback, user, report);
}
