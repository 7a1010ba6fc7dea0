// One heddle_generate(): what its parts share. Prompts.cpp reads what is asked
// for, Generate.cpp writes, Beams.cpp searches where there are beams.
#ifndef HEDDLE_RUNTIME_GENERATE_GENERATION_H
#define HEDDLE_RUNTIME_GENERATE_GENERATION_H

#include "runtime/generate/BeamSearch.h"
#include "runtime/generate/Choices.h"
#include "runtime/generate/Speculation.h"

#include <algorithm>

namespace heddle::runtime {

/// The beams of a prompt, and the row of each: now, and behind the token that
/// they are about to get.
struct Beams {
  static constexpr int64_t none = -1;

  BeamSearch search;
  Array<int64_t> rows, nextRows;
  Array<const text::Ids *> texts;

  Beams(const BeamOptions &options, int64_t longest, int32_t endCount)
      : search(options, longest, endCount) {}
  int32_t beamOf(int64_t row) const {
    const int64_t *end = rows.data() + rows.size();
    return static_cast<int32_t>(std::find(rows.data(), end, row) - rows.data());
  }
  bool isTaken(int64_t row) const {
    const int64_t *end = nextRows.data() + nextRows.size();
    return std::find(nextRows.data(), end, row) != end;
  }
};

class Generation {
public:
  Generation(heddle_session &session, const heddle_generate_options &options,
             heddle_token_callback callback, void *user, GenerateReport &report,
             const uint64_t *repeats)
      : session(session), model(*session.model), options(options),
        report(report), repeats(repeats),
        writer(session, step, options, callback, user, report),
        nextCall(session, step), speculation(session),
        choices(model, nextCall) {}
  ~Generation();

  heddle_status run();

private:
  heddle_status prepare();
  heddle_status readBeamOptions();
  heddle_status checkBeams(const BeamOptions &beams, float temperature) const;
  heddle_status readPrompts();
  heddle_status readPrompt(int64_t b);
  heddle_status readIds(int64_t b);
  heddle_status takeCommon(int64_t b);
  heddle_status checkPrompts();
  bool canShare() const;
  bool readsMedia() const { return source.entry && source.size < 0; }
  int64_t mostPromptTokens() const;
  heddle_status encodeSources();
  heddle_status encode(int64_t first, int64_t end);
  heddle_status limitTexts();
  heddle_status planCall();
  heddle_status answer();
  heddle_status answerFollowers(const Row &leader, const float *logits);
  heddle_status prepareBeams();
  heddle_status search(int64_t b, const float *logits);
  void moveBeams(int64_t prompt);
  int64_t findFreeRow(int64_t prompt, const Row &parent) const;
  heddle_status finishBeams(int64_t prompt);
  heddle_status writeText(int64_t prompt, int32_t rank);
  bool unfinished() const;
  int64_t longestInContext() const;

  /// Without beams, row b is prompt b's.
  int64_t firstRow(int64_t prompt) const { return prompt * beamOptions.beams; }
  Row &rowOf(int64_t prompt) { return *rows[firstRow(prompt)]; }
  const Row &rowOf(int64_t prompt) const {
    return *const_cast<Generation *>(this)->rows[firstRow(prompt)];
  }

  text::TroubleWatch watch;
  heddle_session &session;
  heddle_model &model;
  const heddle_generate_options &options;
  GenerateReport &report;
  const uint64_t *repeats;

  Reader source; // the entry that runs once before, if any
  Step step;
  Writer writer;
  StepCall nextCall;
  Speculation speculation;
  Choices choices;

  Array<Row *> rows; // of every prompt as many as there are beams
  BeamOptions beamOptions;
  Array<Beams *> beamsOf; // by prompt; empty without beams
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_GENERATION_H
