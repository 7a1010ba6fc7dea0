//===- Passes.h - passes that the user brings -----------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_PASSES_H
#define HEDDLE_COMPILER_DRIVER_PASSES_H

#include "compiler/driver/CommandLine.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// Loads the plugins and reads the pipelines of a command line, before any file
/// is. Fails after an error.
llvm::LogicalResult preparePasses(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_PASSES_H
