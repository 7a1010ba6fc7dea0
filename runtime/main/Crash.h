// A program that crashes.
#ifndef HEDDLE_RUNTIME_MAIN_CRASH_H
#define HEDDLE_RUNTIME_MAIN_CRASH_H

namespace heddle::runtime {

/// From now on a signal that code raises by a mistake of its own (SIGSEGV,
/// SIGILL, SIGFPE) is told in one line with the place in the program's file,
/// and then ends the process as ever. Where somebody handles it already, as the
/// process of `heddle run` does, that stays.
void reportCrashes();

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_CRASH_H
