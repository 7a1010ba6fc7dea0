// preprocessor_config.json and processor_config.json, with a zero byte between
// them → what becomes of pictures and of sound.
#include "compiler/checkpoint/Preprocessor.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle::checkpoint;

/// Every size that comes out is one that a program can take.
static void check(bool fits) {
  if (!fits)
    abort();
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  std::string_view whole = fuzz::nextPart(rest);
  fuzz::writeInMemory("preprocessor_config.json", whole);
  std::string within = "processor_config.json";
  if (rest.empty())
    std::filesystem::remove(fuzz::memoryFolder() + "/" + within);
  else
    fuzz::writeInMemory(within, rest);
  auto source = createSource(fuzz::memoryFolder());
  Problems problems;
  if (auto steps = readImageProcessor(*source, "vit", problems)) {
    check(steps->filter >= 0 && steps->filter <= 5);
    check(steps->resize == HEDDLE_RESIZE_NONE || steps->width > 0);
    check(steps->resize != HEDDLE_RESIZE_TO_SIZE || steps->height > 0);
    check((steps->crop_width > 0) == (steps->crop_height > 0));
  }
  if (auto steps = readFeatureExtractor(*source, problems))
    check(steps->mels > 0 && steps->hop > 0 && steps->fft > 0 &&
          steps->samples > steps->fft);
  return 0;
}
