// Where the time of a program goes: totals by site (an op of a function) and by
// entry, and a trace where one is wanted.
#ifndef HEDDLE_RUNTIME_PROFILE_H
#define HEDDLE_RUNTIME_PROFILE_H

#include "runtime/Memory.h"
#include "runtime/Sizes.h"
#include "runtime/Trace.h"

#include <pthread.h>

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

/// What all calls of one program did.
struct ProgramTotals {
  const heddle_program *program = nullptr; // null: there is none
  Array<SiteTotals> sites;
  Array<EntryTotals> entries;

  double seconds() const;
  int64_t calls() const;
};

/// Charges the time between two marks to the site of the second, of a program
/// and of the one that drafts its texts. Calls of several threads wait for each
/// other, so that each has its time for itself.
class Profile {
public:
  Profile() = default;
  Profile(const Profile &) = delete;
  Profile &operator=(const Profile &) = delete;
  ~Profile() { pthread_mutex_destroy(&oneCall); }

  /// False if there is no memory. Call it once.
  [[nodiscard]] bool start(const heddle_program &program);
  /// What runs is noted there as well, also what the pool's threads do of it.
  void traceTo(Trace &wanted, ThreadPool &threads) {
    trace = &wanted;
    pool = &threads;
  }

  /// False once it is over: the call is not noted.
  [[nodiscard]] bool beginCall(const heddle_program &program);
  void mark(int32_t site);
  /// Adds up the work that the sites did, now that the call's sizes are known.
  void endCall(int32_t entry, const CallSizes &sizes);
  /// Waits for the call that runs; what comes later is not noted.
  void end();

  const ProgramTotals &model() const { return programs[0]; }
  const ProgramTotals &draft() const { return programs[1]; }

private:
  ProgramTotals programs[2];
  pthread_mutex_t oneCall = PTHREAD_MUTEX_INITIALIZER;
  bool isOver = false;
  // The call that runs.
  ProgramTotals *current = programs;
  double callBegan = 0, lastMark = 0;
  Trace *trace = nullptr;
  ThreadPool *pool = nullptr;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_PROFILE_H
