// From logits to the next token: greedy, or drawn at random with temperature,
// top-k, top-p, min-p and typical-p.
//
// The order of the steps is Hugging Face's: biases, repetition penalty,
// temperature, top-k, top-p, min-p, typical-p, draw. The penalties of frequency
// and presence, which it does not have, stand behind that of repetition. The
// random number of a draw is a function of (seed, stream, position) alone, so
// the same seed gives the same text on any number of threads, in any batch, and
// when a text is continued in a later call.
//
// Shared with the compiler, which reads the options of a checkpoint.
#ifndef HEDDLE_RUNTIME_TEXT_SAMPLER_H
#define HEDDLE_RUNTIME_TEXT_SAMPLER_H

#include "runtime/text/Buffer.h"

#include <cstdint>

namespace heddle::text {

/// Every default leaves the distribution as the model gives it, except
/// temperature: 0 is greedy.
struct SamplerOptions {
  float temperature =
      0; ///< 0: always the most probable token (the lowest id among equals)
  int32_t topK = 0; ///< keep the k most probable tokens; 0: all
  float topP = 1;   ///< keep the fewest most probable tokens which hold
                    ///< probability p together; 1: all
  float minP = 0;   ///< drop tokens less probable than minP times the most
                    ///< probable one; 0: none
  float repetitionPenalty = 1; ///< divides (or, below zero, multiplies) the
                               ///< logits of tokens seen before; 1: off
  float typicalP = 1; ///< keep the tokens whose information is nearest to the
                      ///< entropy and which hold probability p together; 1: all
  float frequencyPenalty = 0; ///< a logit loses so much each time its token was
                              ///< written
  float presencePenalty = 0;  ///< and so much if it was
  const int32_t *biased = nullptr; ///< tokens whose logits are changed
  const float *biases = nullptr;   ///< by so much
  int32_t biasCount = 0;
  uint64_t seed = 0;
};

/// What is wrong with the options (`top-p is 1.5, needed: more than 0 and at
/// most 1`), or nullptr.
const char *checkOptions(const SamplerOptions &options);

/// A token that may be chosen.
struct Candidate {
  float logit;  ///< after the penalty; where a search adds them up, the log of
                ///< its probability
  float weight; ///< exp((logit - highest) / temperature), where one is drawn;
                ///< of distribution(), the probability
  int32_t id;
};

/// Chooses tokens for one or many texts. Holds scratch memory, so one sampler a
/// thread; no state that changes a result.
class Sampler {
public:
  explicit Sampler(const SamplerOptions &options) : options(options) {}

  /// Whether tokens are drawn, and not always the most probable ones.
  bool draws() const { return options.temperature > 0; }

  /// Chooses a token from `logits[0..count)`, which are left unchanged. `seen`
  /// are the ids of the text so far (only read for the penalties), the first
  /// `prompt` of them not written but given. `stream` tells apart texts that
  /// start from the same prompt, `position` is the index of the token about to
  /// be chosen. NaN and -inf are never chosen; returns -1 if no logit is left,
  /// or if there is no memory, which is noted as trouble.
  int32_t choose(const float *logits, int32_t count, const int32_t *seen,
                 int32_t seenCount, uint64_t stream, uint64_t position,
                 int32_t prompt = 0);

  /// What choose() would draw from: the tokens that are left, and how probable
  /// each is then. Valid until the next call.
  const Buffer<Candidate> &distribution(const float *logits, int32_t count,
                                        const int32_t *seen, int32_t seenCount,
                                        int32_t prompt = 0);

  /// The log of every token's probability, then penalised as logits are where
  /// tokens are chosen. Null if there is no memory, which is noted as trouble;
  /// valid until the next call.
  const float *logProbabilities(const float *logits, int32_t count,
                                const int32_t *seen, int32_t seenCount,
                                int32_t prompt = 0);
  /// The same without a penalty; `logits` may be what logProbabilities() gave.
  const float *normalize(const float *logits, int32_t count);

  /// The `wanted` likeliest tokens in falling order, the lower id first among
  /// equals; fewer where only so many have a logit that is a number. Valid
  /// until the next call.
  const Buffer<Candidate> &likeliest(const float *logits, int32_t count,
                                     size_t wanted);

private:
  bool reserve(int32_t count);
  bool changesLogits() const;
  bool reserveChanges(size_t tokens);
  const float *bias(const float *logits, int32_t count);
  const float *penalize(const float *logits, int32_t count, const int32_t *seen,
                        int32_t seenCount, int32_t prompt);
  bool narrow(const float *logits, int32_t count, float highest, double &total);
  /// Of logits, by which candidates are told apart that are too many to be
  /// sorted.
  static constexpr size_t massRanges = 1024;
  double keepTypical();
  float findMaxima(const float *logits, int32_t count);
  int32_t mostProbable(const float *logits, float highest) const;
  double weighAll(const float *logits, int32_t count, float highest);
  void collectHeavy(const float *logits, int32_t count, float highest,
                    float least);
  void collectBest(const float *logits, int32_t count, size_t wanted);
  double collectTopK(const float *logits, int32_t count, float highest);
  void sortFront(size_t wanted);
  size_t countTopP(double total);
  size_t findMass(double wanted);
  int32_t drawFromAll(double left) const;
  int32_t drawFromCandidates(double left);

  SamplerOptions options;
  Buffer<float> logs;      ///< of probabilities
  Buffer<float> penalized; ///< logits
  Buffer<float> biasedLogits;
  Buffer<uint8_t> written; ///< by token, of the presence penalty
  Buffer<float> maxima;    ///< of blocks of logits
  Buffer<float> ordered;   ///< maxima, partly sorted
  Buffer<float> weights;   ///< of all tokens
  Buffer<double> sums;     ///< of blocks of weights
  Buffer<double> masses;   ///< of candidates whose logits are near each other
  Buffer<Candidate> candidates;
  bool inOrder = true; ///< the candidates are as a draw goes through them
};

/// A uniform number in [0, 1) with 53 random bits: Philox-4x32-10 of counter
/// (position, stream) and key seed (Salmon et al., "Parallel random numbers: as
/// easy as 1, 2, 3", SC 2011).
double uniformAt(uint64_t seed, uint64_t stream, uint64_t position);

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_SAMPLER_H
