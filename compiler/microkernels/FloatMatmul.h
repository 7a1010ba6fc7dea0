//===- FloatMatmul.h - operands of f32 and bf16 products --------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_FLOATMATMUL_H
#define HEDDLE_COMPILER_MICROKERNELS_FLOATMATMUL_H

#include "compiler/microkernels/MatmulOperands.h"

namespace heddle::microkernels {

std::unique_ptr<MatmulOperands> createF32Operands(kernel::MatmulOp op,
                                                  const Target &target);
std::unique_ptr<MatmulOperands> createBf16Operands(kernel::MatmulOp op,
                                                   const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_FLOATMATMUL_H
