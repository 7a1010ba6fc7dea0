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
  if (heddle_status status = limitTexts())
    return status;
  if (beamOptions.beams > 1)
    if (heddle_status status = prepareBeams())
      return status;
  while (unfinished() && !(report.interrupted && *report.interrupted)) {
    if (heddle_status status = planCall())
      return status;
    if (heddle_status status = writer.checkTrouble())
      return status;
    if (heddle_status status = nextCall.run(report))
      return status;
    speculation.note(nextCall);
    double start = secondsNow();
    if (heddle_status status = answer())
      return status;
    report.samplingSeconds += secondsNow() - start;
  }
  if (options.speculate)
    for (const Row *row : rows)
      speculation.remember(*row);
  return HEDDLE_OK;
}

/// What follows from the logits of a call.
heddle_status Generation::answer() {
  if (beamOptions.beams == 1)
    choices.find(step.vocabulary, [&](const Row &) { return &writer; });
  for (int64_t i = 0; i < nextCall.rows(); ++i) {
    Row &row = nextCall.row(i);
    if (row.unread())
      continue; // the logits follow the middle of a prompt
    const float *logits = nextCall.logitsOf(i);
    if (heddle_status status = answerFollowers(row, logits))
      return status;
    if (heddle_status status =
            beamOptions.beams > 1
                ? search(row.number, logits)
                : speculation.choose(writer, nextCall, i, report))
      return status;
  }
  return HEDDLE_OK;
}

bool Generation::unfinished() const {
  return std::any_of(rows.data(), rows.data() + rows.size(),
                     [](const Row *row) { return !row->done; });
}

heddle_status Generation::planCall() {
  nextCall.begin();
  for (Row *row : rows)
    if (!row->done && row->leader < 0)
      nextCall.add(*row, row->number - row->number % beamOptions.beams);
  if (!options.speculate)
    return HEDDLE_OK;
  return speculation.draft(nextCall, report,
                           [this](const Row &) { return &writer; });
}

/// The rows that have waited for this one to read their prompt.
heddle_status Generation::answerFollowers(const Row &leader,
                                          const float *logits) {
  for (int64_t other = leader.number + 1; other < rows.size(); ++other) {
    Row &row = *rows[other];
    if (row.leader != leader.number)
      continue;
    copyRow(session, leader.number, other, 0);
    row.read = row.prompt;
    row.leader = -1;
    if (heddle_status status = writer.choose(row, logits))
      return status;
  }
  return HEDDLE_OK;
}

static constexpr heddle_generation neutralSettings() {
  heddle_generation settings = {};
  settings.top_p = settings.repetition_penalty = settings.length_penalty = 1;
  settings.begin = settings.decoder_start = settings.forced_begin = -1;
  settings.no_timestamps = settings.latest_begin = -1;
  return settings;
}

const heddle_generation &generationOf(const heddle_program &program) {
  static constexpr heddle_generation neutral = neutralSettings();
  return program.generation ? *program.generation : neutral;
}

heddle_status keepCommon(heddle_session &session, const text::Ids &held,
                         const text::Ids &ids) {
  auto most = static_cast<int64_t>(std::min(held.size(), ids.size() - 1));
  most = std::min(most, heddle_session_length(&session, 0));
  int64_t common = 0;
  while (common < most && held[common] == ids[common])
    ++common;
  return rewindRow(session, 0, common) ? rewindRow(session, 0, 0) : HEDDLE_OK;
}

heddle_status generate(heddle_session &session,
                       const heddle_generate_options &options,
                       heddle_token_callback callback, void *user,
                       GenerateReport &report, const uint64_t *repeats) {
  SessionLock lock(&session);
  if (heddle_status status = lock.check())
    return status;
  return generateLocked(session, options, callback, user, report, repeats);
}

heddle_status generateLocked(heddle_session &session,
                             const heddle_generate_options &options,
                             heddle_token_callback callback, void *user,
                             GenerateReport &report, const uint64_t *repeats) {
  int64_t drafted = report.draftedTokens, accepted = report.acceptedTokens;
  heddle_status status =
      Generation(session, options, callback, user, report, repeats).run();
  if (options.speculated) {
    options.speculated[0] = report.draftedTokens - drafted;
    options.speculated[1] = report.acceptedTokens - accepted;
  }
  return status;
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
