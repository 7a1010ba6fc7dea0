//===- Narrow.h - kernel.narrow as vector code ------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_NARROW_H
#define HEDDLE_COMPILER_MICROKERNELS_NARROW_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace heddle::microkernels {

/// Replaces `op` by tasks over blocks of rows. Fails, with an error, where the
/// form of the rows has no lowering.
mlir::LogicalResult lowerNarrow(mlir::RewriterBase &rewriter,
                                kernel::NarrowOp op, const Target &target,
                                mlir::SymbolTable &symbols);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_NARROW_H
