//===- Topk.h - kernel.topk as vector code ----------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_TOPK_H
#define HEDDLE_COMPILER_MICROKERNELS_TOPK_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace heddle::microkernels {

/// Replaces `op` by tasks of a few lines each.
void lowerTopk(mlir::RewriterBase &rewriter, kernel::TopkOp op,
               const Target &target, mlir::SymbolTable &symbols);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_TOPK_H
