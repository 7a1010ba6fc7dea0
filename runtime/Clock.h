// Time for --profile.
#ifndef HEDDLE_RUNTIME_CLOCK_H
#define HEDDLE_RUNTIME_CLOCK_H

#include <ctime>

namespace heddle::runtime {

/// Seconds since some fixed moment.
inline double secondsNow() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_CLOCK_H
