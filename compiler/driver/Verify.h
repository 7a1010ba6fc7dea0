//===- Verify.h - what a build's types cost in accuracy -------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFY_H
#define HEDDLE_COMPILER_DRIVER_VERIFY_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// `heddle verify`: runs every entry of the model as it would be built and in
/// f32 (in f32: by the reference) on the same inputs, and prints how far the
/// answers lie apart. Returns the exit code.
int verify(const Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFY_H
