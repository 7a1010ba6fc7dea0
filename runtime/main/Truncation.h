// A weights file that becomes shorter while its program runs.
#ifndef HEDDLE_RUNTIME_MAIN_TRUNCATION_H
#define HEDDLE_RUNTIME_MAIN_TRUNCATION_H

namespace heddle::runtime {

/// What a mapped file has lost cannot be read: the system raises SIGBUS. From
/// now on this ends the process with one line about `path`, which must live as
/// long, and the exit code 1. For programs only: a library leaves the signals
/// to its host.
void reportTruncationOf(const char *path);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_TRUNCATION_H
