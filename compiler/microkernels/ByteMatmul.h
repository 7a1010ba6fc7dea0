//===- ByteMatmul.h - operands of i8, q8 and q4 products --------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_BYTEMATMUL_H
#define HEDDLE_COMPILER_MICROKERNELS_BYTEMATMUL_H

#include "compiler/microkernels/MatmulOperands.h"

namespace heddle::microkernels {

/// Quantised rows times a quantised weight, by the layout of the weight.
std::unique_ptr<MatmulOperands> createByteOperands(kernel::MatmulOp op,
                                                   const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_BYTEMATMUL_H
