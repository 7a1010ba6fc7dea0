// Where the time of a program goes: totals by site (an op of a function).
#ifndef HEDDLE_RUNTIME_PROFILE_H
#define HEDDLE_RUNTIME_PROFILE_H

#include "runtime/Memory.h"
#include "runtime/Sizes.h"

namespace heddle::runtime {

/// What one site did in all calls so far.
struct SiteTotals {
  int64_t runs, runsOfCall;
  double seconds, flops, bytes;
};

/// Charges the time between two marks to the site of the second. For one call
/// at a time.
class Profile {
public:
  /// False if there is no memory. Call it once.
  [[nodiscard]] bool start(const heddle_program &program);

  void beginCall();
  void mark(int32_t site);
  /// Adds up the work that the sites did, now that the call's sizes are known.
  void endCall(const CallSizes &sizes);

  const SiteTotals &operator[](int32_t site) const { return totals[site]; }
  double callSeconds() const { return inCalls; }

private:
  const heddle_program *program = nullptr;
  Array<SiteTotals> totals;
  double callBegan = 0, lastMark = 0, inCalls = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_PROFILE_H
