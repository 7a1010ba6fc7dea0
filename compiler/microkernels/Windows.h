//===- Windows.h - kernel.windows as vector code ----------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_WINDOWS_H
#define HEDDLE_COMPILER_MICROKERNELS_WINDOWS_H

#include "compiler/microkernels/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"

namespace heddle::microkernels {

/// Replaces `op` by code that fills the panel.
void lowerWindows(mlir::RewriterBase &rewriter, kernel::WindowsOp op,
                  const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_WINDOWS_H
