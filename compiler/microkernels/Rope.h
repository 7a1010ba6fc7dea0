//===- Rope.h - kernel.rope as vector code ----------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_ROPE_H
#define HEDDLE_COMPILER_MICROKERNELS_ROPE_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"

namespace heddle::microkernels {

/// Replaces `op` by tasks of a few tokens each.
void lowerRope(mlir::RewriterBase &rewriter, kernel::RopeOp op,
               const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_ROPE_H
