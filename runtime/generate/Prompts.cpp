// What a generation needs to know before it writes: the entries, the prompts as
// ids, and where the texts end at the latest. All that the caller gave is
// checked here.

#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/generate/Generation.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

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

heddle_status Generation::prepare() {
  if (heddle_status status = checkChoice())
    return status;
  if (const char *wrong = text::checkOptions(samplerOptions(options, settings)))
    return fail(HEDDLE_BAD_ARGUMENT, "%s", wrong);
  if (heddle_status status = source.find(model, 1))
    return status;
  if (heddle_status status = step.find(model, 2))
    return status;
  if (!step.entry)
    return fail(HEDDLE_NOT_SUPPORTED, "%s does not generate",
                model.program->name);
  if (options.resume < 0 || options.resume > HEDDLE_RESUME_COMMON)
    return fail(HEDDLE_BAD_ARGUMENT, "resume is %d, needed: 0 to %d",
                options.resume, HEDDLE_RESUME_COMMON);
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
  if (heddle_status status = checkBiases())
    return status;

  if (options.rows < 1 || options.rows > session.limits.rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %" PRId64
                " prompts, the session was opened for 1 to %" PRId64,
                options.rows, session.limits.rows);
  if (heddle_status status = readBeamOptions())
    return status;
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
  int64_t most = firstRow(options.rows);
  if (!rows.allocate(most) || !sessionRows.allocate(most) ||
      !stateRows.allocate(most) || !lengths.allocate(most))
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
  for (int64_t b = 0; b < rows.size(); ++b)
    if (!(rows[b] = create<Row>()))
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  for (int64_t b = 0; b < options.rows; ++b) {
    if (heddle_status status = readPrompt(b))
      return status;
    // The same prompt twice asks for two texts; otherwise a row's text does
    // not depend on its neighbours.
    Row &row = rowOf(b);
    row.stream = repeats ? repeats[b] : 0;
    for (int64_t other = 0; other < b && !readsMedia(); ++other) {
      const text::Ids &ids = rowOf(other).ids;
      if (!std::equal(ids.begin(), ids.end(), row.ids.begin(), row.ids.end()))
        continue;
      ++row.stream;
      if (row.leader < 0 && canShare())
        row.leader = other;
    }
  }
  for (int64_t b = 0; b < rows.size() && !options.resume; ++b)
    if (heddle_status status = rewindRow(session, b, 0))
      return status;
  return HEDDLE_OK;
}

/// Whether what a row has read of a prompt can be copied to another.
bool Generation::canShare() const {
  const heddle_program &program = *model.program;
  bool hasStates = std::any_of(
      program.caches, program.caches + program.cache_count,
      [](const heddle_cache &cache) { return cache.is_state != 0; });
  return !source.entry && !hasStates && !options.resume &&
         beamOptions.beams == 1;
}

heddle_status Generation::readPrompt(int64_t b) {
  Row &row = rowOf(b);
  if (options.resume == 1 && session.unread[b] >= 0)
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
                          /*addSpecialTokens=*/options.resume != 1, row.ids,
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
  if (heddle_status status = takeCommon(b))
    return status;
  if (tokenizer && beamOptions.beams == 1)
    if (heddle_status status = openDecoder(row))
      return status;
  return checkTrouble();
}

/// What the session has read of the prompt already.
heddle_status Generation::takeCommon(int64_t b) {
  if (options.resume != HEDDLE_RESUME_COMMON)
    return HEDDLE_OK;
  int64_t held = heddle_session_length(&session, b);
  auto tokens = static_cast<int64_t>(rowOf(b).ids.size());
  if (held >= tokens)
    return fail(HEDDLE_BAD_ARGUMENT,
                "prompt %" PRId64 " has %" PRId64
                " tokens, needed: more than the %" PRId64 " that row holds",
                b, tokens, held);
  rowOf(b).read = static_cast<size_t>(held);
  return HEDDLE_OK;
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
  rowOf(b).ids.append(options.prompt_ids[b], count);
  return HEDDLE_OK;
}

int64_t Generation::mostPromptTokens() const {
  return source.entry ? session.limits.perRow[source.size]
                      : session.limits.perRow[growing];
}

/// The decoder reads along from the prompt on, because some tokenizers strip
/// what stands at the beginning of a text.
heddle_status Generation::openDecoder(Row &row) {
  destroy(row.decoder);
  row.decoder = create<text::Decoder>(
      *tokenizer, /*skipSpecialTokens=*/!options.special_tokens);
  if (!row.decoder)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  for (size_t i = 0; i < row.prompt && !source.entry; ++i)
    row.decoder->push(row.ids[i], piece);
  piece.clear();
  return HEDDLE_OK;
}

/// Encoder and decoder: the prompts are read by the encoder, and the decoder
/// begins with the token for that. Short prompts share a call; pictures and
/// sounds do not.
heddle_status Generation::encodeSources() {
  constexpr int64_t tokensOfCall = 1024; // enough to keep the cores busy
  if (settings.decoder_start < 0)
    return fail(HEDDLE_NOT_SUPPORTED,
                "generate: the checkpoint names no token that begins the "
                "decoder's text: found no decoder_start_token_id");
  double start = secondsNow();
  int64_t most =
      readsMedia() ? 0
                   : std::min(tokensOfCall, session.limits.total[source.size]);
  for (int64_t first = 0, end = 0; first < options.rows; first = end) {
    int64_t tokens = 0;
    do
      tokens += rowOf(end++).unread();
    while (end < options.rows && tokens + rowOf(end).unread() <= most);
    report.prefillTokens += readsMedia() ? 0 : tokens;
    if (heddle_status status = encode(first, end))
      return status;
  }
  report.prefillSeconds += secondsNow() - start;
  return HEDDLE_OK;
}

/// Prompts `first` to `end`, in one call.
heddle_status Generation::encode(int64_t first, int64_t end) {
  callIds.clear();
  for (int64_t b = first; b < end; ++b) {
    Row &row = rowOf(b);
    sessionRows[b - first] = firstRow(b);
    lengths[b - first] = row.unread();
    callIds.append(row.ids.data(), row.ids.size());
    row.ids.clear();
    row.ids.push(settings.decoder_start);
    row.prompt = 1;
  }
  if (heddle_status status = checkTrouble())
    return status;
  const int64_t *sizes[] = {lengths.data()};
  const void *inputs[HEDDLE_MAX_INPUTS] = {callIds.data()};
  if (readsMedia())
    inputs[0] = options.sources[first];
  void *outputs[1] = {nullptr};
  return runCall(session, source.entry, end - first, sizes, sessionRows.data(),
                 inputs, outputs);
}

/// With the opening, which comes before the text.
int64_t Generation::lengthOfPrompt(const Row &row) const {
  return static_cast<int64_t>(row.prompt) +
         (source.entry ? opening.count() : 0);
}

/// Where each text ends at the latest: what the caller says goes before the
/// checkpoint's new tokens, and those before its length of a whole text.
heddle_status Generation::limitLengths() {
  int64_t tokens =
      options.max_tokens ? options.max_tokens : settings.max_tokens;
  bool ofWhole = tokens == 0 && settings.max_length > 0;
  for (int64_t b = 0; b < options.rows; ++b) {
    Row &row = rowOf(b);
    int64_t prompt = lengthOfPrompt(row);
    // As in transformers, what begins a text of speech does not count.
    int64_t most = settings.max_length;
    if (source.entry && opening.count())
      most += prompt;
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
    int64_t unread = rowOf(b).unread(), room = roomOf(firstRow(b));
    if (unread > room)
      return fail(HEDDLE_CONTEXT_FULL,
                  "prompt %" PRId64 " has %" PRId64
                  " tokens, the context has room for %" PRId64,
                  b, unread, room);
    int64_t most = std::min(session.limits.perRow[step.size],
                            session.limits.total[step.size]);
    if (!(model.program->flags & HEDDLE_PREFILL_IN_CHUNKS) && unread > most)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "prompt %" PRId64 " has %" PRId64
                  " tokens, one call takes %" PRId64
                  ", and this model must read a prompt in one call",
                  b, unread, most);
  }
  return HEDDLE_OK;
}

} // namespace heddle::runtime
