//===- Passes.h - passes within one dialect -------------------------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_PASSES_H
#define HEDDLE_COMPILER_TRANSFORMS_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace heddle::transforms {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_PASSES_H
