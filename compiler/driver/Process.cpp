//===- Process.cpp - what may befall the whole process --------------------===//

#include "compiler/driver/Process.h"
#include "compiler/driver/Compilation.h"
#include "compiler/files/Message.h"
#include "compiler/files/TemporaryName.h"
#include "compiler/pipeline/Reproduce.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <exception>
#include <fcntl.h>
#include <new>
#include <typeinfo>
#include <unistd.h>

using namespace heddle;
using namespace heddle::driver;

constexpr int unknown = -1;
static std::atomic<int> outcome = unknown;

void driver::noteOutcome(int code) { outcome = code; }

static void removeFiles() {
  llvm::sys::RunInterruptHandlers();
  files::removeUnnotedTemporary();
}

/// Without memory of its own, from any thread: removes what is half written,
/// says one line and ends.
[[noreturn]] static void stop(const char *message) {
  removeFiles();
  for (const char *part : {"error: ", message, "\n"})
    if (write(STDERR_FILENO, part, std::strlen(part)) < 0)
      break;
  _exit(1);
}

void driver::stopWithoutMemory() {
  if (outcome == unknown)
    stop("out of memory");
  removeFiles();
  _exit(outcome);
}

void driver::stopAfterCrash() {
  removeFiles();
  _exit(1);
}

static void stopForLlvm(void *, const char *reason, bool) {
  llvm::StringRef text(reason);
  // Allocators of LLVM that bypass `new` say so in these words.
  if (text.contains("llocation failed") || text.contains("out of memory"))
    driver::stopWithoutMemory();
  if (pipeline::isWatchingPasses()) {
    files::printMessage(llvm::errs(), files::Severity::Error, reason);
    llvm::CrashRecoveryContext::GetCurrent()->HandleExit(
        pipeline::PassFailure::fatal);
  }
  stop(reason);
}

/// What is thrown all the same: std::bad_alloc, or std::system_error of a
/// thread for which there is no memory. Passes of plugins may throw what they
/// like, which is a crash.
static void stopForThrown() {
  const std::type_info *type = abi::__cxa_current_exception_type();
  llvm::StringRef name = type ? type->name() : "";
  if (pipeline::isWatchingPasses() && !name.empty() && name != "St9bad_alloc" &&
      name != "St12system_error")
    std::abort();
  driver::stopWithoutMemory();
}

/// A standard stream that is closed becomes one that cannot be used: open for
/// reading only, what is written gives an error.
static void occupyStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      // The lowest free number is this one: those below are open.
      (void)!open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void driver::prepareProcess(const char *program) {
  occupyStandardStreams();
  std::set_new_handler(stopWithoutMemory);
  std::set_terminate(stopForThrown);
  llvm::install_bad_alloc_error_handler(stopForLlvm);
  llvm::install_fatal_error_handler(stopForLlvm);
  llvm::sys::PrintStackTraceOnErrorSignal(program);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

int driver::finishOutput(int code) {
  llvm::outs().flush();
  // Nobody is left to be told that errors cannot be told.
  llvm::errs().clear_error();
  if (!llvm::outs().has_error())
    return code;
  std::error_code error = llvm::outs().error();
  llvm::outs().clear_error();
  if (error == std::errc::broken_pipe)
    return 128 + SIGPIPE;
  (void)fail(llvm::createFileError("standard output", error));
  return 1;
}
