// Packed tables of a tokenizer, changed in a few places by somebody who makes
// their checksum right → Tokenizer::open → ids → text.
#include "compiler/checkpoint/Tokenizer.h"
#include "test/fuzz/Tokenize.h"
#include <fuzzer/FuzzedDataProvider.h>

/// The tables of the tokenizers whose ids are tested against golden files.
static const std::vector<std::vector<char>> &allTables() {
  static const auto *all = [] {
    auto *tables = new std::vector<std::vector<char>>;
    for (const char *name :
         {"bert", "gpt2", "llama2", "metaspace", "patterns", "roberta", "words",
          "t5", "unigram-bytes", "wordlevel", "clip"}) {
      heddle::checkpoint::Problems problems;
      auto table = heddle::checkpoint::compileTokenizer(
          std::string(HEDDLE_TOKENIZERS "/") + name + ".tokenizer.json", "",
          problems);
      if (!table)
        abort();
      tables->push_back(std::move(*table));
    }
    return tables;
  }();
  return *all;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FuzzedDataProvider input(data, size);
  const auto &all = allTables();
  std::vector<char> tables =
      all[input.ConsumeIntegralInRange<size_t>(0, all.size() - 1)];
  const std::string text = input.ConsumeRandomLengthString(64);
  if (input.ConsumeBool())
    tables.resize(input.ConsumeIntegralInRange<size_t>(0, tables.size()));
  // Most changes aim at the header, where every field matters.
  while (input.remaining_bytes() > 0 && !tables.empty()) {
    size_t span = input.ConsumeBool()
                      ? std::min(sizeof(heddle::text::Header), tables.size())
                      : tables.size();
    size_t at = input.ConsumeIntegralInRange<size_t>(0, span - 1) / 4 * 4;
    uint32_t value = input.ConsumeIntegral<uint32_t>();
    memcpy(tables.data() + at, &value, std::min<size_t>(4, tables.size() - at));
  }
  heddle::text::Tokenizer tokenizer;
  if (tokenizer.open(tables.data(), tables.size()))
    return 0;
  fuzz::tokenize(tokenizer,
                 text.empty() ? fuzz::anyText : std::string_view(text));
  return 0;
}
