//===- Pipeline.cpp - the order of passes ---------------------------------===//

#include "compiler/pipeline/Pipeline.h"
#include "compiler/conversion/Passes.h"
#include "compiler/microkernels/Passes.h"
#include "compiler/microkernels/Target.h"
#include "compiler/microkernels/Tuning.h"
#include "compiler/pipeline/PassText.h"
#include "compiler/transforms/Passes.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;

/// Of what depends on a state alone, without the fusions that go before.
/// Where attention alone is rounded, it has to be found.
static void addHoisting(OpPassManager &passes, bool raises) {
  passes.addPass(transforms::createInlineBlocks());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (raises)
    passes.addPass(transforms::createRaiseAttention());
  passes.addPass(transforms::createInlineStateReaders());
  passes.addPass(transforms::createHoistState());
}

/// Within nn: what the papers write becomes what a machine can do in one go.
static void addFusion(OpPassManager &passes, const Options &options) {
  // While both entries are as the model file has them.
  passes.addPass(transforms::createFindVerifier());
  if (!options.observed.empty()) {
    transforms::ObserveLayersOptions observation;
    observation.entries.assign(options.observed.begin(),
                               options.observed.end());
    passes.addPass(transforms::createObserveLayers(observation));
  }
  // Layers of different types are different code.
  transforms::SplitLayersOptions layers;
  std::vector<std::string> stored = options.allStored();
  layers.dtype = options.defaultType();
  layers.stored.assign(stored.begin(), stored.end());
  layers.quant.assign(options.quant.begin(), options.quant.end());
  passes.addPass(transforms::createSplitLayers(layers));
  // Fusion looks across blocks; the reference keeps them as the model has them.
  if (!options.reference)
    passes.addPass(transforms::createInlineBlocks());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  // Before what merges products: it needs their weights to be of one type.
  transforms::QuantizeOptions types;
  types.dtype = options.defaultType();
  types.stored.assign(stored.begin(), stored.end());
  types.wide = options.areActivationsWide();
  types.quant.assign(options.quant.begin(), options.quant.end());
  passes.addPass(transforms::createQuantize(types));
  passes.addPass(createCSEPass());
  transforms::NarrowCachesOptions caches;
  caches.type = options.cache.empty() ? options.defaultType() : options.cache;
  if (options.reference) {
    // What is rounded as it is kept has to be kept.
    if (caches.type != "f32")
      addHoisting(passes, /*raises=*/caches.type == "q8");
    passes.addPass(transforms::createNarrowCaches(caches));
    return;
  }
  // Attention spelled in primitives costs nothing against the word.
  passes.addPass(transforms::createRaiseAttention());
  // What a product does to its sums before it stores them.
  transforms::FuseEpilogueOptions epilogues;
  epilogues.groupsInPairs = microkernels::tuning::groupsInPairs;
  passes.addPass(transforms::createFuseEpilogue(epilogues));
  // Products of one x, of those with nothing of their own to do.
  passes.addPass(transforms::createMergeProjections());
  // A step need not compute again what only the entry before it changes. Blocks
  // that read it have been fused where entries share them.
  passes.addPass(transforms::createInlineStateReaders());
  passes.addPass(transforms::createHoistState());
  passes.addPass(transforms::createNarrowCaches(caches));
  // What no query looks back to need not be kept.
  passes.addPass(transforms::createKeepWindows());
  // Experts see the tokens that chose them.
  passes.addPass(transforms::createGroupTokens());
  // After all fusion: how weights are packed depends on who reads them.
  passes.addPass(transforms::createAssignLayouts());
}

/// Every value gets its place in the arena; what runtime and packer need to
/// know is noted in the module.
static void addDescription(OpPassManager &passes, const Options &options) {
  // A module that was stored with its fusions is computed without them.
  if (options.reference) {
    passes.addPass(transforms::createUnfuse());
    transforms::AssignLayoutsOptions layouts;
    layouts.plain = true;
    passes.addPass(transforms::createAssignLayouts(layouts));
  }
  passes.addPass(transforms::createPlanMemory());
  passes.addPass(transforms::createDescribeProgram());
}

/// nn to loops over buffers.
static void addLoops(OpPassManager &passes, const Options &options) {
  if (options.reference) {
    passes.addPass(conversion::createNNToLinalg());
  } else {
    using namespace microkernels;
    passes.addPass(conversion::createNNToKernel(
        {tuning::attentionQueries, tuning::convolutionStack,
         tuning::linesToCopy, tuning::parallelWork}));
  }
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  // After CSE, so that what a product reads of its weight has become simple.
  if (options.observesInputs)
    passes.addPass(transforms::createObserveInputs());
}

std::string pipeline::vectorUnit(const codegen::TargetOptions &options) {
  auto machine = codegen::createTargetMachine(options, llvm::nulls());
  if (!machine)
    return microkernels::Target::generic.fullName();
  const llvm::MCSubtargetInfo &subtarget = *machine->getMCSubtargetInfo();
  auto hasFeature = [&](StringRef feature) {
    return subtarget.checkFeatures(("+" + feature).str());
  };
  return microkernels::Target::of(machine->getTargetTriple().getArchName(),
                                  hasFeature)
      .fullName();
}

/// Kernel ops and linalg become vector code. The reference has loops alone: it
/// shares no emitter with what it is compared to.
static void addVectorCode(OpPassManager &passes, const Options &options) {
  if (options.reference) {
    passes.addPass(createConvertLinalgToLoopsPass());
  } else {
    microkernels::KernelToVectorOptions kernels;
    kernels.target = options.isForEachProcessor ? eachProcessor.str()
                                                : vectorUnit(options.target);
    passes.addPass(microkernels::createKernelToVector(kernels));
  }
  if (options.boundsChecks)
    passes.addPass(conversion::createCheckBounds());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

/// Loops and buffers to LLVM's dialect.
static void addLlvm(OpPassManager &passes, const Options &options) {
  // Parallel regions to calls of the program's threads.
  passes.addPass(conversion::createOutlineParallel());
  // Structured loops to branches.
  passes.addPass(createSCFToControlFlowPass());
  // Strides and offsets of views to plain arithmetic.
  passes.addPass(conversion::createLowerViews());
  passes.addPass(createLowerAffinePass());
  // Mathematics: LLVM's intrinsics where it has them, else the C library (erf).
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  // Everything else in one conversion.
  passes.addPass(createConvertToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  passes.addPass(createCSEPass());
}

void pipeline::buildPipeline(OpPassManager &passes, const Options &options,
                             Stage from, Stage upTo) {
  auto goesThrough = [&](Stage stage) { return from < stage && stage <= upTo; };
  if (goesThrough(Stage::NnFused))
    addFusion(passes, options);
  if (goesThrough(Stage::Kernel)) {
    addDescription(passes, options);
    addLoops(passes, options);
  }
  if (goesThrough(Stage::Vector))
    addVectorCode(passes, options);
  if (goesThrough(Stage::Llvm))
    addLlvm(passes, options);
  insertPasses(passes, options);
}

void pipeline::buildDescription(OpPassManager &passes, const Options &options) {
  addFusion(passes, options);
  addDescription(passes, options);
  insertPasses(passes, options);
}

Stage pipeline::stageOf(ModuleOp module) {
  Stage stage = Stage::Llvm;
  auto isAtMost = [&](Stage other) { stage = std::min(stage, other); };
  module.walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    if (dialect == "nn")
      isAtMost(Stage::Nn);
    else if (dialect == "kernel" || dialect == "linalg")
      isAtMost(Stage::Kernel);
    else if (dialect != "llvm" && dialect != "program" && dialect != "builtin")
      isAtMost(Stage::Vector);
  });
  return stage;
}

bool pipeline::hasVectorCode(ModuleOp module) {
  return module
      .walk([](Operation *op) {
        StringRef dialect = op->getName().getDialectNamespace();
        return dialect == "vector" || dialect == "llvm"
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}
