#include "runtime/Threads.h"
#include "runtime/Cpu.h"

#include <climits>
#include <csignal>
#include <linux/futex.h>
#include <new>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::runtime {

/// A waiting thread looks this often before it sleeps: about 50 µs, longer than
/// the gaps between the regions of a running model and far shorter than a time
/// slice.
static constexpr int mostSpins = 4000;

/// Of a worker, beside what its tasks take. The host's limit (ulimit -s) says
/// nothing of what generated code needs.
static constexpr int64_t workerStackBytes = 256 << 10;

static void spinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Sleeps while `word` holds `value`; may return early.
static void sleepWhile(std::atomic<uint32_t> &word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

static void wake(std::atomic<uint32_t> &word, int most) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, most, nullptr, nullptr, 0);
}

int64_t stackLeft() {
  // Where the thread's stack lies; both zero until somebody has asked.
  static thread_local uintptr_t low = 0, high = 0;
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (!high) {
    high = UINTPTR_MAX;
    pthread_attr_t attributes;
    void *start;
    size_t bytes;
    if (!pthread_getattr_np(pthread_self(), &attributes)) {
      if (!pthread_attr_getstack(&attributes, &start, &bytes)) {
        low = reinterpret_cast<uintptr_t>(start);
        high = low + bytes;
      }
      pthread_attr_destroy(&attributes);
    }
  }
  bool isKnown = low && here >= low && here < high;
  return isKnown ? static_cast<int64_t>(here - low) : INT64_MAX;
}

bool ThreadPool::start(int32_t wanted, int64_t stackBytes) {
  threadCount = wanted;
  // With more threads than processors, whoever spins keeps another from work.
  cpu_set_t processors;
  bool enough = !sched_getaffinity(0, sizeof processors, &processors) &&
                wanted <= CPU_COUNT(&processors);
  spinLimit = enough ? mostSpins : 0;
  if (wanted == 1)
    return true;
  void *memory = nullptr;
  if (posix_memalign(&memory, alignof(Worker), sizeof(Worker) * (wanted - 1)))
    return false;
  workers = static_cast<Worker *>(memory);

  // Signals of the host program are handled on the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, workerStackBytes + stackBytes);
  for (; startedWorkers < wanted - 1; ++startedWorkers) {
    Worker *worker = new (&workers[startedWorkers]) Worker;
    worker->finished.store(0, std::memory_order_relaxed);
    worker->pool = this;
    worker->index = startedWorkers + 1;
    if (pthread_create(&worker->thread, &attributes, workerMain, worker))
      break;
    pthread_setname_np(worker->thread, "heddle");
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return startedWorkers == wanted - 1;
}

ThreadPool::~ThreadPool() {
  stopping = true;
  region.fetch_add(1);
  wake(region, INT_MAX);
  for (int32_t i = 0; i < startedWorkers; ++i)
    pthread_join(workers[i].thread, nullptr);
  free(workers);
}

void ThreadPool::run(heddle_task newTask, void *newContext, int64_t n) {
  if (threadCount == 1 || n <= 1 ||
      busy.exchange(true, std::memory_order_acquire)) {
    for (int64_t i = 0; i < n; ++i)
      newTask(newContext, i);
    return;
  }
  task = newTask;
  context = newContext;
  count = n;
  // Sequentially consistent with awaitRegion(): either this thread sees the
  // sleeper, or the sleeper sees the new region.
  uint32_t current = region.fetch_add(1) + 1;
  if (sleepers.load() > 0)
    wake(region, INT_MAX);
  runShare(0);
  awaitWorkers(current);
  busy.store(false, std::memory_order_release);
}

/// Thread t of c runs [⌈n·t/c⌉, ⌈n·(t+1)/c⌉).
void ThreadPool::runShare(int32_t thread) const {
  auto boundary = [&](int64_t t) {
    // Quotient and remainder apart, so that no product overflows.
    int64_t whole = count / threadCount, rest = count % threadCount;
    return whole * t + (rest * t + threadCount - 1) / threadCount;
  };
  for (int64_t i = boundary(thread), end = boundary(thread + 1); i < end; ++i)
    task(context, i);
}

void *ThreadPool::workerMain(void *argument) {
  Worker &self = *static_cast<Worker *>(argument);
  ThreadPool &pool = *self.pool;
  StandardArithmetic arithmetic;
  for (uint32_t last = 0;;) {
    last = pool.awaitRegion(last);
    if (pool.stopping)
      return nullptr;
    pool.runShare(self.index);
    self.finished.store(last);
    if (pool.callerSleeps.load()) {
      pool.finishes.fetch_add(1);
      wake(pool.finishes, 1);
    }
  }
}

/// Returns the number of the region that follows `last`.
uint32_t ThreadPool::awaitRegion(uint32_t last) {
  for (int spins = 0; spins < spinLimit; ++spins) {
    uint32_t current = region.load(std::memory_order_acquire);
    if (current != last)
      return current;
    spinPause();
  }
  sleepers.fetch_add(1);
  uint32_t current;
  while ((current = region.load()) == last)
    sleepWhile(region, last);
  sleepers.fetch_sub(1);
  return current;
}

bool ThreadPool::allFinished(uint32_t current) const {
  for (int32_t i = 0; i < threadCount - 1; ++i)
    if (workers[i].finished.load() != current)
      return false;
  return true;
}

void ThreadPool::awaitWorkers(uint32_t current) {
  for (int spins = 0; spins < spinLimit; ++spins) {
    if (allFinished(current))
      return;
    spinPause();
  }
  callerSleeps.store(true);
  for (;;) {
    uint32_t seen = finishes.load();
    if (allFinished(current))
      break;
    sleepWhile(finishes, seen);
  }
  callerSleeps.store(false);
}

} // namespace heddle::runtime
