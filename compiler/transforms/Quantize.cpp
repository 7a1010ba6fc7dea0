//===- Quantize.cpp - in which types weights are stored -------------------===//
//
// Enters: an nn module, and what the user asked for. Leaves: `stored` on every
// nn.weight that the packed file holds in a narrower type than f32, and an
// nn.narrow before the products that multiply in such.
// WeightTypes.h says how a weight's type is decided.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "compiler/transforms/WeightTypes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_QUANTIZE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;
using namespace heddle::transforms;
using kernel::PackedType;

namespace {

/// Element type of the rows that meet a weight stored as `type`.
Type rowsFor(PackedType type, bool wide, MLIRContext *context) {
  const kernel::PackedFormat &format = kernel::formatOf(type);
  if (format.isQuantised())
    return nn::DynamicType::get(context, format.group,
                                wide && format.isGrouped());
  return BFloat16Type::get(context);
}

/// x with its contracted axes as one narrow row.
Value narrow(nn::LinearOp linear, PackedType type, bool wide) {
  OpBuilder builder(linear);
  auto x = cast<RankedTensorType>(linear.getX().getType());
  nn::AxesAttr axes = nn::axesOf(x);
  int64_t contracts = linear.getContracts(), kept = axes.rank() - contracts;
  nn::SizeExpr row(1);
  for (unsigned axis = kept; axis < axes.rank(); ++axis)
    row *= axes.expr(axis);
  SmallVector<int64_t> sizes(x.getShape().take_front(kept));
  SmallVector<StringAttr> names(axes.getNames().take_front(kept));
  sizes.push_back(linear.getInputSize());
  names.push_back(builder.getStringAttr(row.str()));
  auto result = nn::tensorOf(
      sizes, rowsFor(type, wide, builder.getContext()),
      nn::AxesAttr::get(builder.getContext(), names, StringAttr()));
  return nn::NarrowOp::create(builder, linear.getLoc(), result, linear.getX(),
                              contracts);
}

struct Quantize : heddle::transforms::impl::QuantizeBase<Quantize> {
  using Base = heddle::transforms::impl::QuantizeBase<Quantize>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(nn::verifyModule(getOperation())))
      return signalPassFailure();
    auto asked = WeightTypes::read(getOperation(), dtype, stored, quant);
    if (failed(asked))
      return signalPassFailure();
    if (asked->areAllF32())
      return;
    FailureOr<nn::PathTree> built = nn::PathTree::build(getOperation());
    if (failed(built) || failed(chooseTypes(*built, *asked)))
      return signalPassFailure();
    for (auto [weight, type] : types)
      if (type.packed != PackedType::F32)
        weight.setStored(type.packed);
    getOperation().walk([&](nn::LinearOp linear) {
      auto weight = linear.getWeight().getDefiningOp<nn::WeightOp>();
      if (!weight || !types.lookup(weight).narrowsRows)
        return;
      linear.getXMutable().assign(narrow(linear, *weight.getStored(), wide));
      linear.setContracts(1);
    });
  }

private:
  LogicalResult chooseTypes(const nn::PathTree &tree, WeightTypes &asked) {
    llvm::StringMap<nn::WeightOp> factors; // by path
    llvm::DenseMap<Operation *, StringRef> firstPaths;
    auto choose = [&](nn::WeightOp weight, StringRef path) -> LogicalResult {
      Role role = roleOf(weight);
      WeightType type = asked.typeFor(path, role);
      if (role == Role::Factor)
        factors.try_emplace(path, weight);
      auto [at, isNew] = types.insert({weight, type});
      StringRef &first = firstPaths[weight];
      if (isNew)
        first = path;
      else if (at->second == type)
        return success();
      else if (!at->second.narrowsRows && !type.narrowsRows)
        at->second = {}; // f32 holds what both do
      else
        return weight.emitError()
               << first << " is stored as " << kernel::nameOf(at->second.packed)
               << " and " << path << " as " << kernel::nameOf(type.packed)
               << ", needed one type: the same code reads both";
      return success();
    };
    for (const nn::PathTree::Slot &slot : tree.weights()) {
      auto weight = cast<nn::WeightOp>(slot.op);
      if (failed(choose(weight, slot.path)))
        return failure();
      for (StringRef path : slot.then)
        if (failed(choose(weight, path)))
          return failure();
    }
    // A table that is a product's weight too is stored once.
    for (const nn::PathTree::Slot &slot : tree.weights()) {
      auto weight = cast<nn::WeightOp>(slot.op);
      auto tied = factors.find(slot.path);
      if (tied != factors.end() && roleOf(weight) == Role::Table)
        types[weight] = types.lookup(tied->second);
    }
    return checkEveryRuleFits(tree, asked);
  }

  LogicalResult checkEveryRuleFits(const nn::PathTree &tree,
                                   const WeightTypes &asked) {
    std::optional<StringRef> glob = asked.unfitting();
    if (!glob)
      return success();
    InFlightDiagnostic diagnostic = emitError(getOperation().getLoc());
    diagnostic << "found no weight of a product and no table that fits `"
               << *glob << "`";
    for (const nn::PathTree::Slot &slot : tree.weights())
      if (roleOf(cast<nn::WeightOp>(slot.op)) == Role::Factor)
        return diagnostic << ", the first there is: " << slot.path;
    return diagnostic << ": the model has no products";
  }

  llvm::MapVector<nn::WeightOp, WeightType> types;
};

} // namespace
