// Drafts of a lookup: the texts are what they are without, in fewer calls.

#include "ToySpeculation.h"
#include "runtime/generate/Batch.h"

#include <gtest/gtest.h>
#include <memory>

namespace {

using heddle::runtime::CallTimes;
using heddle::runtime::Lookup;
using heddle::runtime::RunChances;
using toy::Ids;
using toy::lengthsOfCalls;
using toy::lengthsOfScores;
using toy::Speculation;

//===-- Lookup --===//

Lookup lookupOf(const Ids &ids) {
  Lookup lookup;
  lookup.append(ids.data(), ids.size());
  return lookup;
}

TEST(Lookup, DraftsWhatFollowedTheLongestRun) {
  Lookup lookup = lookupOf({1, 2, 3, 4, 9, 2, 3, 5, 8, 1, 2, 3});
  EXPECT_EQ(lookup.find(), 3);
  EXPECT_EQ(lookup.draft(0), 4);
  EXPECT_EQ(lookup.draft(1), 9);
}

TEST(Lookup, DraftsWhatFollowedTheLatestOfEquals) {
  Lookup lookup = lookupOf({2, 3, 4, 2, 3, 5, 2, 3});
  EXPECT_EQ(lookup.find(), 2);
  EXPECT_EQ(lookup.draft(0), 5);
}

TEST(Lookup, OneTokenIsARun) {
  Lookup lookup = lookupOf({3, 4, 3, 5, 3});
  EXPECT_EQ(lookup.find(), 1);
  EXPECT_EQ(lookup.draft(0), 5);
  EXPECT_EQ(lookupOf({3, 3}).find(), 1);
}

TEST(Lookup, ANewTokenHasNone) {
  EXPECT_EQ(lookupOf({3, 4, 3, 5}).find(), 0);
  EXPECT_EQ(lookupOf({3}).find(), 0);
  EXPECT_EQ(lookupOf({}).find(), 0);
}

TEST(Lookup, ARunThatReachesTheEndRepeats) {
  Lookup lookup = lookupOf({7, 1, 2, 1, 2});
  EXPECT_EQ(lookup.find(), 2);
  for (int64_t index = 0; index < 6; ++index)
    EXPECT_EQ(lookup.draft(index), 1 + index % 2);
}

TEST(Lookup, TokensMayComeOneByOne) {
  Ids all;
  Lookup whole, parts;
  for (int32_t i = 0; i < 5000; ++i)
    all.push_back(i * i % 1009);
  whole.append(all.data(), all.size());
  for (int32_t &id : all)
    parts.append(&id, 1);
  EXPECT_EQ(whole.size(), parts.size());
  ASSERT_EQ(whole.find(), 32) << "no longer run is told from this one";
  EXPECT_EQ(parts.find(), 32);
  EXPECT_EQ(whole.draft(0), 5000 % 1009 * (5000 % 1009) % 1009);
  EXPECT_EQ(parts.draft(0), whole.draft(0));
}

TEST(RunChances, FollowWhatBecameOfDrafts) {
  RunChances chances;
  EXPECT_LT(chances.of(2), chances.of(20));
  for (int i = 0; i < 1000; ++i) {
    chances.tell(2, true);
    chances.tell(20, false);
  }
  EXPECT_GT(chances.of(2), 0.9);
  EXPECT_LT(chances.of(20), 0.1);
  for (int i = 0; i < 200; ++i)
    chances.tell(20, true);
  EXPECT_GT(chances.of(20), 0.8) << "what was long ago counts less";
}

TEST(RunChances, BeginWithWhatOthersHaveShown) {
  RunChances others, chances;
  for (int i = 0; i < 60; ++i)
    others.tell(2, true);
  chances.expect(others);
  EXPECT_GT(chances.of(2), 0.9);
  EXPECT_EQ(chances.of(20), others.of(20));
  for (int i = 0; i < 6; ++i)
    chances.tell(2, false);
  EXPECT_LT(chances.of(2), 0.3) << "and soon follow their own text";
}

//===-- How long calls take --===//

TEST(CallTimes, NeighboursStandForWhatIsNotKnown) {
  CallTimes times;
  EXPECT_GT(times.expect(9), times.expect(8));
  for (int i = 0; i < 2; ++i) {
    times.note(1, 1);
    times.note(5, 3);
  }
  EXPECT_DOUBLE_EQ(times.expect(1), 1);
  EXPECT_DOUBLE_EQ(times.expect(3), 2);
  EXPECT_DOUBLE_EQ(times.expect(5), 3);
  EXPECT_GT(times.expect(6), 3);
  EXPECT_LT(times.expect(6), 3.5);
}

TEST(CallTimes, WhatDisturbsACallIsForgotten) {
  CallTimes times;
  times.note(2, 100);
  EXPECT_LT(times.expect(2), 100) << "the first is cold";
  for (double seconds : {4.0, 3.0, 50.0, 5.0})
    times.note(2, seconds);
  EXPECT_DOUBLE_EQ(times.expect(2), 3);
  for (int i = 0; i < 4; ++i)
    times.note(2, 6);
  EXPECT_DOUBLE_EQ(times.expect(2), 6) << "contexts grow";
}

TEST(Pace, IsThatOfTheFastestLongCall) {
  heddle::runtime::Pace pace;
  pace.note(15, 1e-6);
  EXPECT_FALSE(pace.isKnown()) << "a short call does not tell";
  pace.note(20, 40);
  pace.note(100, 100);
  pace.note(200, 600);
  EXPECT_DOUBLE_EQ(pace.expect(7), 7);
}

//===-- Texts --===//

TEST_F(Speculation, ATextThatRepeatsTakesFewCalls) {
  EXPECT_GT(compare({{5, 7, 7, 7}}, 40, {}), 30);
  EXPECT_EQ(lengthsOfScores[0].size(), 1u);
  EXPECT_GT(lengthsOfScores[0][0], 1);
  EXPECT_LT(lengthsOfScores.size(), 10u);
  EXPECT_EQ(heddle_session_length(session, 0), 43)
      << "the last token has not been read";
}

TEST_F(Speculation, DrawnTextsAreTheSame) {
  int64_t accepted = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    heddle_generate_options options = {};
    options.temperature = seed % 3 ? 1 : .4f;
    options.top_p = seed % 2 ? .9f : 1;
    options.seed = seed;
    accepted += compare({{1, 2, 3, 1, 2, 3, 1, 2}}, 90, options);
  }
  EXPECT_GT(accepted, 100);
}

TEST_F(Speculation, PenaltiesBiasesAndRulesSeeWhatIsChosen) {
  const int32_t biased[] = {3}, ends[] = {9};
  const float biases[] = {2};
  settings.ends = {1, ends};
  settings.no_repeat_ngram = 5;
  settings.min_tokens = 20;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    heddle_generate_options options = {};
    options.temperature = 1;
    options.seed = seed;
    options.repetition_penalty = seed % 2 ? 1.3f : 1;
    options.frequency_penalty = seed % 3 ? .2f : 0;
    options.biased_tokens = biased;
    options.biases = biases;
    options.bias_count = 1;
    compare({{1, 2, 3, 4, 1, 2, 3, 4}}, 80, options);
  }
}

TEST_F(Speculation, RowsGoTheirOwnWays) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    heddle_generate_options options = {};
    options.temperature = .6f;
    options.seed = seed;
    compare({{5, 7, 7, 7}, {1, 2, 3}, {5, 7, 7, 7}, {4}}, 60, options);
  }
}

TEST_F(Speculation, TheProbabilitiesThatAreToldAreTheModels) {
  struct Told {
    int32_t tokens[3];
    float logs[3];
    std::vector<float> all;
  } told;
  auto tell = [&](int32_t speculate) {
    told.all.clear();
    const Ids prompt = {5, 7, 7, 7, 7};
    const int32_t *ids = prompt.data();
    const int64_t length = 5;
    heddle_generate_options options = {};
    options.rows = 1;
    options.prompt_ids = &ids;
    options.prompt_lengths = &length;
    options.max_tokens = 30;
    options.likeliest = 2;
    options.likeliest_tokens = told.tokens;
    options.log_probabilities = told.logs;
    options.speculate = speculate;
    auto note = [](void *told, int64_t, int32_t, const char *, int64_t) {
      auto *to = static_cast<Told *>(told);
      to->all.insert(to->all.end(), to->logs, to->logs + 3);
      return 0;
    };
    EXPECT_EQ(heddle_generate(session, &options, note, &told), HEDDLE_OK);
    return told.all;
  };
  std::vector<float> plain = tell(HEDDLE_SPECULATE_NONE);
  EXPECT_EQ(tell(HEDDLE_SPECULATE_LOOKUP), plain);
  EXPECT_FALSE(lengthsOfScores.empty());
}

TEST_F(Speculation, ACallerMayEndATextAmongDrafts) {
  enough = 17;
  EXPECT_GT(compare({{7, 7, 7}}, 40, {}), 5);
  EXPECT_EQ(texts[0].size(), 18u);
  heddle_generate_options options = {};
  options.resume = 1;
  options.speculate = HEDDLE_SPECULATE_LOOKUP;
  enough = -1;
  EXPECT_EQ(generate({{5, 5}}, 3, options), std::vector<Ids>({{7, 7, 7, -1}}));
  EXPECT_EQ(heddle_session_length(session, 0), 3 + 17 + 2 + 2);
}

TEST_F(Speculation, AContextIsFilledToItsEnd) {
  for (int64_t context : {8, 21, 40}) {
    open({1, 0, context});
    compare({{2, 2, 2}}, -1, {});
    EXPECT_EQ(texts[0].size(), static_cast<size_t>(context - 3 + 1 + 1));
  }
}

TEST_F(Speculation, ASessionOfFewTokensHasShorterDrafts) {
  open({2, 3, 0});
  compare({{2, 2, 2}, {4, 4}}, 20, {});
  ASSERT_FALSE(lengthsOfScores.empty());
  for (const auto &lengths : lengthsOfScores)
    EXPECT_LE(lengths[0] + (lengths.size() > 1 ? lengths[1] : 0), 3);
}

TEST_F(Speculation, NothingIsDraftedBesidePrompts) {
  open({0, 4, 0});
  generate({{1, 1}, {2, 2, 2, 2, 2, 2, 2, 2}}, 6,
           {.speculate = HEDDLE_SPECULATE_LOOKUP});
  for (const auto &lengths : lengthsOfCalls)
    EXPECT_EQ(lengths[0] == 1 && lengths.size() > 1, lengths[0] == 1)
        << "only prompts, and what is beside them, are read without drafts";
}

TEST_F(Speculation, AnEncodersTextIsDraftedFrom) {
  all[1].generates = 1;
  settings.decoder_start = 6;
  heddle_generate_options options = {};
  compare({{6, 6}, {6, 6, 6, 6, 1, 2}}, 20, options);
  EXPECT_FALSE(lengthsOfScores.empty());
}

TEST_F(Speculation, WhatCannotBeVerifiedIsRefusedByName) {
  auto refusal = [&](heddle_generate_options options) {
    generate({{1, 1}}, 4, options);
    EXPECT_NE(status, HEDDLE_OK);
    return std::string(heddle_last_error());
  };
  heddle_generate_options options = {};
  options.speculate = 7;
  EXPECT_EQ(refusal(options), "speculate is 7, needed: 0 to 2");
  options.speculate = HEDDLE_SPECULATE_LOOKUP;
  options.beams = 2;
  EXPECT_EQ(
      refusal(options),
      "a search with 2 beams chooses among texts, not tokens: it takes no "
      "speculate");
  options.beams = 0;
  all[5].generates = 0;
  EXPECT_EQ(refusal(options),
            "speculate: toy has no entry that gives for every "
            "token what step gives for the last");
  program.flags = 0;
  EXPECT_EQ(refusal(options),
            "speculate: a token of toy sees later ones of the "
            "same call, and would see drafts");
  heddle_cache caches[2];
  std::copy_n(toy::caches, 2, caches);
  caches[0].size = -1;
  caches[0].path = "h";
  program.caches = caches;
  EXPECT_EQ(refusal(options), "speculate: toy carries h from step to step, and "
                              "cannot take back a draft that is not chosen");
  program.caches = toy::caches;
}

//===-- Texts side by side --===//

struct DraftListener final : heddle::runtime::TextListener {
  bool take(int32_t token, std::string_view) override {
    ids.push_back(token);
    return false;
  }
  void end(const heddle::runtime::Ending &ending) override {
    status = ending.status;
    ended = true;
  }
  Ids ids;
  heddle_status status = HEDDLE_OK;
  bool ended = false;
};

TEST_F(Speculation, TextsOfABatchAreTheSame) {
  program.cache_count = 1; // no states, so that rows can be copied
  program.cache_slot_count = 1;
  const std::vector<Ids> prompts = {
      {5, 7, 7, 7}, {1, 2, 1, 2, 1}, {3}, {5, 7, 7, 7, 7, 7}, {8, 8}};
  auto write = [&](int32_t speculate) {
    open({3, 0, 0});
    heddle::runtime::Batch batch(*session);
    EXPECT_EQ(batch.open(2), HEDDLE_OK);
    std::vector<DraftListener> listeners(prompts.size());
    std::vector<heddle_generate_options> options(prompts.size());
    size_t next = 0;
    for (int turn = 0; next < prompts.size() || batch.atWork(); ++turn) {
      if (turn % 3 == 0 && next < prompts.size() && !batch.isFull()) {
        options[next].max_tokens = 30;
        options[next].temperature = .7f;
        options[next].seed = next;
        options[next].speculate = next == 2 ? 0 : speculate;
        int64_t row;
        EXPECT_EQ(batch.add(options[next], prompts[next].data(),
                            static_cast<int64_t>(prompts[next].size()), 0,
                            listeners[next], row),
                  HEDDLE_OK);
        ++next;
      }
      batch.advance();
    }
    std::vector<Ids> written;
    for (const DraftListener &listener : listeners) {
      EXPECT_TRUE(listener.ended && listener.status == HEDDLE_OK);
      written.push_back(listener.ids);
    }
    return written;
  };
  std::vector<Ids> plain = write(HEDDLE_SPECULATE_NONE);
  EXPECT_TRUE(lengthsOfScores.empty());
  EXPECT_EQ(write(HEDDLE_SPECULATE_LOOKUP), plain);
  EXPECT_FALSE(lengthsOfScores.empty());
}

} // namespace
