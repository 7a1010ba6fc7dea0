//===- Depthwise.h - kernel.depthwise as vector code ------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_DEPTHWISE_H
#define HEDDLE_COMPILER_MICROKERNELS_DEPTHWISE_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"

namespace heddle::microkernels {

/// Replaces `op` by code that computes the lines.
void lowerDepthwise(mlir::RewriterBase &rewriter, kernel::DepthwiseOp op,
                    const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_DEPTHWISE_H
