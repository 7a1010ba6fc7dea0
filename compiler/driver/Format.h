//===- Format.h - heddle fmt ----------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_FORMAT_H
#define HEDDLE_COMPILER_DRIVER_FORMAT_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle fmt`: writes model files in the one style. A file with mistakes
/// stays as it is, and the others are written all the same. Returns the exit
/// code.
int format(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_FORMAT_H
