//===- Passes.h - passes that the user brings, and passes that fail -------===//

#ifndef HEDDLE_COMPILER_DRIVER_PASSES_H
#define HEDDLE_COMPILER_DRIVER_PASSES_H

#include "compiler/driver/CommandLine.h"
#include "compiler/pipeline/Reproduce.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// Loads the plugins and reads the pipelines of a command line, before any file
/// is. Fails after an error.
llvm::LogicalResult preparePasses(const Arguments &arguments);

/// Tells of a pass that has failed what it has not told itself, and where what
/// shows it again has been written. Returns failure, or ends the process where
/// the pass has crashed.
llvm::LogicalResult reportFailure(const pipeline::PassFailure &failure,
                                  const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_PASSES_H
