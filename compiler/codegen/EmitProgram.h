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

/// What a version of the code needs, and the symbols of the entries' functions
/// where they are in another module.
struct ProgramVersion {
  unsigned cpuLevel = 0;
  std::string cpuFeatures;
  std::vector<std::string> functions;
};

/// heddle_program's part that depends on what it is compiled for.
struct ProgramCode {
  ProgramVersion base;
  /// The one that needs most first.
  std::vector<ProgramVersion> versions;
  int64_t stackBytes = 0;
};

/// Adds the descriptor and everything it points to. The base's functions of the
/// entries must be in `module`. Where there will be a command line, it has what
/// that reads files with.
EmittedProgram emitProgram(llvm::Module &module, const Program &program,
                           const ProgramCode &code, MainKind main);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_EMITPROGRAM_H
