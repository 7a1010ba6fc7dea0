#include "runtime/main/Progress.h"
#include "runtime/Clock.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <unistd.h>

namespace heddle::runtime {

/// Work that is over sooner needs no telling, and nobody reads faster.
static constexpr double secondsBefore = 0.7, secondsBetween = 0.1;

Progress::Progress(const char *what)
    : what(what), wanted(isatty(STDERR_FILENO)), start(secondsNow()) {}

void Progress::show(int64_t count, double part) {
  double now = secondsNow();
  if (!wanted || now - start < secondsBefore || now - last < secondsBetween)
    return;
  last = now;
  shown = true;
  double rate = static_cast<double>(count) / (now - start);
  constexpr int width = 30;
  char bar[width + 1] = "";
  if (part >= 0) {
    int full = static_cast<int>(std::min(part, 1.0) * width);
    for (int i = 0; i < width; ++i)
      bar[i] = i < full ? '#' : '.';
  }
  fprintf(stderr, "\r\033[K%s%s%" PRId64 " %s, %.1f a second", bar,
          part >= 0 ? " " : "", count, what, rate);
  if (part > 0)
    fprintf(stderr, ", %.0f s left", (now - start) * (1 - part) / part);
  fflush(stderr);
}

void Progress::hide() {
  if (shown)
    fputs("\r\033[K", stderr);
  shown = false;
}

} // namespace heddle::runtime
