// What is said in sounds, and when; also in those that are longer than the
// model reads at once.
#ifndef HEDDLE_RUNTIME_MAIN_TRANSCRIPTION_H
#define HEDDLE_RUNTIME_MAIN_TRANSCRIPTION_H

#include "runtime/Model.h"
#include "runtime/main/Arguments.h"

namespace heddle::runtime {

/// Whether the command line asks for times, or one of the sounds is too long
/// for the model to read at once.
bool needsWindows(const heddle_model &model, const Arguments &arguments,
                  const List<const char *> &paths);

/// Reads every sound in windows, each of which begins where the last one is
/// known to end, and prints what is said in it. Returns the exit code, and has
/// printed what was wrong.
int transcribe(heddle_model &model, const Arguments &arguments,
               const List<const char *> &paths);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_TRANSCRIPTION_H
