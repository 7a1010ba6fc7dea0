// Texts that join a batch and leave it: the toy model's logits are the counts
// of ids seen so far, so that greedy text repeats the most frequent id.

#include "runtime/generate/Batch.h"
#include "ToyHost.h"

#include <gtest/gtest.h>
#include <memory>

namespace {

using heddle::runtime::EndReason;
using heddle::runtime::TextListener;
using Ids = std::vector<int32_t>;
using toy::Lengths;
using toy::lengthsOfCalls;

Lengths lengthsOfSources;

int32_t failingStep(heddle_frame *) { return HEDDLE_OUT_OF_MEMORY; }

struct Listener final : TextListener {
  bool take(int32_t token, std::string_view) override {
    ids.push_back(token);
    return token == stopAt;
  }
  void end(const heddle::runtime::Ending &ending) override {
    status = ending.status;
    reason = ending.reason;
    shared = ending.sharedTokens;
    ++ends;
  }

  Ids ids;
  int32_t stopAt = -2;
  heddle_status status = HEDDLE_OK;
  EndReason reason = EndReason::Itself;
  int64_t shared = -1;
  int ends = 0;
};

class Batch : public toy::Host {
protected:
  void SetUp() override {
    entries[0].function = toy::recorded<toy::step>;
    program.cache_count = 1; // no states, so that rows can be copied
    program.cache_slot_count = 1;
    openModel();
    open(4, 2);
  }
  void TearDown() override {
    batch.reset();
    Host::TearDown();
  }

  void open(int64_t rows, int64_t promptTokens) {
    batch.reset();
    Host::open({rows, 0, 0});
    batch = std::make_unique<heddle::runtime::Batch>(*session);
    ASSERT_EQ(batch->open(promptTokens), HEDDLE_OK) << heddle_last_error();
  }

  heddle_status add(const Ids &prompt, int64_t most, Listener &listener) {
    options.max_tokens = most;
    return batch->add(options, prompt.data(),
                      static_cast<int64_t>(prompt.size()), 0, listener, row);
  }
  void finish() {
    while (batch->atWork())
      batch->advance();
  }

  std::unique_ptr<heddle::runtime::Batch> batch;
  heddle_generate_options options = {};
  int64_t row = -1;
};

TEST_F(Batch, ATextThatComesLaterJoinsTheNextCall) {
  Listener first, second;
  ASSERT_EQ(add({5, 7, 7}, 4, first), HEDDLE_OK);
  batch->advance();
  ASSERT_EQ(add({3, 3}, 2, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(first.ids, Ids({7, 7, 7, 7}));
  EXPECT_EQ(second.ids, Ids({3, 3}));
  EXPECT_EQ(first.ends, 1);
  EXPECT_EQ(first.reason, EndReason::Length);
  EXPECT_EQ(lengthsOfCalls, Lengths({{3}, {1, 2}, {1, 1}, {1}}));
}

TEST_F(Batch, APromptIsReadInPiecesBesideTextsThatAreWritten) {
  Listener first, second;
  ASSERT_EQ(add({7}, 5, first), HEDDLE_OK);
  batch->advance();
  ASSERT_EQ(add({1, 2, 3, 4, 4}, 1, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(second.ids, Ids({4}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{1}, {1, 2}, {1, 2}, {1, 1}, {1}}));
}

TEST_F(Batch, AModelThatMustSeeAPromptWholeReadsItWhole) {
  program.flags = 0;
  open(2, 2);
  Listener first, second;
  ASSERT_EQ(add({7}, 3, first), HEDDLE_OK);
  batch->advance();
  ASSERT_EQ(add({1, 2, 4, 4}, 1, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(second.ids, Ids({4}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{1}, {1, 4}, {1}}));
}

TEST_F(Batch, WhatAnEndedTextHasReadIsNotReadAgain) {
  Listener first, second;
  ASSERT_EQ(add({5, 7, 7}, 2, first), HEDDLE_OK);
  finish();
  // The last token was chosen and not read.
  ASSERT_EQ(add({5, 7, 7, 7, 7, 2}, 1, second), HEDDLE_OK);
  EXPECT_EQ(row, 0);
  finish();
  EXPECT_EQ(second.shared, 4);
  EXPECT_EQ(second.ids, Ids({7}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{3}, {1}, {2}}));
}

TEST_F(Batch, ATextThatGoesOnOtherwiseLeavesTheFirstOneWhole) {
  Listener listener;
  ASSERT_EQ(add({5, 7, 7}, 1, listener), HEDDLE_OK);
  finish();
  ASSERT_EQ(add({5, 7, 6, 6, 6}, 1, listener), HEDDLE_OK);
  EXPECT_EQ(row, 1);
  finish();
  EXPECT_EQ(listener.shared, 2);
  ASSERT_EQ(add({5, 7, 7, 1}, 1, listener), HEDDLE_OK);
  EXPECT_EQ(row, 0);
  finish();
  EXPECT_EQ(listener.shared, 3);
  EXPECT_EQ(listener.ids, Ids({7, 6, 7}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{3}, {3}, {1}}));
}

TEST_F(Batch, TheSamePromptAtOnceIsReadOnce) {
  Listener first, second;
  ASSERT_EQ(add({1, 2, 4, 4}, 2, first), HEDDLE_OK);
  ASSERT_EQ(add({1, 2, 4, 4}, 2, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(first.ids, Ids({4, 4}));
  EXPECT_EQ(second.ids, Ids({4, 4}));
  // The last token of a prompt is read in any case.
  EXPECT_EQ(lengthsOfCalls, Lengths({{4}, {1, 1}, {1}}));
}

TEST_F(Batch, AFollowerTakesWhatADroppedLeaderHasRead) {
  Listener writer, leader, follower;
  ASSERT_EQ(add({9}, 6, writer), HEDDLE_OK);
  batch->advance();
  ASSERT_EQ(add({1, 2, 3, 4, 4}, 2, leader), HEDDLE_OK);
  int64_t leaderRow = row;
  ASSERT_EQ(add({1, 2, 3, 4, 4, 4}, 1, follower), HEDDLE_OK);
  batch->advance(); // the leader reads two
  batch->drop(leaderRow);
  finish();
  EXPECT_EQ(leader.ends, 0);
  EXPECT_EQ(follower.ids, Ids({4}));
  EXPECT_EQ(writer.ids, Ids({9, 9, 9, 9, 9, 9}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{1}, {1, 2}, {1, 2}, {1, 2}, {1}, {1}}));
}

TEST_F(Batch, StatesAreNotShared) {
  program.cache_count = program.cache_slot_count = 2;
  open(2, 2);
  Listener first, second;
  ASSERT_EQ(add({1, 4, 4}, 1, first), HEDDLE_OK);
  ASSERT_EQ(add({1, 4, 4}, 1, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(second.ids, Ids({4}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{3, 3}}));
}

TEST_F(Batch, AnEncoderReadsThePromptsThatCame) {
  heddle_generation settings = heddle::runtime::generationOf(toy::program);
  settings.decoder_start = 5;
  program.generation = &settings;
  program.cache_count = program.cache_slot_count = 2;
  entries[1].generates = 1;
  entries[1].function =
      toy::recorded<toy::encode, toy::extentBM, lengthsOfSources>;
  lengthsOfSources.clear();
  open(3, 2);
  Listener first, second, third;
  ASSERT_EQ(add({1, 2, 3, 4}, 3, first), HEDDLE_OK);
  batch->advance();
  ASSERT_EQ(add({5, 5}, 1, second), HEDDLE_OK); // begins as the text does
  ASSERT_EQ(add({3, 4}, 1, third), HEDDLE_OK);
  finish();
  EXPECT_EQ(first.ids, Ids({5, 5, 5}));
  EXPECT_EQ(second.ids, Ids({5}));
  EXPECT_EQ(lengthsOfSources, Lengths({{4}, {2, 2}}));
  EXPECT_EQ(lengthsOfCalls, Lengths({{1}, {1, 1, 1}, {1}}));
  // The row holds a decoder's text, which begins no prompt.
  ASSERT_EQ(add({5, 5}, 1, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(lengthsOfSources.size(), 3u);
  EXPECT_EQ(add(Ids(8, 1), 1, third), HEDDLE_CONTEXT_FULL);
  EXPECT_STREQ(heddle_last_error(),
               "the prompt has 8 tokens, the context has room for 6");
  EXPECT_EQ(add({1, 2, 3}, 1, third), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "the prompt has 3 tokens, needed: 2 "
                                    "and more in steps of 2");
}

TEST_F(Batch, TextsEndOneByOne) {
  Listener stopped, cut;
  stopped.stopAt = 7;
  ASSERT_EQ(add({7}, 3, stopped), HEDDLE_OK);
  ASSERT_EQ(add({2, 2, 2, 2, 2, 2, 2, 2, 2}, -1, cut), HEDDLE_OK);
  finish();
  EXPECT_EQ(stopped.ids, Ids({7}));
  EXPECT_EQ(stopped.reason, EndReason::Itself);
  EXPECT_EQ(cut.ids, Ids({2, 2, 2, 2}));
  EXPECT_EQ(cut.reason, EndReason::Context);
}

TEST_F(Batch, WhatCannotBeWrittenIsRefusedAndTheRowStaysFree) {
  Listener listener;
  EXPECT_EQ(add({}, 1, listener), HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(add(Ids(13, 1), 1, listener), HEDDLE_CONTEXT_FULL);
  EXPECT_STREQ(heddle_last_error(),
               "prompt 0 has 13 tokens, the context has room for 12");
  EXPECT_EQ(add({1, 10}, 1, listener), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "the prompt has token 10, needed: 0 to 9");
  options.top_p = 2;
  EXPECT_EQ(add({1}, 1, listener), HEDDLE_BAD_ARGUMENT);
  options.top_p = 0;
  EXPECT_EQ(batch->atWork(), 0);
  open(1, 2);
  ASSERT_EQ(add({1}, 1, listener), HEDDLE_OK);
  EXPECT_EQ(add({1}, 1, listener), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "all 1 rows are at work");
}

TEST_F(Batch, AFailingCallEndsTheTextsOfIt) {
  Listener first;
  ASSERT_EQ(add({1, 4, 4}, 2, first), HEDDLE_OK);
  batch->advance();
  entries[0].function = failingStep;
  batch->advance();
  EXPECT_EQ(first.status, HEDDLE_OUT_OF_MEMORY);
  EXPECT_EQ(first.ends, 1);
  EXPECT_EQ(batch->atWork(), 0);
  entries[0].function = toy::recorded<toy::step>;
  Listener second;
  ASSERT_EQ(add({1, 4, 4}, 1, second), HEDDLE_OK);
  finish();
  EXPECT_EQ(second.ids, Ids({4}));
}

} // namespace
