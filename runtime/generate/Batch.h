// Texts that are written side by side, each with options of its own, and that
// come and go: every call of the model takes those that are there then. What a
// text becomes does not depend on the others.
//
// Rows keep what they have read when their text has ended, so that a prompt
// which begins with it needs to read the rest only.
#ifndef HEDDLE_RUNTIME_GENERATE_BATCH_H
#define HEDDLE_RUNTIME_GENERATE_BATCH_H

#include "runtime/generate/Choices.h"
#include "runtime/generate/Speculation.h"

namespace heddle::runtime {

/// How a text has ended.
struct Ending {
  heddle_status status;  // heddle_last_error() describes a failure
  std::string_view text; // what was held back of it
  EndReason reason;
  int64_t sharedTokens; // of the prompt, that were read for another text
};

/// Hears of one text.
class TextListener {
public:
  /// A token with the text that it completes; a result of true ends the text.
  /// Within it the batch must not be changed.
  virtual bool take(int32_t token, std::string_view text) = 0;
  /// The last that it hears.
  virtual void end(const Ending &ending) = 0;

protected:
  ~TextListener() = default;
};

class Batch {
public:
  explicit Batch(heddle_session &session)
      : session(session), lock(&session), nextCall(session, step),
        speculation(session), choices(*session.model, nextCall) {}
  Batch(const Batch &) = delete;
  Batch &operator=(const Batch &) = delete;
  ~Batch();

  /// `promptTokens`: how many of a prompt are read in a call at most, while
  /// other rows write on.
  heddle_status open(int64_t promptTokens);

  /// Positions of a row.
  int64_t context() const { return session.limits.perRow[step.growing]; }
  int64_t atWork() const { return working; }
  /// Of all texts so far.
  const GenerateReport &work() const { return report; }
  /// Refuses what texts with drafts cannot be written with.
  heddle_status checkSpeculation(int32_t speculation) const {
    return step.checkSpeculation(session.program(), speculation);
  }
  bool isFull() const { return working == rows.size(); }

  /// Begins a text behind a prompt, in a row that is free, whose number it
  /// gives. `options` says all but the prompt, and outlives the text as the
  /// listener does. Rows with the same prompt are told apart by `repeat`.
  heddle_status add(const heddle_generate_options &options,
                    const int32_t *prompt, int64_t tokens, uint64_t repeat,
                    TextListener &listener, int64_t &row);
  /// Ends a text without a word.
  void drop(int64_t row);
  /// One call of the model, and what follows from it. Texts end by themselves,
  /// in failure too.
  void advance();

private:
  struct Text;

  Text *chooseRow(const int32_t *prompt, int64_t tokens);
  Text *findSource(const Text &target, int64_t held);
  heddle_status checkPrompt(const int32_t *prompt, int64_t tokens) const;
  heddle_status begin(Text &text, Writer &writer, const int32_t *prompt,
                      int64_t tokens, int64_t kept);
  void forget(Row &row);
  void findLeader(Text &text);
  bool follow(Text &text);
  heddle_status awaitSource(Text &text, const int32_t *prompt, int64_t tokens);
  heddle_status readSources();
  heddle_status planCall();
  heddle_status call();
  void failAll(heddle_status status);
  bool isInCall(const Text &text) const;
  Text *nextPrompt(uint64_t after);
  void answer(Text &text, int64_t i);
  void finish(Text &text, heddle_status status);

  heddle_session &session;
  SessionLock lock;
  Reader source; // the entry that reads prompts, if any
  Step step;
  StepCall nextCall;
  Speculation speculation;
  Choices choices;
  GenerateReport report;
  Array<Text *> rows;
  Array<int64_t> sourceRows, sourceLengths; // of a call of the source
  text::Ids sourceIds;
  int64_t working = 0;
  int64_t promptTokens = 0;
  uint64_t clock = 0; // of the order in which texts began
  bool canShare = false;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_BATCH_H
