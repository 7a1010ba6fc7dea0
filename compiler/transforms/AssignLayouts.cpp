//===- AssignLayouts.cpp - how each weight lies in the packed file --------===//
//
// Enters: an nn module that nn-quantize has been over. Leaves: `layout` on
// every nn.weight that a matrix product reads in panels. Weights without it are
// packed plain.
//
// A table whose rows are read may be the same tensor as a product's weight
// (tied embeddings). It then takes the product's layout too, since a row can be
// picked out of panels, and the file holds the tensor once.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;

namespace {

bool readsTableRows(OpOperand &use) {
  return nn::roleOf(use) == nn::OperandRole::Table;
}

/// The layout that all users of a weight want, if they are products that agree;
/// who reads rows takes any whose outputs are the rows.
std::optional<kernel::PackedLayout> wishOf(nn::WeightOp weight) {
  std::optional<kernel::PackedLayout> wish;
  bool anyTable = llvm::any_of(weight->getUses(), readsTableRows);
  for (OpOperand &use : weight->getUses()) {
    if (readsTableRows(use))
      continue;
    if (nn::roleOf(use) != nn::OperandRole::Factor ||
        !getElementTypeOrSelf(weight.getType()).isF32())
      return std::nullopt;
    kernel::PackedLayout wanted = nn::panelsOf(
        cast<nn::LinearOp>(use.getOwner()), nn::packedTypeOf(weight));
    if ((wish && !(*wish == wanted)) || (anyTable && wanted.transposed))
      return std::nullopt;
    wish = wanted;
  }
  // Integers exist in panels only, of a table too.
  kernel::PackedType type = nn::packedTypeOf(weight);
  if (!wish && anyTable && kernel::isQuantised(type))
    wish = kernel::PackedLayout::ofProduct(type);
  return wish;
}

/// Only rows of it are read.
bool isTable(nn::WeightOp weight) {
  return llvm::all_of(weight->getUses(), readsTableRows);
}

struct AssignLayouts
    : heddle::transforms::impl::AssignLayoutsBase<AssignLayouts> {
  using Base = heddle::transforms::impl::AssignLayoutsBase<AssignLayouts>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(nn::verifyModule(getOperation())))
      return signalPassFailure();
    FailureOr<nn::PathTree> tree = nn::PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    getOperation().walk([&](nn::WeightOp weight) {
      if (plain && !kernel::isQuantised(nn::packedTypeOf(weight)))
        return;
      if (auto wish = wishOf(weight))
        weight.setLayoutAttr(kernel::LayoutAttr::get(&getContext(), *wish));
    });
    // Tables follow the products that read the same tensor.
    llvm::StringMap<kernel::LayoutAttr> layouts;
    for (const nn::PathTree::Slot &slot : tree->weights())
      if (auto layout = cast<nn::WeightOp>(slot.op).getLayoutAttr())
        layouts.try_emplace(slot.path, layout);
    for (const nn::PathTree::Slot &slot : tree->weights()) {
      auto weight = cast<nn::WeightOp>(slot.op);
      kernel::LayoutAttr layout = layouts.lookup(slot.path);
      if (layout && isTable(weight) && !layout.getLayout().transposed)
        weight.setLayoutAttr(layout);
    }
  }
};

} // namespace
