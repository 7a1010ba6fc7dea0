//===- Observe.h - looking at a module between passes ---------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_OBSERVE_H
#define HEDDLE_COMPILER_PIPELINE_OBSERVE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir {
class PassManager;
} // namespace mlir

namespace heddle::pipeline {

/// Prints the IR to standard error after the pass with this argument name, or
/// after every pass for "all". An error if `passes` has no such pass; it names
/// the ones there are.
llvm::Error printIrAfter(mlir::PassManager &passes, llvm::StringRef pass);

/// Writes DIR/01-PASS.mlir, DIR/02-PASS.mlir, … in the order in which the
/// passes first run. A pass over functions has all of them in its one file.
/// Each file can be read back by heddle-opt. Sets `failed`, which must live as
/// long as `passes`, when one cannot be written and it has said why.
llvm::Error printIrToDirectory(mlir::PassManager &passes,
                               llvm::StringRef directory, bool &failed);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_OBSERVE_H
