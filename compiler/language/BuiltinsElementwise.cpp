//===- BuiltinsElementwise.cpp - Activations and functions ----------------===//

#include "compiler/language/BuiltinFunctions.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

template <typename Op> static Built buildUnary(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return site.build<Op>(x->shape, x->value);
}

Built buildRelu(CallSite &site) { return buildUnary<nn::ReluOp>(site); }
Built buildGelu(CallSite &site) { return buildUnary<nn::GeluOp>(site); }
Built buildGeluTanh(CallSite &site) { return buildUnary<nn::GeluTanhOp>(site); }
Built buildSilu(CallSite &site) { return buildUnary<nn::SiluOp>(site); }
Built buildTanh(CallSite &site) { return buildUnary<nn::TanhOp>(site); }
Built buildSigmoid(CallSite &site) { return buildUnary<nn::SigmoidOp>(site); }
Built buildExp(CallSite &site) { return buildUnary<nn::ExpOp>(site); }
Built buildLog(CallSite &site) { return buildUnary<nn::LogOp>(site); }
Built buildSqrt(CallSite &site) { return buildUnary<nn::SqrtOp>(site); }

Built buildReluSquared(CallSite &site) {
  return buildUnary<nn::ReluSquaredOp>(site);
}
Built buildSoftplus(CallSite &site) { return buildUnary<nn::SoftplusOp>(site); }
Built buildMish(CallSite &site) { return buildUnary<nn::MishOp>(site); }
Built buildHardSwish(CallSite &site) {
  return buildUnary<nn::HardSwishOp>(site);
}

template <typename Op> static Built buildWith(CallSite &site, double number) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return site.build<Op>(x->shape, x->value,
                        site.builder.getF64FloatAttr(number));
}

template <typename Op>
static Built buildNumbered(CallSite &site, StringRef option, double otherwise) {
  std::optional<double> number = site.number(option, otherwise);
  return number ? buildWith<Op>(site, *number) : std::nullopt;
}

Built buildSwish(CallSite &site) {
  return buildNumbered<nn::SwishOp>(site, "beta", 1);
}
Built buildElu(CallSite &site) {
  return buildNumbered<nn::EluOp>(site, "alpha", 1);
}
Built buildLeakyRelu(CallSite &site) {
  return buildNumbered<nn::LeakyReluOp>(site, "slope", 0.01);
}

/// x * sigmoid(1.702 x), CLIP's approximation of gelu (Hendrycks and Gimpel
/// 2016, section 2).
Built buildQuickGelu(CallSite &site) {
  return buildWith<nn::SwishOp>(site, 1.702);
}

/// Programs infer; nothing is dropped.
Built buildDropout(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return Data{*x};
}

} // namespace heddle::language
