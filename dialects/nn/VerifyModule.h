//===- VerifyModule.h - what is true of a module as a whole -----*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_VERIFYMODULE_H
#define HEDDLE_DIALECTS_NN_VERIFYMODULE_H

#include "dialects/kernel/Layout.h"
#include "dialects/nn/NN.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::nn {

/// What passes over a model take for granted and no op can see by itself. A
/// module that the language made is so; one that comes from a file may be
/// anything that its ops allow. Each pass over whole modules begins with this.
///
/// M1. The module holds nn.size, nn.state, functions, and what says of itself
///     that it stands beside a model.
/// M2. A function has a body of one block. It takes and gives tensors with
///     named axes.
/// M3. A function consists of the computing ops of nn, scalar arithmetic,
///     loops that count by one between constants, and a return. Regions about
///     a pair of positions consist of scalar arithmetic and look-ups. Rows of
///     !nn.dynamic go from nn.narrow to nn.linear, from what a session keeps to
///     nn.attention, and nowhere else.
/// M4. An axis that is known only at run time is an expression over sizes that
///     the module declares, of which at least one is known only at run time,
///     and none is divided by. An axis of declared sizes has their value. The
///     number of elements has few terms.
/// M5. Indices of paths are indices of loops around the op, or constants.
/// M6. Calls go at most mostCallsDeep deep; in particular none calls itself.
/// M7. `layout` on an nn.weight is panels of the type in which it is stored.
///     Who reads it are tables, and products that want just these panels.
///     Parts of a weight are joined along its outputs.
llvm::LogicalResult verifyModule(mlir::ModuleOp module);

/// The panels in which a product reads a weight of this type.
kernel::PackedLayout panelsOf(LinearOp linear, kernel::PackedType type);

/// The type in which the packed file holds a weight.
kernel::PackedType packedTypeOf(WeightOp weight);

/// The turns of a loop over weights, which counts by one.
struct LoopTurns {
  int64_t lower, count;
};

/// Those of `loop`; failure, with an error, where its bounds are no constants
/// or out of range.
llvm::FailureOr<LoopTurns> turnsOf(mlir::scf::ForOp loop);

/// The function that an op of the dialect calls, or null.
mlir::FlatSymbolRefAttr calleeOf(mlir::Operation *op);

/// Examples call blocks four deep.
inline constexpr unsigned mostCallsDeep = 256;

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_VERIFYMODULE_H
