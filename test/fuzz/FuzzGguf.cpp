// Any file → a GGUF checkpoint: its texts are JSON, and every tensor can be
// read from its first element to its last.
#include "compiler/checkpoint/GgufSource.h"
#include "compiler/checkpoint/Json.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle::checkpoint;

static void readEnds(const Source &source, const StoredTensor &tensor) {
  if (tensor.dtype != DType::F32 || tensor.bytes == 0)
    return;
  llvm::SmallVector<char, 0> scratch;
  float number;
  for (uint64_t at : {uint64_t(0), tensor.bytes / sizeof(float) - 1})
    if (source.readFloats(tensor, at, number, scratch))
      abort();
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  fuzz::MemoryFile file({data, size});
  Problems problems;
  GgufSource source(file.path);
  if (!source.open(problems))
    return problems.empty() ? abort(), 0 : 0;
  for (const StoredTensor &tensor : source.tensors())
    readEnds(source, tensor);
  for (llvm::StringRef name :
       {"config.json", "tokenizer.json", "tokenizer_config.json",
        "generation_config.json", "modules.json", "1_Pooling/config.json"}) {
    Document text = source.document(name);
    if (text.isThere() && !parseJson(text, problems))
      abort();
  }
  return 0;
}
