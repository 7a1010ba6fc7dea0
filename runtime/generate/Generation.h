// One heddle_generate(): what its two halves share. Prompts.cpp reads what is
// asked for, Generate.cpp writes.
#ifndef HEDDLE_RUNTIME_GENERATE_GENERATION_H
#define HEDDLE_RUNTIME_GENERATE_GENERATION_H

#include "runtime/Session.h"
#include "runtime/generate/Generate.h"
#include "runtime/generate/Opening.h"
#include "runtime/generate/TokenRules.h"
#include "runtime/text/Sampler.h"
#include "runtime/text/Tokenizer.h"

namespace heddle::runtime {

/// What generating needs to know about an entry: it reads indices, one a
/// position of a ragged size; or, before the first step, pictures or sound.
struct Reader {
  const heddle_entry *entry = nullptr;
  int32_t size = -1; // of the positions; -1: it reads no indices

  heddle_status find(const heddle_model &model, int32_t generates);
};

/// One text on its way.
struct Row {
  text::Ids ids;       // the prompt, then what was chosen
  size_t read = 0;     // of ids: given to the model so far
  size_t prompt = 0;   // ids that were not chosen
  int64_t longest = 0; // number of ids at which the text ends
  uint64_t stream = 0; // tells apart rows with the same prompt
  bool done = false;
  text::Decoder *decoder = nullptr;

  Row() = default;
  Row(const Row &) = delete;
  Row &operator=(const Row &) = delete;
  ~Row() { destroy(decoder); }

  int64_t unread() const { return static_cast<int64_t>(ids.size() - read); }
  bool isUnanswered() const { return ids.size() == prompt; }
};

class Generation {
public:
  Generation(heddle_session &session, const heddle_generate_options &options,
             heddle_token_callback callback, void *user, GenerateReport &report,
             const uint64_t *repeats)
      : session(session), model(*session.model), options(options),
        callback(callback), user(user), report(report), repeats(repeats),
        settings(generationOf(*model.program)), rules(settings),
        sampler(samplerOptions(options, settings)) {}
  ~Generation();

  heddle_status run();

private:
  static text::SamplerOptions
  samplerOptions(const heddle_generate_options &options,
                 const heddle_generation &settings);
  heddle_status prepare();
  heddle_status findVocabulary();
  heddle_status readPrompts();
  heddle_status readPrompt(int64_t b);
  heddle_status readIds(int64_t b);
  heddle_status checkPrompts();
  bool readsMedia() const { return source.entry && source.size < 0; }
  int64_t mostPromptTokens() const;
  heddle_status openDecoder(Row &row);
  heddle_status encodeSources();
  heddle_status limitLengths();
  heddle_status checkRoom() const;
  void planCall();
  heddle_status call();
  heddle_status choose(int64_t b, const float *logits);
  bool takeOpening(Row &row, const float *logits) const;
  void finish(int64_t b);
  heddle_status checkTrouble() const;
  bool unfinished() const;
  int64_t roomOf(int64_t row) const;

  text::TroubleWatch watch;
  heddle_session &session;
  heddle_model &model;
  const heddle_generate_options &options;
  heddle_token_callback callback;
  void *user;
  GenerateReport &report;
  const uint64_t *repeats;

  const text::Tokenizer *tokenizer = nullptr; // null: ids in, ids out
  const heddle_generation &settings;
  TokenRules rules;
  Opening opening;
  text::Sampler sampler;
  Reader source, step;  // source: the entry that runs once before, if any
  int32_t growing = -1; // the size that counts what a row holds
  int64_t vocabulary = 0;
  bool logitsOfEveryToken = false; // [B T V] rather than [B V]

  Array<Row *> rows;
  text::Text piece;

  // One call: which rows take part, how much each reads.
  Array<int64_t> sessionRows, lengths;
  int64_t callRows = 0, callTokens = 0;
  text::Ids callIds;
  text::Buffer<float> logits;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_GENERATION_H
