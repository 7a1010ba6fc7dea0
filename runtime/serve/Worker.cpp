#include "runtime/serve/Worker.h"
#include "runtime/Error.h"

namespace heddle::serve {

void *Worker::main(void *worker) {
  static_cast<Worker *>(worker)->run();
  return nullptr;
}

heddle_status Worker::start() {
  if (pthread_create(&thread, nullptr, main, this))
    return runtime::fail(HEDDLE_OUT_OF_MEMORY, "the system refuses a thread");
  hasThread = true;
  return HEDDLE_OK;
}

void Worker::stop() {
  if (!hasThread)
    return;
  {
    Monitor::Lock lock(monitor);
    stopping = true;
    monitor.wake();
  }
  pthread_join(thread, nullptr);
  hasThread = false;
}

} // namespace heddle::serve
