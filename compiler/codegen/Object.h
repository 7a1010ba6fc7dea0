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
#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include <memory>

namespace llvm {
class raw_pwrite_stream;
} // namespace llvm

namespace heddle::codegen {

/// A program's code for one processor. What is done to it needs nothing that
/// another one has, so that threads may work on several.
struct Code {
  TargetOptions target;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
};

/// Translates a module of the LLVM dialect. Everything in it becomes internal
/// to the object. The module loses its program.description. With debug
/// information, places of the model file stay with the code. Fails after a
/// diagnostic.
llvm::LogicalResult translateToLlvm(mlir::ModuleOp module,
                                    const Program &program, bool debugInfo,
                                    Code &code);

/// Adds the program's descriptor and C interface, and `main` on demand, to the
/// first code, which is for the processor that can do least. The others, in
/// ascending order, are for those that can do more.
void addProgram(llvm::MutableArrayRef<Code> codes, const Program &program,
                MainKind main);

/// LLVM's passes for the machine: O3, but of micro-kernels, which are what may
/// not be inlined, only what cleans up after lowering.
void optimise(llvm::Module &module, llvm::TargetMachine &machine);

enum class MachineCode { Assembly, Object };

void emitMachineCode(Code &code, MachineCode kind,
                     llvm::raw_pwrite_stream &output);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_OBJECT_H
