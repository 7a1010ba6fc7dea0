//===- EmitProgram.h - Program as constant data ---------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_EMITPROGRAM_H
#define HEDDLE_COMPILER_CODEGEN_EMITPROGRAM_H

#include "compiler/codegen/Program.h"
#include "llvm/ADT/SmallVector.h"

namespace llvm {
class Constant;
class GlobalVariable;
class Module;
} // namespace llvm

namespace heddle::codegen {

struct EmittedProgram {
  /// `heddle_program heddle_program_NAME` (runtime/abi.h).
  llvm::GlobalVariable *descriptor;
  /// Addresses of the `heddle_entry` of each entry.
  llvm::SmallVector<llvm::Constant *> entries;
};

/// Adds the descriptor and everything it points to. The functions of the
/// entries must be in `module`. Where there will be a command line, it has what
/// that reads files with.
EmittedProgram emitProgram(llvm::Module &module, const Program &program,
                           unsigned cpuLevel, llvm::StringRef cpuFeatures,
                           MainKind main);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_EMITPROGRAM_H
