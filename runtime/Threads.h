// The threads of a model, and the loop that generated code runs on them.
//
// A loop is cut into shares, one a thread. Each thread takes its own share in
// ever smaller pieces, so that on a quiet machine it reads in every call what
// it has read in the last, and then pieces of what others have not begun: a
// loop does not wait for a thread that has no processor. Who computes what
// changes no bit of it. Waiting threads spin for some tens of microseconds,
// because the next loop of a running model follows at once, and then sleep in
// the kernel.
#ifndef HEDDLE_RUNTIME_THREADS_H
#define HEDDLE_RUNTIME_THREADS_H

#include "runtime/Memory.h"
#include "runtime/abi.h"

#include <atomic>
#include <pthread.h>

namespace heddle::runtime {

class Trace;

/// Bytes of stack that this thread has left; INT64_MAX where nobody knows, as
/// on a stack that the host has made for itself.
int64_t stackLeft();

class ThreadPool {
public:
  ThreadPool() = default;
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;
  ~ThreadPool();

  /// Starts `count` - 1 threads, on which tasks may take so much stack; the
  /// caller of run() is the first. False if the system refuses one. Call it
  /// once.
  [[nodiscard]] bool start(int32_t count, int64_t stackBytes);

  int32_t size() const { return threadCount; }

  /// Notes what each thread does of the loops that follow; null: nowhere.
  void traceTo(Trace *wanted) {
    trace.store(wanted, std::memory_order_relaxed);
  }

  /// Calls task(context, i) for every i in [0, n) and returns when all are
  /// done. If the pool is at work for another host thread, or the caller is
  /// itself a task, the loop runs on the calling thread.
  void run(heddle_task task, void *context, int64_t n);

  /// run() as the frame offers it to generated code.
  static void parallelFor(void *pool, heddle_task task, void *context,
                          int64_t n) {
    static_cast<ThreadPool *>(pool)->run(task, context, n);
  }

private:
  /// A loop as one thread sees it, on a cache line of its own. What is behind
  /// `left` is written before it, and read by who has taken a piece, without
  /// which the loop does not end.
  struct alignas(64) Share {
    /// What nobody has taken, and of which loop: see Threads.cpp.
    std::atomic<uint64_t> left{0};
    heddle_task task;
    void *context;
    int64_t count, units;
  };

  /// A thread of the pool's own. What it sleeps on is on a cache line of its
  /// own.
  struct alignas(64) Worker {
    std::atomic<uint32_t> sleeps{0};
    ThreadPool *pool;
    int32_t index;
    pthread_t thread;
  };

  static void *workerMain(void *worker);
  void publish(heddle_task task, void *context, int64_t n);
  static uint32_t takePiece(Share &share);
  static uint32_t takeAll(Share &share);
  uint32_t takeFromOthers(int32_t thread);
  template <typename Take> uint32_t noteUnits(int32_t thread, Take take);
  template <typename Take>
  static uint32_t traceUnits(Trace &trace, int32_t thread, Take take);
  void report(uint32_t units);
  void wakeBelow(int32_t thread);
  static bool awaitLoop(const Share &share, uint64_t last, int spins);
  static void sleepUntilLoop(Worker &self, const Share &share, uint64_t last);
  bool awaitUnits(uint32_t units, int spins) const;
  void sleepUntilUnits(uint32_t units);

  // What workers read in every loop and nobody writes meanwhile, on cache lines
  // that stay with all of them.
  alignas(64) int32_t threadCount = 1;
  int32_t startedWorkers = 0;
  int spinLimit = 0;
  std::atomic<bool> stopping{false};
  std::atomic<Trace *> trace{nullptr};
  Worker *workers = nullptr; // threadCount - 1
  Share *shares = nullptr;   // threadCount

  /// Units of the loop that workers have done; the caller sleeps on it.
  alignas(64) std::atomic<uint32_t> done{0};
  std::atomic<bool> callerSleeps{false};
  /// Callers alone: whether one is at work, and how many loops have begun.
  alignas(64) std::atomic<bool> busy{false};
  uint64_t loops = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_THREADS_H
