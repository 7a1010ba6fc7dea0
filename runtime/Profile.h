// Where the time of a program goes: totals by site (an op of a function) and by
// entry, and a trace where one is wanted.
#ifndef HEDDLE_RUNTIME_PROFILE_H
#define HEDDLE_RUNTIME_PROFILE_H

#include "runtime/Memory.h"
#include "runtime/Sizes.h"
#include "runtime/Trace.h"

namespace heddle::runtime {

class ThreadPool;

/// What one site did in all calls so far.
struct SiteTotals {
  int64_t runs, runsOfCall;
  double seconds, flops, bytes;
};

/// The calls of one entry.
struct EntryTotals {
  int64_t runs;
  double seconds;
};

/// Charges the time between two marks to the site of the second. For one call
/// at a time.
class Profile {
public:
  /// False if there is no memory. Call it once.
  [[nodiscard]] bool start(const heddle_program &program);
  /// What runs is noted there as well, also what the pool's threads do of it.
  void traceTo(Trace &wanted, ThreadPool &threads) {
    trace = &wanted;
    pool = &threads;
  }

  void beginCall();
  void mark(int32_t site);
  /// Adds up the work that the sites did, now that the call's sizes are known.
  void endCall(int32_t entry, const CallSizes &sizes);

  const SiteTotals &operator[](int32_t site) const { return totals[site]; }
  const EntryTotals &ofEntry(int32_t entry) const { return entries[entry]; }
  double callSeconds() const;
  int64_t calls() const;
  const heddle_program &about() const { return *program; }

private:
  const heddle_program *program = nullptr;
  Array<SiteTotals> totals;
  Array<EntryTotals> entries;
  double callBegan = 0, lastMark = 0;
  Trace *trace = nullptr;
  ThreadPool *pool = nullptr;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_PROFILE_H
