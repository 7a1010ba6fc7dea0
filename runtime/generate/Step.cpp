#include "runtime/generate/Step.h"
#include "runtime/Clock.h"
#include "runtime/Error.h"

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

heddle_status noDecoderStart() {
  return fail(HEDDLE_NOT_SUPPORTED,
              "generate: the checkpoint names no token that begins the "
              "decoder's text: found no decoder_start_token_id");
}

heddle_status Step::find(const heddle_model &model) {
  const heddle_program &program = *model.program;
  if (heddle_status status = Reader::find(model, 2))
    return status;
  if (!entry)
    return fail(HEDDLE_NOT_SUPPORTED, "%s does not generate", program.name);
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].grows_by == size && entry->grows >> s & 1)
      growing = s;
  readsInChunks = program.flags & HEDDLE_PREFILL_IN_CHUNKS;
  if (heddle_status status = findVocabulary(program))
    return status;
  verifier = logitsOfEveryToken ? entry : nullptr;
  for (int32_t e = 0; e < program.entry_count && !verifier; ++e)
    if (program.entries[e].generates == 3)
      verifier = &program.entries[e];
  return HEDDLE_OK;
}

heddle_status Step::checkSpeculation(const heddle_program &program,
                                     int32_t speculation) const {
  if (speculation == HEDDLE_SPECULATE_MODEL && !program.draft)
    return fail(HEDDLE_NOT_SUPPORTED,
                "speculate: %s was built without a small model that drafts: "
                "heddle build --speculate puts one in",
                program.name);
  for (int32_t c = 0; c < program.cache_count; ++c)
    if (program.caches[c].size < 0 && !program.caches[c].is_state)
      return fail(HEDDLE_NOT_SUPPORTED,
                  "speculate: %s carries %s from step to step, and cannot take "
                  "back a draft that is not chosen",
                  program.name, program.caches[c].path);
  if (!readsInChunks)
    return fail(HEDDLE_NOT_SUPPORTED,
                "speculate: a token of %s sees later ones of the same call, "
                "and would see drafts",
                program.name);
  if (!verifier)
    return fail(HEDDLE_NOT_SUPPORTED,
                "speculate: %s has no entry that gives for every token what %s "
                "gives for the last",
                program.name, entry->name);
  return HEDDLE_OK;
}

heddle_status Step::findVocabulary(const heddle_program &program) {
  const heddle_value *output = entry->output_count ? entry->outputs : nullptr;
  bool understood = output && output->type == HEDDLE_F32 &&
                    (output->rank == 2 || output->rank == 3);
  if (understood) {
    const heddle_polynomial &last = output->dims[output->rank - 1];
    understood = last.count == 1 && !isRagged(program, last.terms[0]);
    vocabulary = understood ? last.terms[0].numerator : 0;
    logitsOfEveryToken = output->rank == 3;
  }
  if (understood && growing >= 0)
    return HEDDLE_OK;
  return fail(HEDDLE_NOT_SUPPORTED,
              understood ? "generate: %s keeps nothing between calls"
                         : "generate: the output of %s is not [B V] or [B T V]",
              entry->name);
}

heddle_status Step::checkRoom(heddle_session &session, const Row &row,
                              int64_t prompt) const {
  int64_t unread = row.unread(), room = roomOf(session, row.number);
  if (unread > room)
    return fail(HEDDLE_CONTEXT_FULL,
                "prompt %" PRId64 " has %" PRId64
                " tokens, the context has room for %" PRId64,
                prompt, unread, room);
  int64_t most =
      std::min(session.limits.perRow[size], session.limits.total[size]);
  if (!readsInChunks && unread > most)
    return fail(HEDDLE_BAD_ARGUMENT,
                "prompt %" PRId64 " has %" PRId64
                " tokens, one call takes %" PRId64
                ", and this model must read a prompt in one call",
                prompt, unread, most);
  return HEDDLE_OK;
}

void StepCall::begin(int64_t most) {
  count = total = drafted = 0;
  prompts = false;
  budget = most;
}

void StepCall::add(Row &row, int64_t stateRow) {
  int64_t most = std::min(budget, session.limits.perRow[step.size]);
  int64_t take = std::min(row.unread(), most);
  if (take == 0 || (take < row.unread() && !step.readsInChunks))
    return;
  rowsOf[count] = &row;
  sessionRows[count] = row.number;
  stateRows[count] = stateRow;
  lengths[count] = take;
  drafts[count].count = 0;
  prompts |= row.isUnanswered();
  budget -= take;
  total += take;
  ++count;
}

int64_t StepCall::roomFor(int64_t i) const {
  int64_t read = lengths.data()[i];
  return std::min({step.roomOf(session, rowsOf.data()[i]->number) - read,
                   session.limits.perRow[step.size] - read, mostDrafts});
}

void StepCall::addDraft(int64_t i, int32_t token) {
  Drafts &of = drafts[i];
  of.tokens[of.count++] = token;
  --budget;
  ++total, ++drafted;
}

void StepCall::gatherIds() {
  ids.clear();
  int64_t end = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Row &row = *rowsOf[i];
    ids.append(row.ids.data() + row.read, lengths[i]);
    ids.append(drafts[i].tokens, drafts[i].count);
    lengths[i] += drafts[i].count;
    ends[i] = end += lengths[i];
  }
}

/// The session's row holds so many positions more.
void StepCall::setHeld(int64_t i, int64_t more) {
  const heddle_program &program = session.program();
  for (int32_t s = 0; s < program.size_count; ++s)
    if (step.entry->grows >> s & 1)
      session.heldBy(s, sessionRows[i]) += more;
}

heddle_status StepCall::run(GenerateReport &report) {
  gatherIds();
  const int64_t *sizes[] = {lengths.data()};
  const void *inputs[HEDDLE_MAX_INPUTS] = {ids.data()};
  bool ofEvery = step.logitsOfEveryToken || drafted;
  if (!logits.resize((ofEvery ? total : count) * step.vocabulary))
    return fail(HEDDLE_OUT_OF_MEMORY, "generate: %s",
                text::describeDecoding(text::Trouble::Memory));
  void *outputs[] = {logits.data()};
  double start = secondsNow();
  if (heddle_status status =
          runCall(session, drafted ? step.verifier : step.entry, count, sizes,
                  sessionRows.data(), inputs, outputs, stateRows.data()))
    return status;
  duration = secondsNow() - start;
  for (int64_t i = 0; i < count; ++i) {
    setHeld(i, -drafts[i].count);
    rowsOf[i]->read += lengths[i] - drafts[i].count;
  }
  (prompts ? report.prefillTokens : report.decodeTokens) += total - drafted;
  (prompts ? report.prefillSeconds : report.decodeSeconds) += duration;
  report.draftedTokens += drafted;
  return HEDDLE_OK;
}

const float *StepCall::logitsOf(int64_t i, int64_t behind) const {
  int64_t last = ends.data()[i] - 1 - draftsOf(i) + behind;
  int64_t at = step.logitsOfEveryToken || drafted ? last : i;
  return logits.data() + at * step.vocabulary;
}

void StepCall::keepDraft(int64_t i, GenerateReport &report) {
  setHeld(i, 1);
  ++rowsOf[i]->read;
  ++report.decodeTokens;
}

} // namespace heddle::runtime
