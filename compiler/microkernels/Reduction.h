//===- Reduction.h - linalg's reductions as vector code ---------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_REDUCTION_H
#define HEDDLE_COMPILER_MICROKERNELS_REDUCTION_H

#include "compiler/microkernels/Target.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace heddle::microkernels {

/// Replaces `op`, y ← y + f(x, …) or max(y, f(x, …)) over some loops, by tasks
/// over the elements of y. Fails, saying why, where the operation is another,
/// or neighbours are neighbours in memory along no loop.
llvm::LogicalResult lowerReduction(mlir::RewriterBase &rewriter,
                                   mlir::linalg::GenericOp op,
                                   const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_REDUCTION_H
