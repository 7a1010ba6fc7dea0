//===- Object.h - MLIR's LLVM dialect to machine code ---------------------===//
//
// Three steps, each of which a user may stop at: `ll` is what translateToLlvm
// and optimise leave, `asm` and `obj` what emitMachineCode writes.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_OBJECT_H
#define HEDDLE_COMPILER_CODEGEN_OBJECT_H

#include "compiler/codegen/Program.h"
#include "compiler/codegen/Target.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class raw_pwrite_stream;
} // namespace llvm

namespace heddle::codegen {

/// Translates a module of the LLVM dialect and adds the program's descriptor
/// and C interface, and `main` on demand. Everything else becomes internal to
/// the object. The module loses its program.description. Null after a
/// diagnostic.
std::unique_ptr<llvm::Module>
translateToLlvm(mlir::ModuleOp module, const Program &program,
                llvm::TargetMachine &machine, llvm::StringRef tuneCpu,
                MainKind main, llvm::LLVMContext &context);

/// LLVM's O3 pipeline for `machine`.
void optimise(llvm::Module &module, llvm::TargetMachine &machine);

enum class MachineCode { Assembly, Object };

void emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                     MachineCode kind, llvm::raw_pwrite_stream &output);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_OBJECT_H
