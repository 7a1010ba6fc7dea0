// A small model of the same tokens, which the program was built with, drafts
// texts: a session of its own reads them along.
#ifndef HEDDLE_RUNTIME_GENERATE_DRAFTER_H
#define HEDDLE_RUNTIME_GENERATE_DRAFTER_H

#include "runtime/generate/CallTimes.h"
#include "runtime/generate/Step.h"

namespace heddle::runtime {

/// Rows are those of the model's session. What is not chosen of a draft is
/// taken back when the text is followed the next time.
class Drafter {
public:
  explicit Drafter(heddle_session &session)
      : session(session), nextCall(session, step) {}
  ~Drafter();

  /// Opens one for the texts of `model`, whose program has a draft. Null after
  /// noting why.
  static Drafter *open(const heddle_session &model);

  /// Learns what the text has become; how many tokens of it are to be read. 0:
  /// the row cannot be drafted, since its context is full or it has tokens that
  /// the small model does not know. A text that is longer than the context is
  /// followed from near its end.
  int64_t follow(const Row &text);
  /// Forgets what the row was followed for but its last tokens, which are to be
  /// read. There have to be more.
  int64_t followEnd(int64_t row);
  static constexpr int64_t fewTokens = 128; // the end of a text
  /// Takes the token as the next of what was followed. False: there is no room.
  bool append(int64_t row, int32_t token);

  // A call: rows read what they have not read, as far as there is room.
  void begin() { nextCall.begin(); }
  void add(int64_t row);
  bool isEmpty() const { return nextCall.isEmpty(); }
  heddle_status run();

  /// After the call: those that took part, of which some have more to read.
  int64_t rows() const { return nextCall.rows(); }
  const Row &row(int64_t i) const { return nextCall.row(i); }
  int64_t tokens() const { return nextCall.tokens(); }
  /// Whether it read texts along rather than drafted.
  bool reads() const { return tokens() >= Pace::least * rows(); }
  double seconds() const { return nextCall.seconds(); }
  /// As many as the model has, where a small one that knows fewer gives the
  /// others no chance. Null without memory, which is noted as trouble.
  const float *logitsOf(int64_t i, int64_t vocabulary);

  CallTimes times;  // of calls that draft,
  Pace pace;        // and of those that read along
  double share = 0; // its weights' bytes by the model's

private:
  /// A row of the small model: the text's end as far as it is known.
  struct Mirror {
    Row row;
    int64_t skipped = 0; // tokens before it, which the small model never reads,
    text::Ids unseen;    // and the last of them, as far as they have been told
  };
  heddle_status prepare(const heddle_model &model);
  static void restart(Mirror &mirror, int64_t skipped);
  static bool goesOn(const Mirror &mirror, const Row &text);
  static size_t take(Mirror &mirror, const Row &text);
  int64_t rewind(Mirror &mirror);
  static void skipBeginning(Mirror &mirror, size_t kept);

  heddle_session &session; // its own
  Step step;
  StepCall nextCall;
  GenerateReport ignored;
  Array<Mirror *> mirrors;
  text::Buffer<float> padded;
  int32_t known = 0; // tokens from 0 on that it reads and writes
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_DRAFTER_H
