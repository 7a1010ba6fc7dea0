//===- InputFile.cpp - reading files of strangers -------------------------===//

#include "compiler/files/InputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace heddle::files {

namespace {

/// A descriptor that is closed where it goes out of scope.
struct Descriptor {
  int number;
  ~Descriptor() { close(number); }
};

Error failure(StringRef path, const Twine &what) {
  return createStringError(path + ": " + what);
}

/// What the system says, as our own messages are written.
Error systemFailure(StringRef path, int code) {
  std::string reason = sys::StrError(code);
  reason[0] = toLower(reason[0]);
  return failure(path, reason);
}

StringRef kindOf(mode_t mode) {
  if (S_ISDIR(mode))
    return "a directory";
  if (S_ISFIFO(mode))
    return "a pipe";
  if (S_ISSOCK(mode))
    return "a socket";
  return "a device";
}

Error notRegular(StringRef path, mode_t mode) {
  return failure(path, "found " + kindOf(mode) + ", needed a regular file");
}

/// Reads until `to` is full or the file ends; returns the bytes that were
/// there.
Expected<size_t> readInto(int file, StringRef path, MutableArrayRef<char> to) {
  size_t done = 0;
  while (done < to.size()) {
    ssize_t got = sys::RetryAfterSignal(-1, ::read, file, to.data() + done,
                                        to.size() - done);
    if (got < 0)
      return systemFailure(path, errno);
    if (got == 0)
      break;
    done += got;
  }
  return done;
}

} // namespace

bool isThere(const Twine &path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status, /*follow=*/false);
}

Expected<int> openRegularFile(StringRef path) {
  std::string name = path.str();
  if (path.contains('\0'))
    return failure(path, "no such file or directory");
  // Looked at before it is opened as well: opening some devices has effects.
  struct stat about;
  if (stat(name.c_str(), &about))
    return systemFailure(path, errno);
  if (!S_ISREG(about.st_mode))
    return notRegular(path, about.st_mode);
  int file = sys::RetryAfterSignal(
      -1, ::open, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0)
    return systemFailure(path, errno);
  if (fstat(file, &about)) {
    int code = errno;
    close(file);
    return systemFailure(path, code);
  }
  if (S_ISREG(about.st_mode))
    return file;
  close(file);
  return notRegular(path, about.st_mode);
}

Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef path,
                                                 uint64_t most) {
  Expected<int> opened = openRegularFile(path);
  if (!opened)
    return opened.takeError();
  Descriptor file{*opened};
  struct stat about;
  if (fstat(file.number, &about))
    return systemFailure(path, errno);
  uint64_t bytes = about.st_size;
  if (bytes > most)
    return failure(path, "found " + Twine(bytes) + " bytes, needed at most " +
                             Twine(most));
  std::unique_ptr<WritableMemoryBuffer> buffer =
      WritableMemoryBuffer::getNewUninitMemBuffer(bytes, path);
  if (!buffer)
    return systemFailure(path, ENOMEM);
  Expected<size_t> got = readInto(file.number, path, buffer->getBuffer());
  if (!got)
    return got.takeError();
  if (*got < bytes)
    return failure(path, "ended while it was read");
  char next;
  Expected<size_t> more = readInto(file.number, path, next);
  if (!more)
    return more.takeError();
  if (*more)
    return failure(path, "grew while it was read");
  return std::move(buffer);
}

Expected<std::unique_ptr<MemoryBuffer>> readStandardInput(uint64_t most) {
  constexpr StringLiteral name = "<stdin>";
  SmallString<0> text;
  while (true) {
    size_t done = text.size(), part = 1 << 16;
    text.resize_for_overwrite(done + part);
    Expected<size_t> got = readInto(STDIN_FILENO, name,
                                    MutableArrayRef(text.begin() + done, part));
    if (!got)
      return got.takeError();
    text.truncate(done + *got);
    if (text.size() > most)
      return failure(name, "found more bytes than " + Twine(most) +
                               ", needed at most that many");
    if (*got < part)
      return MemoryBuffer::getMemBufferCopy(text, name);
  }
}

} // namespace heddle::files
