// Drafts of a small model: the texts are what they are without it, whatever it
// drafts.

#include "ToySpeculation.h"
#include "runtime/generate/Batch.h"
#include "runtime/generate/DraftMemory.h"

#include <memory>

namespace {

using heddle::runtime::DraftChances;
using toy::Ids;
using toy::lengthsOfScores;

toy::Lengths lengthsOfDrafts;

/// What the model gives, without a bias, or the opposite.
template <int sign> int32_t draft(heddle_frame *frame) {
  auto *ids = static_cast<const int32_t *>(frame->inputs[0]);
  auto *logits = static_cast<float *>(frame->outputs[0]);
  for (int64_t row = 0; row < frame->extents[toy::extentB].total; ++row) {
    int32_t *cache = toy::cacheRow<int32_t>(frame, 0, row);
    int64_t given = toy::ofRow(frame, toy::extentBT, row);
    int64_t held = toy::ofRow(frame, toy::extentBS, row);
    memcpy(cache + held - given, ids, given * sizeof(int32_t));
    ids += given;
    memset(logits, 0, toy::vocabulary * sizeof(float));
    for (int64_t i = 0; i < held; ++i)
      logits[cache[i]] += sign;
    logits += toy::vocabulary;
  }
  return HEDDLE_OK;
}

/// Calls of the model take much longer than the small one's, however many
/// tokens they read, so that drafts are worth it.
template <int32_t (*function)(heddle_frame *)>
int32_t slow(heddle_frame *frame) {
  usleep(100);
  return function(frame);
}

class Drafter : public toy::Speculation {
protected:
  Drafter() {
    small = toy::program;
    small.name = "small";
    small.entries = step;
    small.entry_count = 1;
    small.sizes = smallSizes;
    small.cache_count = small.cache_slot_count = 1;
    small.weight_slot_count = 0;
    std::copy_n(sizes, 4, smallSizes);
    step[0] = toy::program.entries[0];
    all[0].function = slow<toy::step>;
    all[5].function =
        slow<toy::recorded<toy::score, toy::extentBT, lengthsOfScores>>;
    setDraft<1>();
    program.draft = &small;
    lengthsOfDrafts.clear();
  }
  template <int sign> void setDraft() {
    step[0].function =
        toy::recorded<draft<sign>, toy::extentBT, lengthsOfDrafts>;
  }
  int64_t compareModel(const std::vector<Ids> &prompts, int64_t most,
                       heddle_generate_options options = {}) {
    return compare(prompts, most, options, HEDDLE_SPECULATE_MODEL);
  }

  struct Drafts {
    int64_t made, chosen; // tokens
  };
  /// Writes texts until the small model is asked: when that is worth it is up
  /// to measured times.
  Drafts draftSome() {
    Drafts drafts = {0, 0};
    for (int text = 0; text < 50 && lengthsOfDrafts.empty(); ++text) {
      drafts.chosen += compareModel({{5, 7, 7, 3}}, 100);
      drafts.made += speculated[0];
    }
    return drafts;
  }

  heddle_program small;
  heddle_entry step[1];
  heddle_size smallSizes[4];
};

TEST_F(Drafter, DraftsOfAnEqualModelAreChosen) {
  Drafts drafts = draftSome();
  EXPECT_GT(drafts.chosen, 0);
  EXPECT_EQ(drafts.chosen, drafts.made);
}

TEST_F(Drafter, DraftsOfAnotherModelAreNot) {
  setDraft<-1>();
  Drafts drafts = draftSome();
  EXPECT_LT(drafts.chosen, drafts.made);
  heddle_generate_options options = {};
  options.temperature = 1;
  compareModel({{1, 2, 3}}, 60, options);
}

TEST_F(Drafter, DrawnTextsAreDraftedWithTheirRandomNumbers) {
  // The model's bias is the same for all tokens: only what is looked up fails,
  // of which there is more where a call of the small model was slow once.
  int64_t chosen = 0, made = 0;
  for (int attempt = 0; attempt < 5 && chosen <= made * 9 / 10; ++attempt) {
    chosen = made = 0;
    for (uint64_t seed = 0; seed < 40; ++seed) {
      heddle_generate_options options = {};
      options.temperature = seed % 3 ? 1 : .4f;
      options.top_p = seed % 2 ? .9f : 1;
      options.seed = seed;
      options.repetition_penalty = seed % 5 ? 1 : 1.2f;
      chosen += compareModel({{1, 2, 3, 1, 2, 3, 1, 2}}, 90, options);
      made += speculated[0];
    }
  }
  EXPECT_GT(chosen, made * 9 / 10);
  EXPECT_GT(chosen, 40);
}

TEST_F(Drafter, RowsGoTheirOwnWays) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    heddle_generate_options options = {};
    options.temperature = .6f;
    options.seed = seed;
    compareModel({{5, 7, 7, 7}, {1, 2, 3}, {5, 7, 7, 7}, {4}}, 60, options);
  }
  size_t together = 0;
  for (const auto &lengths : lengthsOfDrafts)
    together += lengths.size() > 1;
  EXPECT_GT(together, 0u) << "rows share the small model's calls";
}

TEST_F(Drafter, AnEndIsNotDraftedBeyond) {
  const int32_t ends[] = {7};
  settings.ends = {1, ends};
  compareModel({{5, 7, 7, 3}}, 60);
}

TEST_F(Drafter, AContextIsFilledToItsEnd) {
  for (int64_t context : {8, 21, 40}) {
    open({1, 0, context});
    compareModel({{2, 2, 2}}, -1);
    EXPECT_EQ(texts[0].size(), static_cast<size_t>(context - 3 + 1 + 1));
  }
}

TEST_F(Drafter, ASmallContextEndsDraftsAndNotTheText) {
  smallSizes[toy::S].max = 20;
  compareModel({{2, 2, 2}}, 60);
  EXPECT_EQ(texts[0].size(), 61u);
}

TEST_F(Drafter, ALongPromptIsReadAlongInPieces) {
  sizes[toy::S].max = smallSizes[toy::S].max = 1024;
  sizes[toy::T].max = 1024;
  open({1, 0, 0});
  compareModel({Ids(700, 4)}, 40);
  for (const auto &lengths : lengthsOfDrafts)
    EXPECT_LE(lengths[0], 256);
}

/// A text that is followed by itself.
struct Followed : Drafter {
  void follow(int64_t positions, size_t length) {
    sizes[toy::T].max = sizes[toy::S].max = 1024;
    smallSizes[toy::S].max = positions;
    open({1, 0, 0});
    drafter.reset(heddle::runtime::Drafter::open(*session));
    for (size_t i = 0; i < length; ++i)
      text.ids.push(static_cast<int32_t>(i * i % 7));
    text.prompt = length;
  }
  int64_t unread() { return drafter->follow(text); }
  void followFromNearItsEnd() {
    follow(1024, 300);
    ASSERT_EQ(unread(), 300);
    ASSERT_EQ(drafter->followEnd(0), few);
    readAll();
  }
  void readAll() {
    do {
      drafter->begin();
      drafter->add(0);
      ASSERT_EQ(drafter->run(), HEDDLE_OK);
    } while (drafter->row(0).unread());
  }
  void TearDown() override {
    drafter.reset();
    Drafter::TearDown();
  }

  static constexpr int64_t few = heddle::runtime::Drafter::fewTokens;
  struct Destroy {
    void operator()(heddle::runtime::Drafter *drafter) const {
      heddle::runtime::destroy(drafter);
    }
  };
  std::unique_ptr<heddle::runtime::Drafter, Destroy> drafter;
  heddle::runtime::Row text;
};

TEST_F(Followed, ATextMayBeReadFromNearItsEnd) {
  followFromNearItsEnd();
  text.ids.push(1);
  text.ids.push(2);
  EXPECT_EQ(unread(), 2) << "it goes on from there";
  readAll();
  text.ids.shrink(295);
  text.ids.push(6);
  EXPECT_EQ(unread(), 1) << "and back";
  text.ids[3] ^= 1;
  EXPECT_EQ(unread(), 296) << "another text is read anew";
}

TEST_F(Followed, ATextThatEndsBeforeIsReadAnew) {
  followFromNearItsEnd();
  text.ids.shrink(100);
  EXPECT_EQ(unread(), 100);
}

TEST_F(Followed, AResumedTextGoesOnBehindWhatWasSkipped) {
  followFromNearItsEnd();
  text.before = 299;
  text.ids.shrink(0);
  text.ids.append(std::data({2, 5, 5, 5}), 4);
  EXPECT_EQ(unread(), 4) << "its first token stands for another one";
}

TEST_F(Followed, ALongTextHasNoEndOfDrafts) {
  follow(300, 290);
  EXPECT_EQ(unread(), 290);
  readAll();
  for (int32_t i = 0; i < 20; ++i)
    text.ids.push(i % 3);
  EXPECT_EQ(unread(), few) << "there is no room for 310";
  readAll();
  text.ids.push(2);
  EXPECT_EQ(unread(), 1);
}

TEST_F(Drafter, TokensThatItDoesNotKnowEndDrafts) {
  heddle_value inputs[1] = {toy::idsBT[0]};
  inputs[0].index_bound = 6;
  step[0].inputs = inputs;
  compareModel({{2, 2, 2}}, 20);
  lengthsOfDrafts.clear();
  compareModel({{2, 8, 2}}, 5);
  compareModel({{8, 8, 8, 2}}, 2);
  EXPECT_TRUE(lengthsOfDrafts.empty());
}

TEST_F(Drafter, AResumedTextIsDraftedBehindAllOfIt) {
  auto write = [&](int32_t source) {
    open({});
    heddle_generate_options options = {};
    options.speculate = source;
    generate({{5, 7, 7, 3}}, 12, options);
    std::vector<Ids> first = texts;
    options.resume = 1;
    generate({{1, 1}}, 30, options);
    first.push_back(texts[0]);
    return first;
  };
  std::vector<Ids> plain = write(HEDDLE_SPECULATE_NONE);
  EXPECT_EQ(write(HEDDLE_SPECULATE_MODEL), plain);
  EXPECT_GT(speculated[1], 0);
  EXPECT_GT(speculated[1], speculated[0] * 9 / 10)
      << "it knows what stands before: only what is looked up fails";
}

TEST_F(Drafter, ATextResumedWithoutItsBeginningIsTheSame) {
  auto write = [&](int32_t source) {
    open({});
    generate({{5, 7, 7, 3}}, 12, {});
    heddle_generate_options options = {};
    options.resume = 1;
    options.speculate = source;
    return generate({{1, 1}}, 30, options);
  };
  EXPECT_EQ(write(HEDDLE_SPECULATE_MODEL), write(HEDDLE_SPECULATE_NONE));
}

TEST_F(Drafter, ACallerMayEndATextAmongDrafts) {
  enough = 17;
  compareModel({{7, 7, 7}}, 40);
  EXPECT_EQ(texts[0].size(), 18u);
}

TEST_F(Drafter, ATextThatRepeatsItselfNeedsNone) {
  compareModel({Ids(20, 7)}, 40);
  EXPECT_GT(speculated[1], 20);
  EXPECT_TRUE(lengthsOfDrafts.empty());
}

TEST_F(Drafter, BothSourcesMayTakeTurns) {
  for (int turn = 0; turn < 3; ++turn) {
    compareModel({{5, 7, 7, 7}}, 40);
    compare({{5, 7, 7, 7}}, 40, {});
  }
}

TEST_F(Drafter, WithoutOneItIsRefused) {
  program.draft = nullptr;
  generate({{1, 1}}, 4, {.speculate = HEDDLE_SPECULATE_MODEL});
  EXPECT_EQ(status, HEDDLE_NOT_SUPPORTED);
  EXPECT_STREQ(heddle_last_error(),
               "speculate: toy was built without a small model that drafts: "
               "heddle build --speculate puts one in");
}

TEST_F(Drafter, WhatItCannotComputeIsAnError) {
  step[0].function = [](heddle_frame *) -> int32_t {
    return HEDDLE_OUT_OF_MEMORY;
  };
  generate({{1, 2, 3}}, 90,
           {.temperature = 1, .speculate = HEDDLE_SPECULATE_MODEL});
  EXPECT_EQ(status, HEDDLE_OUT_OF_MEMORY);
}

TEST(DraftChances, FollowWhatBecameOfDrafts) {
  DraftChances chances;
  int32_t unsure = DraftChances::kindOf(0.1f), sure = DraftChances::kindOf(9);
  EXPECT_LT(chances.of(unsure), chances.of(sure));
  for (int i = 0; i < 100; ++i)
    chances.tell(sure, false);
  EXPECT_LT(chances.of(sure), 0.1);
  EXPECT_LT(chances.ofAny(), 0.1);
  for (int i = 0; i < 8; ++i)
    chances.forget();
  EXPECT_GT(chances.ofAny(), 0.5) << "it is tried again";
}

} // namespace
