//===- FuseGates.h - two products of one x, made one value ------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_FUSEGATES_H
#define HEDDLE_COMPILER_TRANSFORMS_FUSEGATES_H

#include "compiler/transforms/JoinWeights.h"
#include "mlir/IR/PatternMatch.h"

namespace heddle::transforms {

/// Adds the patterns that make f(x W₁ᵀ, x W₂ᵀ) one paired product, and
/// pieces of a product's columns results of it. `own` lives as long as they do.
/// With `groupsInPairs`, weights with a scale for every group are paired too.
void populateFuseGates(mlir::RewritePatternSet &patterns, const OwnWeights &own,
                       bool groupsInPairs);

/// Whether `op` combines two products of one x that become one value further
/// down, where they will be paired.
bool isWithinGate(nn::ElementwiseOpInterface op, const OwnWeights &own,
                  bool groupsInPairs);

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_FUSEGATES_H
