// Tokens of many rows are chosen on the model's threads: the same as on one.

#include "ToyHost.h"
#include "runtime/generate/Batch.h"

namespace {

using Ids = std::vector<int32_t>;

constexpr int64_t wide = 40000; // two rows of so many are worth the threads

const heddle_term wideLogits = {wide, 1, {1}}, wideAxis = {wide, 1, {}};
const heddle_polynomial dimsOfLogits[] = {{1, &toy::b}, {1, &wideAxis}};
const heddle_value logits[] = {
    toy::value("logits", "B V", HEDDLE_F32, 2, dimsOfLogits, &wideLogits)};
const heddle_value ids[] = {
    toy::value("ids", "B T", HEDDLE_I32, 2, toy::dimsBT, &toy::bt, wide)};

/// By the last id alone: numbers as good as random.
int32_t stepWide(heddle_frame *frame) {
  auto *given = static_cast<const int32_t *>(frame->inputs[0]);
  auto *numbers = static_cast<float *>(frame->outputs[0]);
  const heddle_extent &extent = frame->extents[toy::extentBT];
  for (int64_t row = 0; row < frame->extents[toy::extentB].total; ++row) {
    auto random = static_cast<uint32_t>(given[extent.rows[row + 1] - 1]);
    for (int64_t i = 0; i < wide; ++i) {
      random = random * 1664525 + 1013904223;
      *numbers++ = static_cast<float>(random >> 8) / (1 << 22);
    }
  }
  return HEDDLE_OK;
}

class Choices : public toy::Host {
protected:
  Choices() {
    entries[0].inputs = ids;
    entries[0].outputs = logits;
    entries[0].function = stepWide;
    program.cache_count = program.cache_slot_count = 1;
  }
  void openWith(int32_t threads) {
    TearDown();
    session = nullptr, model = nullptr;
    openModel(toy::weightsFile(), threads);
    open({});
  }
  static heddle_generate_options optionsOf(int way) {
    heddle_generate_options options = {};
    options.max_tokens = 5;
    options.temperature = way ? .9f : 0;
    options.top_p = way == 2 ? .8f : 1;
    options.top_k = way == 3 ? 40 : 0;
    options.repetition_penalty = way == 3 ? 1.2f : 1;
    options.seed = static_cast<uint64_t>(way);
    return options;
  }
};

TEST_F(Choices, OfRowsAreThoseOfOneThread) {
  auto write = [&](int32_t threads) {
    openWith(threads);
    std::vector<std::vector<Ids>> all;
    for (int way = 0; way < 4; ++way) {
      const std::vector<Ids> given = {{1}, {2, 3}, {4}, {5}};
      toy::Prompts prompts(given);
      heddle_generate_options options = optionsOf(way);
      prompts.giveTo(options);
      std::vector<Ids> &texts = all.emplace_back(4);
      auto note = [](void *to, int64_t row, int32_t token, const char *,
                     int64_t) -> int32_t {
        (*static_cast<std::vector<Ids> *>(to))[row].push_back(token);
        return 0;
      };
      EXPECT_EQ(heddle_generate(session, &options, note, &texts), HEDDLE_OK)
          << heddle_last_error();
    }
    return all;
  };
  std::vector<std::vector<Ids>> one = write(1);
  EXPECT_EQ(one[2][3].size(), 6u);
  for (int32_t threads : {2, 3, 7})
    EXPECT_EQ(write(threads), one);
}

struct ChoiceListener final : heddle::runtime::TextListener {
  bool take(int32_t token, std::string_view) override {
    ids.push_back(token);
    return false;
  }
  void end(const heddle::runtime::Ending &ending) override {
    EXPECT_EQ(ending.status, HEDDLE_OK);
  }
  Ids ids;
};

TEST_F(Choices, OfTextsWithOptionsOfTheirOwnToo) {
  auto write = [&](int32_t threads) {
    openWith(threads);
    heddle::runtime::Batch batch(*session);
    EXPECT_EQ(batch.open(4), HEDDLE_OK) << heddle_last_error();
    std::vector<ChoiceListener> listeners(4);
    std::vector<heddle_generate_options> options;
    for (int way = 0; way < 4; ++way)
      options.push_back(optionsOf(way));
    for (int32_t way = 0; way < 4; ++way) {
      int64_t row;
      EXPECT_EQ(batch.add(options[way], &way, 1, 0, listeners[way], row),
                HEDDLE_OK)
          << heddle_last_error();
    }
    while (batch.atWork())
      batch.advance();
    std::vector<Ids> texts;
    for (ChoiceListener &listener : listeners)
      texts.push_back(listener.ids);
    return texts;
  };
  std::vector<Ids> one = write(1);
  EXPECT_EQ(one[1].size(), 5u);
  for (int32_t threads : {2, 3, 7})
    EXPECT_EQ(write(threads), one);
}

} // namespace
