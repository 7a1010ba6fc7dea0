//===- LowerViews.cpp - views as plain arithmetic -------------------------===//

#include "compiler/conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace heddle::conversion {
#define GEN_PASS_DEF_LOWERVIEWS
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;

namespace {

struct LowerViews : heddle::conversion::impl::LowerViewsBase<LowerViews> {
  void runOnOperation() override {
    SmallVector<Operation *> views;
    getOperation().walk([&](Operation *op) {
      if (isa<ViewLikeOpInterface, memref::ExtractStridedMetadataOp,
              memref::ExtractAlignedPointerAsIndexOp>(op))
        views.push_back(op);
    });
    RewritePatternSet patterns(&getContext());
    memref::populateExpandStridedMetadataPatterns(patterns);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(views, std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
