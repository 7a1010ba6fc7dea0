// One heddle_generate(): what its parts share. Prompts.cpp reads what is asked
// for, Generate.cpp writes, Beams.cpp searches where there are beams.
#ifndef HEDDLE_RUNTIME_GENERATE_GENERATION_H
#define HEDDLE_RUNTIME_GENERATE_GENERATION_H

#include "runtime/Session.h"
#include "runtime/generate/BeamSearch.h"
#include "runtime/generate/Generate.h"
#include "runtime/generate/Opening.h"
#include "runtime/generate/StopStrings.h"
#include "runtime/generate/TokenRules.h"
#include "runtime/text/Sampler.h"
#include "runtime/text/Tokenizer.h"

#include <algorithm>

namespace heddle::runtime {

/// What generating needs to know about an entry: it reads indices, one a
/// position of a ragged size; or, before the first step, pictures or sound.
struct Reader {
  const heddle_entry *entry = nullptr;
  int32_t size = -1; // of the positions; -1: it reads no indices

  heddle_status find(const heddle_model &model, int32_t generates);
};

/// One text on its way, in the row of the session that has the same number.
struct Row {
  text::Ids ids;       // the prompt, then what was chosen
  size_t read = 0;     // of ids: given to the model so far
  size_t prompt = 0;   // ids that were not chosen
  int64_t longest = 0; // number of ids at which the text ends
  uint64_t stream = 0; // tells apart rows with the same prompt
  int64_t leader = -1; // a row with the same prompt, which reads it for both
  bool done = false;
  text::Decoder *decoder = nullptr;
  text::Text held; // may be the beginning of a string that stops the text

  Row() = default;
  Row(const Row &) = delete;
  Row &operator=(const Row &) = delete;
  ~Row() { destroy(decoder); }

  int64_t unread() const { return static_cast<int64_t>(ids.size() - read); }
  bool isUnanswered() const { return ids.size() == prompt; }
  /// Holds what `other` does.
  void follow(const Row &other) {
    ids.clear();
    ids.append(other.ids.data(), other.ids.size());
    read = other.read, prompt = other.prompt, longest = other.longest;
  }
  TextSoFar soFar() const {
    return {ids.data(), static_cast<int64_t>(ids.size()),
            static_cast<int64_t>(prompt), longest};
  }
};

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
  heddle_status readBeamOptions();
  heddle_status checkBeams(const BeamOptions &beams, float temperature) const;
  heddle_status findVocabulary();
  heddle_status readPrompts();
  heddle_status readPrompt(int64_t b);
  heddle_status readIds(int64_t b);
  heddle_status takeCommon(int64_t b);
  heddle_status checkPrompts();
  heddle_status checkChoice() const;
  heddle_status checkBiases() const;
  bool canShare() const;
  bool readsMedia() const { return source.entry && source.size < 0; }
  int64_t mostPromptTokens() const;
  heddle_status openDecoder(Row &row);
  heddle_status encodeSources();
  heddle_status encode(int64_t first, int64_t end);
  int64_t lengthOfPrompt(const Row &row) const;
  heddle_status limitLengths();
  heddle_status checkRoom() const;
  void planCall();
  heddle_status call();
  heddle_status answer();
  heddle_status choose(int64_t b, const float *logits);
  heddle_status answerFollowers(int64_t b, const float *logits);
  void tellLikeliest(const float *logits, int32_t token);
  bool takeOpening(Row &row, const float *logits) const;
  heddle_status noNumber(int64_t prompt) const;
  bool write(int64_t textRow, text::Decoder *decoder, int32_t token,
             text::Text *held = nullptr);
  bool holdBack(text::Text &held);
  void close(int64_t textRow, text::Decoder *decoder,
             text::Text *held = nullptr);
  void finish(int64_t b);
  heddle_status prepareBeams();
  heddle_status search(int64_t b, const float *logits);
  void moveBeams(int64_t prompt);
  int64_t findFreeRow(int64_t prompt, const Row &parent) const;
  heddle_status finishBeams(int64_t prompt);
  heddle_status writeText(int64_t prompt, int32_t rank);
  heddle_status checkTrouble() const;
  bool unfinished() const;
  int64_t roomOf(int64_t row) const;
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
  heddle_token_callback callback;
  void *user;
  GenerateReport &report;
  const uint64_t *repeats;

  const text::Tokenizer *tokenizer = nullptr; // null: ids in, ids out
  const heddle_generation &settings;
  TokenRules rules;
  Opening opening;
  text::Sampler sampler;
  const StopStrings stops = {options.stops, options.stop_count};
  Reader source, step;  // source: the entry that runs once before, if any
  int32_t growing = -1; // the size that counts what a row holds
  int64_t vocabulary = 0;
  bool logitsOfEveryToken = false; // [B T V] rather than [B V]

  Array<Row *> rows; // of every prompt as many as there are beams
  text::Text piece;
  bool stoppedText = false; // the text that is about to be closed

  BeamOptions beamOptions;
  Array<Beams *> beamsOf; // by prompt; empty without beams

  // One call: which rows take part, where their states are, how much each
  // reads.
  Array<int64_t> sessionRows, stateRows, lengths;
  int64_t callRows = 0, callTokens = 0;
  text::Ids callIds;
  text::Buffer<float> logits;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_GENERATION_H
