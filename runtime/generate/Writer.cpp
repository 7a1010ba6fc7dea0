#include "runtime/generate/Writer.h"
#include "runtime/Error.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <utility>

namespace heddle::runtime {

Writer::Writer(heddle_session &session, const Step &step,
               const heddle_generate_options &options,
               heddle_token_callback callback, void *user,
               GenerateReport &report)
    : settings(generationOf(session.program())), rules(settings),
      sampler(samplerOptions(options, settings)), session(session), step(step),
      options(options), callback(callback), user(user), report(report),
      stops{options.stops, options.stop_count} {}

Writer::~Writer() {
  grammar::Grammar::release(grammar);
  for (Part *part : parts)
    destroy(part);
}

heddle_status Writer::open(bool decodes) {
  hasOpening = decodes;
  if (heddle_status status = checkChoice())
    return status;
  if (const char *wrong = text::checkOptions(samplerOptions(options, settings)))
    return fail(HEDDLE_BAD_ARGUMENT, "%s", wrong);
  if (heddle_status status = checkBiases())
    return status;
  if (heddle_status status = checkSpeculation())
    return status;
  if (options.max_tokens < -1)
    return fail(HEDDLE_BAD_ARGUMENT,
                "max_tokens is %" PRId64 ", needed: -1 or more",
                options.max_tokens);
  if (heddle_status status =
          opening.choose(settings, options.language, options.task,
                         /*notesTimes=*/options.timestamps))
    return status;
  if (options.timestamps && (!hasOpening || settings.no_timestamps < 0))
    return fail(HEDDLE_NOT_SUPPORTED,
                "timestamps: the model notes no times: found no "
                "no_timestamps_token_id in its generation_config.json");
  if (options.timestamps)
    rules.noteTimes();
  heddle_model &model = *session.model;
  if (model.weights.tokenizer() || options.prompts)
    if (heddle_status status = tokenizerOf(model, tokenizer))
      return status;
  return options.json_schema
             ? compileSchema(model, options.json_schema, grammar)
             : HEDDLE_OK;
}

/// The decoder reads along from the prompt on, because some tokenizers strip
/// what stands at the beginning of a text.
heddle_status Writer::openDecoder(Row &row, bool readsPrompt) {
  destroy(row.decoder);
  row.decoder = create<text::Decoder>(
      *tokenizer, /*skipSpecialTokens=*/!options.special_tokens);
  if (!row.decoder)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  for (size_t i = 0; i < row.prompt && readsPrompt; ++i)
    row.decoder->push(row.ids[i], piece);
  piece.clear();
  if (heddle_status status = openStops(row, readsPrompt))
    return status;
  row.endFollower();
  if (!grammar)
    return HEDDLE_OK;
  row.follower = create<grammar::Follower>(*grammar);
  if (!row.follower)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  row.follower->begin();
  return HEDDLE_OK;
}

/// What the checkpoint has a text end with.
heddle_status Writer::openStops(Row &row, bool readsPrompt) {
  destroy(row.checkpointStops);
  row.checkpointStops = nullptr;
  if (!settings.stop_count)
    return HEDDLE_OK;
  row.checkpointStops = create<CheckpointStops>(*tokenizer, settings);
  if (!row.checkpointStops)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  for (size_t i = 0; i < row.prompt && readsPrompt; ++i)
    row.checkpointStops->take(row.ids[i]);
  return HEDDLE_OK;
}

heddle_status Writer::limitLength(Row &row, int64_t b) const {
  int64_t tokens =
      options.max_tokens ? options.max_tokens : settings.max_tokens;
  bool ofWhole = tokens == 0 && settings.max_length > 0;
  int64_t prompt = settings.opening_count ? lengthOfPrompt(row)
                                          : static_cast<int64_t>(row.prompt);
  // As in transformers, what begins a text of speech does not count.
  int64_t most = settings.max_length;
  if (settings.opening_count)
    most = std::min(most + prompt, step.positions(session));
  row.longest = tokens > 0 && tokens < INT64_MAX - prompt ? prompt + tokens
                : ofWhole                                 ? most
                                                          : INT64_MAX;
  if (row.longest <= prompt)
    return fail(HEDDLE_BAD_ARGUMENT,
                "prompt %" PRId64 " has %" PRId64
                " tokens, max_length of the model's generation_config.json "
                "ends a text at %" PRId64 ": say how many are to be written",
                b, prompt, row.longest);
  return HEDDLE_OK;
}

bool Writer::takeOpening(Row &row, const float *logits) const {
  auto place = static_cast<int64_t>(row.ids.size()) - 1;
  if (!hasOpening || !row.isUnanswered() || place >= opening.count())
    return false;
  bool isFixed = place < static_cast<int64_t>(report.fixedOpening.size());
  row.ids.push(isFixed ? report.fixedOpening[place]
                       : opening.likeliest(place, logits, step.vocabulary));
  report.opening.push(row.ids.back());
  // The token of a language counts as one of a translation, as in transformers.
  row.prompt += settings.opening_count > 0;
  return true;
}

/// By the model's own distribution.
void Writer::tellLikeliest(const float *modelLogits, int32_t token) {
  auto count = static_cast<int32_t>(step.vocabulary);
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

/// By nothing but the text of the row so far.
int32_t Writer::pick(TokenRules &rules, text::Sampler &sampler,
                     const Writer &writer, const Row &row, const float *logits,
                     int64_t ahead) {
  auto count = static_cast<int32_t>(writer.step.vocabulary);
  return sampler.choose(
      rules.apply(logits, count, row.soFar()), count, row.ids.data(),
      static_cast<int32_t>(row.ids.size()), row.stream,
      heddle_session_length(&writer.session, row.number) + ahead,
      static_cast<int32_t>(row.prompt));
}

int32_t Writer::guess(const Row &text, int64_t ahead, const float *logits) {
  return pick(rules, sampler, *this, text, logits, ahead);
}

bool Writer::prepareParts(int64_t count) {
  if (parts.size())
    return parts[parts.size() - 1]; // made in order
  Array<Part *> made;
  if (!made.allocate(count - 1))
    return false;
  parts.swap(made);
  for (Part *&part : parts) {
    part = create<Part>(TokenRules(settings),
                        text::Sampler(samplerOptions(options, settings)));
    if (!part)
      return false;
    if (options.timestamps)
      part->rules.noteTimes();
  }
  return true;
}

void Writer::foresee(Row &row, const float *logits, int64_t part) {
  text::TroubleWatch watch;
  Part *own = part && parts.size() ? parts[part - 1] : nullptr;
  int32_t token = pick(own ? own->rules : rules, own ? own->sampler : sampler,
                       *this, row, logits);
  // What went wrong goes wrong again where it can be told.
  if (watch.found() == text::Trouble::None)
    row.foreseen = token;
}

heddle_status Writer::choose(Row &row, const float *rowLogits) {
  if (takeOpening(row, rowLogits))
    return checkTrouble();
  auto length = static_cast<int64_t>(row.ids.size());
  int32_t token = std::exchange(row.foreseen, Row::nothing);
  if (token < 0)
    token = pick(rules, sampler, *this, row, keepToSchema(row, rowLogits));
  if (heddle_status status = checkTrouble())
    return status;
  if (token < 0)
    return noToken(row.textRow);
  row.ids.push(token);
  if (options.likeliest)
    tellLikeliest(rowLogits, token);
  bool stopped = write(row.textRow, row.decoder, token, &row.held);
  stopped |= follow(row, token);
  stopped |= row.checkpointStops && row.checkpointStops->take(token);
  if (heddle_status status = checkTrouble())
    return status;
  bool endsItself = stopped || rules.isEnd(token);
  bool isLong = length + 1 == row.longest;
  bool isFull = step.roomOf(session, row.number) == 0;
  row.reason = endsItself ? EndReason::Itself
               : isLong   ? EndReason::Length
                          : EndReason::Context;
  if (isFull && !endsItself && !isLong)
    report.cutRows.push(row.textRow);
  if (endsItself || isLong || isFull)
    finish(row);
  return checkTrouble();
}

/// The logits without what the row's schema does not let come next. What
/// TokenRules forces comes all the same.
const float *Writer::keepToSchema(Row &row, const float *logits) {
  if (!row.follower)
    return logits;
  const float *kept =
      row.follower->apply(logits, static_cast<int32_t>(step.vocabulary),
                          settings.ends.ids, settings.ends.count);
  return kept ? kept : logits;
}

/// Whether the row's value is complete with this token. What may come next is
/// found out while the model reads it.
bool Writer::follow(Row &row, int32_t token) {
  if (!row.follower || rules.isEnd(token))
    return false;
  row.follower->accept(token);
  row.follower->begin();
  return row.follower->isFinished();
}

heddle_status Writer::noToken(int64_t prompt) const {
  if (grammar)
    return fail(HEDDLE_BAD_ARGUMENT,
                "no token that may come next in row %" PRId64
                " goes on with a value that keeps to json_schema",
                prompt);
  return fail(HEDDLE_BAD_ARGUMENT,
              "%s gave no number for any token that may come next in row "
              "%" PRId64 ": are the weights damaged",
              step.entry->name, prompt);
}

bool Writer::write(int64_t textRow, text::Decoder *decoder, int32_t token,
                   text::Text *held) {
  piece.clear();
  if (decoder && !rules.isEnd(token))
    decoder->push(token, piece);
  bool stopped = held && stops.count && holdBack(*held);
  bool enough = text::trouble != text::Trouble::None ||
                callback(user, textRow, token, piece.data(),
                         static_cast<int64_t>(piece.size())) != 0;
  return stopped || enough;
}

/// Leaves of the piece what belongs to the text for certain; whether a string
/// that stops it has come up.
bool Writer::holdBack(text::Text &held) {
  held.append(piece.view());
  piece.clear();
  bool stopped = stops.take(held, piece);
  // Nothing of what the decoder still has comes behind it.
  stoppedText |= stopped;
  return stopped;
}

void Writer::close(int64_t textRow, text::Decoder *decoder, text::Text *held) {
  piece.clear();
  if (decoder && !stoppedText)
    decoder->finish(piece);
  if (held && stops.count && !stoppedText && !holdBack(*held))
    piece.append(held->view());
  stoppedText = false;
  callback(user, textRow, -1, piece.data(), static_cast<int64_t>(piece.size()));
}

heddle_status Writer::checkTrouble() const {
  if (grammar && text::trouble == text::Trouble::Growth)
    return fail(HEDDLE_BAD_ARGUMENT,
                "generate: json_schema needs too many states");
  const char *wrong = text::describeDecoding(text::trouble);
  return wrong ? fail(statusOf(wrong), "generate: %s", wrong) : HEDDLE_OK;
}

void Writer::finish(Row &row) {
  row.done = true;
  session.unread[row.number] = row.ids.back();
  close(row.textRow, row.decoder, &row.held);
}

} // namespace heddle::runtime
