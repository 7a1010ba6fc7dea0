#include "runtime/main/LineReader.h"
#include "runtime/main/Commands.h"
#include "runtime/text/Tokenizer.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::runtime {

LineReader::~LineReader() {
  if (file > STDIN_FILENO)
    close(file);
}

bool LineReader::fail(const char *what) {
  complain("%s%s", name, what);
  hasFailed = true;
  return false;
}

bool LineReader::open(const char *path) {
  if (!path && isatty(STDIN_FILENO))
    fputs("reading standard input; end it with ctrl-D\n", stderr);
  if (path)
    name = path;
  file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (file < 0) {
    complain("%s: %s", path, strerror(errno));
    return false;
  }
  struct stat about;
  if (!fstat(file, &about) && S_ISREG(about.st_mode))
    bytesTotal = about.st_size;
  return true;
}

bool LineReader::isReady() {
  if (atEnd || memchr(held.data() + at, '\n', held.size() - at))
    return true;
  pollfd waited = {file, POLLIN, 0};
  return poll(&waited, 1, 0) != 0;
}

/// Reads some more. False where that is impossible.
bool LineReader::fill() {
  char part[1 << 14];
  ssize_t bytes;
  do
    bytes = read(file, part, sizeof part);
  while (bytes < 0 && errno == EINTR);
  if (bytes < 0) {
    complain("%s: %s", name, strerror(errno));
    hasFailed = true;
    return false;
  }
  atEnd = bytes == 0;
  // What can never be a text is not read to its end: /dev/zero has none.
  if (memchr(part, '\0', bytes))
    return fail(" is not text: it holds a zero byte");
  if (held.size() - at + bytes > text::mostTextBytes)
    return fail(" has a line that is longer than a GiB");
  if (at > 0) {
    memmove(held.data(), held.data() + at, held.size() - at);
    held.shrink(held.size() - at);
    at = 0;
  }
  held.append({part, static_cast<size_t>(bytes)});
  if (!complainOfMemory())
    return true;
  hasFailed = true;
  return false;
}

bool LineReader::next(text::Text &line) {
  size_t sought = at;
  const char *end = nullptr;
  while (!hasFailed) {
    end = static_cast<const char *>(
        memchr(held.data() + sought, '\n', held.size() - sought));
    if (end || atEnd)
      break;
    size_t seen = held.size() - at;
    if (!fill())
      return false;
    sought = at + seen;
  }
  if (hasFailed || (!end && at == held.size()))
    return false;
  size_t length = (end ? end - held.data() : held.size()) - at;
  line.clear();
  line.append({held.data() + at, length});
  if (!line.empty() && line.back() == '\r')
    line.pop();
  at += length + (end != nullptr);
  bytesTaken += static_cast<int64_t>(length) + 1;
  return true;
}

} // namespace heddle::runtime
