//===- Reduce.h - heddle reduce -------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_REDUCE_H
#define HEDDLE_COMPILER_DRIVER_REDUCE_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle reduce`: writes a module that is smaller than the given one, and for
/// which passes end as they do for that, or the test command does: with another
/// code than 0. Returns the exit code.
int reduce(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_REDUCE_H
