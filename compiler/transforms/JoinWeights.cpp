//===- JoinWeights.cpp - several tensors of a checkpoint as one weight ----===//

#include "compiler/transforms/JoinWeights.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;
using namespace heddle::transforms;

OwnWeights::OwnWeights(const PathTree &tree) {
  llvm::StringMap<Operation *> owners; // null: of several
  auto forEachPath = [&](auto visit) {
    for (const PathTree::Slot &slot : tree.weights()) {
      visit(slot.path, slot.op);
      for (const std::string &path : slot.then)
        visit(path, slot.op);
    }
  };
  forEachPath([&](StringRef path, Operation *op) {
    auto [owner, isNew] = owners.try_emplace(path, op);
    if (!isNew && owner->second != op)
      owner->second = nullptr;
  });
  forEachPath([&](StringRef path, Operation *op) {
    if (!owners.lookup(path))
      shared.insert(op);
  });
}

bool OwnWeights::isOwn(Value weight) const {
  return weight.hasOneUse() && !shared.contains(weight.getDefiningOp());
}

StringRef OwnWeights::refusal(LinearOp linear) const {
  for (Value weight : {linear.getWeight(), linear.getBias()}) {
    if (!weight)
      continue;
    if (!weight.getDefiningOp<WeightOp>())
      return "its weight is computed";
    if (!isOwn(weight))
      return "its weight is read elsewhere too";
  }
  return {};
}

static StringRef difference(WeightOp a, WeightOp b) {
  if (a.getAbsolute() != b.getAbsolute() || a.getIndices() != b.getIndices())
    return "its weight is reached by other indices";
  if (a.getType().getElementType() != b.getType().getElementType() ||
      a.getStored() != b.getStored() ||
      a->getDiscardableAttrDictionary() != b->getDiscardableAttrDictionary())
    return "its weight is stored in another way";
  return {};
}

StringRef transforms::differenceOf(LinearOp a, LinearOp b) {
  if (a.getContracts() != b.getContracts())
    return "it contracts other axes";
  if (a.getInOut() != b.getInOut())
    return "its weight is stored the other way round";
  if (!a.getBias() != !b.getBias())
    return "only some of them have a bias";
  auto weightOf = [](Value value) { return value.getDefiningOp<WeightOp>(); };
  StringRef reason =
      difference(weightOf(a.getWeight()), weightOf(b.getWeight()));
  if (reason.empty() && a.getBias())
    reason = difference(weightOf(a.getBias()), weightOf(b.getBias()));
  return reason;
}

Value transforms::joinWeights(OpBuilder &builder, ArrayRef<WeightOp> weights,
                              unsigned axis) {
  WeightOp first = weights.front();
  SmallVector<StringRef> paths;
  SmallVector<Type> types;
  SmallVector<Location> locations;
  int64_t size = 0;
  SizeExpr name(0);
  for (WeightOp weight : weights) {
    for (unsigned part = 0; part < weight.getPartCount(); ++part) {
      paths.push_back(weight.getPartPath(part));
      types.push_back(weight.getPartType(part));
    }
    locations.push_back(weight.getLoc());
    size += weight.getType().getDimSize(axis);
    name += axesOf(weight.getType()).expr(axis);
  }
  SmallVector<int64_t> sizes(first.getType().getShape());
  SmallVector<StringAttr> names(axesOf(first.getType()).getNames());
  sizes[axis] = size;
  names[axis] = builder.getStringAttr(name.str());
  auto joined = WeightOp::create(
      builder, builder.getFusedLoc(locations),
      tensorOf(sizes, first.getType().getElementType(),
               AxesAttr::get(builder.getContext(), names, StringAttr())),
      builder.getStringAttr(paths.front()), first.getAbsoluteAttr(),
      builder.getStrArrayAttr(ArrayRef(paths).drop_front()),
      builder.getTypeArrayAttr(types), first.getIndices(),
      first.getStoredAttr(), /*layout=*/nullptr);
  joined->setDiscardableAttrs(first->getDiscardableAttrDictionary());
  return joined;
}
