// `--profile=FILE`.
#ifndef HEDDLE_RUNTIME_MAIN_TRACEFILE_H
#define HEDDLE_RUNTIME_MAIN_TRACEFILE_H

#include "runtime/Profile.h"
#include "runtime/main/Limits.h"

namespace heddle::runtime {

/// Whether such a file may be written; a refusal has been printed.
bool canWriteTrace(const char *path);

/// One JSON object, which Perfetto and chrome://tracing read, with totals in
/// "heddle". False, and printed, where the file cannot be written.
bool writeTrace(const char *path, const Profile &profile, const Trace &trace,
                const Limits &limits, int32_t threads);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_TRACEFILE_H
