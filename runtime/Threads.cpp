#include "runtime/Threads.h"
#include "runtime/Clock.h"
#include "runtime/Cpu.h"
#include "runtime/Trace.h"

#include <algorithm>
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

/// It looks so often, a fraction of a microsecond, before it takes what is
/// another's: that one is about to do it, and has its data.
static constexpr int spinsBeforeTaking = 20;

/// Of a worker, beside what its tasks take. The host's limit (ulimit -s) says
/// nothing of what generated code needs.
static constexpr int64_t workerStackBytes = 256 << 10;

// Share::left: from the highest bit on the lowest 16 bits of the loop's number,
// the end of the share's units and the next one, 24 bits each. Who replaces a
// word has what it has taken from, whichever loop that is.
static constexpr uint64_t packLeft(uint64_t loop, int64_t next, int64_t end) {
  return loop << 48 | static_cast<uint64_t>(end) << 24 |
         static_cast<uint64_t>(next);
}
static constexpr int64_t nextOf(uint64_t left) { return left & 0xffffff; }
static constexpr int64_t endOf(uint64_t left) { return left >> 24 & 0xffffff; }
static constexpr uint64_t loopOf(uint64_t left) { return left >> 48; }

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

static void wake(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
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

/// Memory of `count` objects that lie on cache lines of their own; null where
/// there is none.
template <typename T> static T *allocateLines(int32_t count) {
  void *memory = nullptr;
  bool fails = posix_memalign(&memory, alignof(T), sizeof(T) * count);
  return fails ? nullptr : static_cast<T *>(memory);
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
  workers = allocateLines<Worker>(wanted - 1);
  shares = allocateLines<Share>(wanted);
  if (!workers || !shares)
    return false;
  for (int32_t i = 0; i < wanted; ++i)
    new (&shares[i]) Share;

  // Signals of the host program are handled on the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, workerStackBytes + stackBytes);
  for (; startedWorkers < wanted - 1; ++startedWorkers) {
    Worker *worker = new (&workers[startedWorkers]) Worker;
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
  // As publish(): either a worker is seen to sleep here, or it sees this.
  stopping.store(true);
  for (int32_t i = 0; i < startedWorkers; ++i)
    if (workers[i].sleeps.exchange(0))
      wake(workers[i].sleeps);
  for (int32_t i = 0; i < startedWorkers; ++i)
    pthread_join(workers[i].thread, nullptr);
  free(workers);
  free(shares);
}

/// Before it is reported, so that the loop has not ended.
template <typename Take>
[[gnu::noinline, gnu::cold]] uint32_t
ThreadPool::traceUnits(Trace &trace, int32_t thread, Take take) {
  double begin = secondsNow();
  uint32_t units = take();
  if (units)
    trace.addTask(thread, begin, secondsNow());
  return units;
}

/// What `take` does on a thread, and when, where somebody wants to know.
template <typename Take>
uint32_t ThreadPool::noteUnits(int32_t thread, Take take) {
  if (Trace *noted = trace.load(std::memory_order_relaxed))
    return traceUnits(*noted, thread, take);
  return take();
}

void ThreadPool::run(heddle_task task, void *context, int64_t n) {
  if (threadCount == 1 || n <= 1 ||
      busy.exchange(true, std::memory_order_acquire)) {
    for (int64_t i = 0; i < n; ++i)
      task(context, i);
    return;
  }
  publish(task, context, n);
  wakeBelow(0);
  auto others = static_cast<uint32_t>(shares[0].units) -
                noteUnits(0, [&] { return takeAll(shares[0]); });
  if (!awaitUnits(others, std::min(spinLimit, spinsBeforeTaking))) {
    others -= noteUnits(0, [&] { return takeFromOthers(0); });
    if (!awaitUnits(others, spinLimit))
      sleepUntilUnits(others);
  }
  busy.store(false, std::memory_order_release);
}

//===----------------------------------------------------------------------===//
// Shares
//===----------------------------------------------------------------------===//

/// Units of a loop at most: where it has more tasks, a unit is several.
static constexpr int64_t mostUnits = 1 << 20;

/// ⌈n·i / parts⌉, where part i of n begins; quotient and remainder apart, so
/// that no product overflows.
static int64_t boundary(int64_t n, int64_t i, int64_t parts) {
  int64_t whole = n / parts, rest = n % parts;
  return whole * i + (rest * i + parts - 1) / parts;
}

void ThreadPool::publish(heddle_task task, void *context, int64_t n) {
  int64_t units = std::min(n, mostUnits);
  done.store(0, std::memory_order_relaxed);
  ++loops;
  for (int32_t t = 0; t < threadCount; ++t) {
    Share &share = shares[t];
    share.task = task;
    share.context = context;
    share.count = n;
    share.units = units;
    // Sequentially consistent with sleepUntilLoop(): either wakeBelow() sees
    // the sleeper, or the sleeper sees the new loop.
    share.left.store(packLeft(loops, boundary(units, t, threadCount),
                              boundary(units, t + 1, threadCount)));
  }
}

/// Takes two thirds of what is left of a share, and does it; how many units.
uint32_t ThreadPool::takePiece(Share &share) {
  uint64_t left = share.left.load(std::memory_order_acquire);
  int64_t next, size;
  do {
    next = nextOf(left);
    int64_t units = endOf(left) - next;
    if (units <= 0)
      return 0;
    size = (2 * units + 2) / 3;
  } while (!share.left.compare_exchange_weak(left, left + size,
                                             std::memory_order_acq_rel));
  int64_t end = boundary(share.count, next + size, share.units);
  for (int64_t i = boundary(share.count, next, share.units); i < end; ++i)
    share.task(share.context, i);
  return static_cast<uint32_t>(size);
}

uint32_t ThreadPool::takeAll(Share &share) {
  uint32_t units = 0;
  while (uint32_t taken = takePiece(share))
    units += taken;
  return units;
}

uint32_t ThreadPool::takeFromOthers(int32_t thread) {
  uint32_t units = 0;
  for (int32_t t = thread + 1; t < threadCount; ++t)
    units += takeAll(shares[t]);
  for (int32_t t = 0; t < thread; ++t)
    units += takeAll(shares[t]);
  return units;
}

/// A worker says what it has done.
void ThreadPool::report(uint32_t units) {
  if (!units)
    return;
  done.fetch_add(units);
  if (callerSleeps.load())
    wake(done);
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void *ThreadPool::workerMain(void *argument) {
  Worker &self = *static_cast<Worker *>(argument);
  ThreadPool &pool = *self.pool;
  Share &own = pool.shares[self.index];
  StandardArithmetic arithmetic;
  for (uint64_t last = 0;;) {
    if (!awaitLoop(own, last, pool.spinLimit))
      sleepUntilLoop(self, own, last);
    if (pool.stopping.load())
      return nullptr;
    last = loopOf(own.left.load());
    pool.wakeBelow(self.index);
    int32_t index = self.index;
    pool.report(pool.noteUnits(index, [&] { return takeAll(own); }));
    if (!awaitLoop(own, last, std::min(pool.spinLimit, spinsBeforeTaking)))
      pool.report(
          pool.noteUnits(index, [&] { return pool.takeFromOthers(index); }));
  }
}

/// Each thread wakes two, which wake two each: thread i those of 2i + 1 and
/// 2i + 2.
void ThreadPool::wakeBelow(int32_t thread) {
  for (int32_t child : {2 * thread + 1, 2 * thread + 2}) {
    if (child >= threadCount)
      return;
    std::atomic<uint32_t> &sleeps = workers[child - 1].sleeps;
    if (sleeps.load() && sleeps.exchange(0))
      wake(sleeps);
  }
}

/// Whether a loop that is not `last` begins while it looks so often.
bool ThreadPool::awaitLoop(const Share &share, uint64_t last, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (loopOf(share.left.load(std::memory_order_acquire)) != last)
      return true;
    spinPause();
  }
  return false;
}

/// Or until the pool ends, which is no loop.
void ThreadPool::sleepUntilLoop(Worker &self, const Share &share,
                                uint64_t last) {
  for (;;) {
    self.sleeps.store(1);
    if (loopOf(share.left.load()) != last || self.pool->stopping.load())
      break;
    while (self.sleeps.load())
      sleepWhile(self.sleeps, 1);
  }
  self.sleeps.store(0);
}

/// Whether workers have done so many units once it has looked so often.
bool ThreadPool::awaitUnits(uint32_t units, int spins) const {
  for (int i = 0; i < spins; ++i) {
    if (done.load(std::memory_order_acquire) == units)
      return true;
    spinPause();
  }
  return false;
}

void ThreadPool::sleepUntilUnits(uint32_t units) {
  callerSleeps.store(true);
  for (uint32_t seen; (seen = done.load()) != units;)
    sleepWhile(done, seen);
  callerSleeps.store(false);
}

} // namespace heddle::runtime
