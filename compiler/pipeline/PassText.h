//===- PassText.h - pipelines as text -------------------------------------===//
//
// What --print-passes shows, --passes and --passes-after take, and heddle-opt's
// --pass-pipeline takes as well.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_PASSTEXT_H
#define HEDDLE_COMPILER_PIPELINE_PASSTEXT_H

#include "compiler/pipeline/Options.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/LogicalResult.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace heddle::pipeline {

/// `builtin.module(…)`, a pass a line.
std::string textOf(mlir::OpPassManager &passes);

/// Adds the passes that a text names, `a,b{option=1}`, be it within
/// `builtin.module(…)` or not. They have to be registered. Fails after an error
/// that says where in the text it is, which it calls `name`.
llvm::LogicalResult parsePasses(llvm::StringRef text, llvm::StringRef name,
                                mlir::OpPassManager &passes,
                                llvm::raw_ostream &errors);

/// Registers the passes of a plugin: a shared library with
/// mlirGetPassPluginInfo, as mlir/Tools/Plugins/PassPlugin.h has it.
llvm::Error loadPassPlugin(llvm::StringRef file);

/// Puts each pipeline of options.passesAfter, which parsePasses has taken
/// before, behind the pass that it names, where `passes` has that.
void insertPasses(mlir::OpPassManager &passes, const Options &options);

/// Whether each of options.passesAfter names a pass that runs once on the way
/// from one stage to another; else an error that lists those that do.
llvm::Error checkInsertions(const Options &options, Stage from, Stage upTo);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_PASSTEXT_H
