#include "runtime/main/Output.h"
#include "runtime/main/Commands.h"
#include "runtime/text/Unicode.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::runtime {

static bool readerIsGone = false;
static bool hasComplained = false; // one line is enough

bool OutputFile::open(const char *wanted) {
  path = wanted;
  if (!path) {
    file = stdout;
    return true;
  }
  struct stat about;
  if (!stat(path, &about) && !S_ISREG(about.st_mode)) {
    file = fopen(path, "we");
  } else {
    int descriptor;
    do {
      snprintf(temporary, sizeof temporary, "%.4090s.XXXXXX", path);
      descriptor = mkstemp(temporary);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor >= 0) {
      // mkstemp's mode is private; a result is as public as any new file.
      mode_t mask = umask(0);
      umask(mask);
      fchmod(descriptor, 0666 & ~mask);
      file = fdopen(descriptor, "w");
    } else {
      temporary[0] = '\0';
    }
  }
  if (!file)
    complain("%s: %s", path, strerror(errno));
  return file;
}

bool OutputFile::commit() {
  if (file == stdout) {
    file = nullptr;
    return flushStandardOutput();
  }
  bool written = !ferror(file);
  written &= fclose(file) == 0;
  file = nullptr;
  if (written && temporary[0])
    written = rename(temporary, path) == 0;
  if (written)
    temporary[0] = '\0';
  else
    complain("%s: %s", path, strerror(errno));
  return written;
}

OutputFile::~OutputFile() {
  if (file && file != stdout)
    fclose(file);
  if (temporary[0])
    unlink(temporary);
}

void occupyStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0)
      // The lowest number that is free. Using the stream remains an error.
      if (open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
        return;
}

bool flushStandardOutput() {
  if (!fflush(stdout) && !ferror(stdout))
    return true;
  if (errno == EPIPE)
    readerIsGone = true;
  else if (!hasComplained)
    complain("cannot write to standard output: %s", strerror(errno));
  hasComplained = true;
  return false;
}

void printShort(FILE *file, const char *text, int characters) {
  int bytes = 0;
  for (; text[bytes] && text[bytes] != '\n'; ++bytes)
    if ((text[bytes] & 0xc0) != 0x80 && characters-- == 0)
      break;
  fprintf(file, "%.*s%s", bytes, text, text[bytes] ? "…" : "");
}

int64_t charactersBefore(std::string_view text, size_t byte) {
  int64_t count = 0;
  for (size_t i = 0; i < byte; ++i)
    count += (text[i] & 0xc0) != 0x80;
  return count;
}

int outputExitCode() { return readerIsGone ? 128 + SIGPIPE : 1; }

} // namespace heddle::runtime
