//===- Object.cpp ---------------------------------------------------------===//

#include "compiler/codegen/Object.h"
#include "compiler/codegen/EmitProgram.h"
#include "compiler/codegen/Interface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::codegen;

/// What every function we generate has in common: the machine it is for, no
/// exceptions, 512-bit vectors where there are any (LLVM's own preference for
/// 256 bits dates from CPUs that lowered their clock for wider ones).
static void setFunctionAttributes(llvm::Module &module,
                                  const llvm::TargetMachine &machine,
                                  llvm::StringRef tuneCpu) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function.addFnAttr("target-features", machine.getTargetFeatureString());
    if (!tuneCpu.empty())
      function.addFnAttr("tune-cpu", tuneCpu);
    if (cpuLevel(machine) == 4)
      function.addFnAttr("prefer-vector-width", "512");
    function.setDoesNotThrow();
  }
}

std::unique_ptr<llvm::Module>
codegen::translateToLlvm(mlir::ModuleOp module, const Program &program,
                         llvm::TargetMachine &machine, llvm::StringRef tuneCpu,
                         bool withMain, llvm::LLVMContext &context) {
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<llvm::Module> llvmModule =
      mlir::translateModuleToLLVMIR(module, context, program.name);
  if (!llvmModule)
    return nullptr;
  llvmModule->setTargetTriple(machine.getTargetTriple());
  llvmModule->setDataLayout(machine.createDataLayout());
  llvmModule->setPICLevel(llvm::PICLevel::BigPIC);

  for (llvm::GlobalValue &value : llvmModule->global_values())
    if (!value.isDeclaration())
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
  EmittedProgram emitted = emitProgram(*llvmModule, program, cpuLevel(machine),
                                       cpuFeatures(machine));
  emitInterface(*llvmModule, program, emitted);
  if (withMain)
    emitMain(*llvmModule, emitted);
  setFunctionAttributes(*llvmModule, machine, tuneCpu);
  assert(!llvm::verifyModule(*llvmModule, &llvm::errs()) &&
         "the passes before left invalid LLVM IR");
  return llvmModule;
}

void codegen::optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loopAnalyses;
  llvm::FunctionAnalysisManager functionAnalyses;
  llvm::CGSCCAnalysisManager callGraphAnalyses;
  llvm::ModuleAnalysisManager moduleAnalyses;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(moduleAnalyses);
  builder.registerCGSCCAnalyses(callGraphAnalyses);
  builder.registerFunctionAnalyses(functionAnalyses);
  builder.registerLoopAnalyses(loopAnalyses);
  builder.crossRegisterProxies(loopAnalyses, functionAnalyses,
                               callGraphAnalyses, moduleAnalyses);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, moduleAnalyses);
}

void codegen::emitMachineCode(llvm::Module &module,
                              llvm::TargetMachine &machine, MachineCode kind,
                              llvm::raw_pwrite_stream &output) {
  llvm::legacy::PassManager passes;
  auto type = kind == MachineCode::Object ? llvm::CodeGenFileType::ObjectFile
                                          : llvm::CodeGenFileType::AssemblyFile;
  bool unsupported = machine.addPassesToEmitFile(passes, output, nullptr, type);
  assert(!unsupported && "every target we register emits files");
  (void)unsupported;
  passes.run(module);
}
