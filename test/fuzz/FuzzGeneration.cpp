// generation_config.json, config.json and tokenizer_config.json, with zero
// bytes between them → heddle_generation.
#include "compiler/checkpoint/Generation.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle::checkpoint;

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  fuzz::MemoryFile generation(fuzz::nextPart(rest)),
      config(fuzz::nextPart(rest)), tokenizer(fuzz::nextPart(rest));
  auto idOf = [](llvm::StringRef token) {
    return token.empty() ? -1 : static_cast<int32_t>(token.size());
  };
  GenerationSources sources = {
      generation.path, config.path, tokenizer.path, {}, idOf};
  Problems problems;
  auto defaults = readGenerationDefaults(sources, problems);
  if (!defaults && problems.empty() && problems.unsupported().empty())
    abort();
  return 0;
}
