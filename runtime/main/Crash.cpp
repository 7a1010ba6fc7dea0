// The place is an address within the file, which a debugger or addr2line turns
// into a line of the model where the program was built with -g. Which op that
// is the program does not say by itself: it would have to note each of them.
// Handlers have only what is found out before, and call nothing but write().

#include "runtime/main/Crash.h"

#include <climits>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <link.h>
#include <ucontext.h>
#include <unistd.h>

namespace heddle::runtime {

namespace {

struct Crash {
  int signal;
  const char *name;
};

/// The program's own file, and where its code has been loaded.
struct LoadedFile {
  char path[PATH_MAX] = "the program";
  uintptr_t base = 0, begin = 0, end = 0;
};

constexpr Crash crashes[] = {{SIGSEGV, "segmentation fault"},
                             {SIGILL, "illegal instruction"},
                             {SIGFPE, "arithmetic exception"}};
LoadedFile file;

/// A stack that has overflowed is none for a handler.
alignas(16) char handlerStack[64 << 10];

} // namespace

/// The first that is told is the program; its segments with code count.
static int findCode(dl_phdr_info *object, size_t, void *) {
  file.base = object->dlpi_addr;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) &part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || !(part.p_flags & PF_X))
      continue;
    file.begin = file.base + part.p_vaddr;
    file.end = file.begin + part.p_memsz;
  }
  return 1;
}

static uintptr_t placeOf(const ucontext_t &context) {
#if defined(__x86_64__)
  return static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
#else
  return context.uc_mcontext.pc;
#endif
}

static void say(const char *text) {
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text, strlen(text));
}

static void sayHexadecimal(uintptr_t number) {
  char text[2 + 2 * sizeof number + 1], *at = text + sizeof text - 1;
  *at = 0;
  do
    *--at = "0123456789abcdef"[number % 16];
  while (number /= 16);
  *--at = 'x';
  *--at = '0';
  say(at);
}

static void sayCrash(const char *what, uintptr_t place) {
  say("error: ");
  say(file.path);
  say(" crashed: ");
  say(what);
  if (place < file.begin || place >= file.end)
    return say(", outside of its own code\n");
  say(" at ");
  sayHexadecimal(place - file.base);
  say("; if it was built with -g, the line of the model: addr2line -e ");
  say(file.path);
  say(" ");
  sayHexadecimal(place - file.base);
  say("\n");
}

/// Where it returns, the instruction is run again and ends the process: what is
/// left of it is as it was.
static void onCrash(int signal, siginfo_t *about, void *context) {
  // What another program sends does what it always does.
  if (about->si_code <= 0) {
    raise(signal);
    return;
  }
  for (const Crash &crash : crashes)
    if (crash.signal == signal)
      sayCrash(crash.name, placeOf(*static_cast<ucontext_t *>(context)));
}

void reportCrashes() {
  for (const Crash &crash : crashes) {
    struct sigaction present = {};
    if (sigaction(crash.signal, nullptr, &present) ||
        present.sa_handler != SIG_DFL)
      return;
  }
  ssize_t length = readlink("/proc/self/exe", file.path, sizeof file.path - 1);
  if (length > 0)
    file.path[length] = 0;
  dl_iterate_phdr(findCode, nullptr);
  stack_t stack = {handlerStack, 0, sizeof handlerStack};
  sigaltstack(&stack, nullptr);
  for (const Crash &crash : crashes) {
    struct sigaction action = {};
    action.sa_sigaction = onCrash;
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
    sigaction(crash.signal, &action, nullptr);
  }
}

} // namespace heddle::runtime
