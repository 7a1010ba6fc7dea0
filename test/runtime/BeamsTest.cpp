// Beams: of the search by itself, and of the rows that they are, on the toy
// model whose logits are how often a row has seen each id.

#include "ToyHost.h"
#include "runtime/generate/BeamSearch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

using heddle::runtime::BeamOptions;
using heddle::runtime::BeamSearch;
using heddle::runtime::TokenRules;
using heddle::text::Candidate;

namespace {

using Ids = std::vector<int32_t>;

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

constexpr int32_t theEnd = 9;

/// Two beams; token 9 ends a text.
class Search : public ::testing::Test {
protected:
  void start(BeamOptions options, int64_t longest = 100) {
    options.beams = 2;
    search.emplace(options, longest, 1);
    ASSERT_TRUE(search->prepare());
    texts = {{5}};
  }
  /// What each beam is offered: tokens with their log probabilities.
  void step(std::vector<std::vector<std::pair<int32_t, float>>> offers) {
    ASSERT_EQ(offers.size(), search->beams().size());
    for (size_t beam = 0; beam < offers.size(); ++beam) {
      heddle::text::Buffer<Candidate> likeliest;
      for (auto [id, log] : offers[beam])
        likeliest.push({log, 0, id});
      EXPECT_FALSE(search->hasAllOffers());
      search->offer(static_cast<int32_t>(beam), likeliest);
    }
    ASSERT_TRUE(search->hasAllOffers());
    std::vector<heddle::text::Ids> held(texts.size());
    std::vector<const heddle::text::Ids *> pointers;
    for (size_t i = 0; i < texts.size(); ++i) {
      held[i].append(texts[i].data(), texts[i].size());
      pointers.push_back(&held[i]);
    }
    search->advance(pointers.data(), 1, rules);
    std::vector<Ids> next;
    for (const auto &beam : search->beams()) {
      next.push_back(texts[static_cast<size_t>(beam.beam)]);
      next.back().push_back(beam.token);
    }
    texts = next;
  }
  std::vector<Ids> ended() const {
    std::vector<Ids> found;
    for (int32_t i = 0; i < search->endedCount(); ++i)
      found.emplace_back(search->ended(i).ids.begin(),
                         search->ended(i).ids.end());
    return found;
  }
  float score(int32_t rank) const { return search->ended(rank).score; }

  heddle_generation settings = [] {
    heddle_generation settings = {};
    settings.ends = {1, &theEnd};
    settings.forced_begin = -1;
    return settings;
  }();
  TokenRules rules{settings};
  std::optional<BeamSearch> search;
  std::vector<Ids> texts; // of the beams, the prompt 5 before them
};

TEST_F(Search, TheBestOfAllBeamsGoOn) {
  start({});
  step({{{1, -1}, {2, -2}, {3, -3}}});
  EXPECT_EQ(texts, std::vector<Ids>({{5, 1}, {5, 2}}));
  // Both of the best are behind the second beam.
  step({{{4, -9}, {5, -9}}, {{6, -1}, {7, -2}}});
  EXPECT_EQ(texts, std::vector<Ids>({{5, 2, 6}, {5, 2, 7}}));
  EXPECT_EQ(search->beams()[1].score, -4);
}

TEST_F(Search, ATextThatEndsIsNoBeamAnyMore) {
  start({});
  step({{{theEnd, -1}, {1, -2}, {2, -3}}});
  EXPECT_EQ(texts, std::vector<Ids>({{5, 1}, {5, 2}}));
  EXPECT_EQ(ended(), std::vector<Ids>({{theEnd}}));
  // An end counts where it is among the two best only.
  step({{{3, -1}, {4, -1.5f}, {theEnd, -2}}, {{6, -9}}});
  EXPECT_EQ(ended().size(), 1u);
  EXPECT_EQ(texts, std::vector<Ids>({{5, 1, 3}, {5, 1, 4}}));
}

TEST_F(Search, ScoresAreByAPowerOfTheLength) {
  BeamOptions options;
  options.lengthPenalty = 2;
  start(options);
  step({{{theEnd, -1}, {1, -2}, {2, -3}}});
  step({{{theEnd, -1}, {1, -2}}, {{2, -5}, {3, -5}}});
  EXPECT_EQ(ended(), std::vector<Ids>({{1, theEnd}, {theEnd}}));
  EXPECT_EQ(score(0), -3.f / 4);
  EXPECT_EQ(score(1), -1);
}

/// Two texts have ended, the worse one with -2; the best beam has -3 at a
/// length of 2, and may have 8 tokens.
TEST_F(Search, EndsWhenItIsToldTo) {
  auto isDone = [&](int32_t earlyStopping, float penalty) {
    BeamOptions options;
    options.earlyStopping = earlyStopping;
    options.lengthPenalty = penalty;
    start(options, 8);
    step({{{theEnd, -2}, {1, -2.5f}, {2, -2.6f}}});
    EXPECT_FALSE(search->isDone());
    step({{{theEnd, -0.1f}, {1, -0.5f}}, {{2, -9}, {3, -9}}});
    EXPECT_EQ(ended().size(), 2u);
    return search->isDone();
  };
  EXPECT_TRUE(isDone(HEDDLE_EARLY_STOPPING_YES, 1));
  EXPECT_FALSE(isDone(HEDDLE_EARLY_STOPPING_NO, 1)) << "-3 / 2 is more than -2";
  EXPECT_TRUE(isDone(HEDDLE_EARLY_STOPPING_NO, 0));
  EXPECT_FALSE(isDone(HEDDLE_EARLY_STOPPING_NEVER, 1));
  EXPECT_TRUE(isDone(HEDDLE_EARLY_STOPPING_NEVER, 0));
  EXPECT_FALSE(isDone(HEDDLE_EARLY_STOPPING_NEVER, 0.25f))
      << "-3 / 8^0.25 is more than -2";
  EXPECT_TRUE(isDone(HEDDLE_EARLY_STOPPING_NO, 0.25f)) << "-3 / 2^0.25 is less";
}

TEST_F(Search, ALengthEndsAllTexts) {
  start({}, 2);
  step({{{1, -1}, {2, -2}}});
  step({{{3, -1}, {4, -4}}, {{6, -1}, {7, -5}}});
  EXPECT_TRUE(search->isDone());
  EXPECT_EQ(ended(), std::vector<Ids>({{1, 3}, {2, 6}}));
}

TEST_F(Search, WithoutOffersItIsOver) {
  start({});
  step({{}});
  EXPECT_TRUE(search->isDone());
  EXPECT_EQ(search->endedCount(), 0);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

class BeamRows : public ::testing::Test {
protected:
  void SetUp() override {
    settings.top_p = settings.repetition_penalty = settings.length_penalty = 1;
    settings.begin = settings.decoder_start = settings.forced_begin = -1;
    program = toy::program;
    program.generation = &settings;
    path = toy::writeFile(::testing::TempDir() + "beams-" +
                              std::to_string(getpid()) + ".weights",
                          toy::weightsFile());
    heddle_open_options options = {path.c_str(), 1, 0};
    model = heddle_open(&program, &options);
    ASSERT_NE(model, nullptr) << heddle_last_error();
    session = heddle_session_open(model, nullptr);
    ASSERT_NE(session, nullptr) << heddle_last_error();
  }
  void TearDown() override {
    heddle_session_close(session);
    heddle_close(model);
    unlink(path.c_str());
  }

  /// The texts of all prompts, each closed with -1.
  std::vector<Ids> generate(std::vector<Ids> prompts,
                            heddle_generate_options options) {
    toy::Prompts given(prompts);
    given.giveTo(options);
    texts.assign(8, {});
    auto take = [](void *self, int64_t row, int32_t token, const char *,
                   int64_t) {
      static_cast<BeamRows *>(self)->texts[static_cast<size_t>(row)].push_back(
          token);
      return int32_t{0};
    };
    status = heddle_generate(session, &options, take, this);
    while (!texts.empty() && texts.back().empty())
      texts.pop_back();
    return texts;
  }
  const char *errorOf(heddle_generate_options options) {
    generate({{1, 2}}, options);
    EXPECT_NE(status, HEDDLE_OK);
    return heddle_last_error();
  }

  heddle_generation settings = {};
  heddle_program program;
  std::string path;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  std::vector<Ids> texts;
  heddle_status status = HEDDLE_OK;
};

/// What the toy model gives the tokens of `text` behind a prompt, on average.
float meanLog(Ids prompt, const Ids &text) {
  float sum = 0;
  for (int32_t token : text) {
    std::vector<double> counts(toy::vocabulary);
    for (int32_t id : prompt)
      counts[static_cast<size_t>(id)] += 1;
    double total = 0;
    for (double count : counts)
      total += std::exp(count);
    sum += static_cast<float>(counts[static_cast<size_t>(token)] -
                              std::log(total));
    prompt.push_back(token);
  }
  return sum / static_cast<float>(text.size());
}

TEST_F(BeamRows, ScoresAreThoseOfTheTexts) {
  float scores[4];
  heddle_generate_options options = {};
  options.beams = options.texts = 4;
  options.max_tokens = 6;
  options.scores = scores;
  // Beams change rows all the time: what is wrong in a cache shows in a score.
  const Ids prompt = {3, 1, 3, 1, 4, 2};
  generate({prompt}, options);
  ASSERT_EQ(status, HEDDLE_OK) << heddle_last_error();
  ASSERT_EQ(texts.size(), 4u);
  for (size_t rank = 0; rank < 4; ++rank) {
    ASSERT_EQ(texts[rank].back(), -1);
    texts[rank].pop_back();
    EXPECT_EQ(texts[rank].size(), 6u);
    EXPECT_NEAR(scores[rank], meanLog(prompt, texts[rank]), 1e-5) << rank;
    if (rank) {
      EXPECT_GE(scores[rank - 1], scores[rank]);
      EXPECT_NE(texts[rank - 1], texts[rank]);
    }
  }
  for (int64_t row = 0; row < 4; ++row)
    EXPECT_EQ(heddle_session_length(session, row), 0);
}

TEST_F(BeamRows, PromptsOfOneCallDoNotFeelEachOther) {
  heddle_generate_options options = {};
  options.beams = options.texts = 2;
  options.max_tokens = 5;
  std::vector<Ids> first = generate({{3, 1, 3}}, options);
  std::vector<Ids> second = generate({{7, 1, 1, 2, 2, 7}}, options);
  first.insert(first.end(), second.begin(), second.end());
  EXPECT_EQ(generate({{3, 1, 3}, {7, 1, 1, 2, 2, 7}}, options), first);
  // Two tokens a call: beams of a prompt read theirs in different calls.
  heddle_session_close(session);
  heddle_session_options narrow = {4, 3, 0};
  session = heddle_session_open(model, &narrow);
  EXPECT_EQ(generate({{3, 1, 3}, {7, 1, 1, 2, 2, 7}}, options), first);
}

TEST_F(BeamRows, TheCheckpointsBeamsHoldWhereNoneAreAskedFor) {
  settings.beams = 3;
  settings.texts = 2;
  heddle_generate_options options = {};
  options.max_tokens = 2;
  EXPECT_EQ(generate({{5, 7}}, options).size(), 2u);
  options.beams = 1;
  EXPECT_EQ(generate({{5, 7, 7}}, options), std::vector<Ids>({{7, 7, -1}}));
}

TEST_F(BeamRows, RulesHoldForEveryBeam) {
  const int32_t seven = 7, nine = 9;
  settings.suppressed = {1, &seven};
  settings.forced_ends = {1, &nine};
  heddle_generate_options options = {};
  options.beams = options.texts = 3;
  options.max_tokens = 4;
  for (Ids &text : generate({{7, 7, 5, 5, 4}}, options)) {
    ASSERT_EQ(text.size(), 5u);
    EXPECT_EQ(text[3], 9);
    EXPECT_EQ(std::count(text.begin(), text.end(), 7), 0);
  }
}

TEST_F(BeamRows, AFullContextEndsTheSearch) {
  heddle_generate_options options = {};
  options.beams = 2;
  options.max_tokens = -1;
  // 12 positions; the last token is not read.
  EXPECT_EQ(generate({Ids(8, 2)}, options)[0].size(), 12u - 8 + 1 + 1);
}

TEST_F(BeamRows, ThereMayBeFewerTexts) {
  const int32_t nine = 9;
  settings.forced_begin = 4;
  settings.forced_ends = {1, &nine};
  float scores[3];
  heddle_generate_options options = {};
  options.beams = options.texts = 3;
  options.max_tokens = 2;
  options.scores = scores;
  EXPECT_EQ(generate({{1}}, options),
            std::vector<Ids>({{4, 9, -1}, {-1}, {-1}}));
  EXPECT_EQ(scores[0], 0);
  EXPECT_EQ(scores[1], -INFINITY);
}

TEST_F(BeamRows, MistakesAreNamed) {
  heddle_generate_options options = {};
  options.beams = -1;
  EXPECT_STREQ(errorOf(options), "beams is -1, needed: 0 or more");
  options.beams = 5;
  EXPECT_STREQ(errorOf(options), "there are 1 prompts with 5 beams each, the "
                                 "session was opened for 4 rows");
  options.beams = 2;
  options.texts = 3;
  EXPECT_STREQ(errorOf(options),
               "texts is 3, needed: 1 to 2, as many as there are beams");
  options.texts = 0;
  options.temperature = 0.5f;
  EXPECT_STREQ(errorOf(options), "temperature is 0.5, needed for a search with "
                                 "2 beams: 0");
  options.temperature = 0;
  options.resume = 1;
  EXPECT_STREQ(errorOf(options), "a search with 2 beams begins anew: it cannot "
                                 "resume a text");
  options.resume = 0;
  options.early_stopping = 4;
  EXPECT_STREQ(errorOf(options), "early_stopping is 4, needed: 0 to 3");
  options.early_stopping = 0;
  const float none = NAN;
  options.length_penalty = &none;
  EXPECT_STREQ(errorOf(options), "length_penalty is nan, needed: a number");
  float scores[1];
  options = {};
  options.scores = scores;
  EXPECT_STREQ(errorOf(options), "scores are those of beams, and there are "
                                 "none: needed: beams of 2 or more");
}

} // namespace
