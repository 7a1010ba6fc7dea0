//===- TryPasses.h - how passes end, found out in another process ---------===//

#ifndef HEDDLE_COMPILER_PIPELINE_TRYPASSES_H
#define HEDDLE_COMPILER_PIPELINE_TRYPASSES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace heddle::pipeline {

/// How passes end on a module.
struct PassEnd {
  enum Kind { Succeeds, Fails, Crashes, Hangs } kind = Succeeds;
  /// The pass in which they end, by its name; empty: between passes.
  std::string pass;
  /// Of a crash.
  int signal = 0;
  /// The first error or assertion that was told; empty: none.
  std::string message;

  /// Whether this is the same fault: of the same kind in the same pass, told in
  /// the same words, whatever the names, types and numbers in them.
  bool isLike(const PassEnd &other) const;
  /// `broken-abort crashes: Aborted`
  std::string text() const;
};

/// Runs the passes that `passes` names (PassText.h) on a copy of a module, in a
/// process of its own that has `seconds` for it. Where they succeed, what they
/// made of it is written to the file `output`, unless that is empty. This
/// process must have no other threads.
llvm::Expected<PassEnd> tryPasses(mlir::ModuleOp module, llvm::StringRef passes,
                                  unsigned seconds,
                                  llvm::StringRef output = "");

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_TRYPASSES_H
