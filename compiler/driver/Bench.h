//===- Bench.h - heddle bench -----------------------------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_BENCH_H
#define HEDDLE_COMPILER_DRIVER_BENCH_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// Has a compiled program measure itself: `APP bench ARGUMENTS`, in this
/// process's place. Returns the exit code where it cannot be run.
int bench(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_BENCH_H
