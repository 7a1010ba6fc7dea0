//===- Jit.cpp - run a module of kernel ops in the test's process ---------===//

#include "Jit.h"
#include "compiler/codegen/Object.h"
#include "compiler/microkernels/Passes.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <cstdio>
#include <cstdlib>

using namespace mlir;

namespace heddle::test {

[[noreturn]] static void fail(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::abort();
}

static bool hostHas(StringRef feature) {
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  return features.lookup(feature);
}

/// The least CPU that a target's code runs on, and what it has beyond that for
/// numbers of 16 and 8 bits: code without any is the same with it and without.
static std::pair<const char *, std::string> cpuOf(StringRef target,
                                                  bool isNarrow) {
  if (isNarrow && target.starts_with("avx512+bf16+vnni"))
    return {"x86-64-v4", "+avx512bf16,+avx512vnni"};
  if (target.starts_with("avx512"))
    return {"x86-64-v4", ""};
  if (target == "avx2")
    return {"x86-64-v3", ""};
  return {"x86-64", ""};
}

std::vector<std::string> runnableTargets() {
  std::vector<std::string> targets = {"generic"};
#ifdef __x86_64__
  if (hostHas("avx2") && hostHas("fma"))
    targets.push_back("avx2");
  if (hostHas("avx512f") && hostHas("avx512vl")) {
    targets.push_back("avx512");
    if (hostHas("avx512bf16") && hostHas("avx512vnni"))
      targets.insert(targets.end(),
                     {"avx512+bf16+vnni", "avx512+bf16+vnni+ahead"});
  }
#endif
  return targets;
}

std::string epilogueText(const std::string &function, bool paired,
                         bool residual) {
  bool isSum = function == "none" && !paired && !residual;
  if (isSum)
    return "";
  std::string value = "%sum", body;
  auto append = [&](const std::string &expression) {
    value = "%" + std::to_string(llvm::count(body, '\n'));
    body += value + " = " + expression + "\n";
  };
  if (function == "tanh")
    append("math.tanh " + value + " : f32");
  else if (function != "none")
    append("scalar." + function + " " + value);
  if (paired)
    append("arith.mulf " + value + ", %second : f32");
  if (residual)
    append("arith.addf %residual, " + value + " : f32");
  return std::string(" then {\n^bb0(%sum: f32") +
         (paired ? ", %second: f32" : "") +
         (residual ? ", %residual: f32" : "") + "):\n" + body +
         "kernel.yield " + value + " : f32\n}";
}

std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  pipeline::registerDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  auto context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  return context;
}

std::unique_ptr<Program> Program::compile(const std::string &text,
                                          const std::string &target) {
  auto context = createContext();
  auto module = parseSourceString<ModuleOp>(text, context.get());
  if (!module)
    fail("the module does not parse");
  return compile(std::move(context), std::move(module), target);
}

/// Machine code of a module of LLVM's dialect.
static std::unique_ptr<ExecutionEngine>
createEngine(ModuleOp module, StringRef target, bool isNarrow) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!host)
    fail(llvm::toString(host.takeError()));
#ifdef __x86_64__
  auto [cpu, features] = cpuOf(target, isNarrow);
  host->setCPU(cpu);
  host->getFeatures() = llvm::SubtargetFeatures(features);
#endif
  auto machine = host->createTargetMachine();
  if (!machine)
    fail(llvm::toString(machine.takeError()));
  // In the order that suits this machine, as a program that is built for it.
  auto transformer = [&](llvm::Module *llvmModule) {
    for (llvm::Function &function : *llvmModule)
      if (!function.isDeclaration())
        function.addFnAttr("tune-cpu", llvm::sys::getHostCPUName());
    codegen::optimise(*llvmModule, **machine);
    return llvm::Error::success();
  };
  ExecutionEngineOptions engineOptions;
  engineOptions.transformer = transformer;
  engineOptions.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  auto optimised = host->createTargetMachine();
  auto engine =
      ExecutionEngine::create(module, engineOptions, std::move(*optimised));
  if (!engine)
    fail(llvm::toString(engine.takeError()));
  return std::move(*engine);
}

static bool usesNarrowNumbers(ModuleOp module) {
  auto isNarrow = [](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isBF16() || element.isInteger(8);
  };
  return module
      .walk([&](Operation *op) {
        return llvm::any_of(op->getResultTypes(), isNarrow) ||
                       llvm::any_of(op->getOperandTypes(), isNarrow)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// What LLVM makes of a module depends on nothing else.
static std::string contentOf(ModuleOp module, StringRef target, bool isNarrow) {
  auto [cpu, features] = cpuOf(target, isNarrow);
  std::string content = cpu + features;
  llvm::raw_string_ostream os(content);
  module.print(os, OpPrintingFlags().assumeVerified());
  return content;
}

std::unique_ptr<Program> Program::compile(std::unique_ptr<MLIRContext> context,
                                          OwningOpRef<ModuleOp> module,
                                          const std::string &target) {
  PassManager passes(context.get());
  microkernels::KernelToVectorOptions options;
  options.target = target;
  passes.addPass(microkernels::createKernelToVector(options));
  pipeline::buildPipeline(passes, {}, pipeline::Stage::Vector,
                          pipeline::Stage::Llvm);
  if (failed(passes.run(*module)))
    fail("lowering failed");

  // Most of the time is LLVM's: many targets, and many tests, have one code.
  // They stay to the end: LLVM's own statics are gone before ours.
  static auto &engines =
      *new llvm::StringMap<std::shared_ptr<ExecutionEngine>>();
  bool isNarrow = usesNarrowNumbers(*module);
  std::shared_ptr<ExecutionEngine> &engine =
      engines[contentOf(*module, target, isNarrow)];
  if (!engine)
    engine = createEngine(*module, target, isNarrow);
  auto program = std::make_unique<Program>();
  program->engine = engine;
  return program;
}

void *Program::find(const std::string &name) const {
  auto address = engine->lookup(name);
  if (!address) {
    llvm::consumeError(address.takeError());
    return nullptr;
  }
  return *address;
}

} // namespace heddle::test
