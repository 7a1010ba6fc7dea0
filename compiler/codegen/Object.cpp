//===- Object.cpp - MLIR's LLVM dialect to machine code -------------------===//

#include "compiler/codegen/Object.h"
#include "compiler/codegen/AllowedOps.h"
#include "compiler/codegen/DebugInfo.h"
#include "compiler/codegen/EmitProgram.h"
#include "compiler/codegen/Interface.h"
#include "compiler/codegen/StackBytes.h"
#include "dialects/program/Program.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"

using namespace heddle;
using namespace heddle::codegen;

/// What every function we generate has in common: the machine it is for, no
/// exceptions, 512-bit vectors where there are any (LLVM's own preference for
/// 256 bits dates from CPUs that lowered their clock for wider ones).
static void setFunctionAttributes(const Code &code) {
  const llvm::TargetMachine &machine = *code.machine;
  std::string tuneCpu = codegen::tuneCpu(code.target);
  for (llvm::Function &function : *code.module) {
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
    // With debug information for profilers as well, which read no other tables
    // of callers. On AArch64 always: LLVM orders what a function begins with
    // around them, and -g may not change the code.
    if (machine.getTargetTriple().isAArch64() || function.getSubprogram())
      function.setUWTableKind(llvm::UWTableKind::Async);
  }
}

/// A symbol of the module may not be one that the program gets besides.
static llvm::LogicalResult checkSymbols(mlir::ModuleOp module,
                                        const llvm::Module &llvmModule,
                                        const Program &program) {
  std::vector<std::string> taken = interfaceSymbols(program);
  taken.push_back("main");
  for (const llvm::GlobalValue &value : llvmModule.global_values()) {
    if (value.isDeclaration())
      continue;
    if (value.getName().starts_with("heddle_") ||
        llvm::is_contained(taken, value.getName()))
      return module.emitError() << "the symbol @" << value.getName().str()
                                << " is one of the program's interface";
  }
  for (const ProgramEntry &entry : program.entries) {
    const llvm::Function *function = llvmModule.getFunction(entry.function);
    bool isEntry = function && function->getReturnType()->isIntegerTy(32) &&
                   function->arg_size() == 1 && !function->isVarArg() &&
                   function->getArg(0)->getType()->isPointerTy();
    if (!isEntry)
      return module.emitError()
             << "the function @" << entry.function << " of the entry `"
             << entry.name << "` is no i32 (ptr)";
  }
  return llvm::success();
}

/// What the passes make is valid; what a file has in LLVM's dialect need not.
static llvm::LogicalResult verify(mlir::ModuleOp module,
                                  const llvm::Module &llvmModule) {
  std::string why;
  llvm::raw_string_ostream os(why);
  if (!llvm::verifyModule(llvmModule, &os))
    return llvm::success();
  return module.emitError() << "LLVM refuses the module: "
                            << llvm::StringRef(why).split('\n').first;
}

llvm::LogicalResult codegen::translateToLlvm(mlir::ModuleOp module,
                                             const Program &program,
                                             bool debugInfo, Code &code) {
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  // It becomes data; LLVM's dialect has no words for it.
  if (program::DescriptionOp description = program::descriptionOf(module))
    description.erase();
  if (failed(allowsOps(module, *code.machine)))
    return llvm::failure();
  if (debugInfo)
    addDebugInfo(module);
  code.context = std::make_unique<llvm::LLVMContext>();
  code.module =
      mlir::translateModuleToLLVMIR(module, *code.context, program.name);
  if (!code.module || failed(checkSymbols(module, *code.module, program)))
    return llvm::failure();
  code.module->setTargetTriple(code.machine->getTargetTriple());
  code.module->setDataLayout(code.machine->createDataLayout());
  code.module->setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::GlobalValue &value : code.module->global_values())
    if (!value.isDeclaration())
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
  setFunctionAttributes(code);
  return verify(module, *code.module);
}

/// The entries' functions of a version under names that its program finds.
static ProgramVersion exportEntries(const Code &code, const Program &program,
                                    unsigned number) {
  ProgramVersion version{
      cpuLevel(*code.machine), cpuFeatures(*code.machine), {}};
  for (const ProgramEntry &entry : program.entries) {
    llvm::Function *function = code.module->getFunction(entry.function);
    version.functions.push_back(("heddle_version_" + llvm::Twine(number) + "_" +
                                 program.name + "_" + entry.name)
                                    .str());
    function->setName(version.functions.back());
    function->setLinkage(llvm::GlobalValue::ExternalLinkage);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
  return version;
}

void codegen::addProgram(llvm::MutableArrayRef<Code> codes,
                         const Program &program, MainKind main) {
  ProgramCode parts;
  parts.base = {cpuLevel(*codes.front().machine),
                cpuFeatures(*codes.front().machine),
                {}};
  for (Code &code : codes)
    parts.stackBytes = std::max(parts.stackBytes, stackBytes(*code.module));
  for (auto [number, code] : llvm::enumerate(codes.drop_front()))
    parts.versions.push_back(exportEntries(code, program, number + 1));
  std::reverse(parts.versions.begin(), parts.versions.end());
  llvm::Module &module = *codes.front().module;
  EmittedProgram emitted = emitProgram(module, program, parts, main);
  if (!program.isDraft)
    emitInterface(module, program, emitted);
  if (main != MainKind::None)
    emitMain(module, emitted);
  setFunctionAttributes(codes.front());
}

/// Micro-kernels are what may not be inlined. They are written as the machine
/// is to run them; LLVM's whole pipeline makes them no faster and takes most of
/// the time of compiling. They get what cleans up after lowering.
static constexpr llvm::StringLiteral microkernelPasses =
    "early-cse,loop-mssa(loop-rotate,licm),gvn,"
    "instcombine<no-verify-fixpoint>,simplifycfg";

static bool isMicrokernel(const llvm::Function &function) {
  return function.hasFnAttribute(llvm::Attribute::NoInline);
}

/// Whether a pass of LLVM's pipeline is worth its time: not on micro-kernels,
/// nor over all functions at once, between which there is nothing to find.
static bool isWorthwhile(const llvm::Any &unit) {
  if (const auto *function = llvm::any_cast<const llvm::Function *>(&unit))
    return !isMicrokernel(**function);
  if (const auto *loop = llvm::any_cast<const llvm::Loop *>(&unit))
    return !isMicrokernel(*(*loop)->getHeader()->getParent());
  return !llvm::any_cast<const llvm::Module *>(&unit);
}

void codegen::optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loopAnalyses;
  llvm::FunctionAnalysisManager functionAnalyses;
  llvm::CGSCCAnalysisManager callGraphAnalyses;
  llvm::ModuleAnalysisManager moduleAnalyses;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassInstrumentationCallbacks callbacks;
  llvm::PassBuilder builder(&machine, tuning, std::nullopt, &callbacks);
  builder.registerModuleAnalyses(moduleAnalyses);
  builder.registerCGSCCAnalyses(callGraphAnalyses);
  builder.registerFunctionAnalyses(functionAnalyses);
  builder.registerLoopAnalyses(loopAnalyses);
  builder.crossRegisterProxies(loopAnalyses, functionAnalyses,
                               callGraphAnalyses, moduleAnalyses);
  llvm::FunctionPassManager cleaning;
  llvm::cantFail(builder.parsePassPipeline(cleaning, microkernelPasses));
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && isMicrokernel(function))
      cleaning.run(function, functionAnalyses);
  functionAnalyses.clear();
  callbacks.registerShouldRunOptionalPassCallback(
      [](llvm::StringRef, llvm::Any unit) { return isWorthwhile(unit); });
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, moduleAnalyses);
  llvm::GlobalDCEPass().run(module, moduleAnalyses);
}

void codegen::emitMachineCode(Code &code, MachineCode kind,
                              llvm::raw_pwrite_stream &output) {
  llvm::legacy::PassManager passes;
  auto type = kind == MachineCode::Object ? llvm::CodeGenFileType::ObjectFile
                                          : llvm::CodeGenFileType::AssemblyFile;
  bool unsupported =
      code.machine->addPassesToEmitFile(passes, output, nullptr, type);
  assert(!unsupported && "every target we register emits files");
  (void)unsupported;
  passes.run(*code.module);
}
