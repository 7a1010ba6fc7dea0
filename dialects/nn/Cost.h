//===- Cost.h - the work of an op -------------------------------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_COST_H
#define HEDDLE_DIALECTS_NN_COST_H

#include "dialects/nn/SizeExpr.h"
#include "mlir/IR/Operation.h"
#include <optional>

namespace heddle::nn {

class SizeTable;

/// What a product multiplies.
enum class Arithmetic { F32, BF16, I8 };

/// The work of one call, as polynomials in its sizes.
struct Cost {
  SizeExpr flops; ///< multiplications and additions of products; else 0
  SizeExpr bytes; ///< that have to pass through memory
  Arithmetic arithmetic = Arithmetic::F32;
};

/// The work of `op`; nothing where it is none of its own: of structure, of
/// scalars, and of other dialects' ops.
std::optional<Cost> costOf(mlir::Operation *op, const SizeTable &sizes);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_COST_H
