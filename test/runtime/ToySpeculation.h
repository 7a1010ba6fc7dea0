// The toy model with drafts: its logits are the counts of ids seen so far, and
// `score` gives them of every position.
#ifndef HEDDLE_TEST_RUNTIME_TOYSPECULATION_H
#define HEDDLE_TEST_RUNTIME_TOYSPECULATION_H

#include "ToyHost.h"

namespace toy {

using Ids = std::vector<int32_t>;

inline const heddle_term btv = {vocabulary, 1, {1, 1}};
inline const heddle_polynomial dimsBTV[] = {{1, &b}, {1, &t}, {1, &v}};
inline const heddle_value logitsBTV[] = {
    value("logits", "B T V", HEDDLE_F32, 3, dimsBTV, &btv)};

/// What step gives, behind every token.
inline int32_t score(heddle_frame *frame) {
  auto *ids = static_cast<const int32_t *>(frame->inputs[0]);
  auto *logits = static_cast<float *>(frame->outputs[0]);
  auto *bias = static_cast<const float *>(frame->weights[0]);
  for (int64_t row = 0; row < frame->extents[extentB].total; ++row) {
    int32_t *cache = cacheRow<int32_t>(frame, 0, row);
    int64_t given = ofRow(frame, extentBT, row);
    int64_t held = ofRow(frame, extentBS, row) - given;
    for (int64_t i = 0; i < given; ++i, logits += vocabulary) {
      cache[held + i] = *ids++;
      memcpy(logits, bias, vocabulary * sizeof(float));
      for (int64_t j = 0; j <= held + i; ++j)
        logits[cache[j]] += 1;
    }
  }
  return HEDDLE_OK;
}

inline Lengths lengthsOfScores;

class Speculation : public Host {
protected:
  Speculation() {
    std::copy_n(entries, 5, all);
    all[0].function = recorded<step>;
    all[5] = entry("score", 1, idsBT, logitsBTV,
                   recorded<score, extentBT, lengthsOfScores>);
    all[5].arena_bytes = all[0].arena_bytes;
    all[5].generates = 3;
    all[5].grows = 1u << S;
    std::copy_n(toy::sizes, 4, sizes);
    sizes[T].max = 64;
    sizes[S].max = 128;
    program.entries = all;
    program.entry_count = 6;
    program.sizes = sizes;
    settings.top_p = settings.repetition_penalty = 1;
    settings.begin = settings.decoder_start = settings.forced_begin = -1;
    settings.no_timestamps = -1;
    program.generation = &settings;
    lengthsOfScores.clear();
  }
  void SetUp() override {
    openModel();
    open({});
  }

  /// The new ids of each row; a row that has ended is closed with -1.
  std::vector<Ids> generate(const std::vector<Ids> &prompts, int64_t most,
                            heddle_generate_options options) {
    Prompts given(prompts);
    given.giveTo(options);
    options.max_tokens = most;
    options.speculated = speculated;
    texts.assign(prompts.size(), {});
    held.clear();
    status = heddle_generate(
        session, &options,
        [](void *self, int64_t row, int32_t token, const char *, int64_t) {
          auto *test = static_cast<Speculation *>(self);
          test->texts[row].push_back(token);
          test->held.push_back(heddle_session_length(test->session, row));
          auto count = static_cast<int64_t>(test->texts[row].size());
          return int32_t{count == test->enough};
        },
        this);
    return texts;
  }
  /// That drafts change nothing; how many were chosen.
  int64_t compare(const std::vector<Ids> &prompts, int64_t most,
                  heddle_generate_options options,
                  int32_t source = HEDDLE_SPECULATE_LOOKUP) {
    options.speculate = HEDDLE_SPECULATE_NONE;
    std::vector<Ids> plain = generate(prompts, most, options);
    EXPECT_EQ(status, HEDDLE_OK) << heddle_last_error();
    EXPECT_EQ(speculated[0], 0);
    std::vector<int64_t> plainHeld = held;
    options.speculate = source;
    EXPECT_EQ(generate(prompts, most, options), plain);
    EXPECT_EQ(status, HEDDLE_OK) << heddle_last_error();
    if (prompts.size() == 1) {
      EXPECT_EQ(held, plainHeld) << "a callback does not see drafts";
    }
    EXPECT_LE(speculated[1], speculated[0]);
    return speculated[1];
  }

  heddle_entry all[6];
  heddle_size sizes[4];
  heddle_generation settings = {};
  std::vector<Ids> texts;
  std::vector<int64_t> held;
  int64_t speculated[2] = {-1, -1};
  int64_t enough = -1;
  heddle_status status = HEDDLE_OK;
};

} // namespace toy

#endif // HEDDLE_TEST_RUNTIME_TOYSPECULATION_H
