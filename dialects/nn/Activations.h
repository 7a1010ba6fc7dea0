//===- Activations.h - elementwise ops that a product can apply -----------===//

#ifndef HEDDLE_DIALECTS_NN_ACTIVATIONS_H
#define HEDDLE_DIALECTS_NN_ACTIVATIONS_H

#include "dialects/nn/NN.h"

namespace heddle::nn {

/// The activation of nn.linear that does what `op` does, if there is one.
std::optional<Activation> activationOf(mlir::Operation *op);

/// The op that does what an activation does.
mlir::Value createActivation(mlir::OpBuilder &builder, mlir::Location loc,
                             Activation activation, mlir::Value x);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_ACTIVATIONS_H
