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

/// The target of a kernel-to-vector that is one for each processor of a build.
constexpr llvm::StringLiteral eachProcessor = "each";

/// The processor's vector unit that a kernel-to-vector among the passes names;
/// empty: it is for each processor, or there is none.
std::string namedVectorUnit(mlir::OpPassManager &passes);

/// A pipeline for several processors: what they have in common, then
/// kernel-to-vector alone, and what is behind it.
struct PassParts {
  std::string common, vector, behind;
};
PassParts partsOf(llvm::StringRef text);

/// A part of it for one processor, whose vector unit is `unit`.
std::string forVectorUnit(llvm::StringRef part, llvm::StringRef unit);

/// Registers the passes of a plugin: a shared library that has
/// HEDDLE_PASS_PLUGIN (dialects/plugin/PassPlugin.h) and was compiled for this
/// Heddle and this LLVM.
llvm::Error loadPassPlugin(llvm::StringRef file);

/// Puts each pipeline of options.passesAfter, which parsePasses has taken
/// before, behind the pass that it names, where `passes` has that.
void insertPasses(mlir::OpPassManager &passes, const Options &options);

/// Whether each of options.passesAfter names a pass that runs once on the way
/// from one stage to another; else an error that lists those that do.
llvm::Error checkInsertions(const Options &options, Stage from, Stage upTo);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_PASSTEXT_H
