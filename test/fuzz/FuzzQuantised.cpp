// A config.json and, behind a zero byte, a safetensors file → the weights that
// quantised tensors mean: the first and the last of each can be read, or there
// is a reason; so can the integers of the last output where they are kept, each
// within its type.
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

static void readLastIntegers(const Source &source, const StoredTensor &tensor) {
  auto type = source.integersOf(tensor);
  if (!type)
    return;
  const heddle::kernel::PackedFormat &format = heddle::kernel::formatOf(*type);
  std::vector<uint8_t> integers(tensor.shape[1]);
  std::vector<RunNumbers> numbers(integers.size() / format.run());
  llvm::SmallVector<char, 0> scratch;
  if (llvm::Error error = source.readIntegers(tensor, tensor.shape[0] - 1, 1,
                                              integers, numbers, scratch)) {
    if (llvm::toString(std::move(error)).empty())
      abort();
    return;
  }
  for (uint8_t integer : integers)
    if (integer >> format.bits())
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
  for (const StoredTensor &tensor : source.tensors()) {
    readEnds(source, tensor);
    readLastIntegers(source, tensor);
  }
  return 0;
}
