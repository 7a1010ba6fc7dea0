// tokenizer.json, tokenizer_config.json and a text, with zero bytes between
// them → tables → ids → text.
#include "compiler/checkpoint/Tokenizer.h"
#include "test/fuzz/MemoryFile.h"
#include "test/fuzz/Tokenize.h"

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  fuzz::MemoryFile json(fuzz::nextPart(rest));
  std::string_view configText = fuzz::nextPart(rest);
  fuzz::MemoryFile config(configText);
  heddle::checkpoint::Problems problems;
  std::optional<std::vector<char>> tables = heddle::checkpoint::compileTokenizer(
      json.path, configText.empty() ? "" : config.path, problems);
  if (!tables)
    return 0;
  heddle::text::Tokenizer tokenizer;
  if (tokenizer.open(tables->data(), tables->size()))
    abort(); // what the compiler lays out, the runtime reads
  fuzz::tokenize(tokenizer, rest.empty() ? fuzz::anyText : rest);
  return 0;
}
