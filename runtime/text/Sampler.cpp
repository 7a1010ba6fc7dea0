// Choosing a token; see Sampler.h.
#include "runtime/text/Sampler.h"

#include <algorithm>
#include <cmath>

namespace heddle::text {

const char *checkOptions(const SamplerOptions &options) {
  if (!(options.temperature >= 0 && options.temperature <= 1000))
    return "temperature needed: 0 (greedy) to 1000";
  if (options.topK < 0)
    return "top-k needed: 0 (all tokens) or more";
  if (!(options.topP > 0 && options.topP <= 1))
    return "top-p needed: more than 0 and at most 1";
  if (!(options.minP >= 0 && options.minP <= 1))
    return "min-p needed: 0 to 1";
  if (!(options.repetitionPenalty > 0 && options.repetitionPenalty <= 1000))
    return "repetition penalty needed: more than 0, at most 1000";
  return nullptr;
}

double uniformAt(uint64_t seed, uint64_t stream, uint64_t position) {
  uint32_t counter[4] = {
      static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
      static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
  uint32_t key[2] = {static_cast<uint32_t>(seed),
                     static_cast<uint32_t>(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(0xD2511F53) * counter[0],
             product1 = uint64_t(0xCD9E8D57) * counter[2];
    uint32_t next[4] = {
        static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
        static_cast<uint32_t>(product1),
        static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
        static_cast<uint32_t>(product0)};
    std::copy(next, next + 4, counter);
    key[0] += 0x9E3779B9, key[1] += 0xBB67AE85;
  }
  uint64_t bits = static_cast<uint64_t>(counter[0]) << 32 | counter[1];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// Whether `left` comes before `right` in order of probability; the lower id
/// wins a tie, so that the order is total.
static bool moreProbable(float leftLogit, int32_t leftId, float rightLogit,
                         int32_t rightId) {
  return leftLogit != rightLogit ? leftLogit > rightLogit : leftId < rightId;
}

/// Each token seen is penalised once, however often it occurred (Keskar et al.,
/// "CTRL", 2019, section 4.1). candidates[i] is token i here.
void Sampler::penalize(const int32_t *seen, int32_t seenCount, int32_t count) {
  penalized.clear();
  penalized.resize((static_cast<size_t>(count) + 63) / 64);
  for (int32_t i = 0; i < seenCount; ++i) {
    int32_t id = seen[i];
    if (id < 0 || id >= count)
      continue;
    uint64_t bit = uint64_t(1) << (id % 64);
    if (penalized[id / 64] & bit)
      continue;
    penalized[id / 64] |= bit;
    float &logit = candidates[id].logit;
    logit = logit > 0 ? logit / options.repetitionPenalty
                      : logit * options.repetitionPenalty;
  }
}

/// Sorts the `wanted` most probable of the candidates to the front.
void Sampler::sortFront(size_t wanted) {
  auto before = [](const Candidate &left, const Candidate &right) {
    return moreProbable(left.logit, left.id, right.logit, right.id);
  };
  if (wanted < candidates.size())
    std::nth_element(candidates.begin(), candidates.begin() + wanted,
                     candidates.end(), before);
  std::sort(candidates.begin(),
            candidates.begin() + std::min(wanted, candidates.size()), before);
}

/// How many of the most probable candidates, then sorted to the front, top-p
/// keeps. Sorting a whole vocabulary to keep a few dozen tokens would cost more
/// than many a model's step, so the sorted front grows until it holds the mass.
size_t Sampler::countTopP(double total) {
  for (size_t front = 64;; front *= 8) {
    front = std::min(front, candidates.size());
    sortFront(front);
    double mass = 0;
    for (size_t i = 0; i < front; ++i)
      if ((mass += candidates[i].weight) >= options.topP * total)
        return i + 1;
    if (front == candidates.size())
      return front; // rounding kept the sum below p
  }
}

static int32_t greedy(const float *logits, int32_t count) {
  int32_t best = -1;
  for (int32_t id = 0; id < count; ++id)
    if (logits[id] > (best < 0 ? -INFINITY : logits[best])) // false for NaN
      best = id;
  return best;
}

int32_t Sampler::choose(const float *logits, int32_t count, const int32_t *seen,
                        int32_t seenCount, uint64_t stream, uint64_t position) {
  if (options.temperature == 0 && options.repetitionPenalty == 1)
    return greedy(logits, count);

  candidates.clear();
  candidates.reserve(static_cast<size_t>(count));
  for (int32_t id = 0; id < count; ++id)
    candidates.push({logits[id], 0, id});
  if (options.repetitionPenalty != 1)
    penalize(seen, seenCount, count);

  size_t kept = 0;
  int32_t best = -1;
  float highest = -INFINITY;
  for (const Candidate &candidate : candidates) {
    if (!(candidate.logit > -INFINITY))
      continue; // NaN or impossible
    if (best < 0 || candidate.logit > highest)
      best = candidate.id, highest = candidate.logit;
    candidates[kept++] = candidate;
  }
  candidates.resize(kept);
  if (best < 0 || options.temperature == 0 || highest == INFINITY)
    return best;

  if (options.topK > 0 &&
      static_cast<size_t>(options.topK) < candidates.size()) {
    sortFront(static_cast<size_t>(options.topK));
    candidates.resize(static_cast<size_t>(options.topK));
  }
  double total = 0;
  for (Candidate &candidate : candidates)
    total += candidate.weight =
        std::exp((candidate.logit - highest) / options.temperature);
  if (options.topP < 1)
    candidates.resize(countTopP(total));

  // The best token has weight 1: min-p drops weights below itself.
  total = 0;
  kept = 0;
  for (const Candidate &candidate : candidates)
    if (candidate.weight >= options.minP) {
      total += candidate.weight;
      candidates[kept++] = candidate;
    }
  candidates.resize(kept);

  double left = uniformAt(options.seed, stream, position) * total;
  for (const Candidate &candidate : candidates)
    if ((left -= candidate.weight) < 0)
      return candidate.id;
  return best; // rounding left a crumb of the interval
}

} // namespace heddle::text
