// How many tokens are drafted for the rows of a call: as many as are expected
// to make the most tokens a second, by what became of earlier drafts and by how
// long calls take. That decides how the work is cut, never what is written.
#ifndef HEDDLE_RUNTIME_GENERATE_SPECULATION_H
#define HEDDLE_RUNTIME_GENERATE_SPECULATION_H

#include "runtime/generate/Writer.h"

namespace heddle::runtime {

/// How long calls of so many tokens take, from those that ran: the shortest of
/// the last few of each, since others disturb a call but never help it.
class CallTimes {
public:
  static constexpr int64_t mostTokens = 256;

  void note(int64_t tokens, double seconds);
  /// What is not known is taken from its neighbours. In units of no meaning
  /// where nothing is known.
  double expect(int64_t tokens) const;

private:
  static constexpr int64_t kept = 4, staleCalls = 2000;
  struct Times {
    float seconds[kept];
    int32_t count;
    int64_t call; // the last
  };
  bool isKnown(int64_t tokens) const;
  double known(int64_t tokens) const;

  Times times[mostTokens + 1] = {};
  int64_t calls = 0;
};

class Speculation {
public:
  [[nodiscard]] bool allocate(int64_t rows) { return states.allocate(rows); }

  /// Has a call that was planned read drafts too, where it reads no prompts.
  /// `wants(row)`: whether the row's text is drafted.
  template <typename Wants> void draft(StepCall &call, Wants wants) {
    if (call.isEmpty() || call.readsPrompts())
      return;
    bool any = false;
    for (int64_t i = 0; i < call.rows(); ++i)
      any |= begin(call, i, wants(call.row(i)));
    if (any)
      plan(call);
  }
  /// After a call has run.
  void note(const StepCall &call) {
    if (!call.readsPrompts())
      times.note(call.tokens(), call.seconds());
  }

private:
  /// What is planned for a row of the call.
  struct State {
    int64_t run;  // length of the run that was found; 0: nothing is drafted
    int64_t most; // drafts that there is room for
    int64_t count, best; // planned so far, and in the best plan
    double reached;      // the chance that all of them are chosen
  };

  bool begin(StepCall &call, int64_t i, bool wanted);
  void plan(StepCall &call);
  State *likeliest(const StepCall &call, double &chance);

  CallTimes times;
  Array<State> states;
};

/// Chooses behind what row i of the call has read, and goes on behind its
/// drafts as long as they are what is chosen.
heddle_status chooseBehind(Writer &writer, StepCall &call, int64_t i,
                           GenerateReport &report);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_SPECULATION_H
