// What the machine can do at most, measured when somebody wants to compare.
#ifndef HEDDLE_RUNTIME_MAIN_LIMITS_H
#define HEDDLE_RUNTIME_MAIN_LIMITS_H

#include "runtime/Threads.h"

namespace heddle::runtime {

/// Of all threads together; 0 where this build knows no way to measure it.
struct Limits {
  double f32 = 0, bf16 = 0, i8 = 0; // multiplications and additions a second
  /// Where operands may lie, the fastest first; the last is memory.
  struct Level {
    const char *name;
    double capacity; // bytes, of the caches that the threads have
    double speed;    // bytes a second, read
  };
  static constexpr int levelCount = 4;
  Level levels[levelCount] = {
      {"L1", 0, 0}, {"L2", 0, 0}, {"L3", 0, 0}, {"memory", 0, 0}};
  double memory() const { return levels[levelCount - 1].speed; }
};

/// Runs each of the machine's widest instructions for some milliseconds on
/// every thread, and reads as much as each cache holds, and more than any.
Limits measureLimits(ThreadPool &threads);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_LIMITS_H
