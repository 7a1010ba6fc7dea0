//===- DebugInfo.h - places of the model file, for debuggers ----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_CODEGEN_DEBUGINFO_H
#define HEDDLE_COMPILER_CODEGEN_DEBUGINFO_H

#include "mlir/IR/BuiltinOps.h"

namespace heddle::codegen {

/// Makes scopes of LLVM's debug information of the locations of a module in
/// LLVM's dialect, so that its translation keeps them: `perf`, `gdb` and a
/// crash then say `llama.heddle:37`. The code is the same.
void addDebugInfo(mlir::ModuleOp module);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_DEBUGINFO_H
