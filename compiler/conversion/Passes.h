//===- Passes.h - from one dialect to the next ----------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_PASSES_H
#define HEDDLE_COMPILER_CONVERSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace heddle::conversion {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/conversion/Passes.h.inc"

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_PASSES_H
