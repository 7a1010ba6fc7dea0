// Sampling: what each option keeps, that the draw has the distribution it says,
// and that the seed alone decides.
#include "runtime/text/Sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using heddle::text::checkOptions;
using heddle::text::Sampler;
using heddle::text::SamplerOptions;
using heddle::text::uniformAt;

static int32_t choose(const SamplerOptions &options,
                      const std::vector<float> &logits, uint64_t position = 0,
                      const std::vector<int32_t> &seen = {}) {
  return Sampler(options).choose(logits.data(), int32_t(logits.size()),
                                 seen.data(), int32_t(seen.size()), 0,
                                 position);
}

/// How often each token is chosen at `draws` positions.
static std::vector<int> histogram(const SamplerOptions &options,
                                  const std::vector<float> &logits, int draws) {
  std::vector<int> counts(logits.size());
  Sampler sampler(options);
  for (int i = 0; i < draws; ++i) {
    int32_t id = sampler.choose(logits.data(), int32_t(logits.size()), nullptr,
                                0, 7, uint64_t(i));
    EXPECT_GE(id, 0);
    ++counts[size_t(id)];
  }
  return counts;
}

static std::vector<float> logitsOf(const std::vector<double> &probabilities) {
  std::vector<float> logits;
  for (double probability : probabilities)
    logits.push_back(probability > 0 ? float(std::log(probability))
                                     : -INFINITY);
  return logits;
}

TEST(Sampler, PhiloxGivesTheKnownAnswers) {
  // Random123's kat_vectors for philox4x32 with 10 rounds: counter and key all
  // zeros, all ones, and digits of pi.
  auto top53 = [](uint32_t high, uint32_t low) {
    return double((uint64_t(high) << 32 | low) >> 11) * 0x1p-53;
  };
  EXPECT_EQ(uniformAt(0, 0, 0), top53(0x6627e8d5, 0xe169c58d));
  EXPECT_EQ(uniformAt(~0ull, ~0ull, ~0ull), top53(0x408f276d, 0x41c83b0e));
  EXPECT_EQ(
      uniformAt(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
      top53(0xd16cfe09, 0x94fdcceb));
}

TEST(Sampler, GreedyTakesTheHighestAndTheLowestIdAmongEquals) {
  EXPECT_EQ(choose({}, {1, 3, 2, 3}), 1);
  EXPECT_EQ(choose({}, {-5, -7}), 0);
}

TEST(Sampler, NanAndImpossibleLogitsAreNeverChosen) {
  EXPECT_EQ(choose({}, {NAN, -INFINITY, 1, NAN}), 2);
  EXPECT_EQ(choose({}, {NAN, -INFINITY}), -1);
  EXPECT_EQ(choose({.temperature = 1}, {NAN, -INFINITY}), -1);
  EXPECT_EQ(choose({}, {}), -1);
  EXPECT_EQ(choose({.temperature = 1}, {0, INFINITY}), 1);
  for (uint64_t i = 0; i < 200; ++i)
    EXPECT_EQ(choose({.temperature = 5}, {NAN, 0, -INFINITY}, i), 1);
}

TEST(Sampler, DrawsFollowTheDistribution) {
  std::vector<double> probabilities = {0.4, 0.05, 0.2, 0, 0.3, 0.05};
  const int draws = 40000;
  std::vector<int> counts =
      histogram({.temperature = 1, .seed = 42}, logitsOf(probabilities), draws);
  double chiSquare = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) {
    double expected = probabilities[i] * draws;
    if (expected == 0)
      EXPECT_EQ(counts[i], 0);
    else
      chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  EXPECT_LT(chiSquare, 18.47); // 4 degrees of freedom, p = 0.001
}

TEST(Sampler, TemperatureSharpensAndFlattens) {
  // p^(1/T), normalised: T = 0.5 squares the ratio 3 : 1, T = 2 takes its root.
  const int draws = 40000;
  for (auto [temperature, share] :
       {std::pair(0.5f, 0.9),
        std::pair(2.f, std::sqrt(3.) / (std::sqrt(3.) + 1))}) {
    int first = histogram({.temperature = temperature, .seed = 3},
                          logitsOf({0.75, 0.25}), draws)[0];
    EXPECT_NEAR(double(first) / draws, share,
                4 * std::sqrt(share * (1 - share) / draws));
  }
}

TEST(Sampler, TopKKeepsTheKMostProbable) {
  std::vector<int> counts = histogram({.temperature = 1, .topK = 2},
                                      logitsOf({0.1, 0.4, 0.2, 0.3}), 2000);
  EXPECT_EQ(counts[0], 0);
  EXPECT_EQ(counts[2], 0);
  EXPECT_GT(counts[3], 700); // 0.3 / 0.7 of 2000 is 857
  EXPECT_EQ(choose({.temperature = 3, .topK = 1}, {1, 1, 1}), 0)
      << "among equals the lowest id is kept";
  EXPECT_GE(choose({.temperature = 1, .topK = 100}, {1, 2}), 0)
      << "more than there are means all";
}

TEST(Sampler, TopPKeepsTheFewestThatHoldTheMass) {
  std::vector<float> logits = logitsOf({0.15, 0.5, 0.05, 0.3});
  std::vector<int> counts =
      histogram({.temperature = 1, .topP = 0.7f}, logits, 2000);
  EXPECT_EQ(counts[0] + counts[2], 0);
  EXPECT_GT(counts[3], 600);
  EXPECT_EQ(histogram({.temperature = 1, .topP = 1e-6f}, logits, 100)[1], 100)
      << "at least one is kept";
  // A flat distribution over many tokens: the sorted front has to grow.
  std::vector<float> flat(5000, 0.f);
  counts = histogram({.temperature = 1, .topP = 0.5f}, flat, 4000);
  EXPECT_EQ(std::accumulate(counts.begin() + 2501, counts.end(), 0), 0);
  EXPECT_GT(std::accumulate(counts.begin() + 2000, counts.begin() + 2500, 0),
            600);
}

TEST(Sampler, MinPDropsTheImprobable) {
  std::vector<int> counts = histogram({.temperature = 1, .minP = 0.5f},
                                      logitsOf({0.45, 0.3, 0.2, 0.05}), 2000);
  EXPECT_EQ(counts[2] + counts[3], 0);
  EXPECT_GT(counts[1], 600);
}

/// The steps as the header names them, one after the other over everything.
static int32_t plainChoice(const SamplerOptions &options,
                           const std::vector<float> &logits,
                           uint64_t position) {
  std::vector<int32_t> order;
  for (size_t id = 0; id < logits.size(); ++id)
    if (logits[id] > -INFINITY)
      order.push_back(int32_t(id));
  float highest = logits[size_t(order[0])];
  for (int32_t id : order)
    highest = std::max(highest, logits[size_t(id)]);
  auto weight = [&](int32_t id) {
    return std::exp((double(logits[size_t(id)]) - highest) /
                    options.temperature);
  };
  auto total = [&] {
    return std::accumulate(
        order.begin(), order.end(), 0.,
        [&](double sum, int32_t id) { return sum + weight(id); });
  };
  bool ranks = options.topK > 0 && size_t(options.topK) < logits.size();
  if (ranks || options.topP < 1)
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      float left = logits[size_t(a)], right = logits[size_t(b)];
      return left != right ? left > right : a < b;
    });
  if (ranks)
    order.resize(std::min(order.size(), size_t(options.topK)));
  double mass = options.topP * total(), soFar = 0;
  size_t kept = 0;
  while (kept < order.size() && (options.topP == 1 || soFar < mass))
    soFar += weight(order[kept++]);
  order.resize(kept);
  std::erase_if(order, [&](int32_t id) { return weight(id) < options.minP; });
  double left = uniformAt(options.seed, 7, position) * total();
  for (int32_t id : order)
    if ((left -= weight(id)) < 0)
      return id;
  return -1;
}

TEST(Sampler, ChoosesAsThePlainAlgorithmDoes) {
  // Blocks that are full and not, peaked and flat distributions, ties, tokens
  // that are impossible or no number.
  for (size_t count : {1, 15, 64, 65, 1000, 5003})
    for (float spread : {0.1f, 1.f, 6.f, 60.f}) {
      std::vector<float> logits(count);
      for (size_t id = 0; id < count; ++id)
        logits[id] =
            std::round(64 * spread * float(uniformAt(1, count, id))) / 32;
      for (size_t id = 3; id < count; id += 97)
        logits[id] = id % 2 ? NAN : -INFINITY;
      for (const SamplerOptions &options :
           std::initializer_list<SamplerOptions>{
               {.temperature = 0.8f},
               {.temperature = 1, .topK = 1},
               {.temperature = 0.7f, .topK = 40},
               {.temperature = 2, .topK = 900},
               {.temperature = 1, .topP = 0.95f},
               {.temperature = 1, .topP = 0.2f},
               {.temperature = 1, .minP = 0.05f},
               {.temperature = 0.9f, .topK = 50, .topP = 0.8f},
               {.temperature = 0.9f, .topP = 0.99f, .minP = 0.3f},
               {.temperature = 1.5f,
                .topK = 200,
                .topP = 0.9f,
                .minP = 0.01f}}) {
        Sampler sampler(options);
        for (uint64_t position = 0; position < 20; ++position)
          ASSERT_EQ(sampler.choose(logits.data(), int32_t(count), nullptr, 0, 7,
                                   position),
                    plainChoice(options, logits, position))
              << count << " tokens, spread " << spread << ", temperature "
              << options.temperature << ", top-k " << options.topK << ", top-p "
              << options.topP << ", min-p " << options.minP;
      }
    }
}

TEST(Sampler, RepetitionPenaltyMovesSeenTokensDownOnce) {
  SamplerOptions options = {.repetitionPenalty = 2};
  EXPECT_EQ(choose(options, {3, 2}), 0);
  EXPECT_EQ(choose(options, {3, 2}, 0, {0}), 1) << "3 / 2 < 2";
  EXPECT_EQ(choose(options, {5, 2}, 0, {0, 0, 0}), 0)
      << "5 / 2 > 2, however often it was seen";
  EXPECT_EQ(choose(options, {-1, -1.5f}, 0, {0}), 1)
      << "below zero the penalty multiplies";
  EXPECT_EQ(choose(options, {3, 2}, 0, {-1, 2, 100000}), 0)
      << "ids that are no tokens are ignored";
}

TEST(Sampler, LogProbabilitiesAddUpToOneAndArePenalisedBelowZero) {
  std::vector<float> logits(131);
  for (size_t id = 0; id < logits.size(); ++id)
    logits[id] = float(id * 37 % 131) / 9 - 4;
  logits[5] = -INFINITY;
  double total = 0;
  for (float logit : logits)
    total += std::exp(double(logit));
  SamplerOptions options;
  options.repetitionPenalty = 1.5f;
  Sampler sampler(options);
  const int32_t seen[] = {7, 130, 7};
  const float *logs = sampler.logProbabilities(logits.data(), 131, seen, 3);
  for (int32_t id = 0; id < 131; ++id) {
    double expected = double(logits[size_t(id)]) - std::log(total);
    if (id == 7 || id == 130)
      expected *= 1.5;
    if (id == 5)
      EXPECT_EQ(logs[id], -INFINITY);
    else
      EXPECT_NEAR(logs[id], expected, 2e-6) << id;
  }
  // Of what is left of a distribution, a distribution.
  std::vector<float> rest(logs, logs + 131);
  rest[9] = -INFINITY;
  double sum = 0;
  const float *whole = sampler.normalize(rest.data(), 131);
  for (int32_t id = 0; id < 131; ++id)
    sum += std::exp(double(whole[id]));
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_EQ(whole[9], -INFINITY);
  EXPECT_NEAR(whole[8] - whole[10], rest[8] - rest[10], 1e-5);
}

TEST(Sampler, TheLikeliestAreInOrder) {
  std::vector<float> logits(200, -INFINITY);
  logits[199] = 1, logits[3] = 2, logits[70] = 2, logits[64] = NAN;
  logits[0] = -3;
  Sampler sampler{SamplerOptions()};
  auto likeliest = [&](size_t wanted) {
    std::vector<int32_t> ids;
    for (const auto &candidate : sampler.likeliest(logits.data(), 200, wanted))
      ids.push_back(candidate.id);
    return ids;
  };
  EXPECT_EQ(likeliest(1), std::vector<int32_t>({3}));
  EXPECT_EQ(likeliest(3), std::vector<int32_t>({3, 70, 199}));
  EXPECT_EQ(likeliest(9), std::vector<int32_t>({3, 70, 199, 0}));
}

TEST(Sampler, TheSeedStreamAndPositionAloneDecide) {
  std::vector<float> logits(1000, 0.f);
  SamplerOptions options = {.temperature = 1, .topP = 0.9f, .seed = 5};
  Sampler used(options);
  for (uint64_t i = 0; i < 10; ++i)
    used.choose(logits.data(), 1000, nullptr, 0, 3, i);
  EXPECT_EQ(used.choose(logits.data(), 1000, nullptr, 0, 0, 2),
            choose(options, logits, 2));
  EXPECT_NE(choose(options, logits, 1), choose(options, logits, 2));
  EXPECT_NE(used.choose(logits.data(), 1000, nullptr, 0, 1, 2),
            choose(options, logits, 2));
  SamplerOptions otherSeed = options;
  otherSeed.seed = 6;
  EXPECT_NE(choose(otherSeed, logits, 2), choose(options, logits, 2));
}

TEST(Sampler, OptionsOutOfRangeAreNamed) {
  EXPECT_EQ(checkOptions({}), nullptr);
  EXPECT_EQ(checkOptions(
                {.temperature = 0.8f, .topK = 40, .topP = 0.95f, .minP = 0.1f}),
            nullptr);
  EXPECT_STREQ(checkOptions({.temperature = -1}),
               "temperature needed: 0 (greedy) to 1000");
  EXPECT_STREQ(checkOptions({.temperature = NAN}),
               "temperature needed: 0 (greedy) to 1000");
  EXPECT_NE(checkOptions({.topK = -1}), nullptr);
  EXPECT_NE(checkOptions({.topP = 0}), nullptr);
  EXPECT_NE(checkOptions({.topP = 1.5f}), nullptr);
  EXPECT_NE(checkOptions({.minP = 2}), nullptr);
  EXPECT_NE(checkOptions({.repetitionPenalty = 0}), nullptr);
}
