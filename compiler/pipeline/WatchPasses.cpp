//===- WatchPasses.cpp - which pass runs, and on what ---------------------===//

#include "compiler/pipeline/WatchPasses.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Operation.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Rewrite/PatternApplicator.h"
#include "llvm/ADT/STLExtras.h"
#include <array>
#include <csignal>
#include <ctime>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace heddle::pipeline;

/// Whoever ends a pass that has run no longer knows why.
static constexpr int64_t longSeconds = 2;
/// What is told has to be told by then.
static constexpr unsigned tellingSeconds = 30;

/// Handlers of signals call it.
static int64_t secondsOfClock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1; // never 0
}

//===----------------------------------------------------------------------===//
// Notes
//===----------------------------------------------------------------------===//

namespace {

class NotePass : public PassInstrumentation {
public:
  explicit NotePass(WatchedPasses &watched) : watched(watched) {}

  void runBeforePass(Pass *pass, Operation *) override {
    watched.place = nullptr;
    if (!pass->getArgument().empty())
      watched.name = pass->getArgument();
    if (isOutermost(pass)) {
      watched.outermost = pass;
      watched.begun = secondsOfClock();
    }
  }
  void runAfterPass(Pass *pass, Operation *) override {
    if (isOutermost(pass))
      watched.begun = 0;
  }

private:
  bool isOutermost(Pass *pass) {
    return llvm::any_of(watched.passes.getPasses(),
                        [&](Pass &other) { return &other == pass; });
  }

  WatchedPasses &watched;
};

} // namespace

/// What the thread runs.
static thread_local WatchPasses *watching = nullptr;

/// Notes the place of the op that a pattern is tried on.
static void notePlace(llvm::function_ref<void()> work,
                      const tracing::Action &action) {
  ArrayRef<IRUnit> units = action.getContextIRUnits();
  auto *op = units.empty() || !isa<ApplyPatternAction>(action)
                 ? nullptr
                 : dyn_cast_if_present<Operation *>(units.front());
  if (!watching || !op)
    return work();
  std::atomic<const void *> &place = watching->watched.place;
  const void *outer = place.load(std::memory_order_relaxed);
  place.store(op->getLoc().getAsOpaquePointer(), std::memory_order_relaxed);
  work();
  place.store(outer, std::memory_order_relaxed);
}

//===----------------------------------------------------------------------===//
// Signals
//===----------------------------------------------------------------------===//

/// One a thread; null: none, or of another thread's passes.
static std::array<std::atomic<WatchPasses *>, 64> everywhere;

/// What was done about a signal before.
static struct sigaction earlierInterrupt, earlierTermination;

static WatchPasses *findLongest(int64_t &seconds) {
  WatchPasses *longest = nullptr;
  int64_t now = secondsOfClock();
  for (auto &each : everywhere) {
    WatchPasses *other = each;
    int64_t begun = other ? other->watched.begun.load() : 0;
    if (begun && now - begun >= seconds) {
      seconds = now - begun;
      longest = other;
    }
  }
  return longest;
}

static void write(StringRef text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

/// The pass may have been stopped anywhere, within malloc too. What a process
/// of its own makes of that is nobody's harm: it may fail, or take too long.
static void tellInFork(WatchPasses &watch, int64_t seconds) {
  pid_t child = _Fork();
  if (child == 0) {
    for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGINT, SIGTERM})
      std::signal(signal, SIG_DFL);
    alarm(tellingSeconds);
    watch.tell(watch.watched, seconds);
    _exit(0);
  }
  int status = 1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (status == 0)
    return;
  write("error: ");
  write(watch.watched.name);
  write(" was interrupted, and what it was given cannot be written down\n");
}

/// Ends the process as it would have ended without this.
static void onSignal(int signal) {
  int code = errno;
  sigaction(signal, signal == SIGINT ? &earlierInterrupt : &earlierTermination,
            nullptr);
  int64_t seconds = longSeconds;
  if (WatchPasses *longest = findLongest(seconds))
    tellInFork(*longest, seconds);
  errno = code;
  raise(signal);
}

static bool catchSignals() {
  struct sigaction action = {};
  action.sa_handler = onSignal;
  sigaction(SIGINT, &action, &earlierInterrupt);
  sigaction(SIGTERM, &action, &earlierTermination);
  for (auto [signal, earlier] : {std::pair(SIGINT, &earlierInterrupt),
                                 std::pair(SIGTERM, &earlierTermination)})
    if (earlier->sa_handler == SIG_IGN)
      sigaction(signal, earlier, nullptr);
  return true;
}

WatchPasses::WatchPasses(PassManager &passes, MLIRContext *context, Tell tell)
    : watched(passes), tell(tell), outer(watching) {
  [[maybe_unused]] static const bool catches = catchSignals();
  passes.addInstrumentation(std::make_unique<NotePass>(watched));
  if (!context->hasActionHandler())
    context->registerActionHandler(notePlace);
  watching = this;
  for (auto &each : everywhere) {
    WatchPasses *free = nullptr;
    if (each.compare_exchange_strong(free, this))
      break;
  }
}

WatchPasses::~WatchPasses() {
  watching = outer;
  for (auto &each : everywhere) {
    WatchPasses *self = this;
    each.compare_exchange_strong(self, nullptr);
  }
}
