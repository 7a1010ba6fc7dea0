//===- Windows.h - how many windows fit along an axis -----------*- C++ -*-===//
//
// Of convolutions and pools: what the language infers and the verifiers check.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_WINDOWS_H
#define HEDDLE_DIALECTS_NN_WINDOWS_H

#include "dialects/nn/SizeExpr.h"

namespace heddle::nn {

/// Sizes and products of some of them can be counted below this.
constexpr int64_t mostSteps = 1 << 20;

/// Elements from the first to the last that a window reads.
SizeExpr spanOf(const SizeExpr &window, int64_t dilation);

/// steps / stride + 1, rounded down, for windows whose corners may move by
/// `steps`. The first expression is right where it is whole, the second, if
/// there is one, where steps without their constant are a multiple of the
/// stride.
llvm::SmallVector<SizeExpr, 2> windowsAlong(const SizeExpr &steps,
                                            const SizeExpr &stride);

/// The same of numbers; steps ≥ 0. Rounded up, a window that would begin at the
/// end of what is padded by `pad` in front, `size` elements long, does not
/// count.
int64_t windowsAlong(int64_t steps, int64_t stride);
int64_t windowsAlongUp(int64_t steps, int64_t stride, int64_t size,
                       int64_t pad);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_WINDOWS_H
