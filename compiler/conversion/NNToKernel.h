//===- NNToKernel.h - nn-to-kernel's parts, a file each -------------------===//
//
// A lowering fails where kernels cannot compute the op: the reference's is
// taken then.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_NNTOKERNEL_H
#define HEDDLE_COMPILER_CONVERSION_NNTOKERNEL_H

#include "compiler/conversion/FunctionLowering.h"

namespace heddle::conversion {

/// nn.attention as kernel.attention in a task for each row, key head and share
/// of the queries or, where those are few, span of the keys. What
/// kernel.attention cannot read is lowered to linalg, with a remark.
llvm::LogicalResult lowerAttentionToKernel(nn::AttentionOp op,
                                           FunctionLowering &lowering);

/// nn.narrow as kernel.narrow.
void lowerNarrowToKernel(nn::NarrowOp op, FunctionLowering &lowering);

/// One kernel.matmul a result, as each begins a panel. Fails where the weight
/// is packed plain.
llvm::LogicalResult lowerLinearToKernel(nn::LinearOp op,
                                        FunctionLowering &lowering);

/// A convolution as products of the filters with panels of the image's windows,
/// a task for each row, group and panel; or channel by channel.
llvm::LogicalResult lowerConvToKernel(nn::ConvOp op,
                                      FunctionLowering &lowering);

/// One kernel.rope over all tokens.
llvm::LogicalResult lowerRopeToKernel(nn::RopeOp op,
                                      FunctionLowering &lowering);

/// What reduces an axis as sums and maxima over it, each a loop of linalg, and
/// what is elementwise.
void lowerReduceToKernel(nn::ReduceOp op, FunctionLowering &lowering);
void lowerSoftmaxToKernel(nn::SoftmaxOp op, FunctionLowering &lowering);
void lowerNormalizeToKernel(nn::NormalizeOp op, FunctionLowering &lowering);

/// One kernel.topk over all lines.
llvm::LogicalResult lowerTopkToKernel(nn::TopkOp op,
                                      FunctionLowering &lowering);

/// A view as a matrix: its first `kept` axes are one, the rows.
mlir::Value asMatrix(FunctionLowering &lowering, const View &view,
                     unsigned kept);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_NNTOKERNEL_H
