// What a generation needs to know before it writes: the entries, the prompts as
// ids, and where the texts end at the latest. All that the caller gave is
// checked here.

#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/generate/Generation.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

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
  bool isMedia = generates == 1 && given == 0 && entry->input_count > 0 &&
                 entry->inputs[0].content != HEDDLE_NUMBERS;
  if (!isMedia && (size < 0 || entry->input_count < 1 ||
                   entry->inputs[0].type != HEDDLE_I32))
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
  if (heddle_status status = checkPrompts())
    return status;
  if (heddle_status status =
          opening.choose(settings, options.language, options.task))
    return status;
  if (model.weights.tokenizer() || options.prompts)
    if (heddle_status status = tokenizerOf(model, tokenizer))
      return status;
  if (!rows.allocate(options.rows) || !sessionRows.allocate(options.rows) ||
      !lengths.allocate(options.rows))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  return readPrompts();
}

heddle_status Generation::checkPrompts() {
  if (readsMedia() != (options.sources != nullptr))
    return fail(HEDDLE_BAD_ARGUMENT,
                readsMedia() ? "there are no sources, which %s reads: sources "
                               "is NULL"
                             : "%s reads no pictures and no sound: sources is "
                               "not NULL",
                source.entry ? source.entry->name : step.entry->name);
  if (!readsMedia() && !options.prompts &&
      (!options.prompt_ids || !options.prompt_lengths))
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are no prompts: prompts is NULL, and so is %s",
                options.prompt_ids ? "prompt_lengths" : "prompt_ids");
  return HEDDLE_OK;
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
      if (heddle_status status = rewindRow(session, b, 0))
        return status;
    // The same prompt twice asks for two texts; otherwise a row's text does
    // not depend on its neighbours.
    rows[b]->stream = repeats ? repeats[b] : 0;
    for (int64_t other = 0; other < b && !readsMedia(); ++other) {
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
  if (readsMedia()) {
    if (!options.sources[b])
      return fail(HEDDLE_BAD_ARGUMENT, "source %" PRId64 " is NULL", b);
    row.ids.push(settings.decoder_start);
  } else if (options.prompts) {
    const char *prompt = options.prompts[b];
    if (!prompt)
      return fail(HEDDLE_BAD_ARGUMENT, "prompt %" PRId64 " is NULL", b);
    const char *wrong =
        tokenizer->encode({prompt, strlen(prompt)},
                          /*addSpecialTokens=*/!options.resume, row.ids,
                          /*specialsAreText=*/options.text_only);
    if (wrong)
      return fail(statusOf(wrong), "prompt %" PRId64 ": %s", b, wrong);
  } else if (heddle_status status = readIds(b)) {
    return status;
  }
  if (row.ids.empty() && settings.begin >= 0)
    row.ids.push(settings.begin);
  if (row.ids.empty())
    return fail(HEDDLE_BAD_ARGUMENT, "prompt %" PRId64 " is empty", b);
  row.prompt = row.ids.size();
  if (heddle_status status = tokenizer ? openDecoder(row) : HEDDLE_OK)
    return status;
  return checkTrouble();
}

/// A length that nothing has room for is a mistake of the caller's, whose ids
/// are not read that far.
heddle_status Generation::readIds(int64_t b) {
  int64_t count = options.prompt_lengths[b], most = mostPromptTokens();
  if (count < 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "prompt %" PRId64 " has %" PRId64 " tokens, needed: 0 or more",
                b, count);
  if (count > most)
    return fail(HEDDLE_CONTEXT_FULL,
                "prompt %" PRId64 " has %" PRId64
                " tokens, the context has room for %" PRId64,
                b, count, most);
  if (count && !options.prompt_ids[b])
    return fail(HEDDLE_BAD_ARGUMENT, "the ids of prompt %" PRId64 " are NULL",
                b);
  rows[b]->ids.append(options.prompt_ids[b], count);
  return HEDDLE_OK;
}

int64_t Generation::mostPromptTokens() const {
  return source.entry ? session.limits.perRow[source.size]
                      : session.limits.perRow[growing];
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
    int64_t length = readsMedia() ? 0 : static_cast<int64_t>(ids.size());
    const int64_t *sizes[] = {&length};
    const void *inputs[HEDDLE_MAX_INPUTS] = {ids.data()};
    if (readsMedia())
      inputs[0] = options.sources[b];
    void *outputs[1] = {nullptr};
    if (heddle_status status =
            runCall(session, source.entry, 1, sizes, &b, inputs, outputs))
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
    // As in transformers, what begins a text of speech does not count.
    int64_t most = settings.max_length;
    if (source.entry && opening.count()) {
      prompt += opening.count();
      most += prompt;
    }
    row.longest = tokens > 0 && tokens < INT64_MAX - prompt ? prompt + tokens
                  : ofWhole                                 ? most
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

} // namespace heddle::runtime
