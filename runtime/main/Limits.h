// What the machine can do at most, measured when somebody wants to compare.
#ifndef HEDDLE_RUNTIME_MAIN_LIMITS_H
#define HEDDLE_RUNTIME_MAIN_LIMITS_H

#include "runtime/Threads.h"

namespace heddle::runtime {

/// Of all threads together; 0 where this build knows no way to measure it.
struct Limits {
  double f32 = 0, bf16 = 0, i8 = 0; // multiplications and additions a second
  double memory = 0;                // bytes a second, read
};

/// Runs each of the machine's widest instructions for some milliseconds on
/// every thread, and reads more memory than caches hold.
Limits measureLimits(ThreadPool &threads);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_LIMITS_H
