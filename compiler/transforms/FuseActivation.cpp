//===- FuseActivation.cpp - activations into the product before them ------===//
//
// Enters: an nn module. Leaves: the same with `nn.linear … activation` where an
// activation was the only reader of a product, so that it is applied to the
// results while they are in registers or the first-level cache.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/Activations.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_FUSEACTIVATION
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;

namespace {

struct FuseIntoLinear : OpRewritePattern<nn::LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::LinearOp linear,
                                PatternRewriter &rewriter) const override {
    if (linear.getActivation())
      return rewriter.notifyMatchFailure(linear, "has an activation");
    if (linear.getGated() || linear.getResidual())
      return rewriter.notifyMatchFailure(linear,
                                         "is more than a product already");
    if (linear->getNumResults() != 1)
      return rewriter.notifyMatchFailure(linear, "has several results");
    if (!linear->hasOneUse())
      return rewriter.notifyMatchFailure(
          linear, "the product itself is read, or read more than once");
    Operation *user = *linear->user_begin();
    std::optional<nn::Activation> activation = nn::activationOf(user);
    if (!activation)
      return rewriter.notifyMatchFailure(linear,
                                         "no activation reads the product");
    rewriter.modifyOpInPlace(linear, [&] {
      linear.setActivationAttr(
          nn::ActivationAttr::get(rewriter.getContext(), *activation));
    });
    emitRemark(user->getLoc())
        << nn::stringifyActivation(*activation) << " applied within the product";
    rewriter.replaceOp(user, linear.getResults());
    return success();
  }
};

struct FuseActivation
    : heddle::transforms::impl::FuseActivationBase<FuseActivation> {
  void runOnOperation() override {
    if (failed(nn::verifyModule(getOperation())))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseIntoLinear>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
