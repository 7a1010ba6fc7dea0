// The step of a model's loop, and calls of it.
#ifndef HEDDLE_RUNTIME_GENERATE_STEP_H
#define HEDDLE_RUNTIME_GENERATE_STEP_H

#include "runtime/Session.h"
#include "runtime/generate/Generate.h"
#include "runtime/generate/Row.h"

#include <algorithm>

namespace heddle::runtime {

/// What generating needs to know about an entry: it reads indices, one a
/// position of a ragged size; or, before the first step, pictures or sound.
struct Reader {
  const heddle_entry *entry = nullptr;
  int32_t size = -1; // of the positions; -1: it reads no indices

  heddle_status find(const heddle_model &model, int32_t generates);
};

/// The refusal of a checkpoint that does not say what begins a decoder's text.
heddle_status noDecoderStart();

/// The entry that gives logits, [B V] or of every token [B T V].
struct Step : Reader {
  const heddle_entry *verifier = nullptr; // gives them of every token, where
                                          // the entry gives those of the last
  int32_t growing = -1; // the size that counts what a row holds
  int64_t vocabulary = 0;
  bool logitsOfEveryToken = false;
  bool readsInChunks = false; // a prompt may be cut into calls

  /// Fails where the model does not generate.
  heddle_status find(const heddle_model &model);
  /// Refuses a source of drafts that there is not, and what drafts cannot be
  /// verified in.
  heddle_status checkSpeculation(const heddle_program &program,
                                 int32_t speculation) const;

  /// Positions that row `row` of the session can still take.
  int64_t roomOf(heddle_session &session, int64_t row) const {
    return session.limits.perRow[growing] - session.heldBy(growing, row);
  }
  /// That a row has in all.
  int64_t positions(const heddle_session &session) const {
    return session.limits.perRow[growing];
  }
  /// Refuses what a row has no room for; `prompt` is what the caller knows it
  /// by.
  heddle_status checkRoom(heddle_session &session, const Row &row,
                          int64_t prompt) const;

private:
  heddle_status findVocabulary(const heddle_program &program);
};

/// One call: which rows take part, where their states are, how much each reads.
class StepCall {
public:
  StepCall(heddle_session &session, const Step &step)
      : session(session), step(step) {}

  [[nodiscard]] bool allocate(int64_t rows) {
    return rowsOf.allocate(rows) && sessionRows.allocate(rows) &&
           stateRows.allocate(rows) && lengths.allocate(rows) &&
           ends.allocate(rows) && drafts.allocate(rows);
  }

  /// Begins a call of `budget` tokens at most.
  void begin(int64_t budget);
  /// As many as a session takes.
  void begin() { begin(session.limits.total[step.size]); }
  /// Has the row read what it has not read, as far as there is room; it finds
  /// its states in row `stateRow`.
  void add(Row &row, int64_t stateRow);
  /// So many tokens more at most.
  void limit(int64_t more) { budget = std::min(budget, more); }
  bool isEmpty() const { return count == 0; }
  int64_t budgetLeft() const { return budget; }
  /// Whether some row reads its prompt, rather than what was chosen last.
  bool readsPrompts() const { return prompts; }

  /// Has row i read a token more that nobody has chosen yet. There has to be
  /// room.
  void addDraft(int64_t i, int32_t token);
  /// How many drafts row i can take.
  int64_t roomFor(int64_t i) const;

  /// The rows have read then, except for drafts. Fails where there is no memory
  /// for the logits too.
  heddle_status run(GenerateReport &report);

  int64_t rows() const { return count; }
  int64_t tokens() const { return total; }
  double seconds() const { return duration; }
  Row &row(int64_t i) { return *rowsOf[i]; }
  const Row &row(int64_t i) const { return *rowsOf.data()[i]; }
  /// What follows the last token that row i has read in this call, or so many
  /// of its drafts.
  const float *logitsOf(int64_t i, int64_t drafted = 0) const;

  int64_t draftsOf(int64_t i) const { return drafts.data()[i].count; }
  int32_t draftOf(int64_t i, int64_t index) const {
    return drafts.data()[i].tokens[index];
  }
  /// The next draft of row i is what was chosen: the row has read it.
  void keepDraft(int64_t i, GenerateReport &report);

  static constexpr int64_t mostDrafts = 31; // of a row

private:
  struct Drafts {
    int64_t count;
    int32_t tokens[mostDrafts];
  };
  void gatherIds();
  void setHeld(int64_t i, int64_t more);

  heddle_session &session;
  const Step &step;
  Array<Row *> rowsOf;
  Array<int64_t> sessionRows, stateRows, lengths;
  Array<int64_t> ends; // tokens of the call up to a row's last one
  Array<Drafts> drafts;
  int64_t count = 0, total = 0, drafted = 0, budget = 0;
  bool prompts = false;
  double duration = 0;
  text::Ids ids;
  text::Buffer<float> logits;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_STEP_H
