//===- Reproduce.h - what shows a failure of a pass again -----------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_REPRODUCE_H
#define HEDDLE_COMPILER_PIPELINE_REPRODUCE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir {
class PassManager;
} // namespace mlir

namespace heddle::pipeline {

/// A pass that has failed, crashed or been interrupted.
struct PassFailure {
  /// Its name on a command line; empty: it was between passes.
  std::string pass;
  /// 0, or with what code the process would have ended: 128 and the signal's
  /// number, or `fatal`.
  int crash = 0;
  static constexpr int fatal = 70;
  /// How many seconds it had run when a signal came; 0: none did.
  int64_t interruptedAfter = 0;
  /// An error has been told.
  bool saidWhy = false;
  /// What the pass has left is no module.
  bool leftNoModule = false;
  /// Where the op is from that a pattern was at work on.
  struct Place {
    std::string file;
    unsigned line, column;
  };
  std::optional<Place> place;
  /// A module and a pipeline as `heddle-opt --run-reproducer` reads them: what
  /// the pass was given, where that can be computed again, and the pass alone.
  /// Empty where the failure is a mistake of the user's: the pass has said why
  /// and left a module that is one.
  std::string reproducer;
};

/// What a module was made of, which is kept anyway and has not changed since,
/// and by which passes: what they were given can be made again, and no copy of
/// what may be a hundred times as large has to be kept.
struct Origin {
  mlir::ModuleOp module;
  std::string passes; ///< `a,b{…}`
};

/// Runs passes. Once this has returned a crash, other threads may wait for what
/// the pass has locked: there is nothing to do but to end the process.
/// With `keepsAll`, every failure has a reproducer. Where a signal ends the
/// process while a pass has run for long, `tell` tells of it before. Of a
/// module with an origin, which may be null, no copy is kept; passes that
/// succeed become part of it.
std::optional<PassFailure>
runPasses(mlir::PassManager &passes, mlir::ModuleOp module, Origin *origin,
          bool keepsAll, llvm::function_ref<void(const PassFailure &)> tell);

/// A module and a pipeline as `heddle-opt --run-reproducer` reads them.
std::string textOfReproducer(mlir::ModuleOp module, llvm::StringRef passes);

/// Whether this thread is within runPasses, which recovers from a crash.
bool isWatchingPasses();

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_REPRODUCE_H
