//===- NNToKernel.h - nn-to-kernel's parts, a file each -------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_NNTOKERNEL_H
#define HEDDLE_COMPILER_CONVERSION_NNTOKERNEL_H

#include "compiler/conversion/FunctionLowering.h"

namespace heddle::conversion {

/// nn.attention as kernel.attention in a task for each row, key head and share
/// of the queries. What kernel.attention cannot read is lowered to linalg, with
/// a remark.
llvm::LogicalResult lowerAttentionToKernel(nn::AttentionOp op,
                                           FunctionLowering &lowering);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_NNTOKERNEL_H
