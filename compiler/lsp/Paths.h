//===- Paths.h - Paths of weights and their tensors -------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LSP_PATHS_H
#define HEDDLE_COMPILER_LSP_PATHS_H

#include "compiler/lsp/Model.h"

namespace heddle::lsp {

/// The weights that a call reads at a path, a line each, layers together:
/// `layers.0..21.up.weight [F D]`, with what the checkpoint has of them.
std::vector<std::string> weightTextsAt(const Model &model,
                                       const Occurrence &path);

/// A path that is known, and what it leads to.
struct KnownPath {
  std::string path, detail;
};

/// Those of the checkpoint's tensors; without one those of the model's weights
/// as it was last read.
std::vector<KnownPath> knownPaths(const Model &model);

/// Steps that can follow `steps` somewhere in a known path, in order.
std::vector<KnownPath> stepsAfter(llvm::ArrayRef<llvm::StringRef> steps,
                                  llvm::ArrayRef<KnownPath> paths);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_PATHS_H
