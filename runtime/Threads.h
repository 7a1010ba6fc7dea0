// The threads of a model, and the loop that generated code runs on them.
//
// Work is split statically: which thread runs which index depends on nothing
// but (n, thread count), so there is no queue to contend for. Waiting threads
// spin for some tens of microseconds, because the next region of a running
// model follows at once, and then sleep in the kernel.
#ifndef HEDDLE_RUNTIME_THREADS_H
#define HEDDLE_RUNTIME_THREADS_H

#include "runtime/Memory.h"
#include "runtime/abi.h"

#include <atomic>
#include <pthread.h>

namespace heddle::runtime {

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
  /// On a cache line of its own, so that finishing disturbs nobody else.
  struct alignas(64) Worker {
    std::atomic<uint32_t> finished; // the last region this thread has done
    ThreadPool *pool;
    int32_t index;
    pthread_t thread;
  };

  static void *workerMain(void *worker);
  void runShare(int32_t thread) const;
  uint32_t awaitRegion(uint32_t last);
  void awaitWorkers(uint32_t current);
  bool allFinished(uint32_t current) const;

  // Written by the caller of run() before `region` moves on, read by the
  // workers after.
  heddle_task task = nullptr;
  void *context = nullptr;
  int64_t count = 0;
  bool stopping = false;

  int32_t threadCount = 1;
  int32_t startedWorkers = 0;
  int spinLimit = 0;
  Worker *workers = nullptr; // threadCount - 1

  alignas(64) std::atomic<uint32_t> region{0};   // number of the current region
  std::atomic<int32_t> sleepers{0};              // workers asleep on `region`
  alignas(64) std::atomic<uint32_t> finishes{0}; // the caller sleeps on it
  std::atomic<bool> callerSleeps{false};
  alignas(64) std::atomic<bool> busy{false};
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_THREADS_H
