// What a profile is as text. Linked into libraries as well, which print
// nothing.
#ifndef HEDDLE_RUNTIME_MAIN_TRACETEXT_H
#define HEDDLE_RUNTIME_MAIN_TRACETEXT_H

#include "runtime/Profile.h"
#include "runtime/main/Limits.h"

#include <cstdio>

namespace heddle::runtime {

/// Slices in the file, and those that it has no place for.
struct TraceCounts {
  int64_t written, leftOut;
};

/// One JSON object, which Perfetto and chrome://tracing read, with totals in
/// "heddle". False if there is no memory; whether all could be written the file
/// knows.
[[nodiscard]] bool writeTraceText(FILE *file, const Profile &profile,
                                  const Trace &trace, const Limits &limits,
                                  TraceCounts &counts);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_TRACETEXT_H
