//===- OutputFile.cpp - files that appear whole or not at all -------------===//

#include "compiler/files/OutputFile.h"
#include "compiler/files/TemporaryName.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using sys::RetryAfterSignal;

namespace heddle::files {

static Error failure(StringRef path, int code) {
  return createFileError(path, std::error_code(code, std::generic_category()));
}

Error closeWritten(int descriptor, StringRef name) {
  // After EINTR it is closed all the same.
  return close(descriptor) && errno != EINTR ? failure(name, errno)
                                             : Error::success();
}

/// Writes to a copy of the descriptor, which can be closed, and the error of
/// closing be told, while the file stays open.
static Error writeThrough(int file, StringRef name,
                          function_ref<void(raw_pwrite_stream &)> write) {
  int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);
  if (copy < 0)
    return failure(name, errno);
  std::error_code error;
  {
    raw_fd_ostream os(copy, /*shouldClose=*/false);
    write(os);
    os.flush();
    error = os.error();
    os.clear_error();
  }
  Error closed = closeWritten(copy, name);
  if (!error)
    return closed;
  consumeError(std::move(closed));
  return createFileError(name, error);
}

//===----------------------------------------------------------------------===//
// ScratchFile
//===----------------------------------------------------------------------===//

Expected<ScratchFile> ScratchFile::openNamed(StringRef suffix) {
  SignalsBlocked blocked;
  SmallString<128> path;
  int file;
  if (std::error_code error =
          sys::fs::createTemporaryFile("heddle", suffix, file, path))
    return createFileError("temporary file", error);
  removeOnSignal(path.c_str());
  return ScratchFile(file, path, /*isNamed=*/true);
}

Expected<ScratchFile> ScratchFile::createNamed(StringRef suffix) {
  return openNamed(suffix);
}

Expected<ScratchFile> ScratchFile::create(StringRef contents) {
  SmallString<128> directory;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, directory);
  int file = RetryAfterSignal(-1, ::open, directory.c_str(),
                              O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  // Some file systems have no files without names.
  Expected<ScratchFile> scratch =
      file < 0 ? openNamed("tmp")
               : ScratchFile(file, "/proc/self/fd/" + std::to_string(file),
                             /*isNamed=*/false);
  if (!scratch)
    return scratch;
  if (Error error =
          writeThrough(scratch->file, "temporary file",
                       [&](raw_pwrite_stream &os) { os << contents; }))
    return std::move(error);
  return scratch;
}

ScratchFile::ScratchFile(ScratchFile &&other)
    : file(std::exchange(other.file, -1)), path_(std::move(other.path_)),
      isNamed(other.isNamed) {}

std::string ScratchFile::pathForOthers() const {
  if (isNamed)
    return path_;
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);
}

ScratchFile::~ScratchFile() {
  if (file < 0)
    return;
  SignalsBlocked blocked;
  if (isNamed) {
    unlink(path_.c_str());
    sys::DontRemoveFileOnSignal(path_);
  }
  close(file);
}

//===----------------------------------------------------------------------===//
// OutputFile
//===----------------------------------------------------------------------===//

Expected<OutputFile> OutputFile::create(StringRef path) {
  sys::fs::file_status status;
  bool exists = !sys::fs::status(path, status);
  if (exists && status.type() == sys::fs::file_type::directory_file)
    return failure(path, EISDIR);
  if (exists && status.type() != sys::fs::file_type::regular_file) {
    Expected<ScratchFile> scratch = ScratchFile::create("");
    if (!scratch)
      return scratch.takeError();
    int file = fcntl(scratch->descriptor(), F_DUPFD_CLOEXEC, 3);
    if (file < 0)
      return failure(path, errno);
    return OutputFile(file, path, "/proc/self/fd/" + std::to_string(file),
                      /*isCopied=*/true);
  }
  Expected<LockedFile> locked = lockTemporary(path);
  if (!locked)
    return locked.takeError();
  return OutputFile(locked->descriptor, path, locked->path,
                    /*isCopied=*/false);
}

OutputFile::OutputFile(OutputFile &&other)
    : file(std::exchange(other.file, -1)), old(std::exchange(other.old, -1)),
      path(std::move(other.path)), temporary(std::move(other.temporary)),
      isCopied(other.isCopied), isPlaced(other.isPlaced) {}

OutputFile::~OutputFile() {
  if (file < 0)
    return;
  SignalsBlocked blocked;
  // The locks go last: the name is ours until it is free.
  if (!isCopied && (!isPlaced || old >= 0))
    unlink(temporary.c_str());
  if (!isCopied)
    sys::DontRemoveFileOnSignal(temporary);
  close(file);
  if (old >= 0)
    close(old);
}

Error OutputFile::fill(function_ref<void(raw_pwrite_stream &)> write) {
  return writeThrough(file, path, write);
}

Error OutputFile::makeExecutable() {
  mode_t mask = umask(0);
  umask(mask);
  return fchmod(file, 0777 & ~mask) ? failure(path, errno) : Error::success();
}

/// Exchanges the names of the new and the old file.
bool OutputFile::swap() {
  return !renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(),
                    RENAME_EXCHANGE);
}

Error OutputFile::place(bool keepsOld) {
  if (isCopied)
    return copyToPlace();
  SignalsBlocked blocked;
  if (keepsOld) {
    // Locked, so that nobody takes its passing name for an abandoned one.
    old = RetryAfterSignal(-1, ::open, path.c_str(),
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (old >= 0 && (flock(old, LOCK_EX | LOCK_NB) || !swap())) {
      close(old);
      old = -1;
    }
  }
  if (old < 0 && rename(temporary.c_str(), path.c_str()))
    return failure(path, errno);
  isPlaced = true;
  return Error::success();
}

void OutputFile::withdraw() {
  SignalsBlocked blocked;
  if (!isPlaced || isCopied)
    return;
  if (old < 0) {
    unlink(path.c_str());
  } else if (swap()) {
    isPlaced = false;
  } else { // Better under another name than gone.
    close(old);
    old = -1;
  }
}

/// Through a buffer: no file system has to know how to copy to a device.
Error OutputFile::copyToPlace() {
  int to = RetryAfterSignal(-1, ::open, path.c_str(),
                            O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (to < 0)
    return failure(path, errno);
  int reading = 0;
  Error written = writeThrough(to, path, [&](raw_pwrite_stream &os) {
    std::array<char, 1 << 16> part;
    off_t at = 0;
    ssize_t got;
    while ((got = RetryAfterSignal(-1, pread, file, part.data(), part.size(),
                                   at)) > 0) {
      os.write(part.data(), got);
      at += got;
    }
    reading = got < 0 ? errno : 0;
  });
  Error closed = closeWritten(to, path);
  if (written || !reading) {
    if (!written)
      return closed;
    consumeError(std::move(closed));
    return written;
  }
  consumeError(std::move(closed));
  return failure("temporary file", reading);
}

Error writeFile(StringRef path, StringRef text) {
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->fill([&](raw_pwrite_stream &os) { os << text; }))
    return error;
  return file->place(/*keepsOld=*/false);
}

} // namespace heddle::files
