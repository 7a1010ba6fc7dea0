#include "runtime/main/Input.h"
#include "runtime/main/Commands.h"

#include <unistd.h>

namespace heddle::runtime {

bool readStandardInput(text::Text &input) {
  if (isatty(STDIN_FILENO))
    fputs("reading standard input; end it with ctrl-D\n", stderr);
  char part[1 << 14];
  while (size_t bytes = fread(part, 1, sizeof part, stdin))
    input.append({part, bytes});
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
  if (memchr(input.data(), '\0', input.size())) {
    complain("standard input is not text: it holds a zero byte");
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
