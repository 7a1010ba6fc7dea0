// What two threads share: a lock, and a condition that one waits for.
#ifndef HEDDLE_RUNTIME_SERVE_MONITOR_H
#define HEDDLE_RUNTIME_SERVE_MONITOR_H

#include <pthread.h>

namespace heddle::serve {

class Monitor {
public:
  Monitor() = default;
  Monitor(const Monitor &) = delete;
  Monitor &operator=(const Monitor &) = delete;

  /// Holds the lock for one scope.
  class Lock {
  public:
    explicit Lock(Monitor &monitor) : monitor(monitor) {
      pthread_mutex_lock(&monitor.mutex);
    }
    Lock(const Lock &) = delete;
    Lock &operator=(const Lock &) = delete;
    ~Lock() { pthread_mutex_unlock(&monitor.mutex); }

    /// Until somebody calls wake(), or for no reason.
    void wait() { pthread_cond_wait(&monitor.condition, &monitor.mutex); }

  private:
    Monitor &monitor;
  };

  void wake() { pthread_cond_broadcast(&condition); }

private:
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_MONITOR_H
