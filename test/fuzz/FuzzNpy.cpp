// Any file, then a byte that chooses the type that an entry needs → NpyArray.
#include "runtime/main/Npy.h"
#include "test/fuzz/MemoryFile.h"

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  constexpr heddle_type types[] = {HEDDLE_F32, HEDDLE_I32, HEDDLE_I64,
                                   HEDDLE_I8, HEDDLE_BOOL};
  if (size == 0)
    return 0;
  fuzz::MemoryFile file({data, size - 1});
  heddle::runtime::NpyArray array;
  if (array.read(file.path.c_str(),
                 types[static_cast<uint8_t>(data[size - 1]) % 5], 1 << 20))
    return 0;
  int64_t count = 1;
  for (int32_t i = 0; i < array.rank(); ++i)
    count *= array.dimension(i);
  if (count != array.count())
    abort();
  return 0;
}
