//===- Passes.h - passes that the user brings, and passes that fail -------===//

#ifndef HEDDLE_COMPILER_DRIVER_PASSES_H
#define HEDDLE_COMPILER_DRIVER_PASSES_H

#include "compiler/driver/CommandLine.h"
#include "compiler/pipeline/Reproduce.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// Loads the plugins and reads the pipelines of a command line, before any file
/// is; one that names a processor's vector unit is for one processor. Fails
/// after an error.
llvm::LogicalResult preparePasses(Arguments &arguments);

/// Whether a pipeline of this name can be read. Fails after an error.
llvm::LogicalResult readPasses(llvm::StringRef text, llvm::StringRef name);

/// Tells of a pass that has failed what it has not told itself, and where what
/// shows it again has been written. Returns failure, or ends the process where
/// the pass has crashed.
llvm::LogicalResult reportFailure(const pipeline::PassFailure &failure,
                                  const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_PASSES_H
