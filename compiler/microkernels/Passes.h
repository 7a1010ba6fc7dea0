//===- Passes.h - the passes of this room -----------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_PASSES_H
#define HEDDLE_COMPILER_MICROKERNELS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace heddle::microkernels {
#define GEN_PASS_DECL
#include "compiler/microkernels/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/microkernels/Passes.h.inc"
} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_PASSES_H
