// Lets an allocation of the runtime fail, and counts what is not given back.
// The linker sends the calls of its archives here (--wrap, CMakeLists.txt).
#ifndef HEDDLE_TEST_RUNTIME_ALLOCATIONHOOK_H
#define HEDDLE_TEST_RUNTIME_ALLOCATIONHOOK_H

#include <cstdint>

/// Of this thread, from construction to destruction.
class FailingAllocation {
public:
  /// Number `which` fails, from 1 on; 0: none.
  explicit FailingAllocation(int64_t which);
  FailingAllocation(const FailingAllocation &) = delete;
  FailingAllocation &operator=(const FailingAllocation &) = delete;
  ~FailingAllocation();

  /// Whether there have been so many allocations that one has failed.
  bool hasFailed() const;
};

/// Blocks of memory that this thread's runtime has and has not given back.
int64_t liveAllocations();

#endif // HEDDLE_TEST_RUNTIME_ALLOCATIONHOOK_H
