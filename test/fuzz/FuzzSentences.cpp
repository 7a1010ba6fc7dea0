// modules.json, config.json of its pooling and sentence_bert_config.json, with
// zero bytes between them → SentenceTransformer.
#include "compiler/checkpoint/SentenceTransformers.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle::checkpoint;

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  fuzz::writeInMemory("modules.json", fuzz::nextPart(rest));
  fuzz::writeInMemory("1_Pooling/config.json", fuzz::nextPart(rest));
  fuzz::writeInMemory("sentence_bert_config.json", fuzz::nextPart(rest));
  fuzz::writeInMemory("config_sentence_transformers.json",
                      fuzz::nextPart(rest));
  llvm::json::Object config{{"hidden_size", 8}};
  Problems problems;
  auto read = readSentenceTransformer(*createSource(fuzz::memoryFolder()),
                                      config, problems);
  if (!read && problems.empty() && problems.unsupported().empty())
    abort();
  if (read)
    read->forModelFile();
  return 0;
}
