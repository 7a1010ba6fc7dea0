//===- FuseMish.cpp - a fusion that Heddle does not have ------------------===//
//
// Enters: an nn module. Leaves: x · tanh(softplus(x)), which nothing else
// reads, as one nn.mish:
//
//   x · tanh(ln(1 + eˣ)) = x · n / (n + 2),   n = eˣ · (eˣ + 2)
//
// That is one exponential instead of two and a logarithm, and nothing cancels.
// What was fused gets a remark, and what was not, with the reason.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/NN.h"
#include "dialects/nn/VerifyModule.h"
#include "dialects/plugin/PassPlugin.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace heddle::nn;

static constexpr auto fuseMishRemarks =
    remark::RemarkOpts::name("mish").category("nn-fuse-mish");

namespace {

/// x · tanh(softplus(x))  →  mish(x)
struct Fuse : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [x, gate] : {std::pair(op.getLhs(), op.getRhs()),
                           std::pair(op.getRhs(), op.getLhs())}) {
      auto tanh = gate.getDefiningOp<TanhOp>();
      auto softplus =
          tanh ? tanh.getX().getDefiningOp<SoftplusOp>() : SoftplusOp();
      if (!softplus || softplus.getX() != x || x.getType() != op.getType())
        continue;
      if (!tanh->hasOneUse() || !softplus->hasOneUse()) {
        remark::missed(op.getLoc(), fuseMishRemarks)
            << "not fused to mish"
            << remark::reason("something else reads tanh or softplus");
        return failure();
      }
      remark::passed(op.getLoc(), fuseMishRemarks) << "fused to mish";
      rewriter.replaceOpWithNewOp<MishOp>(op, op.getType(), x);
      return success();
    }
    return failure();
  }
};

struct FuseMish : PassWrapper<FuseMish, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FuseMish)

  StringRef getArgument() const override { return "nn-fuse-mish"; }
  StringRef getDescription() const override {
    return "x · tanh(softplus(x)), made mish";
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Fuse>(&getContext());
    if (failed(verifyModule(getOperation())) ||
        failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

HEDDLE_PASS_PLUGIN("fuse-mish", "0.1", [] { PassRegistration<FuseMish>(); })
