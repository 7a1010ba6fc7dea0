// What a host asks a model about itself, vectors of texts, and conversations.

#include "ToyHost.h"
#include "ToyTokenizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

namespace {

using toy::lengthsOfCalls;

constexpr char turns[] = "{% for m in messages %}{{ m.content }} {% endfor %}"
                         "{{ mood }}{% if add_generation_prompt %}h{% endif %}";

class Library : public toy::Host {
protected:
  void SetUp() override {
    entries[0].function = toy::recorded<toy::step>;
    entries[4].function = toy::recorded<toy::sentence>;
    program.chat = &chat;
    program.sentences = &sentences;
    program.special_tokens = &special;
    program.special_token_count = 1;
    openModel(toy::weightsFile(toy::TokenizerTables().bytes));
    open({});
  }

  std::vector<float> embed(std::vector<const char *> texts,
                           heddle_embed_options options = {}) {
    std::vector<float> vectors(3 * texts.size(), -1);
    EXPECT_EQ(heddle_embed(session, static_cast<int64_t>(texts.size()),
                           texts.data(), &options, vectors.data()),
              HEDDLE_OK)
        << heddle_last_error();
    return vectors;
  }

  std::string render(const char *messages, heddle_chat_options options = {}) {
    char text[64];
    int64_t bytes =
        heddle_chat_render(model, messages, &options, text, sizeof text);
    return bytes < 0 ? heddle_last_error() : std::string(text, text + bytes);
  }

  std::vector<int32_t> answer(const char *messages,
                              heddle_generate_options generation = {}) {
    std::vector<int32_t> tokens;
    if (!generation.max_tokens)
      generation.max_tokens = 2;
    EXPECT_EQ(
        heddle_chat_answer(
            session, messages, nullptr, &generation,
            [](void *into, int64_t, int32_t token, const char *, int64_t) {
              static_cast<std::vector<int32_t> *>(into)->push_back(token);
              return int32_t{0};
            },
            &tokens),
        HEDDLE_OK)
        << heddle_last_error();
    return tokens;
  }

  const heddle_prompt templates[2] = {{"default", turns}, {"loud", "A"}};
  const heddle_prompt prompts[2] = {{"query", "c "}, {"passage", "d "}};
  heddle_chat chat = {2, 0, templates, nullptr, nullptr};
  heddle_sentences sentences = {HEDDLE_COSINE, 2, -1, prompts};
  const heddle_named_id special = {"bos", 8};
};

TEST_F(Library, AModelSaysWhatItIs) {
  heddle_model_info info;
  ASSERT_EQ(heddle_describe(model, &info), HEDDLE_OK);
  EXPECT_STREQ(info.name, "toy");
  EXPECT_EQ(info.rows, 4);
  EXPECT_EQ(info.context, toy::mostContext);
  EXPECT_EQ(info.vocabulary, toy::vocabulary);
  EXPECT_EQ(info.embedding_width, 3);
  EXPECT_EQ(info.entry_count, 5);
  EXPECT_EQ(info.size_count, 4);
  EXPECT_TRUE(info.has_tokenizer && info.generates && info.chats);
  ASSERT_EQ(info.special_token_count, 1);
  EXPECT_EQ(info.special_tokens[0].id, 8);
  ASSERT_EQ(info.prompt_count, 2);
  EXPECT_STREQ(info.prompts[1].name, "passage");
  EXPECT_EQ(info.template_count, 2);
  EXPECT_EQ(heddle_embedding_width(model), 3);
}

TEST_F(Library, EntriesSayWhatTheyTake) {
  const heddle_entry *recall = heddle_entry_at(model, 2);
  EXPECT_EQ(recall, heddle_entry_named(model, "recall"));
  heddle_entry_info entry;
  ASSERT_EQ(heddle_describe_entry(model, recall, &entry), HEDDLE_OK);
  EXPECT_STREQ(entry.name, "recall");
  ASSERT_EQ(entry.length_count, 1);
  EXPECT_EQ(entry.lengths[0], toy::T);
  EXPECT_TRUE(entry.keeps);
  heddle_size_info size;
  ASSERT_EQ(heddle_describe_size(model, toy::S, &size), HEDDLE_OK);
  EXPECT_EQ(size.grows_by, toy::T);
  EXPECT_EQ(size.max, toy::mostContext);
  EXPECT_TRUE(size.per_row && !size.counts_rows);
  heddle_value_info value;
  ASSERT_EQ(heddle_describe_output(model, recall, 0, &value), HEDDLE_OK);
  EXPECT_STREQ(value.axes, "B T M");
  ASSERT_EQ(value.rank, 3);
  EXPECT_EQ(value.dims[0], -1 - toy::B);
  EXPECT_EQ(value.dims[2], -1 - toy::M);
  const heddle_entry *shift = heddle_entry_named(model, "shift");
  ASSERT_EQ(heddle_describe_input(model, shift, 1, &value), HEDDLE_OK);
  EXPECT_TRUE(value.has_default);
  EXPECT_EQ(value.default_value, 0.5);
  ASSERT_EQ(heddle_describe_output(model, heddle_entry_at(model, 4), 0, &value),
            HEDDLE_OK);
  EXPECT_EQ(value.dims[1], 3);
  EXPECT_EQ(heddle_entry_at(model, 5), nullptr);
  EXPECT_EQ(heddle_entry_at(model, -1), nullptr);
}

TEST_F(Library, ARowOfAnOutputHasItsOwnShape) {
  const int64_t tokens[] = {3, 5}, *lengths[] = {tokens};
  const heddle_entry *step = heddle_entry_named(model, "shift");
  int64_t shape[2];
  ASSERT_EQ(
      heddle_output_shape(session, step, 2, lengths, nullptr, 0, 1, shape),
      HEDDLE_OK)
      << heddle_last_error();
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[1], 5);
  EXPECT_EQ(
      heddle_output_shape(session, step, 2, lengths, nullptr, 0, 2, shape),
      HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "row is 2, the call has 2 rows");
}

TEST_F(Library, DefaultsOfGeneratingAreTold) {
  heddle_generation settings = {};
  settings.temperature = 0.5f;
  settings.top_p = settings.repetition_penalty = settings.length_penalty = 1;
  settings.max_tokens = 7;
  program.generation = &settings;
  heddle_generate_options options;
  ASSERT_EQ(heddle_describe_generation(model, &options), HEDDLE_OK);
  EXPECT_EQ(options.temperature, 0.5f);
  EXPECT_EQ(options.top_k, -1);
  EXPECT_EQ(options.max_tokens, 7);
  EXPECT_EQ(options.beams, 1);
}

TEST_F(Library, AVectorIsWhatItsTextIsAlone) {
  open({2, 6, 0});
  const std::vector<const char *> texts = {"ab c", "h", "a c e g", "d"};
  std::vector<float> all = embed(texts);
  const std::vector<std::vector<int64_t>> calls = {{3, 2}, {5}, {2}};
  EXPECT_EQ(lengthsOfCalls, calls);
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(embed({texts[i]}),
              std::vector<float>(&all[3 * i], &all[3 * i] + 3));
  EXPECT_EQ(all[0], 3); // <x> ab c
  EXPECT_EQ(all[1], 8 + 9 + 2);
}

TEST_F(Library, APromptStandsBeforeEveryText) {
  heddle_embed_options options = {};
  options.prompt = "passage";
  EXPECT_EQ(embed({"h"}, options), embed({"d h"}));
  sentences.default_prompt = 0;
  EXPECT_EQ(embed({"h"}), (std::vector<float>{3, 8 + 2 + 7, 7}));
  options.prompt = "";
  EXPECT_EQ(embed({"h"}, options), (std::vector<float>{2, 8 + 7, 7}));
  options.prompt = "none";
  const char *texts[] = {"h"};
  float vector[3];
  EXPECT_EQ(heddle_embed(session, 1, texts, &options, vector),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "toy has no prompt none");
}

TEST_F(Library, WhatIsCutIsTold) {
  int64_t tokens[2], cut[2];
  heddle_embed_options options = {};
  options.tokens = tokens;
  options.cut = cut;
  EXPECT_EQ(embed({"a c a c a c a c a c", "a"}, options)[0], toy::mostTokens);
  EXPECT_EQ(tokens[0], toy::mostTokens);
  EXPECT_EQ(cut[0], 11 - toy::mostTokens);
  EXPECT_EQ(tokens[1], 2);
  EXPECT_EQ(cut[1], 0);
}

TEST_F(Library, SimilarityIsTheModelsKind) {
  const float a[] = {3, 4}, b[] = {4, -3}, c[] = {6, 8};
  EXPECT_EQ(heddle_similarity(model, a, b, 2), 0);
  EXPECT_EQ(heddle_similarity(model, a, c, 2), 1);
  sentences.similarity = HEDDLE_PRODUCT;
  EXPECT_EQ(heddle_similarity(model, a, c, 2), 50);
  sentences.similarity = HEDDLE_EUCLIDEAN_DISTANCE;
  EXPECT_EQ(heddle_similarity(model, a, c, 2), -5);
  sentences.similarity = HEDDLE_MANHATTAN_DISTANCE;
  EXPECT_EQ(heddle_similarity(model, a, c, 2), -7);
  EXPECT_TRUE(std::isnan(heddle_similarity(nullptr, a, b, 2)));
}

constexpr char one[] = R"([{"role": "user", "content": "a b a"}])";

TEST_F(Library, ConversationsAreWrittenDown) {
  EXPECT_EQ(render(one), "a b a h");
  heddle_chat_options options = {};
  options.without_answer = 1;
  EXPECT_EQ(render(one, options), "a b a ");
  options.variables = R"({"mood": "c "})";
  EXPECT_EQ(render(one, options), "a b a c ");
  options.template_name = "loud";
  EXPECT_EQ(render(one, options), "A");
}

TEST_F(Library, ConversationsThatAreNoneAreRefused) {
  EXPECT_EQ(render(nullptr), "messages is NULL, needed: JSON");
  EXPECT_EQ(render("[{\"role\": "),
            "messages: found no JSON value, needed JSON");
  EXPECT_EQ(render("{}"), "messages: found dict, needed a list of messages");
  EXPECT_EQ(render("[{\"role\": \"user\"}, {\"content\": \"a\"}]"),
            "message 2 has no role, needed an object with one");
  heddle_chat_options options = {};
  options.template_name = "quiet";
  EXPECT_EQ(render(one, options), "the checkpoint has no chat template quiet");
  options = {};
  options.variables = "[]";
  EXPECT_EQ(render(one, options), "variables: found list, needed an object");
  options.variables = "{\"messages\": []}";
  EXPECT_EQ(render(one, options),
            "variables: found messages, which is an argument by itself");
  options = {};
  options.tools = "3";
  EXPECT_EQ(render(one, options), "tools: found int, needed a list of tools");
  program.chat = nullptr;
  EXPECT_EQ(render(one), "toy has no chat template");
}

TEST_F(Library, AnAnswerIsWhatGeneratingGives) {
  std::vector<int32_t> found = answer(one);
  const int32_t ids[] = {0, 1, 0, 7}, *rows[] = {ids};
  const int64_t lengths[] = {4};
  heddle_generate_options options = {};
  options.rows = 1;
  options.prompt_ids = rows;
  options.prompt_lengths = lengths;
  options.max_tokens = 2;
  std::vector<int32_t> needed;
  ASSERT_EQ(heddle_generate(
                session, &options,
                [](void *into, int64_t, int32_t token, const char *, int64_t) {
                  static_cast<std::vector<int32_t> *>(into)->push_back(token);
                  return int32_t{0};
                },
                &needed),
            HEDDLE_OK);
  EXPECT_EQ(found, needed);
  EXPECT_EQ(found, (std::vector<int32_t>{0, 0, -1}));
}

constexpr char two[] = R"([{"role": "user", "content": "a b a"},
  {"role": "assistant", "content": "c"}, {"role": "user", "content": "d"}])";

TEST_F(Library, AnAnswerReadsOnlyWhatIsNew) {
  answer(one);
  lengthsOfCalls.clear();
  std::vector<int32_t> found = answer(two);
  // Of "a b a c d h" the row holds three.
  EXPECT_EQ(lengthsOfCalls[0], (std::vector<int64_t>{3}));
  open({});
  EXPECT_EQ(answer(two), found);
}

TEST_F(Library, ARowThatAnotherCallHasUsedIsReadAnew) {
  answer(one);
  const int64_t two_[] = {2}, *lengths[] = {two_};
  ASSERT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
  const int32_t ids[] = {5, 5};
  const void *inputs[] = {ids};
  float logits[toy::vocabulary];
  void *outputs[] = {logits};
  ASSERT_EQ(heddle_call(session, heddle_entry_named(model, "step"), 1, lengths,
                        nullptr, inputs, outputs),
            HEDDLE_OK);
  lengthsOfCalls.clear();
  std::vector<int32_t> found = answer(two);
  EXPECT_EQ(lengthsOfCalls[0], (std::vector<int64_t>{6}));
  open({});
  EXPECT_EQ(answer(two), found);
}

TEST_F(Library, ARewoundRowHoldsLessOfTheConversation) {
  answer(one);
  ASSERT_EQ(heddle_session_rewind(session, 0, 1), HEDDLE_OK);
  lengthsOfCalls.clear();
  answer(two);
  EXPECT_EQ(lengthsOfCalls[0], (std::vector<int64_t>{5}));
}

TEST_F(Library, ASessionMayBeClosedWithinItsAnswer) {
  heddle_session *closing = heddle_session_open(model, nullptr);
  auto closeOnce = [](void *user, int64_t, int32_t, const char *, int64_t) {
    auto **session = static_cast<heddle_session **>(user);
    heddle_session_close(*session);
    *session = nullptr;
    return int32_t{1};
  };
  EXPECT_EQ(
      heddle_chat_answer(closing, one, nullptr, nullptr, closeOnce, &closing),
      HEDDLE_OK)
      << heddle_last_error();
  EXPECT_EQ(closing, nullptr);
}

TEST_F(Library, SessionsOfOneModelWorkSideBySide) {
  program.entries = toy::program.entries; // which record nothing
  std::vector<float> vectors(4 * 3);
  std::string texts[4];
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      heddle_session *own = heddle_session_open(model, nullptr);
      const char *sentence[] = {"ab c"};
      heddle_embed(own, 1, sentence, nullptr, &vectors[3 * i]);
      heddle_generate_options options = {};
      options.max_tokens = 3;
      heddle_chat_answer(
          own, one, nullptr, &options,
          [](void *into, int64_t, int32_t, const char *text, int64_t bytes) {
            static_cast<std::string *>(into)->append(
                text, static_cast<size_t>(bytes));
            return int32_t{0};
          },
          &texts[i]);
      heddle_session_close(own);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_NE(texts[0], "");
  EXPECT_EQ(vectors[0], 3);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(texts[i], texts[0]);
    EXPECT_EQ(vectors[3 * i + 1], vectors[1]);
  }
}

TEST_F(Library, MistakesAreNamed) {
  heddle_model_info info;
  EXPECT_EQ(heddle_describe(nullptr, &info), HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_describe(model, nullptr), HEDDLE_BAD_ARGUMENT);
  heddle_entry_info entry;
  const heddle_entry foreign = entries[0];
  EXPECT_EQ(heddle_describe_entry(model, &foreign, &entry),
            HEDDLE_BAD_ARGUMENT);
  heddle_value_info value;
  EXPECT_EQ(heddle_describe_input(model, entries, 1, &value),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "step has 1 inputs, not number 1");
  heddle_size_info size;
  EXPECT_EQ(heddle_describe_size(model, 4, &size), HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_describe_generation(model, nullptr), HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_embedding_width(nullptr), -1);

  const char *texts[] = {"a", nullptr};
  float vectors[6];
  EXPECT_EQ(heddle_embed(nullptr, 1, texts, nullptr, vectors),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_embed(session, -1, texts, nullptr, vectors),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_embed(session, 1, texts, nullptr, nullptr),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_embed(session, 2, texts, nullptr, vectors),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "text 2 is NULL");
  heddle_embed_options options = {};
  options.entry = "step";
  EXPECT_EQ(heddle_embed(session, 1, texts, &options, vectors),
            HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(
      heddle_chat_answer(session, one, nullptr, nullptr, nullptr, nullptr),
      HEDDLE_BAD_ARGUMENT);
  EXPECT_EQ(heddle_chat_render(nullptr, one, nullptr, nullptr, 0), -1);
  EXPECT_EQ(heddle_chat_render(model, one, nullptr, nullptr, 3), -1);
  EXPECT_EQ(heddle_chat_render(model, one, nullptr, nullptr, 0), 7);
}

} // namespace
