#include "runtime/main/Truncation.h"

#include <atomic>
#include <csignal>
#include <cstring>
#include <unistd.h>

namespace heddle::runtime {

static std::atomic<const char *> mappedFile{nullptr};

/// Calls nothing but what a handler may call.
static void onBusError(int, siginfo_t *about, void *) {
  // Another program may send the signal as well: it then does what it always
  // does.
  if (about->si_code != BUS_ADRERR) {
    signal(SIGBUS, SIG_DFL);
    raise(SIGBUS);
    return;
  }
  const char *path = mappedFile.load();
  const char *parts[] = {"error: ", path,
                         ": became shorter while it was read\n"};
  for (const char *part : parts)
    if (write(STDERR_FILENO, part, strlen(part)) < 0)
      break;
  _exit(1);
}

void reportTruncationOf(const char *path) {
  mappedFile.store(path);
  struct sigaction action = {};
  action.sa_sigaction = onBusError;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

} // namespace heddle::runtime
