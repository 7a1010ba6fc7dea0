//===- Activations.cpp - elementwise ops that a product can apply ---------===//

#include "dialects/nn/Activations.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;

std::optional<nn::Activation> nn::activationOf(Operation *op) {
  using Result = std::optional<Activation>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([](ReluOp) { return Activation::Relu; })
      .Case([](GeluOp) { return Activation::Gelu; })
      .Case([](GeluTanhOp) { return Activation::GeluTanh; })
      .Case([](SiluOp) { return Activation::Silu; })
      .Case([](TanhOp) { return Activation::Tanh; })
      .Case([](SigmoidOp) { return Activation::Sigmoid; })
      .Default([](Operation *) { return std::nullopt; });
}

Value nn::createActivation(OpBuilder &builder, Location loc,
                           Activation activation, Value x) {
  switch (activation) {
  case Activation::Relu:
    return ReluOp::create(builder, loc, x.getType(), x);
  case Activation::Gelu:
    return GeluOp::create(builder, loc, x.getType(), x);
  case Activation::GeluTanh:
    return GeluTanhOp::create(builder, loc, x.getType(), x);
  case Activation::Silu:
    return SiluOp::create(builder, loc, x.getType(), x);
  case Activation::Tanh:
    return TanhOp::create(builder, loc, x.getType(), x);
  case Activation::Sigmoid:
    return SigmoidOp::create(builder, loc, x.getType(), x);
  }
  llvm_unreachable("all activations are listed");
}
