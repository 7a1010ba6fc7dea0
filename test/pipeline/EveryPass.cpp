//===- EveryPass.cpp - a module from a file through all that may run on it ===//

#include "test/pipeline/EveryPass.h"
#include "compiler/codegen/Program.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/ReadModule.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace heddle;
using namespace heddle::pipeline;
using test::Verdict;

/// Each by itself; test/pipeline/every-pass.test holds the list complete.
static constexpr llvm::StringLiteral allPasses[] = {
    "canonicalize",
    "cse",
    "describe-program",
    "check-bounds",
    "kernel-observe-inputs",
    "kernel-outline-parallel",
    "lower-views",
    "kernel-to-vector",
    "kernel-to-vector{target=avx512+bf16+vnni}",
    "nn-assign-layouts",
    "nn-find-verifier",
    "nn-fuse-epilogue",
    "nn-group-tokens",
    "nn-hoist-state",
    "nn-inline-blocks",
    "nn-inline-state-readers",
    "nn-keep-windows",
    "nn-merge-projections",
    "nn-narrow-caches{type=bf16}",
    "nn-narrow-caches{type=q8}",
    "nn-observe-layers",
    "nn-plan-memory",
    "nn-quantize{quant=q4}",
    "nn-raise-attention",
    "nn-split-layers{quant=*.0.**=i8}",
    "nn-to-kernel",
    "nn-to-linalg",
    "nn-unfuse",
};

namespace {

/// A context that counts errors and is else quiet.
struct Quiet {
  Quiet() : context(mlir::MLIRContext::Threading::DISABLED) {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler([this](mlir::Diagnostic &told) {
      errors += told.getSeverity() == mlir::DiagnosticSeverity::Error;
      return mlir::success();
    });
  }

  /// Whether `step` fails, and that it says why if so.
  bool fails(llvm::function_ref<llvm::LogicalResult()> step) {
    unsigned before = errors;
    if (succeeded(step()))
      return false;
    silent |= errors == before;
    return true;
  }

  /// Whether the passes fail on a copy of `module`; `then` sees what is left.
  bool failsOn(mlir::ModuleOp module,
               llvm::function_ref<void(mlir::OpPassManager &)> build,
               llvm::function_ref<llvm::LogicalResult(mlir::ModuleOp)> then) {
    mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
    mlir::PassManager passes(&context,
                             mlir::OpPassManager::getAnyOpAnchorName(),
                             mlir::OpPassManager::Nesting::Implicit);
    build(passes);
    return fails([&] { return passes.run(*copy); }) ||
           fails([&] { return then(*copy); });
  }

  mlir::MLIRContext context;
  unsigned errors = 0;
  bool silent = false;
};

} // namespace

static Options optionsOf(llvm::StringRef pipeline) {
  Options options;
  options.target.cpu = "x86-64-v4";
  options.reference = pipeline == "reference";
  options.boundsChecks = options.reference;
  if (pipeline == "quantised")
    options.quant = {"q8"};
  return options;
}

/// What is left of the pipeline, and what code generation reads of the module.
static bool lowers(Quiet &quiet, mlir::ModuleOp module,
                   llvm::StringRef pipeline) {
  return !quiet.failsOn(
      module,
      [&](mlir::OpPassManager &passes) {
        buildPipeline(passes, optionsOf(pipeline), stageOf(module),
                      Stage::Llvm);
      },
      [](mlir::ModuleOp lowered) {
        return llvm::success(succeeded(codegen::readProgram(lowered)));
      });
}

Verdict test::runEveryPass(llvm::StringRef text,
                           llvm::function_ref<void(llvm::StringRef)> begin) {
  static const bool registered = (registerPasses(), true);
  (void)registered;
  Quiet quiet;
  begin("parser");
  mlir::OwningOpRef<mlir::ModuleOp> module;
  if (quiet.fails([&] {
        llvm::SourceMgr sources;
        sources.AddNewSourceBuffer(
            llvm::MemoryBuffer::getMemBufferCopy(text, "module.mlir"),
            llvm::SMLoc());
        module = readModule(sources, &quiet.context);
        return llvm::success(static_cast<bool>(module));
      }))
    return quiet.silent ? Verdict::Silent : Verdict::Refused;
  for (llvm::StringRef pass : allPasses) {
    begin(pass);
    quiet.failsOn(
        *module,
        [&](mlir::OpPassManager &passes) {
          if (failed(mlir::parsePassPipeline(pass, passes)))
            llvm::report_fatal_error("no such pass: " + pass);
        },
        [](mlir::ModuleOp) { return llvm::success(); });
  }
  bool lowered = false;
  for (llvm::StringRef pipeline : {"default", "quantised", "reference"}) {
    begin(pipeline);
    lowered |= lowers(quiet, *module, pipeline);
  }
  return quiet.silent ? Verdict::Silent
         : lowered    ? Verdict::Lowered
                      : Verdict::Refused;
}
