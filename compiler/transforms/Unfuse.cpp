//===- Unfuse.cpp - fused products in primitives again --------------------===//
//
// Enters: an nn module. Leaves: no nn.linear that is gated or has a residual,
// no grouped nn.route and no layout on any weight: what the reference computes
// op by op.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/Activations.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_UNFUSE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

/// act(x W₁ᵀ) · (x W₂ᵀ): one product with two results, and what is done to
/// them.
Value gatedProduct(OpBuilder &builder, LinearOp op) {
  Location loc = op.getLoc();
  Type type = op.getResultTypes()[0];
  auto halves = LinearOp::create(builder, loc, TypeRange{type, type}, op.getX(),
                                 op.getWeight(), op.getBias(),
                                 op.getContractsAttr(), op.getInOutAttr());
  Value gate = halves.getResult(0);
  if (op.getActivation())
    gate = createActivation(builder, loc, *op.getActivation(), gate);
  return MulOp::create(builder, loc, type, gate, halves.getResult(1));
}

void unfuse(LinearOp op) {
  OpBuilder builder(op);
  builder.setInsertionPointAfter(op);
  Value result = op.getResult(0), residual = op.getResidual();
  op.getResidualMutable().clear();
  if (op.getGated())
    result = gatedProduct(builder, op);
  if (residual)
    result =
        AddOp::create(builder, op.getLoc(), result.getType(), residual, result);
  op.getResult(0).replaceAllUsesExcept(result, result.getDefiningOp());
  if (op->use_empty())
    op.erase();
}

struct Unfuse : heddle::transforms::impl::UnfuseBase<Unfuse> {
  void runOnOperation() override {
    SmallVector<LinearOp> fused;
    getOperation()->walk([&](Operation *op) {
      if (auto weight = dyn_cast<WeightOp>(op))
        weight->removeAttr("layout");
      if (auto route = dyn_cast<RouteOp>(op))
        route.setGrouped(false);
      if (auto linear = dyn_cast<LinearOp>(op))
        if (linear.getGated() || linear.getResidual())
          fused.push_back(linear);
    });
    llvm::for_each(fused, unfuse);
  }
};

} // namespace
