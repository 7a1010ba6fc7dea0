//===- SharedFiles.h - what is installed beside commands --------*- C++ -*-===//
//
// Beside the installed commands, else in the source tree that they were built
// from.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_FILES_SHAREDFILES_H
#define HEDDLE_COMPILER_FILES_SHAREDFILES_H

#include <string>

namespace heddle::files {

/// Where the shipped model files are.
std::string modelsDirectory();

/// The reference of the language, and what mistakes of checkpoints mean.
std::string languageReference();
std::string checkpointMistakes();

} // namespace heddle::files

#endif // HEDDLE_COMPILER_FILES_SHAREDFILES_H
