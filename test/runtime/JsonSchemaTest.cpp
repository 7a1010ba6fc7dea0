// heddle_generate with json_schema: the toy model's logits are the counts of
// ids seen so far, so that greedy text repeats the most frequent id that may
// come.

#include "ToyProgram.h"
#include "ToyTokenizer.h"

#include <gtest/gtest.h>

namespace {

using Ids = std::vector<int32_t>;

const std::vector<std::string> tokens = {"{", "}", "\"", "a", "b",
                                         ":", "1", "2",  ","};
constexpr int32_t end = 9;

class JsonSchema : public ::testing::Test {
protected:
  void SetUp() override {
    settings.top_p = settings.repetition_penalty = 1;
    settings.begin = settings.decoder_start = settings.forced_begin = -1;
    settings.ends = {1, &end};
    program = toy::program;
    program.generation = &settings;
    path = toy::writeFile(
        ::testing::TempDir() + "schema-" + std::to_string(getpid()) +
            ".weights",
        toy::weightsFile(toy::TokenizerTables(tokens, {}).bytes));
    heddle_open_options options = {path.c_str(), 1, 0};
    model = heddle_open(&program, &options);
    ASSERT_NE(model, nullptr) << heddle_last_error();
    session = heddle_session_open(model, nullptr);
  }
  void TearDown() override {
    heddle_session_close(session);
    heddle_close(model);
    unlink(path.c_str());
  }

  /// The texts behind prompts; "" and an error where it fails.
  std::vector<std::string> texts(const char *schema,
                                 const std::vector<Ids> &prompts,
                                 heddle_generate_options options = {}) {
    std::vector<const int32_t *> ids;
    std::vector<int64_t> lengths;
    for (const Ids &prompt : prompts) {
      ids.push_back(prompt.data());
      lengths.push_back(int64_t(prompt.size()));
    }
    options.rows = int64_t(prompts.size());
    options.prompt_ids = ids.data();
    options.prompt_lengths = lengths.data();
    options.json_schema = schema;
    std::vector<std::string> result(prompts.size());
    auto add = [](void *user, int64_t row, int32_t, const char *text,
                  int64_t bytes) {
      auto &texts = *static_cast<std::vector<std::string> *>(user);
      texts[size_t(row)].append(text, size_t(bytes));
      return int32_t{0};
    };
    status = heddle_generate(session, &options, add, &result);
    return result;
  }

  heddle_generation settings = {};
  heddle_program program;
  std::string path;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  heddle_status status = HEDDLE_OK;
};

constexpr char object[] =
    R"({"properties": {"a": {"enum": [1, 12]}}, "required": ["a"]})";

TEST_F(JsonSchema, ATextEndsWithItsValue) {
  EXPECT_EQ(texts(object, {{3, 3}, {7, 7}}),
            std::vector<std::string>({R"({"a":1})", R"({"a":12})"}));
  EXPECT_EQ(status, HEDDLE_OK);
  // And again, of what has been found out.
  EXPECT_EQ(texts(object, {{7}}), std::vector<std::string>({R"({"a":12})"}));
}

TEST_F(JsonSchema, AnEndComesWhereTheValueIsComplete) {
  EXPECT_EQ(texts(R"({"type": "integer"})", {{end, end, end, 6}, {end, 6, 6}}),
            std::vector<std::string>({"1", "1111111111"}))
      << "an end does not come first, and where it is less likely not at all";
}

TEST_F(JsonSchema, WhatTheCheckpointForcesComesAllTheSame) {
  settings.forced_ends = {1, &end};
  heddle_generate_options options = {};
  options.max_tokens = 3;
  EXPECT_EQ(texts(object, {{3}}, options), std::vector<std::string>({"{\""}));
  EXPECT_EQ(status, HEDDLE_OK);
}

TEST_F(JsonSchema, RefusalsSayWhatIsWrong) {
  texts(R"({"items": {"uniqueItems": true}})", {{3}});
  EXPECT_STREQ(heddle_last_error(),
               "json_schema: #/items/uniqueItems: this keyword is not known "
               "here");
  EXPECT_EQ(status, HEDDLE_BAD_ARGUMENT);
  texts("", {{3}});
  EXPECT_STREQ(heddle_last_error(), "json_schema: no JSON value at byte 0");
  texts(R"({"type": "array"})", {{3}});
  EXPECT_STREQ(heddle_last_error(),
               "no token that may come next in row 0 goes on with a value that "
               "keeps to json_schema");
  heddle_generate_options options = {};
  options.beams = 2;
  texts(object, {{3}}, options);
  EXPECT_STREQ(heddle_last_error(),
               "a search with 2 beams keeps to no json_schema");
  EXPECT_EQ(status, HEDDLE_NOT_SUPPORTED);
  // Whatever came before.
  EXPECT_EQ(texts(object, {{3}}), std::vector<std::string>({R"({"a":1})"}));
}

TEST_F(JsonSchema, ManySchemasComeAndGo) {
  for (int i = 0; i < 12; ++i) {
    std::string one = std::to_string(1 + i % 6 % 2) + std::string(i % 6, '1');
    std::string schema = "{\"const\": " + one + "}";
    EXPECT_EQ(texts(schema.c_str(), {{3}}), std::vector<std::string>({one}));
  }
}

} // namespace
