//===- Explain.h - heddle explain -----------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_EXPLAIN_H
#define HEDDLE_COMPILER_DRIVER_EXPLAIN_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle explain`: compiles a model as `build` does, up to assembly, and
/// writes a page that shows what each step made of it. Returns the exit code.
int explainModel(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_EXPLAIN_H
