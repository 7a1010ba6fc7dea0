// Which tokens may come next in a text.
//
// The rules of generation_config.json, as Hugging Face's generate() applies
// them before it chooses: no end before the least length, a forced first or
// last token, words and tokens that are never written, no run of tokens twice.
#ifndef HEDDLE_RUNTIME_GENERATE_TOKENRULES_H
#define HEDDLE_RUNTIME_GENERATE_TOKENRULES_H

#include "runtime/abi.h"
#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// What the rules look at of a text.
struct TextSoFar {
  const int32_t *ids; ///< the prompt (of a decoder: its first token) and what
                      ///< was chosen
  int64_t length;     ///< of ids
  int64_t prompt;     ///< ids that were not chosen
  int64_t longest;    ///< length at which the text ends
};

class TokenRules {
public:
  /// `settings` must outlive the rules.
  explicit TokenRules(const heddle_generation &settings) : settings(settings) {}

  bool isEnd(int32_t id) const;

  /// From now on texts note times (generation_config.json's tokens for them).
  void noteTimes() { notesTimes = true; }

  /// `logits[0..count)` with −∞ for every token that may not come next; the
  /// logits themselves where all may, or where there is no memory, which is
  /// noted as trouble. Valid until the next call.
  const float *apply(const float *logits, int32_t count, const TextSoFar &text);

private:
  void forbid(int32_t id);
  void forbid(const heddle_ids &ids);
  void force(const heddle_ids &ids);
  void forbidRepeatedRuns(const TextSoFar &text);
  void forbidBadWords(const TextSoFar &text);
  void keepToTimes(const TextSoFar &text);
  void forbidFrom(int32_t first, int32_t end);
  bool timesAreLikelier(int32_t first) const;
  bool copy();

  const heddle_generation &settings;
  // One call of apply: the logits, copied when the first token is forbidden.
  const float *logits = nullptr;
  int32_t count = 0;
  bool copied = false;
  bool notesTimes = false;
  text::Buffer<float> allowed;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_TOKENRULES_H
