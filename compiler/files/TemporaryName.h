//===- TemporaryName.h - names that killed processes may leave --*- C++ -*-===//

#ifndef HEDDLE_COMPILER_FILES_TEMPORARYNAME_H
#define HEDDLE_COMPILER_FILES_TEMPORARYNAME_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <csignal>
#include <string>

namespace heddle::files {

/// Keeps signals away between a step and the note that says how to undo it.
class SignalsBlocked {
public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
  sigset_t before;
};

/// A file that this process has locked.
struct LockedFile {
  int descriptor;
  std::string path;
};

/// Opens the first of `path`.heddle-0.tmp, `path`.heddle-1.tmp, … that nobody
/// uses, empty. It is removed when a signal ends the process.
llvm::Expected<LockedFile> lockTemporary(llvm::StringRef path);

/// Notes a file that this process has just made as one that signals remove.
void removeOnSignal(const char *path);

/// For who ends the process where memory is exhausted: removes the file that
/// removeOnSignal had no memory to note. Needs none.
void removeUnnotedTemporary();

} // namespace heddle::files

#endif // HEDDLE_COMPILER_FILES_TEMPORARYNAME_H
