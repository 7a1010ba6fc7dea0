// A row of calls of the C interface with any numbers in them, over one model.
#include "test/fuzz/ToyModel.h"
#include <cmath>
#include <fuzzer/FuzzedDataProvider.h>
#include <limits>

namespace {

/// Mostly what is right, at times anything.
class Numbers {
public:
  Numbers(const uint8_t *data, size_t size) : input(data, size) {}

  int64_t number(int64_t most) {
    switch (input.ConsumeIntegral<uint8_t>()) {
    case 0:
      return input.ConsumeIntegral<int64_t>();
    case 1:
      return -1;
    case 2:
      return std::numeric_limits<int64_t>::max();
    default:
      return input.ConsumeIntegralInRange<int64_t>(0, most);
    }
  }
  bool more() { return input.remaining_bytes() > 0; }
  bool flag() { return input.ConsumeBool(); }

private:
  FuzzedDataProvider input;
};

} // namespace

static heddle_session *open(Numbers &numbers) {
  heddle_session_options options = {numbers.number(4), numbers.number(32),
                                    numbers.number(12)};
  return heddle_session_open(fuzz::toyModel(), &options);
}

/// A call whose arrays are as long as any call that is not refused needs.
static void call(heddle_session *session, Numbers &numbers) {
  constexpr int64_t mostRows = 4, mostElements = 4 * 8 * 64;
  const heddle_entry *entry =
      &toy::program.entries[static_cast<uint64_t>(numbers.number(4)) % 5];
  int64_t rows = numbers.number(mostRows);
  int64_t counts[mostRows], sessionRows[mostRows];
  for (int64_t i = 0; i < mostRows; ++i) {
    counts[i] = numbers.number(8);
    sessionRows[i] = numbers.flag() ? i : numbers.number(mostRows);
  }
  static int32_t ids[mostElements];
  static float by[mostElements], outputs[mostElements];
  for (int64_t i = 0; i < 32; ++i)
    ids[i] = static_cast<int32_t>(numbers.number(toy::vocabulary - 1));
  const int64_t *lengths[] = {counts, counts};
  const void *inputs[] = {ids, by};
  void *results[] = {outputs};
  const int64_t *chosen = numbers.flag() ? sessionRows : nullptr;
  int64_t elements = heddle_output_elements(session, entry, rows, lengths,
                                            chosen, numbers.number(1));
  if (elements > mostElements)
    abort();
  heddle_call(session, entry, rows, lengths, chosen, inputs, results);
}

static void generate(heddle_session *session, Numbers &numbers) {
  int32_t ids[8];
  for (int32_t &id : ids)
    id = static_cast<int32_t>(numbers.number(toy::vocabulary - 1));
  const int32_t *prompts[] = {ids, ids, ids, ids};
  int64_t lengths[4];
  for (int64_t &length : lengths)
    length = numbers.flag() ? 8 : numbers.number(7) % 9;
  heddle_generate_options options = {};
  options.rows = numbers.number(4);
  options.prompt_ids = prompts;
  options.prompt_lengths = lengths;
  options.max_tokens = numbers.number(16);
  options.temperature = static_cast<float>(numbers.number(3)) - 1;
  options.top_k = static_cast<int32_t>(numbers.number(12));
  options.top_p = static_cast<float>(numbers.number(4)) / 4;
  options.min_p = static_cast<float>(numbers.number(4)) / 4;
  options.repetition_penalty = static_cast<float>(numbers.number(2));
  options.seed = static_cast<uint64_t>(numbers.number(9));
  options.resume = static_cast<int32_t>(numbers.number(2));
  options.typical_p = static_cast<float>(numbers.number(4)) / 4;
  options.presence_penalty = static_cast<float>(numbers.number(2)) - 1;
  options.frequency_penalty = static_cast<float>(numbers.number(2)) - 1;
  const float biases[] = {1, -INFINITY};
  options.biased_tokens = ids;
  options.biases = biases;
  options.bias_count = static_cast<int32_t>(numbers.number(2));
  if (options.bias_count > 2)
    options.bias_count = 2;
  int32_t likeliest[5];
  float probabilities[5];
  options.likeliest = static_cast<int32_t>(numbers.number(4));
  if (options.likeliest > 4)
    options.likeliest = 4;
  options.likeliest_tokens = likeliest;
  options.log_probabilities = probabilities;
  if (options.rows > 4)
    options.rows = 5; // more than the model has, as far as the arrays go
  heddle_generate(
      session, &options,
      [](void *, int64_t, int32_t, const char *, int64_t) { return 0; },
      nullptr);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Numbers numbers(data, size);
  heddle_session *session = open(numbers);
  while (numbers.more()) {
    switch (static_cast<uint64_t>(numbers.number(5)) % 6) {
    case 0:
      heddle_session_close(session);
      session = open(numbers);
      break;
    case 1:
      heddle_session_length(session, numbers.number(4));
      break;
    case 2: {
      int64_t row = numbers.number(4);
      heddle_session_rewind(session, row, numbers.number(12));
      break;
    }
    case 3:
      generate(session, numbers);
      break;
    default:
      call(session, numbers);
    }
  }
  heddle_session_close(session);
  return 0;
}
