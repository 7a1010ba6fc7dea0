//===- FloatMatmul.h - operands of products of floats -----------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_FLOATMATMUL_H
#define HEDDLE_COMPILER_MICROKERNELS_FLOATMATMUL_H

#include "compiler/microkernels/MatmulOperands.h"

namespace heddle::microkernels {

std::unique_ptr<MatmulOperands> createFloatOperands(kernel::MatmulOp op,
                                                    const Target &target);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_FLOATMATMUL_H
