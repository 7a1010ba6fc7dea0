//===- Passes.h - what the pipeline itself notes on a module --------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_PASSES_H
#define HEDDLE_COMPILER_PIPELINE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace heddle::pipeline {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/pipeline/Passes.h.inc"

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_PASSES_H
