// What changes logits before a token is chosen of them; see Sampler.h.
#include "runtime/text/Sampler.h"

namespace heddle::text {

bool Sampler::changesLogits() const {
  return options.repetitionPenalty != 1 || options.frequencyPenalty != 0 ||
         options.presencePenalty != 0 || options.biasCount > 0;
}

bool Sampler::reserveChanges(size_t tokens) {
  if (!changesLogits())
    return true;
  return penalized.reserve(tokens) &&
         (options.biasCount == 0 || biasedLogits.reserve(tokens)) &&
         (options.presencePenalty == 0 || written.reserve(tokens));
}

const float *Sampler::bias(const float *logits, int32_t count) {
  if (options.biasCount == 0)
    return logits;
  biasedLogits.clear();
  biasedLogits.append(logits, static_cast<size_t>(count));
  for (int32_t i = 0; i < options.biasCount; ++i)
    if (int32_t id = options.biased[i]; id >= 0 && id < count)
      biasedLogits[id] += options.biases[i];
  return biasedLogits.data();
}

/// Biases first. Then each token seen is penalised once, however often it
/// occurred (Keskar et al., "CTRL", 2019, section 4.1); then those written, as
/// often as they were.
const float *Sampler::penalize(const float *logits, int32_t count,
                               const int32_t *seen, int32_t seenCount,
                               int32_t prompt) {
  logits = bias(logits, count);
  penalized.clear();
  penalized.append(logits, static_cast<size_t>(count));
  auto isToken = [&](int32_t id) { return id >= 0 && id < count; };
  for (int32_t i = 0; i < seenCount && options.repetitionPenalty != 1; ++i)
    if (int32_t id = seen[i]; isToken(id))
      penalized[id] = logits[id] > 0 ? logits[id] / options.repetitionPenalty
                                     : logits[id] * options.repetitionPenalty;
  for (int32_t i = prompt; i < seenCount && options.frequencyPenalty != 0; ++i)
    if (isToken(seen[i]))
      penalized[seen[i]] -= options.frequencyPenalty;
  if (options.presencePenalty == 0)
    return penalized.data();
  written.clear();
  if (!written.resize(static_cast<size_t>(count)))
    return penalized.data();
  for (int32_t i = prompt; i < seenCount; ++i)
    if (int32_t id = seen[i]; isToken(id) && !written[id]++)
      penalized[id] -= options.presencePenalty;
  return penalized.data();
}

} // namespace heddle::text
