//===- FuseResidual.cpp - additions into the product before them ----------===//
//
// Enters: an nn module. Leaves: nn.linear … residual %r in the place of
// r + linear, where nothing else reads the product: the sum is taken while the
// product is in registers, and where r is not read again its memory can become
// the result's (nn-plan-memory). Every sum of a product gets a remark.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/JoinWeights.h"
#include "compiler/transforms/Passes.h"
#include "mlir/IR/Dominance.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_FUSERESIDUAL
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

namespace {

/// Why `residual` cannot be added by the product itself, or nothing.
StringRef refusal(AddOp sum, LinearOp product, Value residual,
                  const DominanceInfo &dominance) {
  if (product.getResidual())
    return "something is added to the product already";
  if (product->getNumResults() != 1)
    return "the product has several results";
  if (!product->hasOneUse())
    return "the product itself is read elsewhere too";
  if (residual.getType() != product.getResultTypes()[0])
    return "what is added is repeated along an axis, or the product is";
  if (!runsInPanels(product))
    return "the product is no matrix product of f32 rows";
  if (!dominance.properlyDominates(residual, product))
    return "what is added is computed after the product";
  return {};
}

struct FuseResidual : heddle::transforms::impl::FuseResidualBase<FuseResidual> {
  void runOnOperation() override {
    DominanceInfo dominance(getOperation());
    SmallVector<AddOp> sums;
    getOperation()->walk([&](AddOp sum) { sums.push_back(sum); });
    for (AddOp sum : sums)
      fuse(sum, dominance);
  }

  /// Either operand may be the product; the remark is on the first that is one.
  static void fuse(AddOp sum, const DominanceInfo &dominance) {
    std::pair<LinearOp, StringRef> refused;
    for (auto [value, residual] :
         {std::pair<Value, Value>(sum.getRhs(), sum.getLhs()),
          std::pair<Value, Value>(sum.getLhs(), sum.getRhs())}) {
      auto product = value.getDefiningOp<LinearOp>();
      if (!product)
        continue;
      StringRef reason = refusal(sum, product, residual, dominance);
      if (reason.empty()) {
        product.getResidualMutable().assign(residual);
        sum.emitRemark("added within the product");
        sum.replaceAllUsesWith(product.getResult(0));
        sum.erase();
        return;
      }
      if (!refused.first)
        refused = {product, reason};
    }
    if (refused.first)
      sum.emitRemark() << "not added within the product: " << refused.second;
  }
};

} // namespace
