//===- TemporaryName.cpp - names that killed processes may leave ----------===//

#include "compiler/files/TemporaryName.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using sys::RetryAfterSignal;

namespace heddle::files {

/// Whether `path` still names the open file: who had it before may have moved
/// or removed it. A file with a second name is somebody's: it is not ours.
static bool isStillThere(int file, const std::string &path) {
  struct stat opened, named;
  return !fstat(file, &opened) && !lstat(path.c_str(), &named) &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino &&
         S_ISREG(opened.st_mode) && opened.st_nlink == 1 &&
         opened.st_uid == geteuid();
}

/// Opens and locks it, or gives -1: errno is EEXIST where another one uses the
/// name. A file system without locks has new files only.
static int tryLock(const std::string &path) {
  constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int file = RetryAfterSignal(-1, ::open, path.c_str(),
                              flags | O_CREAT | O_EXCL, 0666);
  bool isNew = file >= 0;
  if (!isNew && errno != EEXIST)
    return -1;
  if (!isNew)
    file = RetryAfterSignal(-1, ::open, path.c_str(), flags);
  if (file < 0) {
    errno = EEXIST; // a link, a directory or another user's
    return -1;
  }
  bool isLocked = !RetryAfterSignal(-1, flock, file, LOCK_EX | LOCK_NB) ||
                  (isNew && errno != EWOULDBLOCK);
  if (isLocked && isStillThere(file, path)) {
    mode_t mask = umask(0);
    umask(mask);
    if (isNew || (!RetryAfterSignal(-1, ftruncate, file, 0) &&
                  !fchmod(file, 0666 & ~mask)))
      return file;
  }
  close(file);
  errno = EEXIST;
  return -1;
}

static std::atomic<const char *> unnoted = nullptr;

void removeOnSignal(const char *path) {
  unnoted = path;
  sys::RemoveFileOnSignal(path); // takes memory
  unnoted = nullptr;
}

void removeUnnotedTemporary() {
  if (const char *path = unnoted)
    unlink(path);
}

Expected<LockedFile> lockTemporary(StringRef path) {
  SignalsBlocked blocked;
  constexpr unsigned mostAtOnce = 1000;
  for (unsigned number = 0; number < mostAtOnce; ++number) {
    std::string name = (path + ".heddle-" + Twine(number) + ".tmp").str();
    if (int file = tryLock(name); file >= 0) {
      removeOnSignal(name.c_str());
      return LockedFile{file, name};
    }
    if (errno != EEXIST)
      break;
  }
  return createFileError(path, std::error_code(errno, std::generic_category()));
}

} // namespace heddle::files
