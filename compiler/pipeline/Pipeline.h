//===- Pipeline.h - the order of passes -----------------------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_PIPELINE_H
#define HEDDLE_COMPILER_PIPELINE_PIPELINE_H

#include "compiler/pipeline/Options.h"

namespace mlir {
class DialectRegistry;
class ModuleOp;
class OpPassManager;
} // namespace mlir

namespace heddle::pipeline {

/// Every dialect that a module can be in at some stage, and what converts it to
/// LLVM's.
void registerDialects(mlir::DialectRegistry &registry);

/// Our passes alone.
void registerHeddlePasses();

/// Our passes and those of MLIR's that the pipeline runs, for heddle-opt.
void registerPasses();

/// The stage that `module` is in: the earliest one that its ops need.
Stage stageOf(mlir::ModuleOp module);

/// Whether micro-kernels have been written out, for one processor. Kernel ops
/// may be left, so that the module's stage does not tell.
bool hasVectorCode(mlir::ModuleOp module);

/// The vector unit of the machine that code is made for, as kernel-to-vector
/// calls it.
std::string vectorUnit(const codegen::TargetOptions &options);

/// Adds the passes that take a module from Nn to where its program and weights
/// are described (dialects/program), and no further.
void buildDescription(mlir::OpPassManager &passes, const Options &options);

/// Adds the passes that take a module from one stage to another, both from Nn
/// to Llvm.
void buildPipeline(mlir::OpPassManager &passes, const Options &options,
                   Stage from, Stage upTo);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_PIPELINE_H
