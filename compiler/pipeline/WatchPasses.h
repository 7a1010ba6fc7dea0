//===- WatchPasses.h - which pass runs, and on what -----------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_WATCHPASSES_H
#define HEDDLE_COMPILER_PIPELINE_WATCHPASSES_H

#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/StringRef.h"
#include <atomic>

namespace mlir {
class MLIRContext;
class PassManager;
} // namespace mlir

namespace heddle::pipeline {

/// What a thread notes of the passes that it runs, for whoever has to tell of
/// them after a crash or a signal.
struct WatchedPasses {
  explicit WatchedPasses(mlir::PassManager &passes) : passes(passes) {}

  mlir::PassManager &passes;
  /// The pass that runs, or the last that ran, and the one of `passes` that it
  /// is part of.
  llvm::StringRef name;
  mlir::Pass *outermost = nullptr;
  /// When it began, in seconds of the clock; 0: none has.
  std::atomic<int64_t> begun = 0;
  /// The location of the op that a pattern looks at; null: none does.
  std::atomic<const void *> place = nullptr;
};

/// What tells of passes of which one has run for so long.
using Tell =
    llvm::function_ref<void(const WatchedPasses &passes, int64_t seconds)>;

/// While this lives, its thread notes what it runs, and a signal that ends the
/// process lets `tell` tell of a pass that has run for long. That is done in a
/// process of its own, in which it may do what it likes, and no other thread
/// is.
class WatchPasses {
public:
  WatchPasses(mlir::PassManager &passes, mlir::MLIRContext *context, Tell tell);
  ~WatchPasses();

  WatchedPasses watched;
  /// What is told after a signal.
  Tell tell;

private:
  WatchPasses *outer;
};

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_WATCHPASSES_H
