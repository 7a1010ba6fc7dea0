// A search with beams for the texts that continue one prompt, as Hugging Face's
// generate() does it with num_beams.
//
// Beams are texts that are written side by side. After every token the search
// is told of each beam how probable its next tokens are (offer); the best
// continuations of all beams together are the next beams (advance). Those that
// end a text are kept: by their score, which is the sum of the log
// probabilities of their tokens divided by a power of how many they are. The
// search is over when enough texts have ended, or no beam can end better.
//
// It knows ids and numbers. Who holds the beams' caches is Generation.
#ifndef HEDDLE_RUNTIME_GENERATE_BEAMSEARCH_H
#define HEDDLE_RUNTIME_GENERATE_BEAMSEARCH_H

#include "runtime/Memory.h"
#include "runtime/generate/TokenRules.h"
#include "runtime/text/Sampler.h"

namespace heddle::runtime {

struct BeamOptions {
  int32_t beams = 1;
  int32_t texts = 1; ///< that are asked for, at most `beams`
  float lengthPenalty = 1;
  int32_t earlyStopping = HEDDLE_EARLY_STOPPING_NO;
};

/// A token behind a beam.
struct Continuation {
  float score; ///< sum of the log probabilities, this token's with them
  int32_t beam;
  int32_t token;
};

/// A text that has ended.
struct EndedText {
  text::Ids ids; ///< what was written: no prompt
  float score = 0;
};

class BeamSearch {
public:
  /// A text ends at one of the rules' `endCount` tokens, and with `longest` new
  /// ones at the latest.
  BeamSearch(const BeamOptions &options, int64_t longest, int32_t endCount);
  BeamSearch(const BeamSearch &) = delete;
  BeamSearch &operator=(const BeamSearch &) = delete;
  ~BeamSearch();

  /// False if there is no memory. To be called first.
  [[nodiscard]] bool prepare();

  /// How many tokens behind each beam count.
  size_t tokensOfBeam() const { return candidates; }

  /// What may come next behind `beam`: its likeliest tokens, with their log
  /// probabilities for logits. In any order of the beams.
  void offer(int32_t beam, const text::Buffer<text::Candidate> &likeliest);
  bool hasAllOffers() const { return offers == current.size(); }

  /// Chooses among all offers. `texts[beam]` are the ids of a beam, a prompt of
  /// `prompt` ids before them.
  void advance(const text::Ids *const *texts, size_t prompt,
               const TokenRules &rules);

  /// The beams, best first: each the token that it has got, behind a beam as
  /// they were before. At first one, without a token.
  const text::Buffer<Continuation> &beams() const { return current; }
  bool isDone() const { return done; }

  /// The texts that have ended, best first.
  int32_t endedCount() const { return endedTexts; }
  const EndedText &ended(int32_t rank) const { return *best[rank]; }

private:
  void sortOffers();
  float scoreOf(float sum, int64_t tokens) const;
  void end(const Continuation &last, const text::Ids &text, size_t prompt);
  bool isGoodEnough() const;

  const BeamOptions options;
  const int64_t longest;
  const size_t candidates;
  int64_t length = 0; // of the beams: new tokens
  bool done = false;

  text::Buffer<Continuation> current, next, offered;
  size_t offers = 0; // beams that have made theirs

  // One more than are kept: room for the one that is to take its place.
  Array<EndedText *> best;
  int32_t endedTexts = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_BEAMSEARCH_H
