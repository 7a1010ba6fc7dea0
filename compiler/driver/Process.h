//===- Process.h - what may befall the whole process ----------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_PROCESS_H
#define HEDDLE_COMPILER_DRIVER_PROCESS_H

namespace heddle::driver {

/// To be called first. From then on
///  - exhausted memory, and faults that LLVM cannot report otherwise, are one
///    `error: …` line, exit code 1 and no file left;
///  - a file size limit is an error of the write that meets it, and no signal;
///  - a reader that has gone is an error of standard output;
///  - no file that is opened takes the place of a standard stream that the
///    caller has closed.
void prepareProcess(const char *program);

/// What the process was to do is done, or why not has been said: memory that is
/// exhausted while it tidies up ends it without a word, with this exit code.
void noteOutcome(int code);

/// Ends the process as it ends where memory is exhausted; needs none.
[[noreturn]] void stopWithoutMemory();

/// Ends the process, with exit code 1, after it has been said that it crashed.
[[noreturn]] void stopAfterCrash();

/// While this lives, malloc may come back empty, as the C library's does: a
/// compiled program knows what to do, and what to clean up.
class RunsProgram {
public:
  RunsProgram();
  ~RunsProgram();
};

/// Writes out standard output. The exit code: `code`, unless the output cannot
/// be written; then 1 after an error, or that of SIGPIPE, without a word, where
/// the reader has gone.
int finishOutput(int code);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_PROCESS_H
