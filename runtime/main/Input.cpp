#include "runtime/main/Input.h"
#include "runtime/RegularFile.h"
#include "runtime/main/Commands.h"
#include "runtime/text/Tokenizer.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace heddle::runtime {

bool readTextFile(const char *path, const char *needed, text::Text &input) {
  RegularFile file(path);
  Array<uint8_t> bytes;
  if (file.check(needed) || file.readAll(text::mostTextBytes, bytes)) {
    complainLastError();
    return false;
  }
  if (memchr(bytes.data(), '\0', static_cast<size_t>(bytes.size()))) {
    complain("%s: found a zero byte, needed %s", path, needed);
    return false;
  }
  input.append({reinterpret_cast<const char *>(bytes.data()),
                static_cast<size_t>(bytes.size())});
  input.push('\0');
  return !complainOfMemory();
}

bool readStandardInput(text::Text &input) {
  if (isatty(STDIN_FILENO))
    fputs("reading standard input; end it with ctrl-D\n", stderr);
  char part[1 << 14];
  // What can never be a text is not read to its end: /dev/zero has none.
  while (size_t bytes = fread(part, 1, sizeof part, stdin)) {
    if (memchr(part, '\0', bytes)) {
      complain("standard input is not text: it holds a zero byte");
      return false;
    }
    if (input.size() + bytes > text::mostTextBytes) {
      complain("standard input is longer than a GiB");
      return false;
    }
    input.append({part, bytes});
    if (complainOfMemory())
      return false;
  }
  if (ferror(stdin)) {
    complain("standard input: %s", strerror(errno));
    return false;
  }
  if (!input.empty() && input.back() == '\n')
    input.pop();
  input.push('\0');
  if (complainOfMemory())
    return false;
  input.pop();
  if (input.empty()) {
    complain("there is no text: give it as arguments or on standard input");
    return false;
  }
  input.push('\0');
  return true;
}

void splitLines(text::Text &input, text::Buffer<const char *> &lines) {
  char *line = input.data();
  while (char *end = strchr(line, '\n')) {
    *end = '\0';
    if (end > line && end[-1] == '\r')
      end[-1] = '\0';
    lines.push(line);
    line = end + 1;
  }
  lines.push(line);
}

} // namespace heddle::runtime
