//===- KeepRows.h - kernel.keep_rows as vector code -------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_KEEPROWS_H
#define HEDDLE_COMPILER_MICROKERNELS_KEEPROWS_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace heddle::microkernels {

/// Replaces `op` by the call of a function that goes over its rows.
void lowerKeepRows(mlir::RewriterBase &rewriter, kernel::KeepRowsOp op,
                   const Target &target, mlir::SymbolTable &symbols);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_KEEPROWS_H
