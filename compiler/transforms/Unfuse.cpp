//===- Unfuse.cpp - what only the fast path can read, undone --------------===//
//
// Enters: an nn module. Leaves: no grouped nn.route, no layout on any weight,
// and caches that keep all positions. Products keep their epilogues, which the
// reference computes as they stand.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/NN.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_UNFUSE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

struct Unfuse : heddle::transforms::impl::UnfuseBase<Unfuse> {
  void runOnOperation() override {
    getOperation()->walk([&](Operation *op) {
      if (auto weight = dyn_cast<WeightOp>(op))
        weight.removeLayoutAttr();
      if (auto route = dyn_cast<RouteOp>(op))
        route.setGrouped(false);
      if (auto append = dyn_cast<CacheAppendOp>(op))
        append.removeWindowAttr();
    });
  }
};

} // namespace
