//===- Dependence.h - which positions a result depends on -------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_DEPENDENCE_H
#define HEDDLE_DIALECTS_NN_DEPENDENCE_H

#include "mlir/IR/Operation.h"

namespace heddle::nn {

/// Which positions of its operands along an axis an op's result at a position
/// is computed from.
enum class Dependence {
  Own,     ///< the same one
  Earlier, ///< none that is later, and those of earlier calls in a session as
           ///< well: cutting the positions into several calls changes nothing
  Any      ///< all of this call, as far as anybody knows
};

/// The answer of `op`, or of an op that does not say, `Any`. Ops that do not
/// touch the axis keep its positions apart; so do ops with bodies and calls,
/// whose insides are asked by themselves.
Dependence dependenceAlong(mlir::Operation *op, llvm::StringRef axis);

/// Whether an op computes from its operands and does nothing else: regions that
/// it may have read nothing from outside.
bool computesFromOperands(mlir::Operation *op);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_DEPENDENCE_H
