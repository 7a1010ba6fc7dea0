//===- Matmul.h - kernel.matmul as vector code ------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_MATMUL_H
#define HEDDLE_COMPILER_MICROKERNELS_MATMUL_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace heddle::microkernels {

/// Replaces `op` by tasks over row blocks and columns, each a call of a
/// function that is shared by all products of the same shape, and those by
/// calls of micro-kernels. Where the surrounding function has a frame (its
/// first argument), the tasks are a kernel.parallel, else a loop. Fails, with
/// an error, where the type has no lowering.
mlir::LogicalResult lowerMatmul(mlir::RewriterBase &rewriter,
                                kernel::MatmulOp op, const Target &target,
                                mlir::SymbolTable &symbols);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_MATMUL_H
