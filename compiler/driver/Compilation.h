//===- Compilation.h - one model on its way through the stages ------------===//
//
// Everything that `build` and `run` have in common: the module, what is known
// of the program, the machine it is for, and how long each step took. Each step
// returns failure after it has said why on standard error.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_COMPILATION_H
#define HEDDLE_COMPILER_DRIVER_COMPILATION_H

#include "compiler/codegen/Link.h"
#include "compiler/codegen/Program.h"
#include "compiler/driver/CommandLine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/Timing.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/SourceMgr.h"

namespace heddle::driver {

class Compilation {
public:
  explicit Compilation(const Arguments &arguments);
  ~Compilation();

  /// Reads the model and finds the stage that it is in.
  llvm::LogicalResult load();

  /// Runs passes until the module is at `stage`, Llvm at most.
  llvm::LogicalResult lowerTo(pipeline::Stage stage);

  /// From the LLVM dialect to optimised LLVM IR; `withMain` adds `main`.
  llvm::LogicalResult translate(bool withMain);

  /// Links an executable or a library.
  llvm::LogicalResult link(codegen::Linkage linkage, llvm::StringRef soname,
                           llvm::StringRef path);

  mlir::ModuleOp module() { return *module_; }
  const codegen::Program &program() const { return program_; }
  llvm::Module &llvmModule() { return *llvmModule_; }
  llvm::TargetMachine &machine() { return *machine_; }

private:
  llvm::LogicalResult loadMlir();

  const Arguments &arguments;
  mlir::DefaultTimingManager timing;
  mlir::TimingScope rootTiming;
  mlir::MLIRContext context;
  llvm::SourceMgr sources;
  std::unique_ptr<mlir::SourceMgrDiagnosticHandler> diagnostics;
  std::unique_ptr<mlir::ScopedDiagnosticHandler> remarkFilter;
  pipeline::Stage stage = pipeline::Stage::Nn;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  codegen::Program program_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> llvmModule_;
};

/// Prints `error: …` and returns failure.
llvm::LogicalResult fail(const llvm::Twine &message);
llvm::LogicalResult fail(llvm::Error error);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_COMPILATION_H
