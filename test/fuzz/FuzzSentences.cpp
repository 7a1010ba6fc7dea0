// modules.json, config.json of its pooling and sentence_bert_config.json, with
// zero bytes between them → SentenceTransformer.
#include "compiler/checkpoint/SentenceTransformers.h"
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
    auto *made = new std::string("/dev/shm/heddle-fuzz-sentences-" +
                                 std::to_string(getpid()));
    llvm::sys::fs::create_directories(*made + "/1_Pooling");
    atexit([] { llvm::sys::fs::remove_directories(folder()); });
    return made;
  }();
  return *path;
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  writeFile(folder() + "/modules.json", fuzz::nextPart(rest));
  writeFile(folder() + "/1_Pooling/config.json", fuzz::nextPart(rest));
  writeFile(folder() + "/sentence_bert_config.json", fuzz::nextPart(rest));
  writeFile(folder() + "/config_sentence_transformers.json",
            fuzz::nextPart(rest));
  llvm::json::Object config{{"hidden_size", 8}};
  Problems problems;
  auto read =
      readSentenceTransformer(*createSource(folder()), config, problems);
  if (!read && problems.empty() && problems.unsupported().empty())
    abort();
  if (read)
    read->forModelFile();
  return 0;
}
