//===- Check.h - heddle check ---------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_CHECK_H
#define HEDDLE_COMPILER_DRIVER_CHECK_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle check`: reads a model and prints its entries, its parameters and
/// which of them the checkpoint holds, its caches and its memory. Returns the
/// exit code: 1 if the model or the checkpoint has mistakes.
int check(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_CHECK_H
