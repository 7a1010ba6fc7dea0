//===- JoinWeights.h - several tensors of a checkpoint as one weight ------===//
//
// For transformations that make one product of several.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_JOINWEIGHTS_H
#define HEDDLE_COMPILER_TRANSFORMS_JOINWEIGHTS_H

#include "dialects/nn/PathTree.h"
#include "llvm/ADT/DenseSet.h"

namespace heddle::transforms {

/// The weights that one op reads, and no other at the same path: they can be
/// packed in any way. Others would stand in the file twice.
class OwnWeights {
public:
  explicit OwnWeights(const nn::PathTree &tree);

  /// Why a product's weight or bias is not its own, or nothing.
  llvm::StringRef refusal(nn::LinearOp linear) const;

private:
  bool isOwn(mlir::Value weight) const;
  /// Ops one of whose paths another op names too.
  llvm::DenseSet<mlir::Operation *> shared;
};

/// Why two products of one x cannot be one, or nothing. Their weights are their
/// own.
llvm::StringRef differenceOf(nn::LinearOp a, nn::LinearOp b);

/// The weights one after the other along `axis`, at the builder's place. Their
/// indices need to be known there.
mlir::Value joinWeights(mlir::OpBuilder &builder,
                        llvm::ArrayRef<nn::WeightOp> weights, unsigned axis);

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_JOINWEIGHTS_H
