//===- AllowedOps.h - what LLVM is asked to compile -----------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_ALLOWEDOPS_H
#define HEDDLE_COMPILER_CODEGEN_ALLOWEDOPS_H

#include "llvm/Support/LogicalResult.h"

namespace mlir {
class ModuleOp;
} // namespace mlir
namespace llvm {
class TargetMachine;
} // namespace llvm

namespace heddle::codegen {

/// Fails after a located error at an op of LLVM's dialect that no pass of ours
/// makes, or that uses a vector unit which the machine does not have. What a
/// module from a file may contain is so what is tested: LLVM ends the process
/// at inline assembly it cannot read, at intrinsics of another machine, at what
/// a target cannot do.
llvm::LogicalResult allowsOps(mlir::ModuleOp module,
                              const llvm::TargetMachine &machine);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_ALLOWEDOPS_H
