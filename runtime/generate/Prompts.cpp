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

heddle_status Generation::prepare() {
  if (heddle_status status = source.find(model, 1))
    return status;
  if (heddle_status status = step.find(model))
    return status;
  if (options.resume < 0 || options.resume > HEDDLE_RESUME_COMMON)
    return fail(HEDDLE_BAD_ARGUMENT, "resume is %d, needed: 0 to %d",
                options.resume, HEDDLE_RESUME_COMMON);
  if (source.entry && options.resume)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s reads a prompt as a whole: its texts cannot be resumed",
                model.program->name);
  if (options.rows < 1 || options.rows > session.limits.rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %" PRId64
                " prompts, the session was opened for 1 to %" PRId64,
                options.rows, session.limits.rows);
  if (heddle_status status = writer.open(source.entry))
    return status;
  if (heddle_status status = readBeamOptions())
    return status;
  if (heddle_status status = checkPrompts())
    return status;
  int64_t most = firstRow(options.rows);
  if (!rows.allocate(most) || !nextCall.allocate(most) ||
      !speculation.allocate(most) || !choices.allocate(most))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  return readPrompts();
}

heddle_status Generation::readPrompts() {
  for (int64_t b = 0; b < rows.size(); ++b) {
    if (!(rows[b] = create<Row>()))
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
    rows[b]->number = rows[b]->textRow = b;
  }
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
  if (options.resume == 1)
    row.before = heddle_session_length(&session, b);
  if (options.resume == 1 && session.unread[b] >= 0)
    row.ids.push(session.unread[b]);
  if (readsMedia()) {
    if (!options.sources[b])
      return fail(HEDDLE_BAD_ARGUMENT, "source %" PRId64 " is NULL", b);
    row.ids.push(writer.settings.decoder_start);
  } else if (options.prompts) {
    const char *prompt = options.prompts[b];
    if (!prompt)
      return fail(HEDDLE_BAD_ARGUMENT, "prompt %" PRId64 " is NULL", b);
    const char *wrong = writer.tokenizer->encode(
        {prompt, strlen(prompt)},
        /*addSpecialTokens=*/options.resume != 1, row.ids,
        /*specialsAreText=*/options.text_only);
    if (wrong)
      return fail(statusOf(wrong), "prompt %" PRId64 ": %s", b, wrong);
  } else if (heddle_status status = readIds(b)) {
    return status;
  }
  if (row.ids.empty() && writer.settings.begin >= 0)
    row.ids.push(writer.settings.begin);
  if (heddle_status status = writer.checkTrouble())
    return status;
  if (row.ids.empty())
    return fail(HEDDLE_BAD_ARGUMENT, "prompt %" PRId64 " is empty", b);
  row.prompt = row.ids.size();
  if (heddle_status status = takeCommon(b))
    return status;
  if (writer.tokenizer && beamOptions.beams == 1)
    if (heddle_status status =
            writer.openDecoder(row, /*readsPrompt=*/!source.entry))
      return status;
  return writer.checkTrouble();
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
                      : session.limits.perRow[step.growing];
}

/// Encoder and decoder: the prompts are read by the encoder, and the decoder
/// begins with the token for that. Short prompts share a call; pictures and
/// sounds do not.
heddle_status Generation::encodeSources() {
  constexpr int64_t tokensOfCall = 1024; // enough to keep the cores busy
  if (writer.settings.decoder_start < 0)
    return noDecoderStart();
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
  Array<int64_t> sessionRows, lengths;
  if (!sessionRows.allocate(end - first) || !lengths.allocate(end - first))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  text::Ids ids;
  for (int64_t b = first; b < end; ++b) {
    Row &row = rowOf(b);
    sessionRows[b - first] = row.number;
    lengths[b - first] = row.unread();
    ids.append(row.ids.data(), row.ids.size());
    if (options.speculate && !readsMedia())
      row.draftFrom(row.ids.data(), row.ids.size());
    row.ids.clear();
    row.ids.push(writer.settings.decoder_start);
    row.prompt = 1;
  }
  if (heddle_status status = writer.checkTrouble())
    return status;
  const int64_t *sizes[] = {lengths.data()};
  const void *inputs[HEDDLE_MAX_INPUTS] = {ids.data()};
  if (readsMedia())
    inputs[0] = options.sources[first];
  void *outputs[1] = {nullptr};
  return runCall(session, source.entry, end - first, sizes, sessionRows.data(),
                 inputs, outputs);
}

/// Where each text ends at the latest, and whether there is room for prompts.
heddle_status Generation::limitTexts() {
  for (int64_t b = 0; b < options.rows; ++b)
    if (heddle_status status = writer.limitLength(rowOf(b), b))
      return status;
  for (int64_t b = 0; b < options.rows; ++b)
    if (heddle_status status = step.checkRoom(session, rowOf(b), b))
      return status;
  return HEDDLE_OK;
}

} // namespace heddle::runtime
