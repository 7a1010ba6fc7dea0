//===- Elementwise.h - linalg's parallel loops as vector code ---*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_ELEMENTWISE_H
#define HEDDLE_COMPILER_MICROKERNELS_ELEMENTWISE_H

#include "compiler/microkernels/Target.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace heddle::microkernels {

/// Replaces `op` by tasks over its elements. Fails, saying why, where loops are
/// not parallel, neighbours of the result are not neighbours in memory, or the
/// body is more than arithmetic and loads.
llvm::LogicalResult lowerElementwise(mlir::RewriterBase &rewriter,
                                     mlir::linalg::GenericOp op,
                                     const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_ELEMENTWISE_H
