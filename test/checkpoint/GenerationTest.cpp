//===- GenerationTest.cpp - What files say about generating ---------------===//

#include "compiler/checkpoint/Generation.h"
#include "test/checkpoint/Fixture.h"
#include <set>

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;

namespace {

using Messages = std::vector<std::string>;
using Ids = std::vector<int32_t>;

Ids listOf(const heddle_ids &ids) { return Ids(ids.ids, ids.ids + ids.count); }

class GenerationTest : public Fixture {
protected:
  std::shared_ptr<const GenerationDefaults> read() {
    auto source = createSource(directory);
    GenerationSources sources;
    sources.generationConfig = source->document("generation_config.json");
    sources.config = source->document("config.json");
    sources.tokenizerConfig = source->document("tokenizer_config.json");
    sources.ignored = ignored;
    auto idOf = [](llvm::StringRef token) { return token == "</s>" ? 9 : -1; };
    sources.idOf = idOf;
    Problems problems;
    auto defaults = readGenerationDefaults(sources, problems);
    EXPECT_EQ(defaults == nullptr, !problems.empty());
    messages = messagesOf(problems);
    notes = withoutDirectory(problems.notes());
    return defaults;
  }
  /// The settings of a generation_config.json.
  heddle_generation settingsOf(llvm::StringRef json) {
    write("generation_config.json", json);
    kept = read();
    return kept ? kept->settings() : heddle_generation();
  }
  Messages problemsOf(llvm::StringRef json) {
    settingsOf(json);
    return messages;
  }
  Messages notesOf(llvm::StringRef json) {
    settingsOf(json);
    EXPECT_EQ(messages, Messages());
    return notes;
  }

  std::vector<std::string> ignored;
  Messages messages, notes;
  std::shared_ptr<const GenerationDefaults> kept;
};

TEST_F(GenerationTest, WithoutFilesTheMostProbableTokenIsTaken) {
  auto defaults = read();
  ASSERT_TRUE(defaults);
  const heddle_generation &settings = defaults->settings();
  EXPECT_EQ(settings.temperature, 0);
  EXPECT_EQ(settings.top_k, 0);
  EXPECT_EQ(settings.top_p, 1);
  EXPECT_EQ(settings.min_p, 0);
  EXPECT_EQ(settings.repetition_penalty, 1);
  EXPECT_EQ(settings.begin, -1);
  EXPECT_EQ(settings.decoder_start, -1);
  EXPECT_EQ(settings.forced_begin, -1);
  EXPECT_EQ(settings.ends.count, 0);
  EXPECT_EQ(settings.bad_word_count, 0);
}

TEST_F(GenerationTest, ReadsEverySetting) {
  heddle_generation settings = settingsOf(R"({
    "do_sample": true, "temperature": 0.75, "top_k": 20, "top_p": 0.5,
    "min_p": 0.25, "typical_p": 0.5, "repetition_penalty": 1.5, "no_repeat_ngram_size": 3,
    "max_length": 40, "min_length": 7, "bos_token_id": 1,
    "eos_token_id": [2, 3], "decoder_start_token_id": 4,
    "forced_bos_token_id": 5, "forced_eos_token_id": 6,
    "suppress_tokens": [7, 8], "begin_suppress_tokens": [9],
    "bad_words_ids": [[10], [11, 12]]})");
  EXPECT_EQ(messages, Messages());
  EXPECT_EQ(settings.temperature, 0.75f);
  EXPECT_EQ(settings.top_k, 20);
  EXPECT_EQ(settings.top_p, 0.5f);
  EXPECT_EQ(settings.min_p, 0.25f);
  EXPECT_EQ(settings.typical_p, 0.5f);
  EXPECT_EQ(settings.repetition_penalty, 1.5f);
  EXPECT_EQ(settings.no_repeat_ngram, 3);
  EXPECT_EQ(settings.max_length, 40);
  EXPECT_EQ(settings.min_length, 7);
  EXPECT_EQ(settings.begin, 1);
  EXPECT_EQ(listOf(settings.ends), Ids({2, 3}));
  EXPECT_EQ(settings.decoder_start, 4);
  EXPECT_EQ(settings.forced_begin, 5);
  EXPECT_EQ(listOf(settings.forced_ends), Ids({6}));
  EXPECT_EQ(listOf(settings.suppressed), Ids({7, 8}));
  EXPECT_EQ(listOf(settings.begin_suppressed), Ids({9}));
  ASSERT_EQ(settings.bad_word_count, 2);
  EXPECT_EQ(listOf(settings.bad_words[0]), Ids({10}));
  EXPECT_EQ(listOf(settings.bad_words[1]), Ids({11, 12}));
}

TEST_F(GenerationTest, NewTokensGoBeforeLengths) {
  heddle_generation settings =
      settingsOf(R"({"max_length": 40, "max_new_tokens": 5,
                     "min_length": 30, "min_new_tokens": 2})");
  EXPECT_EQ(settings.max_tokens, 5);
  EXPECT_EQ(settings.max_length, 0);
  EXPECT_EQ(settings.min_tokens, 2);
  EXPECT_EQ(settings.min_length, 0);
}

TEST_F(GenerationTest, SamplingHasTheDefaultsOfHuggingFace) {
  heddle_generation settings = settingsOf(R"({"do_sample": true})");
  EXPECT_EQ(settings.temperature, 1);
  EXPECT_EQ(settings.top_k, 50);
  settings = settingsOf(R"({"do_sample": true, "top_k": 0})");
  EXPECT_EQ(settings.top_k, 0);
  settings = settingsOf(R"({"temperature": 0.5, "top_p": 0.5})");
  EXPECT_EQ(settings.temperature, 0) << "nobody asked to sample";
  EXPECT_EQ(settings.top_p, 0.5f) << "for those who do";
}

TEST_F(GenerationTest, GenerationConfigGoesBeforeConfig) {
  write("config.json", R"({"do_sample": true, "temperature": 0.5,
                           "eos_token_id": 3, "bos_token_id": 4})");
  EXPECT_EQ(read()->settings().temperature, 0.5f);
  EXPECT_EQ(listOf(read()->settings().ends), Ids({3}));
  heddle_generation settings = settingsOf(R"({"bos_token_id": 5})");
  EXPECT_EQ(settings.temperature, 0);
  EXPECT_EQ(settings.begin, 5);
  EXPECT_EQ(listOf(settings.ends), Ids({3})) << "ids that the first lacks";
}

TEST_F(GenerationTest, AnEndMayBeNamedByTheTokenizer) {
  write("tokenizer_config.json", R"({"eos_token": {"content": "</s>"}})");
  EXPECT_EQ(listOf(read()->settings().ends), Ids({9}));
  write("tokenizer_config.json", R"({"eos_token": "</s>"})");
  EXPECT_EQ(listOf(read()->settings().ends), Ids({9}));
  EXPECT_EQ(listOf(settingsOf(R"({"eos_token_id": 2})").ends), Ids({2}));
  write("tokenizer_config.json", R"({"eos_token": "<end>"})");
  EXPECT_EQ(listOf(settingsOf("{}").ends), Ids());
}

TEST_F(GenerationTest, ADecoderBeginsAsTextsDo) {
  EXPECT_EQ(settingsOf(R"({"bos_token_id": 5})").decoder_start, 5);
  EXPECT_EQ(settingsOf(R"({"bos_token_id": 5,
                           "force_bos_token_to_be_generated": true})")
                .forced_begin,
            5);
}

TEST_F(GenerationTest, ReadsBeams) {
  heddle_generation settings = settingsOf(
      R"({"num_beams": 4, "num_return_sequences": 3, "length_penalty": 0.5,
          "early_stopping": true, "renormalize_logits": true})");
  EXPECT_EQ(messages, Messages());
  EXPECT_EQ(notes, Messages());
  EXPECT_EQ(settings.beams, 4);
  EXPECT_EQ(settings.texts, 3);
  EXPECT_EQ(settings.length_penalty, 0.5f);
  EXPECT_EQ(settings.early_stopping, HEDDLE_EARLY_STOPPING_YES);
  EXPECT_TRUE(settings.renormalize);
  settings = settingsOf(R"({"num_beams": 2, "early_stopping": "never"})");
  EXPECT_EQ(settings.early_stopping, HEDDLE_EARLY_STOPPING_NEVER);
  EXPECT_EQ(settings.texts, 1);
  EXPECT_EQ(settings.length_penalty, 1);
  EXPECT_FALSE(settings.renormalize);
  settings = settingsOf(R"({"length_penalty": -1, "early_stopping": false})");
  EXPECT_EQ(settings.beams, 0);
  EXPECT_EQ(settings.length_penalty, -1) << "for those who ask for beams";
  EXPECT_EQ(settings.early_stopping, HEDDLE_EARLY_STOPPING_NO);
}

TEST_F(GenerationTest, BeamsThatCannotBeAreNamed) {
  EXPECT_EQ(problemsOf(R"({"num_beams": 0, "early_stopping": "often"})"),
            Messages({"DIR/generation_config.json: num_beams: found 0, needed "
                      "1 or more",
                      "DIR/generation_config.json: early_stopping: found often,"
                      " needed true, false or never"}));
  EXPECT_EQ(problemsOf(R"({"num_beams": 2, "num_return_sequences": 3})"),
            Messages({"DIR/generation_config.json: num_return_sequences: found "
                      "3, needed 1 to 2, as many as num_beams"}));
  EXPECT_EQ(problemsOf(R"({"num_beams": 4, "num_beam_groups": 2,
                           "diversity_penalty": 0.5})")
                .size(),
            2u);
  EXPECT_EQ(problemsOf(R"({"num_beam_groups": 1, "diversity_penalty": 0.0})"),
            Messages());
}

TEST_F(GenerationTest, OtherWaysToSearchAreNoted) {
  EXPECT_EQ(notesOf(R"({"num_beams": 4, "do_sample": true})"),
            Messages({"DIR/generation_config.json: num_beams: found 4, the "
                      "program generates without beams"}));
  EXPECT_EQ(kept->settings().beams, 0);
  EXPECT_EQ(notesOf(R"({"num_return_sequences": 3})"),
            Messages({"DIR/generation_config.json: num_return_sequences: found "
                      "3, the program generates one text a prompt"}));
  EXPECT_EQ(kept->settings().texts, 0);
  EXPECT_EQ(notesOf(R"({"penalty_alpha": 0.6})").size(), 1u);
  EXPECT_EQ(notesOf(R"({"num_beams": 1, "num_return_sequences": 1.0,
                        "penalty_alpha": null, "use_cache": true})"),
            Messages());
}

TEST_F(GenerationTest, StringsThatEndATextAreTexts) {
  heddle_generation settings =
      settingsOf(R"({"stop_strings": ["x", "\u00e9\n"]})");
  ASSERT_EQ(settings.stop_count, 2);
  EXPECT_STREQ(settings.stops[1], "\u00e9\n");
  EXPECT_EQ(settingsOf(R"({"stop_strings": "x"})").stop_count, 1);
  EXPECT_EQ(settingsOf(R"({"stop_strings": null})").stop_count, 0);
  EXPECT_EQ(problemsOf(R"({"stop_strings": [""]})"),
            Messages({"DIR/generation_config.json: stop_strings[0]: found an "
                      "empty string or a zero byte, needed a text"}));
  EXPECT_EQ(problemsOf(R"({"stop_strings": "x", "num_beams": 2})").size(), 1u);
  ignored = {"stop_strings"};
  EXPECT_EQ(settingsOf(R"({"stop_strings": "x"})").stop_count, 0);
}

TEST_F(GenerationTest, OtherDistributionsAreRefused) {
  EXPECT_EQ(problemsOf(R"({"guidance_scale": 1.5})"),
            Messages({"DIR/generation_config.json: guidance_scale: found 1.5, "
                      "needed 1: programs cannot do this (--ignore-config "
                      "guidance_scale builds one that does not)"}));
  EXPECT_EQ(problemsOf(R"({"guidance_scale": 1, "epsilon_cutoff": 0.5})"),
            Messages())
      << "epsilon_cutoff is of sampling";
  EXPECT_EQ(problemsOf(R"({"do_sample": true, "epsilon_cutoff": 0.5})").size(),
            1u);
  ignored = {"guidance_scale"};
  EXPECT_EQ(problemsOf(R"({"guidance_scale": 1.5})"), Messages());
}

TEST_F(GenerationTest, UnknownKeysAreNoted) {
  EXPECT_EQ(notesOf(R"({"chat_format": "chatml", "top_q": 1})"),
            Messages({"DIR/generation_config.json: chat_format: is unknown "
                      "and without effect",
                      "DIR/generation_config.json: top_q: is unknown and "
                      "without effect"}));
  // Of config.json, other keys are the model file's affair.
  llvm::sys::fs::remove(pathOf("generation_config.json"));
  write("config.json", R"({"hidden_size": 4})");
  read();
  EXPECT_EQ(notes, Messages());
}

TEST_F(GenerationTest, MistakesAreNamed) {
  EXPECT_EQ(
      problemsOf(R"({"do_sample": 1, "top_p": 2, "bad_words_ids": [[], [-1]],
                     "eos_token_id": "</s>"})"),
      Messages({"DIR/generation_config.json: do_sample: found a number, needed "
                "true or false",
                "DIR/generation_config.json: top-p needed: more than 0 and at "
                "most 1",
                "DIR/generation_config.json: bad_words_ids[0]: found no token, "
                "needed at least one",
                "DIR/generation_config.json: bad_words_ids[1][0]: found a "
                "number, needed a whole number from 0 to 2147483647",
                "DIR/generation_config.json: eos_token_id: found a string, "
                "needed a whole number from 0 to 2147483647"}));
  EXPECT_EQ(problemsOf("[]"), Messages({"DIR/generation_config.json: found an "
                                        "array, needed an object"}));
}

TEST(GenerationKeys, EachIsThereOnce) {
  std::set<std::string> names;
  for (const GenerationKey &key : generationKeys()) {
    EXPECT_TRUE(names.insert(key.name.str()).second) << key.name.str();
    EXPECT_EQ(key.instead.empty(), key.treatment != GenerationKey::Noted &&
                                       key.treatment != GenerationKey::Searched)
        << key.name.str();
  }
  EXPECT_TRUE(isGenerationKey("num_beams"));
  EXPECT_FALSE(isGenerationKey("hidden_size"));
}

/// The ids at each place of the opening: `7|3,4|9`.
std::string openingOf(const heddle_generation &settings) {
  std::string text;
  for (int32_t place = 0; place < settings.opening_count; ++place) {
    text += place ? "|" : "";
    for (int32_t i = 0; i < settings.opening[place].count; ++i)
      text += (i ? "," : "") + std::to_string(settings.opening[place].ids[i]);
  }
  return text;
}

TEST_F(GenerationTest, SpeechBeginsWithLanguageAndTask) {
  std::string names = R"("lang_to_id": {"<|en|>": 21, "<|de|>": 22},
    "task_to_id": {"transcribe": 31, "translate": 32},
    "no_timestamps_token_id": 40)";
  auto opening = [&](std::string more) {
    return openingOf(settingsOf("{" + names + more + "}"));
  };
  EXPECT_EQ(opening(""), "22,21|40");
  EXPECT_EQ(opening(R"(, "language": "en")"), "21|31|40");
  EXPECT_EQ(opening(R"(, "language": "<|de|>", "task": "translate")"),
            "22|32|40");
  EXPECT_EQ(opening(R"(, "task": "translate")"), "22,21|32|40");
  EXPECT_EQ(opening(R"(, "forced_decoder_ids": [[1, null], [2, 31]])"),
            "22,21|31|40");
  EXPECT_EQ(opening(R"(, "forced_decoder_ids": [[1, 21], [2, 40]])"), "21|40");
  EXPECT_EQ(openingOf(settingsOf(R"({"forced_decoder_ids": [[1, 40]]})")),
            "40");
  EXPECT_EQ(openingOf(settingsOf("{}")), "");
  write("config.json", R"({"forced_decoder_ids": [[1, 21]]})");
  EXPECT_EQ(opening(""), "21|40");
  EXPECT_EQ(kept->settings().language_count, 2);
  EXPECT_STREQ(kept->settings().languages[0].name, "de");
  EXPECT_EQ(kept->settings().tasks[1].id, 32);
}

TEST_F(GenerationTest, AnOpeningThatIsNoneIsRefused) {
  EXPECT_EQ(
      problemsOf(R"({"forced_decoder_ids": [[2, 5]]})"),
      Messages({"DIR/generation_config.json: forced_decoder_ids[0]: needed "
                "[1, id]"}));
  EXPECT_EQ(
      problemsOf(R"({"language": "en"})"),
      Messages({"DIR/generation_config.json: language: found en, needed a "
                "name that the file has an id for"}));
  EXPECT_EQ(
      problemsOf(R"({"return_timestamps": true})"),
      Messages({"DIR/generation_config.json: return_timestamps: found true, "
                "needed false: programs cannot do this (--ignore-config "
                "return_timestamps builds one that does not)"}));
}

} // namespace
