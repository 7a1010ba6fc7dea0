//===- Attention.h - kernel.attention as vector code ------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_ATTENTION_H
#define HEDDLE_COMPILER_MICROKERNELS_ATTENTION_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace heddle::microkernels {

/// Replaces `op` by a call of a function that goes over blocks of keys and
/// tiles of queries, and calls micro-kernels for them.
void lowerAttention(mlir::RewriterBase &rewriter, kernel::AttentionOp op,
                    const Target &target, mlir::SymbolTable &symbols);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_ATTENTION_H
