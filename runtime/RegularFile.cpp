#include "runtime/RegularFile.h"

#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::runtime {

// A pipe that nobody writes to would be waited for.
RegularFile::RegularFile(const char *path)
    : descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)), path(path) {}

heddle_status RegularFile::check(const char *needed) {
  struct stat about;
  if (descriptor.get() < 0 || fstat(descriptor.get(), &about))
    return fail(HEDDLE_BAD_FILE, "%s: %s", path, strerror(errno));
  if (!S_ISREG(about.st_mode))
    return fail(HEDDLE_BAD_FILE, "%s: is %s, needed: %s", path,
                S_ISDIR(about.st_mode) ? "a directory" : "no regular file",
                needed);
  bytes = about.st_size;
  return HEDDLE_OK;
}

bool RegularFile::read(void *to, int64_t wanted, int64_t offset) const {
  auto *at = static_cast<uint8_t *>(to);
  while (wanted > 0) {
    ssize_t got = pread(descriptor.get(), at, wanted, offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    at += got, offset += got, wanted -= got;
  }
  return true;
}

heddle_status RegularFile::readAll(int64_t most, Array<uint8_t> &to) const {
  if (bytes > most)
    return fail(HEDDLE_BAD_FILE,
                "%s: has %" PRId64 " bytes, needed: at most %" PRId64, path,
                bytes, most);
  if (!to.allocate(bytes))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  if (!read(to.data(), bytes, 0))
    return fail(HEDDLE_BAD_FILE, "%s: cannot be read", path);
  return HEDDLE_OK;
}

heddle_status RegularFile::map(FileMapping &to) const {
  return to.map(descriptor.get(), 0, bytes)
             ? HEDDLE_OK
             : fail(HEDDLE_BAD_FILE, "%s: %s", path, strerror(errno));
}

} // namespace heddle::runtime
