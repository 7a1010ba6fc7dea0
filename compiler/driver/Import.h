//===- Import.h - the model file of one checkpoint ------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_IMPORT_H
#define HEDDLE_COMPILER_DRIVER_IMPORT_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle import`: writes the model file that a checkpoint is built with, with
/// its sizes and without what its config.json rules out. Returns the exit code.
int importModel(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_IMPORT_H
