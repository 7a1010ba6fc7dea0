// Words that end in zero bytes → the command lines of heddle and of a compiled
// program.
#include "compiler/driver/CommandLine.h"
#include "runtime/main/Arguments.h"
#include "test/fuzz/MemoryFile.h"
#include "test/runtime/ToyProgram.h"
#include "llvm/Support/raw_ostream.h"

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  std::vector<std::string> words = {"heddle"};
  while (!rest.empty() && words.size() < 64)
    words.emplace_back(fuzz::nextPart(rest));
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(words.size());

  (void)heddle::driver::parseCommandLine(
      llvm::ArrayRef<const char *>(argv.data(), argc), llvm::nulls(),
      llvm::nulls());
  heddle::runtime::Arguments arguments;
  (void)heddle::runtime::parseArguments(toy::program, argc, argv.data(),
                                        arguments);
  return 0;
}
