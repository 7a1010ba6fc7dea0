// Every function of heddle.h with arguments that no careful host would give:
// each ends in a status, NULL or -1, and a message.

#include "ToyProgram.h"
#include "ToyTokenizer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

constexpr int64_t minimum = INT64_MIN, huge = int64_t{1} << 62;

int32_t ignoreToken(void *, int64_t, int32_t, const char *, int64_t) {
  return 0;
}

class Interface : public ::testing::Test {
public:
  void SetUp() override {
    path = toy::writeFile(::testing::TempDir() + "interface-" +
                              std::to_string(getpid()) + ".weights",
                          toy::weightsFile(toy::TokenizerTables().bytes));
    heddle_open_options options = {path.c_str(), 2, 1};
    model = heddle_open(&toy::program, &options);
    ASSERT_NE(model, nullptr) << heddle_last_error();
    session = heddle_session_open(model, nullptr);
    ASSERT_NE(session, nullptr) << heddle_last_error();
    step = heddle_entry_named(model, "step");
  }
  void TearDown() override {
    heddle_session_close(session);
    heddle_close(model);
    unlink(path.c_str());
  }

  /// Everything still works: nothing that was refused has left a trace.
  void expectSound() {
    EXPECT_EQ(call(1, lengths, nullptr, inputs, outputs), HEDDLE_OK)
        << heddle_last_error();
    EXPECT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
  }

  heddle_status call(int64_t rows, const int64_t *const *sizes,
                     const int64_t *sessionRows, const void *const *in,
                     void *const *out) {
    return heddle_call(session, step, rows, sizes, sessionRows, in, out);
  }

  std::string path;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  const heddle_entry *step = nullptr;

  const int64_t three = 3;
  const int64_t *lengths[1] = {&three};
  int32_t ids[4] = {1, 2, 3, 4};
  const void *inputs[1] = {ids};
  float logits[4 * toy::vocabulary];
  void *outputs[1] = {logits};
};

/// Fails the test unless the function refused and said why.
#define EXPECT_REFUSED(result, message)                                        \
  do {                                                                         \
    EXPECT_EQ(result, HEDDLE_BAD_ARGUMENT);                                    \
    EXPECT_STREQ(heddle_last_error(), message);                                \
  } while (0)
#define EXPECT_MINUS_ONE(result, message)                                      \
  do {                                                                         \
    EXPECT_EQ(result, -1);                                                     \
    EXPECT_STREQ(heddle_last_error(), message);                                \
  } while (0)
#define EXPECT_NULL(result, message)                                           \
  do {                                                                         \
    EXPECT_EQ(result, nullptr);                                                \
    EXPECT_STREQ(heddle_last_error(), message);                                \
  } while (0)

constexpr char noModel[] = "the model is NULL: it was not opened";
constexpr char noSession[] = "the session is NULL: it was not opened";

TEST_F(Interface, Models) {
  EXPECT_NULL(heddle_open(nullptr, nullptr), "the program is NULL");
  heddle_open_options options = {path.c_str(), 2, 0};
  EXPECT_NULL(heddle_open(nullptr, &options), "the program is NULL");
  for (int32_t threads : {-1, INT32_MIN, 1025, INT32_MAX}) {
    options.threads = threads;
    EXPECT_EQ(heddle_open(&toy::program, &options), nullptr);
  }
  EXPECT_REFUSED(heddle_use_huge_pages(nullptr), noModel);
  EXPECT_REFUSED(heddle_profile_start(nullptr), noModel);
  EXPECT_REFUSED(heddle_profile_write(nullptr, "profile.json"), noModel);
  EXPECT_REFUSED(
      heddle_profile_write(model, "profile.json"),
      "toy is not being profiled: call heddle_profile_start() first");
  EXPECT_EQ(access("profile.json", F_OK), -1);
  EXPECT_EQ(heddle_profile_start(model), HEDDLE_OK);
  EXPECT_REFUSED(heddle_profile_start(model), "toy is being profiled already");
  expectSound();
  EXPECT_EQ(heddle_profile_write(model, nullptr), HEDDLE_OK);
  heddle_close(nullptr);
  EXPECT_NULL(heddle_entry_named(nullptr, "step"), "the model is NULL");
  EXPECT_NULL(heddle_entry_named(model, nullptr),
              "the name of the entry is NULL");
  EXPECT_NULL(heddle_entry_named(model, ""), "toy has no entry ");
  expectSound();
}

TEST_F(Interface, Sessions) {
  heddle_session_options options = {};
  EXPECT_NULL(heddle_session_open(nullptr, nullptr), noModel);
  EXPECT_NULL(heddle_session_open(nullptr, &options), noModel);
  for (int64_t value : {int64_t{-1}, minimum, huge, INT64_MAX})
    for (int64_t heddle_session_options::*field :
         {&heddle_session_options::rows, &heddle_session_options::tokens,
          &heddle_session_options::context}) {
      options = {};
      options.*field = value;
      EXPECT_EQ(heddle_session_open(model, &options), nullptr);
    }
  heddle_session_close(nullptr);
  EXPECT_MINUS_ONE(heddle_session_length(nullptr, 0), noSession);
  EXPECT_REFUSED(heddle_session_rewind(nullptr, 0, 0), noSession);
  for (int64_t row : {int64_t{-1}, int64_t{4}, minimum, huge}) {
    EXPECT_EQ(heddle_session_length(session, row), -1);
    EXPECT_EQ(heddle_session_rewind(session, row, 0), HEDDLE_BAD_ARGUMENT);
  }
  for (int64_t length : {int64_t{-1}, int64_t{1}, minimum, huge})
    EXPECT_EQ(heddle_session_rewind(session, 0, length), HEDDLE_BAD_ARGUMENT);
  expectSound();
}

TEST_F(Interface, Calls) {
  EXPECT_REFUSED(
      heddle_call(nullptr, step, 1, lengths, nullptr, inputs, outputs),
      noSession);
  heddle_entry other = *step;
  for (const heddle_entry *entry :
       {static_cast<const heddle_entry *>(nullptr),
        const_cast<const heddle_entry *>(&other), toy::program.entries + 5,
        toy::program.entries - 1})
    EXPECT_REFUSED(
        heddle_call(session, entry, 1, lengths, nullptr, inputs, outputs),
        "the entry is not one of toy");
  for (int64_t rows : {int64_t{0}, int64_t{-1}, int64_t{5}, minimum, huge})
    EXPECT_EQ(call(rows, lengths, nullptr, inputs, outputs),
              HEDDLE_BAD_ARGUMENT);
  const int64_t *missing[] = {nullptr};
  EXPECT_REFUSED(call(1, nullptr, nullptr, inputs, outputs),
                 "the lengths of T are missing");
  EXPECT_REFUSED(call(1, missing, nullptr, inputs, outputs),
                 "the lengths of T are missing");
  for (int64_t length : {int64_t{0}, int64_t{-1}, int64_t{9}, minimum, huge}) {
    const int64_t *wrong[] = {&length};
    EXPECT_EQ(call(1, wrong, nullptr, inputs, outputs), HEDDLE_BAD_ARGUMENT);
  }
  for (int64_t row : {int64_t{-1}, int64_t{4}, minimum, huge})
    EXPECT_EQ(call(1, lengths, &row, inputs, outputs), HEDDLE_BAD_ARGUMENT);
  const void *noInputs[] = {nullptr};
  void *noOutputs[] = {nullptr};
  EXPECT_REFUSED(call(1, lengths, nullptr, nullptr, outputs),
                 "step: input ids is missing");
  EXPECT_REFUSED(call(1, lengths, nullptr, noInputs, outputs),
                 "step: input ids is missing");
  EXPECT_REFUSED(call(1, lengths, nullptr, inputs, nullptr),
                 "step: output logits is missing");
  EXPECT_REFUSED(call(1, lengths, nullptr, inputs, noOutputs),
                 "step: output logits is missing");
  for (int32_t id : {-1, 10, INT32_MIN, INT32_MAX}) {
    const int32_t bad[] = {1, id, 2};
    const void *given[] = {bad};
    EXPECT_EQ(call(1, lengths, nullptr, given, outputs), HEDDLE_BAD_ARGUMENT);
  }
  expectSound();
}

TEST_F(Interface, OutputElements) {
  auto elements = [&](heddle_session *of, const heddle_entry *entry,
                      int64_t rows, const int64_t *const *sizes,
                      int32_t output) {
    return heddle_output_elements(of, entry, rows, sizes, nullptr, output);
  };
  EXPECT_MINUS_ONE(elements(nullptr, step, 1, lengths, 0), noSession);
  EXPECT_MINUS_ONE(elements(session, nullptr, 1, lengths, 0),
                   "the entry is not one of toy");
  EXPECT_EQ(elements(session, step, huge, lengths, 0), -1);
  EXPECT_EQ(elements(session, step, 1, nullptr, 0), -1);
  for (int32_t output : {-1, 1, INT32_MIN, INT32_MAX})
    EXPECT_EQ(elements(session, step, 1, lengths, output), -1);
  EXPECT_EQ(elements(session, step, 1, lengths, 0), toy::vocabulary);
}

TEST_F(Interface, Texts) {
  EXPECT_MINUS_ONE(heddle_tokenize(nullptr, "a", 1, 0, ids, 4), noModel);
  EXPECT_MINUS_ONE(heddle_tokenize(model, nullptr, 5, 0, ids, 4),
                   "the bytes of the text are NULL");
  EXPECT_MINUS_ONE(heddle_tokenize(model, "a", -1, 0, ids, 4),
                   "there are -1 bytes of the text, needed: 0 or more");
  EXPECT_EQ(heddle_tokenize(model, "a", minimum, 0, ids, 4), -1);
  EXPECT_MINUS_ONE(heddle_tokenize(model, "a", huge, 0, ids, 4),
                   "the text is longer than a GiB");
  EXPECT_MINUS_ONE(heddle_tokenize(model, "a", 1, 0, nullptr, 4),
                   "the places for ids are NULL");
  EXPECT_EQ(heddle_tokenize(model, "a", 1, 0, ids, -1), -1);
  for (int32_t flags : {-1, 4, INT32_MIN, INT32_MAX})
    EXPECT_EQ(heddle_tokenize(model, "a", 1, flags, ids, 4), -1);
  EXPECT_EQ(heddle_tokenize(model, nullptr, 0, 0, nullptr, 0), 1);
  EXPECT_EQ(heddle_tokenize(model, "AB c<x>z", 8, 0, ids, 4), 5);
  EXPECT_EQ(std::vector<int32_t>(ids, ids + 4),
            std::vector<int32_t>({8, 9, 2, 8}));

  EXPECT_MINUS_ONE(heddle_detokenize(nullptr, ids, 1, nullptr, 0), noModel);
  EXPECT_MINUS_ONE(heddle_detokenize(model, nullptr, 4, nullptr, 0),
                   "the ids are NULL");
  EXPECT_EQ(heddle_detokenize(model, ids, -1, nullptr, 0), -1);
  EXPECT_EQ(heddle_detokenize(model, ids, minimum, nullptr, 0), -1);
  EXPECT_MINUS_ONE(heddle_detokenize(model, ids, 4, nullptr, 4),
                   "the places for bytes are NULL");
  EXPECT_EQ(heddle_detokenize(model, nullptr, 0, nullptr, 0), 0);
  const int32_t bad[] = {-1, 999999, INT32_MIN, INT32_MAX, 9};
  char text[4] = "";
  EXPECT_EQ(heddle_detokenize(model, bad, 5, text, 4), 2);
  EXPECT_STREQ(text, "ab");
  const int32_t special[] = {8, 9};
  char all[8] = "";
  EXPECT_EQ(heddle_detokenize(model, special, 2, all, 8), 2);
  EXPECT_EQ(heddle_detokenize_special(model, special, 2, all, 8), 6);
  EXPECT_STREQ(all, "<x> ab");
  EXPECT_MINUS_ONE(heddle_detokenize_special(nullptr, ids, 1, nullptr, 0),
                   noModel);

  int32_t types[4];
  EXPECT_MINUS_ONE(
      heddle_tokenize_pair(nullptr, "a", 1, "b", 1, 0, ids, types, 4), noModel);
  EXPECT_MINUS_ONE(
      heddle_tokenize_pair(model, "a", 1, nullptr, 1, 0, ids, types, 4),
      "the bytes of the second text are NULL");
  EXPECT_MINUS_ONE(
      heddle_tokenize_pair(model, "a", 1, "b", 1, 0, ids, nullptr, 4),
      "the places for types are NULL");
  EXPECT_EQ(heddle_tokenize_pair(model, "a", 1, "b", 1, 4, ids, types, 4), -1);
  EXPECT_MINUS_ONE(
      heddle_tokenize_pair(model, "a", 1, "b", 1, 0, ids, types, 4),
      "the tokenizer of toy knows no pairs");
}

TEST_F(Interface, Generating) {
  auto generate = [&](const heddle_generate_options &options) {
    return heddle_generate(session, &options, ignoreToken, nullptr);
  };
  const char *prompts[] = {"ab", nullptr};
  const int32_t *promptIds[] = {ids, nullptr};
  const int64_t counts[] = {2, 2};
  heddle_generate_options text = {}, given = {};
  text.rows = given.rows = 1;
  text.max_tokens = given.max_tokens = 2;
  text.prompts = prompts;
  given.prompt_ids = promptIds;
  given.prompt_lengths = counts;

  EXPECT_REFUSED(heddle_generate(nullptr, &text, ignoreToken, nullptr),
                 noSession);
  EXPECT_REFUSED(heddle_generate(session, nullptr, ignoreToken, nullptr),
                 "there are 0 prompts, the session was opened for 1 to 4");
  EXPECT_REFUSED(heddle_generate(session, &text, nullptr, nullptr),
                 "the callback is NULL: nobody would read the text");
  for (int64_t rows : {int64_t{0}, int64_t{-1}, int64_t{5}, minimum, huge}) {
    heddle_generate_options options = text;
    options.rows = rows;
    EXPECT_EQ(generate(options), HEDDLE_BAD_ARGUMENT);
  }
  heddle_generate_options options = text;
  options.prompts = nullptr;
  EXPECT_REFUSED(generate(options), "there are no prompts: prompts is NULL, "
                                    "and so is prompt_ids");
  options = given;
  options.prompt_lengths = nullptr;
  EXPECT_REFUSED(generate(options), "there are no prompts: prompts is NULL, "
                                    "and so is prompt_lengths");
  options = text;
  options.rows = 2;
  EXPECT_REFUSED(generate(options), "prompt 1 is NULL");
  options = given;
  options.rows = 2;
  EXPECT_REFUSED(generate(options), "the ids of prompt 1 are NULL");
  for (int64_t count : {int64_t{-1}, minimum, int64_t{13}, huge, INT64_MAX}) {
    options = given;
    options.prompt_lengths = &count;
    EXPECT_EQ(generate(options),
              count < 0 ? HEDDLE_BAD_ARGUMENT : HEDDLE_CONTEXT_FULL);
  }
  for (int32_t id : {-1, 10, INT32_MIN, INT32_MAX}) {
    const int32_t *bad[] = {&id};
    const int64_t one = 1;
    options = given;
    options.prompt_ids = bad;
    options.prompt_lengths = &one;
    EXPECT_EQ(generate(options), HEDDLE_BAD_ARGUMENT);
  }
  for (float value : {-2.f, -INFINITY, INFINITY, NAN})
    for (float heddle_generate_options::*field :
         {&heddle_generate_options::temperature,
          &heddle_generate_options::top_p, &heddle_generate_options::min_p,
          &heddle_generate_options::typical_p,
          &heddle_generate_options::repetition_penalty}) {
      options = given;
      options.*field = value;
      EXPECT_EQ(generate(options), HEDDLE_BAD_ARGUMENT);
    }
  options = given;
  options.max_tokens = -2;
  EXPECT_EQ(generate(options), HEDDLE_BAD_ARGUMENT);
  options.max_tokens = INT64_MAX;
  EXPECT_EQ(generate(options), HEDDLE_OK) << "until the context is full";
  options = given;
  options.top_k = INT32_MAX;
  options.temperature = 1;
  EXPECT_EQ(generate(options), HEDDLE_OK);
  options.top_k = INT32_MIN;
  EXPECT_EQ(generate(options), HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(generate(text), HEDDLE_OK) << heddle_last_error();
  ASSERT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
  expectSound();
}

TEST_F(Interface, WhatIsSaidAboutChoosingIsChecked) {
  auto generate = [&](const heddle_generate_options &options) {
    return heddle_generate(
        session, &options,
        [](void *, int64_t, int32_t, const char *, int64_t) { return 0; },
        nullptr);
  };
  const int32_t ids[] = {1, 2}, *prompts[] = {ids};
  const int64_t length = 2;
  heddle_generate_options given = {}, options;
  given.rows = 1;
  given.max_tokens = 1;
  given.prompt_ids = prompts;
  given.prompt_lengths = &length;
  options = given;
  options.resume = 3;
  EXPECT_REFUSED(generate(options), "resume is 3, needed: 0 to 2");
  options = given;
  options.bias_count = 1;
  EXPECT_REFUSED(generate(options), "biased_tokens or biases is NULL");
  options = given;
  options.likeliest = 1;
  EXPECT_REFUSED(generate(options),
                 "likeliest_tokens or log_probabilities is NULL");
  options = given;
  const char *stop = "";
  options.stop_count = 1;
  EXPECT_REFUSED(generate(options), "stops is NULL");
  options.stops = &stop;
  EXPECT_REFUSED(generate(options), "stop 0 is empty, needed: a text");
  EXPECT_EQ(generate(given), HEDDLE_OK) << heddle_last_error();
}

TEST_F(Interface, NoCallRunsWithinAnother) {
  struct Self {
    Interface *test;
    int64_t calls;
  };
  heddle_generate_options options = {};
  const char *prompt = "ab";
  options.rows = 1;
  options.max_tokens = 3;
  options.prompts = &prompt;
  Self self = {this, 0};
  auto meddle = [](void *user, int64_t, int32_t, const char *, int64_t) {
    auto &self = *static_cast<Self *>(user);
    heddle_session *session = self.test->session;
    EXPECT_REFUSED(heddle_session_rewind(session, 0, 0),
                   "the session is in use by another call: it runs one at a "
                   "time");
    EXPECT_EQ(self.test->call(1, self.test->lengths, nullptr, self.test->inputs,
                              self.test->outputs),
              HEDDLE_BAD_ARGUMENT);
    EXPECT_GE(heddle_session_length(session, 0), 1);
    EXPECT_EQ(heddle_tokenize(self.test->model, "ab", 2, 0, nullptr, 0), 2);
    ++self.calls;
    return int32_t{0};
  };
  EXPECT_EQ(heddle_generate(session, &options, meddle, &self), HEDDLE_OK);
  EXPECT_EQ(self.calls, 4);
}

TEST_F(Interface, TheLastSessionFreesAClosedModel) {
  heddle_session *other = heddle_session_open(model, nullptr);
  ASSERT_NE(other, nullptr);
  heddle_close(model);
  heddle_close(model);
  expectSound();
  EXPECT_NULL(heddle_session_open(model, nullptr), "the model is closed");
  EXPECT_MINUS_ONE(heddle_tokenize(model, "a", 1, 0, nullptr, 0),
                   "the model is closed");
  heddle_session_close(session);
  session = nullptr;
  heddle_session_close(other);
  model = nullptr; // the sanitizer looks for what is left
}

TEST_F(Interface, ASessionClosedByItsCallEndsWithTheCall) {
  heddle_generate_options options = {};
  const char *prompt = "ab";
  options.rows = 1;
  options.max_tokens = 3;
  options.prompts = &prompt;
  auto close = [](void *user, int64_t, int32_t, const char *, int64_t) {
    auto *test = static_cast<Interface *>(user);
    heddle_session_close(test->session);
    heddle_close(test->model);
    return int32_t{0};
  };
  EXPECT_EQ(heddle_generate(session, &options, close, this), HEDDLE_OK)
      << heddle_last_error();
  session = nullptr;
  model = nullptr;
}

} // namespace
