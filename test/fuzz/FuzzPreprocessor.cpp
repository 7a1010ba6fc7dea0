// preprocessor_config.json and processor_config.json, with a zero byte between
// them → what becomes of pictures and of sound.
#include "compiler/checkpoint/Preprocessor.h"
#include "test/fuzz/MemoryFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::checkpoint;

static void writeFile(const std::string &path, std::string_view text) {
  std::error_code error;
  llvm::raw_fd_ostream(path, error)
      << llvm::StringRef(text.data(), text.size());
}

/// A folder for the files in memory, removed when the process ends well.
static const std::string &folder() {
  static const auto *path = [] {
    auto *made = new std::string("/dev/shm/heddle-fuzz-preprocessor-" +
                                 std::to_string(getpid()));
    llvm::sys::fs::create_directories(*made);
    atexit([] { llvm::sys::fs::remove_directories(folder()); });
    return made;
  }();
  return *path;
}

/// Every size that comes out is one that a program can take.
static void check(bool fits) {
  if (!fits)
    abort();
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  std::string_view whole = fuzz::nextPart(rest);
  writeFile(folder() + "/preprocessor_config.json", whole);
  std::string within = folder() + "/processor_config.json";
  if (rest.empty())
    llvm::sys::fs::remove(within);
  else
    writeFile(within, rest);
  auto source = createSource(folder());
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
