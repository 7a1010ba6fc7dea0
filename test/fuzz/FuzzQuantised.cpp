// A config.json and, behind a zero byte, a safetensors file → the weights that
// quantised tensors mean: the first and the last of each can be read, or there
// is a reason.
#include "compiler/checkpoint/QuantisedSource.h"
#include "compiler/checkpoint/SafetensorsSource.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle::checkpoint;

static void readEnds(const Source &source, const StoredTensor &tensor) {
  if (tensor.bytes == 0 || !holdsWeights(tensor.dtype))
    return;
  llvm::SmallVector<char, 0> scratch;
  float number;
  uint64_t count = tensor.bytes * 8 / bitsOf(tensor.dtype);
  for (uint64_t at : {uint64_t(0), count - 1})
    if (llvm::Error error = source.readFloats(tensor, at, number, scratch))
      if (llvm::toString(std::move(error)).empty())
        abort();
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view bytes(data, size);
  fuzz::writeInMemory("config.json", fuzz::nextPart(bytes));
  fuzz::writeInMemory("model.safetensors", bytes);
  Problems problems;
  QuantisedSource source(
      std::make_unique<SafetensorsSource>(fuzz::memoryFolder()));
  if (!source.open(problems))
    return problems.empty() ? abort(), 0 : 0;
  for (const StoredTensor &tensor : source.tensors())
    readEnds(source, tensor);
  return 0;
}
