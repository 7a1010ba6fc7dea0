//===- Quantise.h - a row of activations as bytes ---------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_QUANTISE_H
#define HEDDLE_COMPILER_MICROKERNELS_QUANTISE_H

#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/Layout.h"

namespace heddle::microkernels {

/// Writes a row of f32 at `x` to `bytes` in the form of `row`.
void emitQuantisedRow(VectorBuilder &v, const kernel::QuantisedRow &row,
                      mlir::Value x, mlir::Value bytes);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_QUANTISE_H
