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

static Built buildSwishWith(CallSite &site, double beta) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return site.build<nn::SwishOp>(x->shape, x->value,
                                 site.builder.getF64FloatAttr(beta));
}

/// swish(x, beta = 1)
Built buildSwish(CallSite &site) {
  std::optional<double> beta = site.number("beta", 1);
  return beta ? buildSwishWith(site, *beta) : std::nullopt;
}

/// x * sigmoid(1.702 x), CLIP's approximation of gelu (Hendrycks and Gimpel
/// 2016, section 2).
Built buildQuickGelu(CallSite &site) { return buildSwishWith(site, 1.702); }

/// Programs infer; nothing is dropped.
Built buildDropout(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return Data{*x};
}

} // namespace heddle::language
