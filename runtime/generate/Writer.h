// How the texts of one heddle_generate_options come about: what may come next,
// what is chosen of it, and what the caller hears.
#ifndef HEDDLE_RUNTIME_GENERATE_WRITER_H
#define HEDDLE_RUNTIME_GENERATE_WRITER_H

#include "runtime/generate/Opening.h"
#include "runtime/generate/Step.h"
#include "runtime/generate/StopStrings.h"
#include "runtime/generate/TokenRules.h"
#include "runtime/text/Sampler.h"

namespace heddle::runtime {

class Writer {
public:
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;
  ~Writer();

  /// What it is given must outlive it.
  Writer(heddle_session &session, const Step &step,
         const heddle_generate_options &options, heddle_token_callback callback,
         void *user, GenerateReport &report);

  /// Refuses what the caller gave beside prompts. `hasOpening`: a decoder's
  /// text begins with what an encoder has not read. Before anything else.
  heddle_status open(bool hasOpening);

  /// Begins the text of a prompt, which the row holds.
  heddle_status openDecoder(Row &row, bool readsPrompt);
  /// Where the row's text ends at the latest: what the caller says goes before
  /// the checkpoint's new tokens, and those before its length of a whole text.
  heddle_status limitLength(Row &row, int64_t prompt) const;

  /// Whether foresee() can tell what choose() will.
  bool canForesee(const Row &row) const {
    return !row.follower && !(hasOpening && row.isUnanswered());
  }
  /// Has foresee() run on so many threads at once. False without memory.
  [[nodiscard]] bool prepareParts(int64_t count);
  /// Notes in the row what choose() will choose, if it can; on any thread, one
  /// for a row and a part.
  void foresee(Row &row, const float *logits, int64_t part);

  /// Chooses what comes next in a row that has read all it has, and says it.
  /// The row is done then, or has a token to read.
  heddle_status choose(Row &row, const float *logits);
  /// Whether the next token is one of those that stand before the text.
  bool takeOpening(Row &row, const float *logits) const;
  heddle_status noToken(int64_t prompt) const;

  /// Hands a token to the caller, with the text that it completes; an end of
  /// the text has none. Whether the caller has enough.
  bool write(int64_t textRow, text::Decoder *decoder, int32_t token,
             text::Text *held = nullptr);
  /// Says that a text has ended, with what was held back of it.
  void close(int64_t textRow, text::Decoder *decoder,
             text::Text *held = nullptr);

  bool speculates() const { return options.speculate != 0; }
  int32_t speculation() const { return options.speculate; }
  bool draws() const { return sampler.draws(); }
  int64_t vocabulary() const { return step.vocabulary; }
  /// What choose() would choose behind a text, by these logits, when the model
  /// has read `ahead` tokens more. Nothing of the row changes; -1: no token.
  int32_t guess(const Row &text, int64_t ahead, const float *logits);
  /// With the opening, which comes before the text.
  int64_t lengthOfPrompt(const Row &row) const {
    return static_cast<int64_t>(row.prompt) +
           (hasOpening ? opening.count() : 0);
  }
  /// What went wrong in the work on texts, and with the memory of all else.
  heddle_status checkTrouble() const;

  static text::SamplerOptions
  samplerOptions(const heddle_generate_options &options,
                 const heddle_generation &settings);

  const heddle_generation &settings;
  const text::Tokenizer *tokenizer = nullptr; // null: ids in, ids out
  TokenRules rules;
  text::Sampler sampler;

private:
  /// Rules and sampler of another thread.
  struct Part {
    TokenRules rules;
    text::Sampler sampler;
  };
  static int32_t pick(TokenRules &rules, text::Sampler &sampler,
                      const Writer &writer, const Row &row, const float *logits,
                      int64_t ahead = 0);

  heddle_status checkChoice() const;
  heddle_status checkBiases() const;
  heddle_status checkSpeculation() const;
  void tellLikeliest(const float *logits, int32_t token);
  bool holdBack(text::Text &held);
  void finish(Row &row);
  const float *keepToSchema(Row &row, const float *logits);
  bool follow(Row &row, int32_t token);
  heddle_status openStops(Row &row, bool readsPrompt);

  heddle_session &session;
  const Step &step;
  const heddle_generate_options &options;
  heddle_token_callback callback;
  void *user;
  GenerateReport &report;

  Array<Part *> parts; // beside the first
  Opening opening;
  bool hasOpening = false;
  const StopStrings stops;
  grammar::Grammar *grammar = nullptr; // null: any text
  text::Text piece;
  bool stoppedText = false; // the text that is about to be closed
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_WRITER_H
