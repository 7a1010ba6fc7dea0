//===- Dependence.cpp - which positions a result depends on ---------------===//
//
// What each op says of itself. Elementwise ops say nothing more than that they
// have the interface: every position by itself.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/NN.h"
#include "dialects/nn/Pairs.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

/// Keys along the queries' own axis are those of one call; others come from a
/// session, which keeps the earlier ones.
static Dependence alongKeys(StringRef queries, StringRef keys, Region &mask) {
  return queries == keys || admitsLaterKey(mask) ? Dependence::Any
                                                 : Dependence::Earlier;
}

//===----------------------------------------------------------------------===//
// Attention and its parts
//===----------------------------------------------------------------------===//

Dependence AttentionOp::dependenceAlong(StringRef axis) {
  StringRef rows = axesOf(getQ()).axisName(0),
            queries = axesOf(getQ()).axisName(1),
            keys = axesOf(getK()).axisName(1);
  if (axis == keys)
    return alongKeys(queries, keys, getMask());
  return axis == rows || axis == queries ? Dependence::Own : Dependence::Any;
}

Dependence SoftmaxOp::dependenceAlong(StringRef axis) {
  if (axis != getAxis())
    return Dependence::Own;
  auto mask = getX().getDefiningOp<MaskOp>();
  if (!mask || mask.getKey() != axis)
    return Dependence::Any;
  return alongKeys(mask.getQuery(), axis, mask.getMask());
}

/// Probabilities are zero where the mask admits no key.
Dependence DotOp::dependenceAlong(StringRef axis) {
  if (axis != getAxis())
    return Dependence::Own;
  for (Value operand : getOperands())
    if (auto softmax = operand.getDefiningOp<SoftmaxOp>();
        softmax && softmax.getAxis() == axis)
      return softmax.dependenceAlong(axis);
  return Dependence::Any;
}

//===----------------------------------------------------------------------===//
// Along an axis
//===----------------------------------------------------------------------===//

static Dependence anyAlong(bool isMixed) {
  return isMixed ? Dependence::Any : Dependence::Own;
}

static bool isLastAxis(Value value, StringRef axis) {
  AxesAttr axes = axesOf(value);
  return axis == axes.axisName(axes.rank() - 1);
}

Dependence ReduceOp::dependenceAlong(StringRef axis) {
  return anyAlong(axis == getAxis());
}

Dependence NormalizeOp::dependenceAlong(StringRef axis) {
  return anyAlong(axis == getAxis());
}

/// The last position is the same however the ones before it were cut.
Dependence PickOp::dependenceAlong(StringRef axis) {
  if (axis != getAxis())
    return Dependence::Own;
  return getEnd() == PickEnd::Last ? Dependence::Earlier : Dependence::Any;
}

/// An axis that moves as a whole keeps its positions.
Dependence RearrangeOp::dependenceAlong(StringRef axis) {
  AxesAttr before = axesOf(getX()), after = axesOf(getResult());
  int to = after.find(axis);
  if (to < 0)
    return Dependence::Any;
  SmallVector<int64_t> source = getSource(to);
  return anyAlong(source.size() != 1 || before.axisName(source[0]) != axis);
}

Dependence ExpandOp::dependenceAlong(StringRef axis) {
  return anyAlong(axesOf(getX()).axisName(getAxis()) == axis ||
                  axesOf(getX()).find(axis) < 0);
}

Dependence ConcatOp::dependenceAlong(StringRef axis) {
  return anyAlong(axesOf(getResult()).axisName(getAxis()) == axis);
}

Dependence SplitOp::dependenceAlong(StringRef axis) {
  return anyAlong(axesOf(getX()).axisName(getAxis()) == axis);
}

Dependence TopkOp::dependenceAlong(StringRef axis) {
  return anyAlong(isLastAxis(getX(), axis));
}

/// Only the axis that the indices are over is read elsewhere than written.
Dependence TakeOp::dependenceAlong(StringRef axis) {
  return anyAlong(axesOf(getIndices()).getOver().getValue() == axis);
}

//===----------------------------------------------------------------------===//
// Linear maps, tables, positions, norms
//===----------------------------------------------------------------------===//

/// All but the last `contracted` axes of x stay.
static Dependence alongLeading(Value x, int64_t contracted, StringRef axis) {
  int at = axesOf(x).find(axis);
  return anyAlong(at < 0 || at >= axesOf(x).rank() - contracted);
}

Dependence LinearOp::dependenceAlong(StringRef axis) {
  return alongLeading(getX(), getContracts(), axis);
}

Dependence NarrowOp::dependenceAlong(StringRef axis) {
  return alongLeading(getX(), getContracts(), axis);
}

Dependence EmbedOp::dependenceAlong(StringRef axis) {
  return anyAlong(axesOf(getIds()).find(axis) < 0 ||
                  axesOf(getTable()).find(axis) >= 0);
}

Dependence RopeOp::dependenceAlong(StringRef axis) {
  return anyAlong(isLastAxis(getX(), axis));
}

Dependence RmsNormOp::dependenceAlong(StringRef axis) {
  return anyAlong(isLastAxis(getX(), axis));
}

Dependence LayerNormOp::dependenceAlong(StringRef axis) {
  return anyAlong(isLastAxis(getX(), axis));
}

//===----------------------------------------------------------------------===//
// Calls and sessions
//===----------------------------------------------------------------------===//

Dependence RouteOp::dependenceAlong(StringRef axis) {
  return alongLeading(getX(), 1, axis);
}

Dependence CacheAppendOp::dependenceAlong(StringRef axis) {
  return axis == getFrom() || axis == getTo() ? Dependence::Earlier
                                              : Dependence::Own;
}

/// Where a session keeps what is carried, no later position comes first.
Dependence ScanOp::dependenceAlong(StringRef axis) {
  if (axis != getAxis())
    return Dependence::Own;
  return isKept() ? Dependence::Earlier : Dependence::Any;
}

//===----------------------------------------------------------------------===//
// Any op
//===----------------------------------------------------------------------===//

namespace {

enum class Touch { None, Whole, Within };

} // namespace

/// How the axes of `type` mention the size: `T` is whole in [B T D], within
/// another axis in [B T+1 D].
static Touch touchOf(Type type, StringRef axis) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto axes =
      tensor ? dyn_cast_or_null<AxesAttr>(tensor.getEncoding()) : AxesAttr();
  if (!axes)
    return Touch::None;
  Touch touch = Touch::None;
  for (unsigned i = 0; i < tensor.getRank(); ++i) {
    SizeExpr length = axes.expr(i);
    if (!llvm::is_contained(length.names(), axis))
      continue;
    if (axes.axisName(i) != axis)
      return Touch::Within;
    touch = Touch::Whole;
  }
  return touch;
}

bool nn::computesFromOperands(Operation *op) {
  bool mayReadMore =
      op->getNumRegions() != 0 && !op->hasTrait<OpTrait::IsIsolatedFromAbove>();
  return isPure(op) && !mayReadMore;
}

Dependence nn::dependenceAlong(Operation *op, StringRef axis) {
  Touch touch = Touch::None;
  for (Type type : llvm::concat<Type>(SmallVector<Type>(op->getOperandTypes()),
                                      SmallVector<Type>(op->getResultTypes())))
    touch = std::max(touch, touchOf(type, axis));
  if (touch == Touch::None)
    return Dependence::Own;
  if (auto asked = dyn_cast<DependenceOpInterface>(op))
    return touch == Touch::Whole ? asked.dependenceAlong(axis)
                                 : Dependence::Any;
  bool hasInsides =
      isa<RegionBranchOpInterface>(op) || op->hasTrait<OpTrait::IsTerminator>();
  return hasInsides ? Dependence::Own : Dependence::Any;
}
