//===- Build.h - the commands that compile --------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_BUILD_H
#define HEDDLE_COMPILER_DRIVER_BUILD_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle build`: writes the artifact of `arguments.emit`. Returns the exit
/// code.
int build(const Arguments &arguments);

/// `heddle run`: compiles, loads and runs the program in this process. Returns
/// its exit code.
int run(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_BUILD_H
