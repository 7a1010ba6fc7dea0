// Choosing a token; see Sampler.h.
#include "runtime/text/Sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

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
  if (!(options.typicalP > 0 && options.typicalP <= 1))
    return "typical-p needed: more than 0 and at most 1";
  if (!(std::abs(options.frequencyPenalty) <= 1000 &&
        std::abs(options.presencePenalty) <= 1000))
    return "frequency and presence penalty needed: -1000 to 1000";
  for (int32_t i = 0; i < options.biasCount; ++i)
    if (std::isnan(options.biases[i]))
      return "bias of a logit needed: a number";
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

/// Vocabularies are large and distributions are not: the largest logit of every
/// block, found in one pass of vectors, says which few blocks hold tokens worth
/// a second look.
static constexpr int32_t blockTokens = 64;

/// body(first, end) for every block of `count` tokens.
template <typename Body> static void forBlocks(int32_t count, Body body) {
  for (int32_t first = 0; first < count; first += blockTokens)
    body(first, std::min(count, first + blockTokens));
}

/// The larger one; `soFar` if `next` is not a number.
static float larger(float next, float soFar) {
  return next > soFar ? next : soFar;
}

/// Room for all that choosing among `count` tokens needs, so that nothing of it
/// can fail in the middle, and later choices allocate nothing.
bool Sampler::reserve(int32_t count) {
  size_t tokens = static_cast<size_t>(count);
  size_t blocks = tokens / blockTokens + 1;
  bool room = maxima.reserve(blocks) && reserveChanges(tokens);
  if (options.temperature == 0)
    return room;
  return room && ordered.reserve(blocks) && sums.reserve(blocks) &&
         masses.reserve(massRanges) && weights.reserve(tokens) &&
         candidates.reserve(tokens);
}

/// maxima[block] = the block's largest logit; returns the largest of all, −∞ if
/// no token is possible.
float Sampler::findMaxima(const float *logits, int32_t count) {
  constexpr int32_t chains = 16;
  maxima.clear();
  float highest = -INFINITY;
  forBlocks(count, [&](int32_t first, int32_t end) {
    float most[chains];
    std::fill(most, most + chains, -INFINITY);
    for (; end - first >= chains; first += chains)
      for (int32_t i = 0; i < chains; ++i)
        most[i] = larger(logits[first + i], most[i]);
    float blockMost = -INFINITY;
    for (; first < end; ++first)
      blockMost = larger(logits[first], blockMost);
    for (float one : most)
      blockMost = larger(one, blockMost);
    maxima.push(blockMost);
    highest = larger(blockMost, highest);
  });
  return highest;
}

/// The first token with the largest logit.
int32_t Sampler::mostProbable(const float *logits, float highest) const {
  int32_t id = 0;
  while (maxima[id / blockTokens] != highest)
    id += blockTokens;
  while (logits[id] != highest)
    ++id;
  return id;
}

/// exp(x) of x ≤ 0, within 2 ulp; 0 below −87, where it would soon be
/// subnormal, and of NaN. Without branches, so that loops of it become vectors:
/// x = n·ln 2 + r, exp(r) by its series up to r⁶, times 2ⁿ in the exponent.
static float weightOf(float x) {
  constexpr float toInteger = 0x1.8p23f; // n in the low bits of the sum
  bool counts = x >= -87;
  x = counts ? x : 0;
  float shifted = x * 1.44269504f + toInteger;
  float n = shifted - toInteger;
  float r = x - n * 0.693145752f - n * 1.42860677e-6f;
  float series = 1.f / 720;
  for (float coefficient : {1.f / 120, 1.f / 24, 1.f / 6, 1.f / 2, 1.f, 1.f})
    series = series * r + coefficient;
  uint32_t power = std::bit_cast<uint32_t>(shifted) << 23;
  float weight = std::bit_cast<float>(std::bit_cast<uint32_t>(series) + power);
  return counts ? weight : 0;
}

static double sumOf(const float *weights, int32_t count) {
  double parts[4] = {}, sum = 0;
  int32_t i = 0;
  for (; count - i >= 4; i += 4)
    for (int32_t part = 0; part < 4; ++part)
      parts[part] += weights[i + part];
  for (; i < count; ++i)
    sum += weights[i];
  for (double part : parts)
    sum += part;
  return sum;
}

/// weights[id] = exp((logit − highest) / temperature), and the sum of every
/// block's; returns the sum of all.
double Sampler::weighAll(const float *logits, int32_t count, float highest) {
  if (!weights.resize(static_cast<size_t>(count)))
    return 0;
  sums.clear();
  double total = 0;
  forBlocks(count, [&](int32_t first, int32_t end) {
    for (int32_t id = first; id < end; ++id)
      weights[id] = weightOf((logits[id] - highest) / options.temperature);
    double sum = sumOf(&weights[first], end - first);
    sums.push(sum);
    total += sum;
  });
  return total;
}

/// Candidates are the tokens of weight `least` or more, all of a positive one.
void Sampler::collectHeavy(const float *logits, int32_t count, float highest,
                           float least) {
  candidates.clear();
  forBlocks(count, [&](int32_t first, int32_t end) {
    float most = maxima[first / blockTokens];
    if (weightOf((most - highest) / options.temperature) < least)
      return;
    for (int32_t id = first; id < end; ++id)
      if (weights[id] >= least && weights[id] > 0)
        candidates.push({logits[id], weights[id], id});
  });
}

/// Candidates are the `wanted` most probable tokens, sorted.
void Sampler::collectBest(const float *logits, int32_t count, size_t wanted) {
  // The k-th largest of the blocks' maxima has k tokens that are no smaller.
  float least = std::numeric_limits<float>::lowest();
  if (wanted < maxima.size()) {
    ordered.clear();
    ordered.append(maxima.data(), maxima.size());
    auto place = ordered.begin() + (wanted - 1);
    std::nth_element(ordered.begin(), place, ordered.end(), std::greater<>());
    least = std::max(least, *place);
  }
  candidates.clear();
  forBlocks(count, [&](int32_t first, int32_t end) {
    if (maxima[first / blockTokens] < least)
      return;
    for (int32_t id = first; id < end; ++id)
      if (logits[id] >= least)
        candidates.push({logits[id], 0, id});
  });
  sortFront(wanted);
  candidates.shrink(std::min(wanted, candidates.size()));
}

/// Candidates are the k most probable tokens, sorted; returns their weight.
double Sampler::collectTopK(const float *logits, int32_t count, float highest) {
  collectBest(logits, count, static_cast<size_t>(options.topK));
  double total = 0;
  for (Candidate &candidate : candidates)
    total += candidate.weight =
        weightOf((candidate.logit - highest) / options.temperature);
  return total;
}

/// `left` is the place in the interval of all weights; -1 if rounding left a
/// crumb of it.
int32_t Sampler::drawFromAll(double left) const {
  for (size_t block = 0; block < sums.size(); ++block) {
    if (left >= sums[block]) {
      left -= sums[block];
      continue;
    }
    size_t end = std::min(weights.size(), (block + 1) * blockTokens);
    for (size_t id = block * blockTokens; id < end; ++id)
      if ((left -= weights[id]) < 0)
        return static_cast<int32_t>(id);
  }
  return -1;
}

int32_t Sampler::drawFromCandidates(double left) {
  if (!inOrder && !candidates.empty())
    return candidates[findMass(left)].id;
  for (const Candidate &candidate : candidates)
    if ((left -= candidate.weight) < 0)
      return candidate.id;
  return -1;
}

/// Keeps the candidates whose information is nearest to the entropy (Meister et
/// al., "Locally Typical Sampling", 2022); returns their weight.
double Sampler::keepTypical() {
  double total = 0, entropy = 0;
  for (const Candidate &candidate : candidates)
    total += candidate.weight;
  auto informationOf = [&](const Candidate &candidate) {
    return std::log(total) - std::log(static_cast<double>(candidate.weight));
  };
  for (const Candidate &candidate : candidates)
    entropy += candidate.weight / total * informationOf(candidate);
  auto distanceOf = [&](const Candidate &candidate) {
    return std::abs(informationOf(candidate) - entropy);
  };
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate &left, const Candidate &right) {
              double first = distanceOf(left), second = distanceOf(right);
              return first != second ? first < second : left.id < right.id;
            });
  // All that are no further than the one which completes the mass.
  double mass = 0;
  size_t kept = 0;
  while (kept < candidates.size() && mass < options.typicalP * total)
    mass += candidates[kept++].weight;
  while (kept && kept < candidates.size() &&
         distanceOf(candidates[kept]) == distanceOf(candidates[kept - 1]))
    mass += candidates[kept++].weight;
  candidates.shrink(kept);
  return mass;
}

/// Candidates are what may be drawn, and `total` their weight. False: all
/// tokens may, by `weights`.
bool Sampler::narrow(const float *logits, int32_t count, float highest,
                     double &total) {
  if (options.topK > 0 && options.topK < count) {
    total = collectTopK(logits, count, highest);
  } else {
    total = weighAll(logits, count, highest);
    if (options.topP == 1 && options.minP == 0 && options.typicalP == 1)
      return false;
    // Tokens below `light` hold half of what top-p drops, at most.
    double light = (1 - options.topP) / 2 * total / count;
    collectHeavy(logits, count, highest,
                 std::max(options.minP, static_cast<float>(light)));
  }
  inOrder = true;
  if (options.topP < 1)
    candidates.shrink(countTopP(total));

  // The best token has weight 1: min-p drops weights below itself.
  total = 0;
  size_t kept = 0;
  for (const Candidate &candidate : candidates)
    if (candidate.weight >= options.minP && candidate.weight > 0) {
      total += candidate.weight;
      candidates[kept++] = candidate;
    }
  candidates.shrink(kept);
  if (options.typicalP < 1) {
    total = keepTypical();
    inOrder = true;
  }
  return true;
}

int32_t Sampler::choose(const float *logits, int32_t count, const int32_t *seen,
                        int32_t seenCount, uint64_t stream, uint64_t position,
                        int32_t prompt) {
  if (!reserve(count))
    return -1;
  if (changesLogits())
    logits = penalize(logits, count, seen, seenCount, prompt);
  float highest = findMaxima(logits, count);
  if (highest == -INFINITY)
    return -1;
  int32_t best = mostProbable(logits, highest);
  if (options.temperature == 0 || highest == INFINITY)
    return best;
  double uniform = uniformAt(options.seed, stream, position);
  double total;
  int32_t id = narrow(logits, count, highest, total)
                   ? drawFromCandidates(uniform * total)
                   : drawFromAll(uniform * total);
  return id < 0 ? best : id;
}

const Buffer<Candidate> &
Sampler::distribution(const float *logits, int32_t count, const int32_t *seen,
                      int32_t seenCount, int32_t prompt) {
  candidates.clear();
  if (options.temperature == 0 || !reserve(count))
    return candidates;
  if (changesLogits())
    logits = penalize(logits, count, seen, seenCount, prompt);
  float highest = findMaxima(logits, count);
  double total = 0;
  if (!narrow(logits, count, highest, total))
    for (int32_t id = 0; id < count; ++id)
      candidates.push({logits[id], weights[id], id});
  if (!inOrder)
    sortFront(candidates.size());
  for (Candidate &candidate : candidates)
    candidate.weight = static_cast<float>(candidate.weight / total);
  return candidates;
}

const float *Sampler::normalize(const float *logits, int32_t count) {
  if (!maxima.reserve(static_cast<size_t>(count) / blockTokens + 1) ||
      !logs.resize(static_cast<size_t>(count)))
    return nullptr;
  float highest = findMaxima(logits, count);
  double total = 0;
  forBlocks(count, [&](int32_t first, int32_t end) {
    float block[blockTokens];
    for (int32_t id = first; id < end; ++id)
      block[id - first] = weightOf(logits[id] - highest);
    total += sumOf(block, end - first);
  });
  auto logTotal = static_cast<float>(std::log(total));
  for (int32_t id = 0; id < count; ++id)
    logs[id] = logits[id] - highest - logTotal;
  return logs.data();
}

const float *Sampler::logProbabilities(const float *logits, int32_t count,
                                       const int32_t *seen, int32_t seenCount,
                                       int32_t prompt) {
  logits = normalize(logits, count);
  if (!logits || !changesLogits())
    return logits;
  if (!reserveChanges(static_cast<size_t>(count)))
    return nullptr;
  return penalize(logits, count, seen, seenCount, prompt);
}

const Buffer<Candidate> &Sampler::likeliest(const float *logits, int32_t count,
                                            size_t wanted) {
  size_t tokens = static_cast<size_t>(count);
  size_t blocks = tokens / blockTokens + 1;
  candidates.clear();
  if (maxima.reserve(blocks) && ordered.reserve(blocks) &&
      candidates.reserve(tokens)) {
    findMaxima(logits, count);
    collectBest(logits, count, wanted);
  }
  return candidates;
}

} // namespace heddle::text
