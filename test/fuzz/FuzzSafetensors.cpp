// Any file → the header of a safetensors file; every tensor lies in the file.
#include "compiler/checkpoint/Safetensors.h"
#include "test/fuzz/MemoryFile.h"

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  fuzz::MemoryFile file({data, size});
  heddle::checkpoint::Problems problems;
  auto tensors = heddle::checkpoint::readSafetensorsHeader(
      file.file, "fuzz.safetensors", problems);
  if (!tensors)
    return problems.empty() ? abort(), 0 : 0;
  for (const heddle::checkpoint::StoredTensor &tensor : *tensors)
    if (tensor.offset > size || tensor.bytes > size - tensor.offset)
      abort();
  return 0;
}
