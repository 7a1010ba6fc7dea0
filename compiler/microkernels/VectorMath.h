//===- VectorMath.h - elementary functions on vectors -----------*- C++ -*-===//
//
// Emitters of straight-line code, valid for every input: infinities give the
// limit, NaN gives NaN. Errors, over all floats with a normal result, are
// tested in test/microkernels/VectorMathTest.cpp; "ulp" is the distance between
// neighbouring floats at the true value.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_VECTORMATH_H
#define HEDDLE_COMPILER_MICROKERNELS_VECTORMATH_H

#include "compiler/microkernels/VectorBuilder.h"

namespace heddle::microkernels {

/// eˣ, within 1.1 ulp.
mlir::Value emitExp(VectorBuilder &v, mlir::Value x);

/// 2ˣ, within 1.4 ulp.
mlir::Value emitExp2(VectorBuilder &v, mlir::Value x);

/// The same for x ≤ 0.
mlir::Value emitExp2OfNegative(VectorBuilder &v, mlir::Value x);

/// tanh x, within 2.5 ulp.
mlir::Value emitTanh(VectorBuilder &v, mlir::Value x);

/// 1 / (1 + e⁻ˣ), within 2.5 ulp; what is below 2⁻¹²⁶ may be 0.
mlir::Value emitSigmoid(VectorBuilder &v, mlir::Value x);

/// erf x, within 1.5 ulp.
mlir::Value emitErf(VectorBuilder &v, mlir::Value x);

/// sin x and cos x, within 0.51 ulp for |x| ≤ 4·10⁸; NaN beyond. The sign of a
/// zero is not kept.
struct SineAndCosine {
  mlir::Value sine, cosine;
};
SineAndCosine emitSineAndCosine(VectorBuilder &v, mlir::Value x);

/// x / (1 + e⁻ˣ), within 3 ulp; may be 0 below 2⁻¹¹⁹.
mlir::Value emitSilu(VectorBuilder &v, mlir::Value x);

/// gelu, within 2.5 ulp of x itself, and its form with tanh, within 3: far
/// below zero, where the result vanishes, only its size is right.
mlir::Value emitGelu(VectorBuilder &v, mlir::Value x);
mlir::Value emitGeluTanh(VectorBuilder &v, mlir::Value x);

/// How a vector unit computes a scalar function of one f32.
struct Function {
  mlir::Value (*emit)(VectorBuilder &v, mlir::Value x);
  /// Multiplications that it costs, roughly.
  int64_t cost;
};
/// The row of `op` in the table of functions; null if it has none.
const Function *functionOf(mlir::Operation *op);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_VECTORMATH_H
