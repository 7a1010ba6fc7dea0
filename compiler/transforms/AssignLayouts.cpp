//===- AssignLayouts.cpp - how each weight lies in the packed file --------===//
//
// Enters: an nn module. Leaves: `layout` on every nn.weight that a matrix
// product reads in panels. Weights without it are packed plain.
//
// A table whose rows are read may be the same tensor as a product's weight
// (tied embeddings). It then takes the product's layout too, since a row can be
// picked out of panels, and the file holds the tensor once.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/PathTree.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;

namespace {

constexpr llvm::StringLiteral layoutName = "layout";

/// The panels that a product wants its weight in; none where it cannot use any.
std::optional<kernel::PackedLayout> panelsFor(nn::LinearOp linear,
                                              int64_t panel) {
  int64_t rank = cast<RankedTensorType>(linear.getX().getType()).getRank();
  bool hasTokens = rank > static_cast<int64_t>(linear.getContracts());
  Type element = getElementTypeOrSelf(linear.getWeight());
  if (!hasTokens || !element.isF32())
    return std::nullopt;
  SmallVector<int64_t> groups;
  if (linear->getNumResults() > 1)
    for (unsigned group = 0; group < linear->getNumResults(); ++group)
      groups.push_back(linear.getGroupSize(group));
  auto layout = kernel::PackedLayout::panels(panel, kernel::PackedType::F32,
                                             linear.getInOut(), groups);
  layout.paired = linear.getGated();
  return layout;
}

/// The layout that all users of a weight want, if they are products that agree.
std::optional<kernel::PackedLayout> wishOf(nn::WeightOp weight, int64_t panel) {
  std::optional<kernel::PackedLayout> wish;
  for (OpOperand &use : weight->getUses()) {
    auto linear = dyn_cast<nn::LinearOp>(use.getOwner());
    if (!linear || linear.getWeight() != use.get() ||
        linear.getBias() == use.get())
      return std::nullopt;
    auto wanted = panelsFor(linear, panel);
    if (!wanted || (wish && !(*wish == *wanted)))
      return std::nullopt;
    wish = wanted;
  }
  return wish;
}

/// Only rows of it are read.
bool isTable(nn::WeightOp weight) {
  return llvm::all_of(weight->getUses(), [&](OpOperand &use) {
    auto embed = dyn_cast<nn::EmbedOp>(use.getOwner());
    return embed && embed.getTable() == use.get();
  });
}

struct AssignLayouts
    : heddle::transforms::impl::AssignLayoutsBase<AssignLayouts> {
  using Base = heddle::transforms::impl::AssignLayoutsBase<AssignLayouts>;
  using Base::Base;

  void runOnOperation() override {
    FailureOr<nn::PathTree> tree = nn::PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    getOperation().walk([&](nn::WeightOp weight) {
      if (auto wish = wishOf(weight, panel))
        weight->setAttr(layoutName,
                        kernel::LayoutAttr::get(&getContext(), *wish));
    });
    // Tables follow the products that read the same tensor.
    llvm::StringMap<Attribute> layouts;
    for (const nn::PathTree::Slot &slot : tree->weights())
      if (Attribute layout = slot.op->getAttr(layoutName))
        layouts.try_emplace(slot.path, layout);
    for (const nn::PathTree::Slot &slot : tree->weights()) {
      auto weight = cast<nn::WeightOp>(slot.op);
      Attribute layout = layouts.lookup(slot.path);
      if (layout && isTable(weight))
        weight->setAttr(layoutName, layout);
    }
  }
};

} // namespace
