// A thread that does what others ask for, until it is told to stop.
#ifndef HEDDLE_RUNTIME_SERVE_WORKER_H
#define HEDDLE_RUNTIME_SERVE_WORKER_H

#include "runtime/heddle.h"
#include "runtime/serve/Monitor.h"

namespace heddle::serve {

class Worker {
public:
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  heddle_status start();
  /// Returns when run() has. Before anything that run() needs goes.
  void stop();

protected:
  Worker() = default;
  ~Worker() = default;

  /// The thread: returns soon after `stopping` is true.
  virtual void run() = 0;

  Monitor monitor;
  bool stopping = false; // held by the monitor

private:
  static void *main(void *worker);

  pthread_t thread = {};
  bool hasThread = false;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_WORKER_H
