//===- BuiltinsElementwise.cpp - Functions of a number --------------------===//

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

template <typename Op>
static Built buildWith(CallSite &site, std::optional<double> number) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x || !number)
    return std::nullopt;
  return site.build<Op>(x->shape, x->value,
                        site.builder.getF64FloatAttr(*number));
}

/// x * sigmoid(beta * x), beta being a number or a tensor that is repeated
/// along x's other axes.
static Built buildSwish(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  const Expr *beta = site.option("beta");
  Datum factor = beta ? site.elaborator.evaluate(*beta) : Datum(Constant(1.0));
  if (isFaulty(factor))
    return std::nullopt;
  if (!std::holds_alternative<Tensor>(factor))
    return buildWith<nn::SwishOp>(site, site.number("beta", 1));
  Elaborator &elaborator = site.elaborator;
  Datum scaled = elaborator.elementwise("*", std::get<Tensor>(factor), *x, {},
                                        site.call.place);
  if (isFaulty(scaled))
    return std::nullopt;
  if (std::get<Tensor>(scaled).axes() != x->axes())
    return site.fail("beta is " + site.describe(factor) + ", needs axes of " +
                     site.describe(x->shape));
  Built gate =
      site.build<nn::SigmoidOp>(x->shape, std::get<Tensor>(scaled).value);
  if (!gate)
    return std::nullopt;
  return Data{elaborator.elementwise("*", *x, std::get<Tensor>(gate->front()),
                                     {}, site.call.place)};
}

/// x * sigmoid(1.702 x), CLIP's approximation of gelu (Hendrycks and Gimpel
/// 2016, section 2).
static Built buildQuickGelu(CallSite &site) {
  return buildWith<nn::SwishOp>(site, 1.702);
}

static Built buildElu(CallSite &site) {
  return buildWith<nn::EluOp>(site, site.number("alpha", 1));
}

static Built buildLeakyRelu(CallSite &site) {
  return buildWith<nn::LeakyReluOp>(site, site.number("slope", 0.01));
}

/// Programs infer; nothing is dropped.
static Built buildDropout(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return Data{*x};
}

static constexpr Builtin elementwise[] = {
    // name, function, arguments, path, options, names in config.json
    {"relu", buildUnary<nn::ReluOp>, 1, 1, false, "", "relu"},
    {"relu_squared", buildUnary<nn::ReluSquaredOp>, 1, 1, false, "",
     "relu_squared relu2"},
    {"leaky_relu", buildLeakyRelu, 1, 1, false, "slope", "leaky_relu"},
    {"elu", buildElu, 1, 1, false, "alpha", "elu"},
    {"gelu", buildUnary<nn::GeluOp>, 1, 1, false, "", "gelu gelu_python"},
    {"gelu_tanh", buildUnary<nn::GeluTanhOp>, 1, 1, false, "",
     "gelu_tanh gelu_new gelu_fast gelu_pytorch_tanh"},
    {"quick_gelu", buildQuickGelu, 1, 1, false, "", "quick_gelu"},
    {"silu", buildUnary<nn::SiluOp>, 1, 1, false, "", "silu swish"},
    {"swish", buildSwish, 1, 1, false, "beta"},
    {"mish", buildUnary<nn::MishOp>, 1, 1, false, "", "mish"},
    {"softplus", buildUnary<nn::SoftplusOp>, 1, 1, false, "", "softplus"},
    {"hard_swish", buildUnary<nn::HardSwishOp>, 1, 1, false, "",
     "hard_swish hardswish"},
    {"tanh", buildUnary<nn::TanhOp>, 1, 1, false, "", "tanh"},
    {"sigmoid", buildUnary<nn::SigmoidOp>, 1, 1, false, "", "sigmoid"},
    {"exp", buildUnary<nn::ExpOp>, 1, 1, false, ""},
    {"log", buildUnary<nn::LogOp>, 1, 1, false, ""},
    {"sqrt", buildUnary<nn::SqrtOp>, 1, 1, false, ""},
    {"abs", buildUnary<nn::AbsOp>, 1, 1, false, ""},
    {"sin", buildUnary<nn::SinOp>, 1, 1, false, ""},
    {"cos", buildUnary<nn::CosOp>, 1, 1, false, ""},
    {"erf", buildUnary<nn::ErfOp>, 1, 1, false, ""},
    {"bf16", buildUnary<nn::Bf16Op>, 1, 1, false, ""},
    {"dropout", buildDropout, 1, 2, false, ""},
};

ArrayRef<Builtin> elementwiseBuiltins() { return elementwise; }

} // namespace heddle::language
