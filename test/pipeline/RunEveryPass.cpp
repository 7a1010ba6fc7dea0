//===- RunEveryPass.cpp - every-pass FILE…: each module through all passes ===//
//
// Says on standard output what it is about to run, so that the last line tells
// what ended the process, and then what came of each file.
//
//===----------------------------------------------------------------------===//

#include "test/pipeline/EveryPass.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/time.h>

/// No step may compute for longer than this: SIGPROF ends the process then.
static constexpr unsigned secondsOfStep = 10;

static void limitStep(unsigned seconds) {
  itimerval timer = {};
  timer.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &timer, nullptr);
}

int main(int argc, char **argv) {
  static constexpr llvm::StringLiteral names[] = {"refused", "lowered",
                                                  "silent"};
  for (int i = 1; i < argc; ++i) {
    auto file = llvm::MemoryBuffer::getFile(argv[i]);
    if (!file) {
      llvm::errs() << argv[i] << ": " << file.getError().message() << '\n';
      return 1;
    }
    auto begin = [&](llvm::StringRef step) {
      limitStep(secondsOfStep);
      llvm::outs() << argv[i] << " begins " << step << '\n';
      llvm::outs().flush();
    };
    auto verdict = heddle::test::runEveryPass((*file)->getBuffer(), begin);
    limitStep(0);
    llvm::outs() << argv[i] << " is " << names[static_cast<int>(verdict)]
                 << '\n';
  }
  return 0;
}
