//===- ModelsDirectory.h - where the shipped model files are ----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_FILES_MODELSDIRECTORY_H
#define HEDDLE_COMPILER_FILES_MODELSDIRECTORY_H

#include <string>

namespace heddle::files {

/// Beside the installed commands, else in the source tree that they were built
/// from.
std::string modelsDirectory();

} // namespace heddle::files

#endif // HEDDLE_COMPILER_FILES_MODELSDIRECTORY_H
