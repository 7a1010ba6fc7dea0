// The class of a tokenizer, tokenizer_config.json and special_tokens_map.json,
// with zero bytes between them, and behind a fourth what older files of a
// vocabulary hold (vocab.json, a byte of one, merges.txt) → tokenizer.json →
// tables → ids → text.
#include "compiler/checkpoint/Tokenizer.h"
#include "test/fuzz/MemoryFile.h"
#include "test/fuzz/Tokenize.h"

using namespace heddle::checkpoint;

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  fuzz::writeInMemory("config.json", "{\"tokenizer_class\": \"" +
                                         std::string(fuzz::nextPart(rest)) +
                                         "\"}");
  fuzz::writeInMemory("tokenizer_config.json", fuzz::nextPart(rest));
  fuzz::writeInMemory("special_tokens_map.json", fuzz::nextPart(rest));
  size_t middle = std::min(rest.find('\1'), rest.size());
  fuzz::writeInMemory("vocab.json", rest.substr(0, middle));
  fuzz::writeInMemory("merges.txt",
                      rest.substr(std::min(middle + 1, rest.size())));
  for (const char *name : {"vocab.txt", "spiece.model",
                           "sentencepiece.bpe.model", "tokenizer.model"})
    fuzz::writeInMemory(name, rest);
  Problems problems;
  std::unique_ptr<Source> source = createSource(fuzz::memoryFolder());
  Document file = tokenizerOf(*source, problems);
  if (!file.isThere()) {
    if (problems.empty() && problems.unsupported().empty())
      abort();
    return 0;
  }
  std::optional<std::vector<char>> tables = compileTokenizer(
      file, source->document("tokenizer_config.json"), problems);
  if (!tables) {
    if (problems.empty() && problems.unsupported().empty())
      abort();
    return 0;
  }
  heddle::text::Tokenizer tokenizer;
  if (tokenizer.open(tables->data(), tables->size()))
    abort(); // what the compiler lays out, the runtime reads
  fuzz::tokenize(tokenizer, fuzz::anyText);
  return 0;
}
