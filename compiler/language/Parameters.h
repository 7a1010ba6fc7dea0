//===- Parameters.h - Weights and caches of a module, by path ---*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_PARAMETERS_H
#define HEDDLE_COMPILER_LANGUAGE_PARAMETERS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include <string>
#include <vector>

namespace heddle::language {

class Diagnostics;

/// The place in a model file of an op that the elaborator made.
llvm::SMLoc placeOf(mlir::Location location, Diagnostics &diagnostics);

/// A weight or cache of the whole program; equal paths are one.
struct PathEntry {
  std::string path;
  mlir::RankedTensorType type;
  mlir::Location location;
  /// Stored statistics of batchnorm: tensors of the checkpoint, but nothing
  /// that was trained.
  bool isStatistic = false;

  int64_t elements() const { return type.getNumElements(); }
};

/// In the order in which the entries reach them.
std::vector<PathEntry> parametersOf(mlir::ModuleOp module);
std::vector<PathEntry> cachesOf(mlir::ModuleOp module);

/// Reports one path used with different shapes, and caches or what scans carry
/// kept twice in one entry.
void checkPaths(mlir::ModuleOp module, Diagnostics &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_PARAMETERS_H
