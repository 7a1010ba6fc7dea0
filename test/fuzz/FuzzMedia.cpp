// Any file → a picture's numbers and a sound's features.
#include "runtime/abi.h"
#include "test/fuzz/MemoryFile.h"

#include <cmath>

/// Reads it; what comes out has to be numbers.
static void read(heddle_reader reader, const std::string &path,
                 const void *steps) {
  heddle_reading reading = {};
  if (reader(path.c_str(), steps, &reading))
    return;
  int64_t count = 1;
  for (int32_t d = 0; d < reading.rank; ++d)
    count *= reading.shape[d];
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(reading.elements[i]))
      abort();
  free(reading.elements);
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  fuzz::MemoryFile file({data, size});
  heddle_image_steps toSize = {
      HEDDLE_RESIZE_TO_SIZE, 5, 7, 3, 0, 0, {}, {1, 1, 1}, 1};
  heddle_image_steps toEdge = {
      HEDDLE_RESIZE_SHORTER_EDGE, 6, 0, 1, 8, 4, {}, {1, 1, 1}, 1};
  heddle_audio_steps features = {8000, 60, 40, 12, 4000, 0};
  read(heddle_read_image, file.path, &toSize);
  read(heddle_read_image, file.path, &toEdge);
  read(heddle_read_audio, file.path, &features);
  return 0;
}
