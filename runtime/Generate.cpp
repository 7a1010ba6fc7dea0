// Every call gives each unfinished row what it still has to read: the rest of
// its prompt, or the token chosen last. So prompts of different lengths and
// rows that already write share calls, and cutting a long prompt into chunks is
// no special case.

#include "runtime/Generate.h"
#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/Session.h"
#include "runtime/TextInterface.h"
#include "runtime/TokenRules.h"
#include "runtime/text/Sampler.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

namespace {

/// What generating needs to know about an entry: it reads indices, one a
/// position of a ragged size.
struct Reader {
  const heddle_entry *entry = nullptr;
  int32_t size = -1; // of the positions

  heddle_status find(const heddle_model &model, int32_t generates);
};

/// One text on its way.
struct Row {
  text::Ids ids;       // the prompt, then what was chosen
  size_t read = 0;     // of ids: given to the model so far
  size_t prompt = 0;   // ids that were not chosen
  int64_t longest = 0; // number of ids at which the text ends
  uint64_t stream = 0; // tells apart rows with the same prompt
  bool done = false;
  text::Decoder *decoder = nullptr;

  Row() = default;
  Row(const Row &) = delete;
  Row &operator=(const Row &) = delete;
  ~Row() { destroy(decoder); }

  int64_t unread() const { return static_cast<int64_t>(ids.size() - read); }
  bool isUnanswered() const { return ids.size() == prompt; }
};

class Generation {
public:
  Generation(heddle_session &session, const heddle_generate_options &options,
             heddle_token_callback callback, void *user, GenerateReport &report,
             const uint64_t *repeats)
      : session(session), model(*session.model), options(options),
        callback(callback), user(user), report(report), repeats(repeats),
        settings(generationOf(*model.program)), rules(settings),
        sampler(samplerOptions(options, settings)) {}
  ~Generation();

  heddle_status run();

private:
  static text::SamplerOptions
  samplerOptions(const heddle_generate_options &options,
                 const heddle_generation &settings);
  heddle_status prepare();
  heddle_status findVocabulary();
  heddle_status readPrompts();
  heddle_status readPrompt(int64_t b);
  heddle_status openDecoder(Row &row);
  heddle_status encodeSources();
  heddle_status limitLengths();
  heddle_status checkRoom() const;
  void planCall();
  heddle_status call();
  heddle_status choose(int64_t b, const float *logits);
  void finish(int64_t b);
  bool unfinished() const;
  int64_t roomOf(int64_t row) const;

  heddle_session &session;
  heddle_model &model;
  const heddle_generate_options &options;
  heddle_token_callback callback;
  void *user;
  GenerateReport &report;
  const uint64_t *repeats;

  const text::Tokenizer *tokenizer = nullptr; // null: ids in, ids out
  const heddle_generation &settings;
  TokenRules rules;
  text::Sampler sampler;
  Reader source, step;  // source: the entry that runs once before, if any
  int32_t growing = -1; // the size that counts what a row holds
  int64_t vocabulary = 0;
  bool logitsOfEveryToken = false; // [B T V] rather than [B V]

  Array<Row *> rows;
  text::Text piece;

  // One call: which rows take part, how much each reads.
  Array<int64_t> sessionRows, lengths;
  int64_t callRows = 0, callTokens = 0;
  text::Ids callIds;
  text::Buffer<float> logits;
};

} // namespace

heddle_status Reader::find(const heddle_model &model, int32_t generates) {
  const heddle_program &program = *model.program;
  for (int32_t e = 0; e < program.entry_count && !entry; ++e)
    if (program.entries[e].generates == generates)
      entry = &program.entries[e];
  if (!entry)
    return HEDDLE_OK;
  uint32_t given = model.given(*entry);
  for (int32_t s = 0; s < program.size_count; ++s)
    if (given == 1u << s && program.sizes[s].per >= 0)
      size = s;
  if (size < 0 || entry->input_count < 1 || entry->inputs[0].type != HEDDLE_I32)
    return fail(HEDDLE_NOT_SUPPORTED,
                "generate: %s does not read one token a position", entry->name);
  for (int32_t i = 1; i < entry->input_count; ++i)
    if (!entry->inputs[i].has_default)
      return fail(HEDDLE_NOT_SUPPORTED,
                  "generate: %s needs %s, which only the caller of %s can give",
                  entry->name, entry->inputs[i].name, entry->name);
  return HEDDLE_OK;
}

/// What is 0 is as in `settings`; −1 is what the sampler calls 0.
text::SamplerOptions
Generation::samplerOptions(const heddle_generate_options &options,
                           const heddle_generation &settings) {
  auto choose = [](auto asked, auto setting) {
    return asked == 0 ? setting : asked == -1 ? decltype(asked)(0) : asked;
  };
  text::SamplerOptions result;
  result.temperature = choose(options.temperature, settings.temperature);
  result.topK = choose(options.top_k, settings.top_k);
  result.topP = choose(options.top_p, settings.top_p);
  result.minP = choose(options.min_p, settings.min_p);
  result.repetitionPenalty =
      choose(options.repetition_penalty, settings.repetition_penalty);
  result.seed = options.seed;
  return result;
}

Generation::~Generation() {
  for (Row *row : rows)
    destroy(row);
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
  while (unfinished()) {
    planCall();
    if (heddle_status status = call())
      return status;
    double start = secondsNow();
    int64_t before = 0;
    for (int64_t i = 0; i < callRows; ++i) {
      before += lengths[i];
      Row &row = *rows[sessionRows[i]];
      if (row.unread())
        continue; // the logits follow the middle of a prompt
      int64_t at = logitsOfEveryToken ? before - 1 : i;
      if (heddle_status status =
              choose(sessionRows[i], logits.data() + at * vocabulary))
        return status;
    }
    report.samplingSeconds += secondsNow() - start;
  }
  return HEDDLE_OK;
}

heddle_status Generation::prepare() {
  if (const char *wrong = text::checkOptions(samplerOptions(options, settings)))
    return fail(HEDDLE_BAD_ARGUMENT, "%s", wrong);
  if (heddle_status status = source.find(model, 1))
    return status;
  if (heddle_status status = step.find(model, 2))
    return status;
  if (!step.entry)
    return fail(HEDDLE_NOT_SUPPORTED, "%s does not generate",
                model.program->name);
  if (source.entry && options.resume)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s reads a prompt as a whole: its texts cannot be resumed",
                model.program->name);
  const heddle_program &program = *model.program;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].grows_by == step.size && step.entry->grows >> s & 1)
      growing = s;
  if (heddle_status status = findVocabulary())
    return status;

  if (options.rows < 1 || options.rows > session.limits.rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %" PRId64
                " prompts, the session was opened for 1 to %" PRId64,
                options.rows, session.limits.rows);
  if (options.max_tokens < -1)
    return fail(HEDDLE_BAD_ARGUMENT,
                "max_tokens is %" PRId64 ", needed: -1 or more",
                options.max_tokens);
  if (model.weights.tokenizer() && !(tokenizer = tokenizerOf(model)))
    return HEDDLE_BAD_FILE;
  if (!rows.allocate(options.rows) || !sessionRows.allocate(options.rows) ||
      !lengths.allocate(options.rows))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  return readPrompts();
}

heddle_status Generation::findVocabulary() {
  const heddle_entry &entry = *step.entry;
  const heddle_value *output = entry.output_count ? entry.outputs : nullptr;
  bool understood = output && output->type == HEDDLE_F32 &&
                    (output->rank == 2 || output->rank == 3);
  if (understood) {
    const heddle_polynomial &last = output->dims[output->rank - 1];
    understood = last.count == 1 && !isRagged(*model.program, last.terms[0]);
    vocabulary = understood ? last.terms[0].numerator : 0;
    logitsOfEveryToken = output->rank == 3;
  }
  if (understood && growing >= 0)
    return HEDDLE_OK;
  return fail(HEDDLE_NOT_SUPPORTED,
              understood ? "generate: %s keeps nothing between calls"
                         : "generate: the output of %s is not [B V] or [B T V]",
              entry.name);
}

heddle_status Generation::readPrompts() {
  for (int64_t b = 0; b < options.rows; ++b) {
    rows[b] = create<Row>();
    if (!rows[b])
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
    if (heddle_status status = readPrompt(b))
      return status;
    if (!options.resume)
      if (heddle_status status = heddle_session_rewind(&session, b, 0))
        return status;
    // The same prompt twice asks for two texts; otherwise a row's text does
    // not depend on its neighbours.
    rows[b]->stream = repeats ? repeats[b] : 0;
    for (int64_t other = 0; other < b; ++other) {
      const text::Ids &ids = rows[other]->ids;
      rows[b]->stream += std::equal(ids.begin(), ids.end(),
                                    rows[b]->ids.begin(), rows[b]->ids.end());
    }
  }
  return HEDDLE_OK;
}

heddle_status Generation::readPrompt(int64_t b) {
  Row &row = *rows[b];
  if (options.resume && session.unread[b] >= 0)
    row.ids.push(session.unread[b]);
  if (options.prompts) {
    if (!tokenizerOf(model))
      return HEDDLE_NOT_SUPPORTED;
    const char *prompt = options.prompts[b];
    const char *wrong =
        tokenizer->encode({prompt, strlen(prompt)},
                          /*addSpecialTokens=*/!options.resume, row.ids,
                          /*specialsAreText=*/options.text_only);
    if (wrong)
      return fail(HEDDLE_BAD_ARGUMENT, "prompt %" PRId64 ": %s", b, wrong);
  } else {
    row.ids.append(options.prompt_ids[b], options.prompt_lengths[b]);
  }
  if (row.ids.empty() && settings.begin >= 0)
    row.ids.push(settings.begin);
  if (row.ids.empty())
    return fail(HEDDLE_BAD_ARGUMENT, "prompt %" PRId64 " is empty", b);
  row.prompt = row.ids.size();
  return tokenizer ? openDecoder(row) : HEDDLE_OK;
}

/// The decoder reads along from the prompt on, because some tokenizers strip
/// what stands at the beginning of a text.
heddle_status Generation::openDecoder(Row &row) {
  row.decoder = create<text::Decoder>(*tokenizer);
  if (!row.decoder)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  if (!source.entry)
    for (int32_t id : row.ids)
      row.decoder->push(id, piece);
  piece.clear();
  return HEDDLE_OK;
}

/// Encoder and decoder: the prompts are read by the encoder, row by row, and
/// the decoder begins with the token for that.
heddle_status Generation::encodeSources() {
  if (settings.decoder_start < 0)
    return fail(HEDDLE_NOT_SUPPORTED,
                "generate: the checkpoint names no token that begins the "
                "decoder's text: found no decoder_start_token_id");
  double start = secondsNow();
  for (int64_t b = 0; b < options.rows; ++b) {
    text::Ids &ids = rows[b]->ids;
    auto length = static_cast<int64_t>(ids.size());
    const int64_t *sizes[] = {&length};
    const void *inputs[HEDDLE_MAX_INPUTS] = {ids.data()};
    void *outputs[1] = {nullptr};
    if (heddle_status status =
            heddle_call(&session, source.entry, 1, sizes, &b, inputs, outputs))
      return status;
    report.prefillTokens += length;
    ids.clear();
    ids.push(settings.decoder_start);
    rows[b]->prompt = 1;
  }
  report.prefillSeconds += secondsNow() - start;
  return HEDDLE_OK;
}

/// Where each text ends at the latest: what the caller says goes before the
/// checkpoint's new tokens, and those before its length of a whole text.
heddle_status Generation::limitLengths() {
  int64_t tokens =
      options.max_tokens ? options.max_tokens : settings.max_tokens;
  bool ofWhole = tokens == 0 && settings.max_length > 0;
  for (int64_t b = 0; b < options.rows; ++b) {
    Row &row = *rows[b];
    auto prompt = static_cast<int64_t>(row.prompt);
    row.longest = tokens > 0 && tokens < INT64_MAX - prompt ? prompt + tokens
                  : ofWhole ? settings.max_length
                            : INT64_MAX;
    if (row.longest <= prompt)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "prompt %" PRId64 " has %" PRId64
                  " tokens, max_length of the model's generation_config.json "
                  "ends a text at %" PRId64 ": say how many are to be written",
                  b, prompt, row.longest);
  }
  return HEDDLE_OK;
}

/// Positions that session row `row` can still take.
int64_t Generation::roomOf(int64_t row) const {
  return session.limits.perRow[growing] - session.heldBy(growing, row);
}

heddle_status Generation::checkRoom() const {
  for (int64_t b = 0; b < options.rows; ++b) {
    if (rows[b]->unread() > roomOf(b))
      return fail(HEDDLE_CONTEXT_FULL,
                  "prompt %" PRId64 " has %" PRId64
                  " tokens, the context has room for %" PRId64,
                  b, rows[b]->unread(), roomOf(b));
    int64_t most = std::min(session.limits.perRow[step.size],
                            session.limits.total[step.size]);
    if (!(model.program->flags & HEDDLE_PREFILL_IN_CHUNKS) &&
        rows[b]->unread() > most)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "prompt %" PRId64 " has %" PRId64
                  " tokens, one call takes %" PRId64
                  ", and this model must read a prompt in one call",
                  b, rows[b]->unread(), most);
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
  for (int64_t b = 0; b < options.rows; ++b) {
    Row &row = *rows[b];
    if (row.done)
      continue;
    int64_t most = std::min(budget, session.limits.perRow[step.size]);
    int64_t take = std::min(row.unread(), most);
    if (take == 0 || (take < row.unread() && !chunks))
      continue;
    sessionRows[callRows] = b;
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
  logits.resize((logitsOfEveryToken ? callTokens : callRows) * vocabulary);
  void *outputs[] = {logits.data()};
  double start = secondsNow();
  if (heddle_status status = heddle_call(&session, step.entry, callRows, sizes,
                                         sessionRows.data(), inputs, outputs))
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

heddle_status Generation::choose(int64_t b, const float *rowLogits) {
  Row &row = *rows[b];
  auto count = static_cast<int32_t>(vocabulary);
  auto length = static_cast<int64_t>(row.ids.size());
  rowLogits = rules.apply(
      rowLogits, count,
      {row.ids.data(), length, static_cast<int64_t>(row.prompt), row.longest});
  int32_t token = sampler.choose(rowLogits, count, row.ids.data(),
                                 static_cast<int32_t>(length), row.stream,
                                 heddle_session_length(&session, b));
  if (token < 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s gave no number for any token that may come next in row "
                "%" PRId64 ": are the weights damaged",
                step.entry->name, b);
  row.ids.push(token);
  bool ends = rules.isEnd(token);
  piece.clear();
  if (row.decoder && !ends)
    row.decoder->push(token, piece);
  bool stopped = callback(user, b, token, piece.data(),
                          static_cast<int64_t>(piece.size())) != 0;
  bool complete = stopped || ends || length + 1 == row.longest;
  if (!complete && roomOf(b) == 0)
    report.cutRows.push(b);
  if (complete || roomOf(b) == 0)
    finish(b);
  return HEDDLE_OK;
}

void Generation::finish(int64_t b) {
  Row &row = *rows[b];
  row.done = true;
  session.unread[b] = row.ids.back();
  piece.clear();
  if (row.decoder)
    row.decoder->finish(piece);
  callback(user, b, -1, piece.data(), static_cast<int64_t>(piece.size()));
}

static constexpr heddle_generation neutralSettings() {
  heddle_generation settings = {};
  settings.top_p = settings.repetition_penalty = 1;
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
  return Generation(session, options, callback, user, report, repeats).run();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

heddle_status heddle_generate(heddle_session *session,
                              const heddle_generate_options *options,
                              heddle_token_callback callback, void *user) {
  if (!session)
    return fail(HEDDLE_BAD_ARGUMENT, "the session is NULL: it was not opened");
  GenerateReport report;
  return generate(*session, *options, callback, user, report);
}
