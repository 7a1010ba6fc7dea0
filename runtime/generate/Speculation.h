// What is drafted for the rows of a call: as much as is expected to make the
// most tokens a second, by what became of earlier drafts and by how long calls
// take. That decides how the work is cut, never what is written.
#ifndef HEDDLE_RUNTIME_GENERATE_SPECULATION_H
#define HEDDLE_RUNTIME_GENERATE_SPECULATION_H

#include "runtime/generate/DraftMemory.h"
#include "runtime/generate/Writer.h"

namespace heddle::runtime {

class Speculation {
public:
  explicit Speculation(heddle_session &session) : session(session) {}
  [[nodiscard]] bool allocate(int64_t rows) {
    memory = DraftMemory::of(session);
    return memory && states.allocate(rows);
  }

  /// Has a call that was planned read drafts too, where it reads no prompts.
  /// `writerOf(row)`: whose options say where its text is drafted from.
  template <typename WriterOf>
  heddle_status draft(StepCall &call, GenerateReport &report,
                      WriterOf writerOf) {
    if (call.isEmpty() || call.readsPrompts())
      return HEDDLE_OK;
    bool any = false, asksModel = false;
    for (int64_t i = 0; i < call.rows(); ++i) {
      any |= begin(call, i, *writerOf(call.row(i)));
      asksModel |= states[i].source == HEDDLE_SPECULATE_MODEL;
    }
    spent = 0;
    if (asksModel)
      if (heddle_status status = askModel(call, report))
        return status;
    if (any)
      plan(call);
    return HEDDLE_OK;
  }
  /// After a call has run.
  void note(const StepCall &call) {
    if (call.readsPrompts())
      memory->pace.note(call.tokens(), call.seconds());
    else
      memory->times.note(call.tokens(), call.seconds());
  }
  /// Chooses behind what row i of the call has read, and goes on behind its
  /// drafts as long as they are what is chosen.
  heddle_status choose(Writer &writer, StepCall &call, int64_t i,
                       GenerateReport &report);
  /// A text has ended that may be resumed.
  void remember(const Row &text) {
    if (memory->drafter)
      memory->drafter->follow(text);
  }

private:
  /// What is planned for a row of the call.
  struct State {
    int32_t source;      // a heddle_speculation; NONE: nothing is drafted
    int64_t most;        // drafts that there is room for
    int64_t count, best; // planned so far, and in the best plan
    double reached;      // the chance that all of them are chosen
    int64_t run;         // of a lookup: length of the run that was found
    // Of the small model: what it drafts, and how sure it is of each.
    Writer *writer;
    int64_t drafted, unread;
    bool goesOn;
    int32_t tokens[StepCall::mostDrafts];
    int32_t kinds[StepCall::mostDrafts];
  };

  bool begin(StepCall &call, int64_t i, Writer &writer);
  bool lookUp(Row &row);
  static bool goesOnAsBefore(const State &state, const Row &row);
  heddle_status openDrafter();
  heddle_status askModel(StepCall &call, GenerateReport &report);
  double secondsToDraft(int64_t rows) const;
  double secondsToRead(int64_t tokens) const;
  void lookUpInstead(const StepCall &call);
  bool isRunBetter(const StepCall &call, int64_t i) const;
  double gainOfAToken(const StepCall &call, int64_t rows) const;
  bool isWorthAsking(const StepCall &call);
  bool isWorthAnother(const StepCall &call) const;
  double rateAhead(const StepCall &call, double expected, double gain,
                   int64_t rows, int64_t drafted, double soFar) const;
  bool readDrafts(const StepCall &call);
  void takeDraft(State &state, const Row &text, const float *logits);
  DraftChances &chancesOf(const State &state) const;
  int64_t stateOf(const StepCall &call, int64_t row) const;

  void plan(StepCall &call);
  double chanceOf(const StepCall &call, int64_t i) const;
  State *likeliest(const StepCall &call, double &chance);
  int64_t draftsKnown(const State &state) const {
    return state.source == HEDDLE_SPECULATE_MODEL ? state.drafted : state.most;
  }
  void tell(StepCall &call, int64_t i, int64_t index, bool isChosen);

  heddle_session &session;
  DraftMemory *memory = nullptr;
  Array<State> states; // by row of the call
  double spent = 0;    // seconds that drafts took for this call
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_SPECULATION_H
