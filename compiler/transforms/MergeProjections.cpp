//===- MergeProjections.cpp - products of one x, made one -----------------===//
//
// Enters: an nn module. Leaves: one nn.linear with several results in the place
// of those in a block that read the same x (query, key and value). Its weight
// is theirs one after the other, which the packer joins: nothing is copied when
// the model runs. What is merged gets a remark, and what stays by itself beside
// others.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/JoinWeights.h"
#include "compiler/transforms/Passes.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

static constexpr auto mergeProjectionsRemarks =
    remark::RemarkOpts::name("merged-projections")
        .category("nn-merge-projections");

namespace {

/// Why a product cannot be merged with any other, or nothing.
StringRef refusal(LinearOp linear, const OwnWeights &own) {
  if (linear.hasEpilogue())
    return "what is done to its result is done to all columns of a product";
  return own.refusal(linear);
}

void merge(ArrayRef<LinearOp> products) {
  LinearOp first = products.front();
  OpBuilder builder(first);
  SmallVector<WeightOp> weights, biases;
  SmallVector<Location> locations;
  SmallVector<Type> types;
  for (LinearOp product : products) {
    weights.push_back(product.getWeight().getDefiningOp<WeightOp>());
    if (product.getBias())
      biases.push_back(product.getBias().getDefiningOp<WeightOp>());
    locations.push_back(product.getLoc());
    llvm::append_range(types, product.getResultTypes());
  }
  Value weight = joinWeights(builder, weights, first.getInOut() ? 1 : 0), bias;
  if (!biases.empty())
    bias = joinWeights(builder, biases, 0);
  auto merged = LinearOp::create(
      builder, builder.getFusedLoc(locations), types, first.getX(), weight,
      bias, first.getContractsAttr(), first.getInOutAttr());
  if (auto remark = remark::passed(merged.getLoc(), mergeProjectionsRemarks)) {
    auto paths = llvm::map_range(
        weights, [](WeightOp part) { return part.getPath().str(); });
    remark << remark::add("merged {0} products of the same input: {1}",
                          products.size(), llvm::join(paths, ", "));
  }
  ResultRange results = merged.getResults();
  for (LinearOp product : products) {
    unsigned count = product->getNumResults();
    product.replaceAllUsesWith(results.take_front(count));
    results = results.drop_front(count);
    product.erase();
  }
  for (WeightOp joined : llvm::concat<WeightOp>(weights, biases))
    joined.erase();
}

struct MergeProjections
    : heddle::transforms::impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    OwnWeights own(*tree);
    using Readers =
        llvm::MapVector<std::pair<Block *, Value>, SmallVector<LinearOp>>;
    Readers readers;
    getOperation().walk([&](LinearOp linear) {
      readers[{linear->getBlock(), linear.getX()}].push_back(linear);
    });
    for (auto &[x, products] : readers)
      if (products.size() > 1)
        mergeAlike(products, own);
  }

  void mergeAlike(ArrayRef<LinearOp> products, const OwnWeights &own) {
    SmallVector<SmallVector<LinearOp>> groups;
    for (LinearOp product : products) {
      if (StringRef reason = refusal(product, own); !reason.empty()) {
        remarkOn(product, reason);
        continue;
      }
      auto *group = llvm::find_if(groups, [&](ArrayRef<LinearOp> group) {
        return differenceOf(group.front(), product).empty();
      });
      if (group == groups.end())
        group = &groups.emplace_back();
      group->push_back(product);
    }
    for (auto &group : groups)
      if (group.size() == 1 && groups.size() > 1)
        remarkOn(group.front(),
                 differenceOf(groups[&group == &groups.front()].front(),
                              group.front()));
    for (ArrayRef<LinearOp> group : groups)
      if (group.size() > 1)
        merge(group);
  }

  static void remarkOn(LinearOp product, StringRef reason) {
    remark::missed(product.getLoc(), mergeProjectionsRemarks)
        << "not merged with the products of the same input"
        << remark::reason("{0}", reason);
  }
};

} // namespace
