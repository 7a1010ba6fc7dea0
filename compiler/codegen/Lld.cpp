//===- Lld.cpp - the linker, in process -----------------------------------===//

#include "compiler/codegen/Lld.h"
#include "lld/Common/Driver.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

using namespace heddle::codegen;

namespace {

/// A pipe, and a thread that collects what is written to it.
class PipeReader {
public:
  llvm::Error start() {
    if (pipe2(ends, O_CLOEXEC))
      return llvm::createStringError("linking: no pipe: " +
                                     llvm::sys::StrError());
    int code = pthread_create(&thread, nullptr, collect, this);
    if (!code)
      return llvm::Error::success();
    close(ends[0]);
    close(ends[1]);
    return llvm::createStringError("linking: no thread: " +
                                   llvm::sys::StrError(code));
  }

  std::string path() const {
    return "/proc/self/fd/" + std::to_string(ends[1]);
  }

  /// Nothing more is written: what there was.
  llvm::Expected<llvm::SmallVector<char, 0>> finish() {
    close(ends[1]);
    pthread_join(thread, nullptr);
    if (failure)
      return llvm::createStringError("linking: no pipe: " +
                                     llvm::sys::StrError(failure));
    return std::move(bytes);
  }

private:
  static void *collect(void *reader) {
    auto *self = static_cast<PipeReader *>(reader);
    std::array<char, 1 << 16> part;
    ssize_t got;
    while ((got = llvm::sys::RetryAfterSignal(-1, read, self->ends[0],
                                              part.data(), part.size())) > 0)
      self->bytes.append(part.data(), part.data() + got);
    self->failure = got < 0 ? errno : 0;
    // Now, for whoever writes waits as long as there is a reader.
    close(self->ends[0]);
    return nullptr;
  }

  int ends[2];
  pthread_t thread;
  int failure = 0;
  llvm::SmallVector<char, 0> bytes;
};

} // namespace

/// The first of lld's errors, without its name before it.
static std::string firstError(llvm::StringRef output) {
  size_t at = output.find("error: ");
  llvm::StringRef line =
      output.substr(at == llvm::StringRef::npos ? 0 : at + 7).split('\n').first;
  return ("linking: " + line).str();
}

LinkedFile heddle::codegen::runLld(const std::vector<std::string> &arguments) {
  PipeReader reader;
  if (llvm::Error error = reader.start())
    return error;
  std::string path = reader.path();
  std::vector<const char *> argv = {"ld.lld", "--threads=1", "-o",
                                    path.c_str()};
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());
  std::string output;
  llvm::raw_string_ostream os(output);
  lld::Result result =
      lld::lldMain(argv, os, os, {{lld::Gnu, &lld::elf::link}});
  llvm::Expected<llvm::SmallVector<char, 0>> linked = reader.finish();
  if (!linked)
    return linked.takeError();
  if (result.retCode != 0)
    return llvm::createStringError(firstError(output));
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(*linked), /*RequiresNullTerminator=*/false);
}
