//===- SiteLayers.h - which ops a loop runs layer by layer ------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_SITELAYERS_H
#define HEDDLE_COMPILER_TRANSFORMS_SITELAYERS_H

#include "dialects/nn/NN.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace heddle::transforms {

/// The layers of which an op is one part each time.
struct SiteLayer {
  std::string name; ///< of the block that the loop runs, else `loop`
  int64_t from = 0; ///< the number of the first
  /// It runs once a layer, so that its runs count them.
  bool counts = true;
};

/// Looks from ops to the loops around them, through the calls of blocks.
class SiteLayers {
public:
  explicit SiteLayers(mlir::ModuleOp module);

  /// Nothing where no loop runs it.
  std::optional<SiteLayer> of(mlir::Operation *op);

private:
  std::optional<SiteLayer> ofFunction(mlir::func::FuncOp function);
  std::optional<SiteLayer> ofCall(mlir::Operation *call);

  llvm::StringMap<llvm::SmallVector<mlir::Operation *>> callers;
  llvm::StringMap<std::optional<SiteLayer>> known;
};

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_SITELAYERS_H
