//===- Scalar.h - the scalar dialect --------------------------------------===//
//
// Functions of a number that may stand in any region. See ScalarOps.td.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_SCALAR_SCALAR_H
#define HEDDLE_DIALECTS_SCALAR_SCALAR_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/scalar/ScalarDialect.h.inc"
#include "dialects/scalar/ScalarInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/scalar/ScalarOps.h.inc"

namespace heddle::scalar {

/// Writes out every function below `root` as its formula.
void expandFunctions(mlir::Operation *root);

/// Whether `op` computes numbers, integers or truth values from others of one
/// element each, and does nothing else: what a region about elements may hold.
bool isScalarOp(mlir::Operation *op);

/// Whether `epilogue`, a region of `op`, is one block of such ops from `count`
/// numbers of f32 to one, yielded by an op of op's own dialect. Says why not.
llvm::LogicalResult verifyEpilogue(mlir::Operation *op, mlir::Region &epilogue,
                                   size_t count);

/// What a block of such ops yields for these arguments, at the builder's place.
mlir::Value emitBody(mlir::Block &body, mlir::ValueRange arguments,
                     mlir::OpBuilder &builder);

} // namespace heddle::scalar

#endif // HEDDLE_DIALECTS_SCALAR_SCALAR_H
