// The loop of `generate`, on token ids: the toy model's logits are the counts
// of ids seen so far, so that greedy text repeats the most frequent id.

#include "runtime/generate/Generate.h"
#include "ToyHost.h"

#include <gtest/gtest.h>

namespace {

using Ids = std::vector<int32_t>;

using toy::lengthsOfCalls;
constexpr auto recordingStep = toy::recorded<toy::step>;

class Generate : public toy::Host {
protected:
  void SetUp() override {
    entries[0].function = recordingStep;
    openModel();
    open({});
  }

  /// The new ids of each row; a row that has ended is closed with -1.
  std::vector<Ids> generate(std::vector<Ids> prompts, int64_t most,
                            heddle_generate_options options = {}) {
    toy::Prompts given(prompts);
    given.giveTo(options);
    options.max_tokens = most;
    texts.assign(prompts.size(), {});
    status = heddle_generate(
        session, &options,
        [](void *self, int64_t row, int32_t token, const char *, int64_t) {
          auto *test = static_cast<Generate *>(self);
          test->texts[row].push_back(token);
          return int32_t{token == test->stopAt};
        },
        this);
    return texts;
  }

  std::vector<Ids> texts;
  heddle_status status = HEDDLE_OK;
  int32_t stopAt = -2;
};

TEST_F(Generate, GreedyTakesTheLikeliestToken) {
  EXPECT_EQ(generate({{5, 7, 7}}, 3), std::vector<Ids>({{7, 7, 7, -1}}));
  EXPECT_EQ(lengthsOfCalls, std::vector<std::vector<int64_t>>({{3}, {1}, {1}}));
  EXPECT_EQ(heddle_session_length(session, 0), 5)
      << "the last token has not been read";
}

TEST_F(Generate, RowsOfDifferentLengthShareCalls) {
  EXPECT_EQ(generate({{5, 7, 7}, {3}}, 2),
            std::vector<Ids>({{7, 7, -1}, {3, 3, -1}}));
  EXPECT_EQ(lengthsOfCalls,
            std::vector<std::vector<int64_t>>({{3, 1}, {1, 1}}));
}

TEST_F(Generate, LongPromptsAreReadInChunks) {
  open({2, 3, 0});
  EXPECT_EQ(generate({{1, 2, 3, 4, 4}, {9}}, 2),
            std::vector<Ids>({{4, 4, -1}, {9, 9, -1}}));
  // Row 1 has to wait for room in a call, and then writes beside row 0.
  EXPECT_EQ(lengthsOfCalls,
            std::vector<std::vector<int64_t>>({{3}, {2, 1}, {1, 1}}));
}

TEST_F(Generate, PromptsAreReadWholeWhereTheModelMustSeeThemWhole) {
  program.flags = 0;
  open({2, 4, 0});
  EXPECT_EQ(generate({{1, 2, 2}, {8, 8}}, 1),
            std::vector<Ids>({{2, -1}, {8, -1}}));
  EXPECT_EQ(lengthsOfCalls, std::vector<std::vector<int64_t>>({{3}, {2}}));
  generate({{1, 2, 3, 4, 5}}, 1);
  EXPECT_EQ(status, HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(),
               "prompt 0 has 5 tokens, one call takes 4, and this model must "
               "read a prompt in one call");
}

TEST_F(Generate, EndsWhenTheContextIsFull) {
  open({1, 0, 6});
  // The last token is chosen but there is no room to read it.
  EXPECT_EQ(generate({{2, 2, 2}}, 0), std::vector<Ids>({{2, 2, 2, 2, -1}}));
  EXPECT_EQ(status, HEDDLE_OK);
  generate({{1, 1, 1, 1, 1, 1, 1}}, 1);
  EXPECT_EQ(status, HEDDLE_CONTEXT_FULL);
  EXPECT_STREQ(heddle_last_error(),
               "prompt 0 has 7 tokens, the context has room for 6");
}

TEST_F(Generate, CallbackEndsItsRowOnly) {
  stopAt = 7;
  EXPECT_EQ(generate({{7}, {3}}, 3),
            std::vector<Ids>({{7, -1}, {3, 3, 3, -1}}));
}

TEST_F(Generate, ResumeContinuesWhatTheRowsHold) {
  generate({{6, 6}}, 1);
  heddle_generate_options options = {};
  options.resume = 1;
  EXPECT_EQ(generate({{4}}, 1, options), std::vector<Ids>({{6, -1}}));
  EXPECT_EQ(heddle_session_length(session, 0), 4)
      << "6 6, the 6 written first, and 4";
  EXPECT_EQ(generate({{4}}, 1), std::vector<Ids>({{4, -1}}));
}

TEST_F(Generate, ResumingGivesTheTextOfOneGeneration) {
  heddle_generate_options options = {};
  options.temperature = 1;
  Ids whole = generate({{1, 2}}, 6, options)[0];
  Ids parts = generate({{1, 2}}, 2, options)[0];
  parts.pop_back();
  options.resume = 1;
  Ids rest = generate({{}}, 4, options)[0];
  parts.insert(parts.end(), rest.begin(), rest.end());
  EXPECT_EQ(parts, whole);
  ASSERT_EQ(heddle_session_rewind(session, 0, 2), HEDDLE_OK);
  generate({{}}, 1, options);
  EXPECT_STREQ(heddle_last_error(), "prompt 0 is empty")
      << "what was rewound is not read";
}

TEST_F(Generate, WhatARowHoldsOfAPromptIsNotReadAgain) {
  std::vector<Ids> whole = generate({{1, 2, 5, 5, 6}}, 3);
  generate({{1, 2, 9}}, 2);
  ASSERT_EQ(heddle_session_rewind(session, 0, 2), HEDDLE_OK);
  heddle_generate_options options = {};
  options.resume = HEDDLE_RESUME_COMMON;
  EXPECT_EQ(generate({{1, 2, 5, 5, 6}}, 3, options), whole);
  EXPECT_EQ(heddle_session_length(session, 0), 7);
  generate({{1, 2, 5}}, 1, options);
  EXPECT_STREQ(heddle_last_error(),
               "prompt 0 has 3 tokens, needed: more than the 7 that row holds");
}

TEST_F(Generate, SeedDecidesAndNeighboursDoNot) {
  heddle_generate_options options = {};
  options.temperature = 1;
  options.seed = 3;
  Ids alone = generate({{1, 2}}, 8, options)[0];
  EXPECT_EQ(generate({{9, 9, 9}, {1, 2}}, 8, options)[1], alone);
  std::vector<Ids> twice = generate({{1, 2}, {1, 2}}, 8, options);
  EXPECT_EQ(twice[0], alone);
  EXPECT_NE(twice[1], alone) << "the same prompt twice asks for two texts";
  options.seed = 4;
  EXPECT_NE(generate({{1, 2}}, 8, options)[0], alone);
}

TEST_F(Generate, MistakesAreNamed) {
  generate({{}}, 1);
  EXPECT_STREQ(heddle_last_error(), "prompt 0 is empty");
  generate({{10}}, 1);
  EXPECT_STREQ(heddle_last_error(), "ids[0] is 10, needed: 0 to 9");
  generate({{1}, {1}, {1}, {1}, {1}}, 1);
  EXPECT_STREQ(heddle_last_error(),
               "there are 5 prompts, the session was opened for 1 to 4");
  heddle_generate_options options = {};
  options.temperature = -2;
  generate({{1}}, 1, options);
  EXPECT_EQ(status, HEDDLE_BAD_ARGUMENT);
  const char *prompt = "text";
  options = {};
  options.rows = 1;
  options.prompts = &prompt;
  auto ignore = [](void *, int64_t, int32_t, const char *, int64_t) {
    return int32_t{0};
  };
  EXPECT_EQ(heddle_generate(session, &options, ignore, nullptr),
            HEDDLE_NOT_SUPPORTED);
  EXPECT_STREQ(heddle_last_error(), "toy was compiled without a tokenizer");
  entries[1].generates = 1;
  generate({{1, 1}}, 1);
  EXPECT_STREQ(heddle_last_error(),
               "generate: the checkpoint names no token that begins the "
               "decoder's text: found no decoder_start_token_id");
  heddle_generate_options resume = {};
  resume.resume = 1;
  generate({{1, 1}}, 1, resume);
  EXPECT_STREQ(heddle_last_error(),
               "toy reads a prompt as a whole: its texts cannot be resumed");
  entries[1].generates = 0;
  entries[0].generates = 0;
  generate({{1}}, 1);
  EXPECT_STREQ(heddle_last_error(), "toy does not generate");
}

static volatile int interrupted;

TEST_F(Generate, WhatIsInterruptedReadsNoFurtherChunk) {
  open({0, 2, 0});
  // In the second call, as by a signal.
  entries[0].function = [](heddle_frame *frame) {
    interrupted = lengthsOfCalls.size() == 1;
    return recordingStep(frame);
  };
  const Ids prompt = {1, 2, 3, 4, 5, 6, 7};
  const int32_t *ids = prompt.data();
  const int64_t length = 7;
  heddle_generate_options options = {};
  options.rows = 1;
  options.prompt_ids = &ids;
  options.prompt_lengths = &length;
  heddle::runtime::GenerateReport report;
  report.interrupted = &interrupted;
  int calls = 0;
  auto count = [](void *calls, int64_t, int32_t, const char *, int64_t) {
    return ++*static_cast<int *>(calls), 0;
  };
  EXPECT_EQ(heddle::runtime::generate(*session, options, count, &calls, report),
            HEDDLE_OK);
  EXPECT_EQ(lengthsOfCalls.size(), 2u);
  EXPECT_EQ(heddle_session_length(session, 0), 4);
  EXPECT_EQ(calls, 0);
}

/// What the checkpoint says; max_tokens 0 and options of 0 leave it so.
class Settings : public Generate {
protected:
  void SetUp() override {
    settings.top_p = settings.repetition_penalty = 1;
    settings.begin = settings.decoder_start = settings.forced_begin = -1;
    Generate::SetUp();
    program.generation = &settings;
  }

  heddle_generation settings = {};
  const int32_t two = 2, five = 5, seven = 7, nine = 9;
};

TEST_F(Settings, AnEndEndsItsRow) {
  const int32_t ends[] = {3, 7};
  settings.ends = {2, ends};
  EXPECT_EQ(generate({{5, 7, 7}, {5}}, 3),
            std::vector<Ids>({{7, -1}, {5, 5, 5, -1}}));
}

TEST_F(Settings, NothingEndsBeforeTheLeastLength) {
  settings.ends = {1, &seven};
  settings.min_tokens = 2;
  EXPECT_EQ(generate({{5, 7, 7, 7, 7}}, 5), std::vector<Ids>({{5, 5, 7, -1}}));
  settings.min_tokens = 0;
  settings.min_length = 6;
  EXPECT_EQ(generate({{5, 7, 7, 7, 7}}, 5), std::vector<Ids>({{5, 7, -1}}));
}

TEST_F(Settings, TheFirstTokenIsForcedBehindOne) {
  settings.forced_begin = 3;
  EXPECT_EQ(generate({{5}, {5, 5}}, 2),
            std::vector<Ids>({{3, 3, -1}, {5, 5, -1}}));
}

TEST_F(Settings, TheLastTokenIsForced) {
  settings.forced_ends = {1, &nine};
  EXPECT_EQ(generate({{7, 7}}, 3), std::vector<Ids>({{7, 7, 9, -1}}));
}

TEST_F(Settings, SuppressedTokensAreNotChosen) {
  settings.suppressed = {1, &seven};
  EXPECT_EQ(generate({{5, 7, 7}}, 2), std::vector<Ids>({{5, 5, -1}}));
}

TEST_F(Settings, TheBeginningIsBehindAForcedToken) {
  settings.begin_suppressed = {1, &seven};
  EXPECT_EQ(generate({{5, 7, 7, 7}}, 2), std::vector<Ids>({{5, 7, -1}}));
  settings.forced_begin = 7;
  EXPECT_EQ(generate({{5}, {5, 7, 7, 7}}, 3),
            std::vector<Ids>({{7, 5, 5, -1}, {5, 7, 7, -1}}));
}

TEST_F(Settings, BadWordsAreNotCompleted) {
  const int32_t word[] = {5, 7};
  const heddle_ids words[] = {{1, &two}, {2, word}};
  settings.bad_words = words;
  settings.bad_word_count = 2;
  // 2 never comes, and 7 not behind 5.
  EXPECT_EQ(generate({{2, 2, 2, 7, 7, 5}}, 2), std::vector<Ids>({{5, 5, -1}}));
  EXPECT_EQ(generate({{2, 2, 2, 5, 7, 7}}, 2), std::vector<Ids>({{7, 7, -1}}));
  settings.ends = {1, &two};
  EXPECT_EQ(generate({{2, 2, 2, 7, 7, 5}}, 2), std::vector<Ids>({{2, -1}}))
      << "an end is no bad word by itself";
}

TEST_F(Settings, NoRunComesTwice) {
  settings.no_repeat_ngram = 2;
  // 2 and, once there is 1 1, also 1 have followed 1.
  EXPECT_EQ(generate({{1, 2, 1}}, 1), std::vector<Ids>({{1, -1}}));
  Ids text = generate({{1, 2, 1}}, 2)[0];
  EXPECT_NE(text[1], 1);
  EXPECT_NE(text[1], 2);
}

TEST_F(Settings, LengthsOfTheCheckpointHoldWhereNoneIsAsked) {
  settings.max_tokens = 2;
  EXPECT_EQ(generate({{7, 7, 7}}, 0), std::vector<Ids>({{7, 7, -1}}));
  EXPECT_EQ(generate({{7, 7, 7}}, 3), std::vector<Ids>({{7, 7, 7, -1}}));
  settings.max_tokens = 0;
  settings.max_length = 4;
  EXPECT_EQ(generate({{7, 7, 7}, {7}}, 0),
            std::vector<Ids>({{7, -1}, {7, 7, 7, -1}}));
  EXPECT_EQ(generate({{7, 7, 7}}, -1)[0].size(), 11u) << "the context is full";
  generate({{7, 7, 7, 7}}, 0);
  EXPECT_EQ(status, HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(),
               "prompt 0 has 4 tokens, max_length of the model's "
               "generation_config.json ends a text at 4: say how many are to "
               "be written");
}

TEST_F(Settings, SamplingOfTheCheckpointHoldsWhereNoneIsAsked) {
  heddle_generate_options asked = {}, greedy = {};
  asked.temperature = 1;
  greedy.temperature = -1;
  Ids drawn = generate({{1, 2}}, 8, asked)[0];
  settings.temperature = 1;
  EXPECT_EQ(generate({{1, 2}}, 8)[0], drawn);
  EXPECT_EQ(generate({{1, 2, 2}}, 2, greedy), std::vector<Ids>({{2, 2, -1}}));
  settings.top_k = 1;
  EXPECT_EQ(generate({{1, 2, 2}}, 2), std::vector<Ids>({{2, 2, -1}}));
}

TEST_F(Settings, AnEmptyPromptIsTheTokenThatBegins) {
  settings.begin = 4;
  EXPECT_EQ(generate({{}}, 2), std::vector<Ids>({{4, 4, -1}}));
}

TEST_F(Settings, ADecoderBeginsWithItsOwnToken) {
  entries[1].generates = 1;
  settings.decoder_start = 6;
  settings.max_length = 3;
  EXPECT_EQ(generate({{4, 4}}, 0), std::vector<Ids>({{6, 6, -1}}))
      << "the prompt, which the encoder read, does not count";
}

} // namespace
