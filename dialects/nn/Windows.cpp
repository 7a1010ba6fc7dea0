//===- Windows.cpp - how many windows fit along an axis -------------------===//

#include "dialects/nn/Windows.h"
#include "llvm/Support/MathExtras.h"

using namespace heddle;
using namespace heddle::nn;

SizeExpr nn::spanOf(const SizeExpr &window, int64_t dilation) {
  return (window - SizeExpr(1)) * SizeExpr(dilation) + SizeExpr(1);
}

llvm::SmallVector<SizeExpr, 2> nn::windowsAlong(const SizeExpr &steps,
                                                const SizeExpr &stride) {
  llvm::SmallVector<SizeExpr, 2> counts;
  auto exact = steps.dividedBy(stride);
  if (succeeded(exact))
    counts.push_back(*exact + SizeExpr(1));
  std::optional<int64_t> divisor = stride.asConstant();
  const auto *constant =
      llvm::find_if(steps.terms(), [](const SizeExpr::Term &term) {
        return term.factors.empty();
      });
  if (!divisor || constant == steps.terms().end() || constant->denominator != 1)
    return counts;
  int64_t rest = constant->numerator;
  counts.push_back(*(steps - SizeExpr(rest)).dividedBy(stride) +
                   SizeExpr(llvm::divideFloorSigned(rest, *divisor) + 1));
  return counts;
}

int64_t nn::windowsAlong(int64_t steps, int64_t stride) {
  return steps / stride + 1;
}

int64_t nn::windowsAlongUp(int64_t steps, int64_t stride, int64_t size,
                           int64_t pad) {
  int64_t count = llvm::divideCeil(steps, stride) + 1;
  return (count - 1) * stride >= size + pad ? count - 1 : count;
}
