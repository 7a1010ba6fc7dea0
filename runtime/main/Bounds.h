// What the time of a site is set against.
#ifndef HEDDLE_RUNTIME_MAIN_BOUNDS_H
#define HEDDLE_RUNTIME_MAIN_BOUNDS_H

#include "runtime/Profile.h"
#include "runtime/main/Limits.h"

namespace heddle::runtime {

/// The part of the machine that would need longest for the work alone, and how
/// much of the time that is.
struct Bound {
  const char *resource = nullptr; // "f32", "memory", "L2" ...; null: none
  double share = 0;               // of 1
};

/// Work: a site's of all its runs.
struct SiteWork {
  double seconds, flops, bytes;
  int32_t arithmetic;
  /// What is read between two runs that read the same; it lies in the smallest
  /// cache that holds so much, and surely in one that is as fast as was seen.
  double workingSet;
};

Bound boundOf(const SiteWork &work, const Limits &limits);

/// Of a product and of attention, whose weights, keys and values come again in
/// the next call, all that a call reads; of any other op what it takes and
/// gives, which the op before has just made.
SiteWork workOf(const ProgramTotals &totals, int32_t site);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_BOUNDS_H
