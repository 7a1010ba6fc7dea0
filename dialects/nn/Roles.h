//===- Roles.h - what operands are to their ops -----------------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_ROLES_H
#define HEDDLE_DIALECTS_NN_ROLES_H

#include "mlir/IR/Operation.h"

namespace heddle::nn {

enum class OperandRole {
  Data,      ///< read as it is; nothing else is known
  Factor,    ///< matrix of a product with tokens
  Table,     ///< rows of it are picked
  Scale,     ///< what is normalised is multiplied or divided with it
  Shift,     ///< added or subtracted: a bias, a mean
  Rows,      ///< read row by row, also where a session keeps it
  MixedRows, ///< the same, of f32 or bf16 alike
};

/// What a value is to the op that uses it; `Data` where the op does not say.
OperandRole roleOf(mlir::OpOperand &use);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_ROLES_H
