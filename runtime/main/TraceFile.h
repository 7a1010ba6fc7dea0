// `--profile=FILE`.
#ifndef HEDDLE_RUNTIME_MAIN_TRACEFILE_H
#define HEDDLE_RUNTIME_MAIN_TRACEFILE_H

#include "runtime/Profile.h"
#include "runtime/main/Limits.h"

namespace heddle::runtime {

/// Whether such a file may be written; a refusal has been printed.
bool canWriteTrace(const char *path);

/// TraceText.h in a file. False, and printed, where it cannot be written.
bool writeTrace(const char *path, const Profile &profile, const Trace &trace,
                const Limits &limits);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_TRACEFILE_H
