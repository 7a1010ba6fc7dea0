//===- Cost.cpp - the work of an op ---------------------------------------===//
//
//   linear     2·M·K·N multiplications and additions; the bytes of its weight
//   attention  2·pairs·(depth of keys + depth of values), where a causal mask
//              admits fewer pairs; the bytes of keys and values
//   others     the bytes of operands and results; what lies in a session stays
//              there, and only what is new is written
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/Cost.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Pairs.h"
#include "dialects/nn/SizeTable.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static SizeExpr bytesThrough(Operation *op, const SizeTable &sizes) {
  SizeExpr bytes(0);
  auto add = [&](Value value) {
    if (auto type = dyn_cast<RankedTensorType>(value.getType()))
      bytes += sizes.bytes(type);
  };
  llvm::for_each(op->getOperands(), add);
  if (op->hasTrait<LiesInSession>())
    return bytes * SizeExpr(2);
  llvm::for_each(op->getResults(), add);
  return bytes;
}

std::optional<Cost> nn::costOf(Operation *op, const SizeTable &sizes) {
  if (!isa<NNDialect>(op->getDialect()) || op->hasTrait<CostsNothing>() ||
      op->hasTrait<OpTrait::IsTerminator>())
    return std::nullopt;
  if (auto known = dyn_cast<CostOpInterface>(op))
    return known.cost(sizes);
  return Cost{SizeExpr(0), bytesThrough(op, sizes)};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static Arithmetic arithmeticOf(Type element) {
  if (isa<DynamicType>(element))
    return Arithmetic::I8;
  return element.isF32() ? Arithmetic::F32 : Arithmetic::BF16;
}

/// As the weight lies in the packed file.
static SizeExpr weightBytes(Value weight, const SizeTable &sizes) {
  RankedTensorType type = typeOf(weight);
  auto op = weight.getDefiningOp<WeightOp>();
  kernel::LayoutAttr layout = op ? op.getLayoutAttr() : kernel::LayoutAttr();
  return layout ? SizeExpr(layout.getLayout().packedBytes(type.getShape()))
                : sizes.bytes(type);
}

Cost LinearOp::cost(const SizeTable &sizes) {
  SizeExpr flops(0), perColumn((getPaired() ? 4 : 2) * getInputSize());
  for (Value result : getResults())
    flops += sizes.elements(typeOf(result)) * perColumn;
  return {flops, weightBytes(getWeight(), sizes),
          arithmeticOf(typeOf(getX()).getElementType())};
}

Cost AttentionOp::cost(const SizeTable &sizes) {
  // Rows times heads times both depths: what one query costs with one key.
  RankedTensorType q = typeOf(getQ()), k = typeOf(getK());
  SizeExpr queries = sizes.axis(q, 1), keys = sizes.axis(k, 1);
  int64_t depths = q.getDimSize(3) + typeOf(getResult()).getDimSize(3);
  SizeExpr perPair = sizes.axis(q, 0) * sizes.axis(q, 2) * SizeExpr(depths);
  SizeExpr pairs = queries * keys;
  // The i-th of T new tokens does not see the T − 1 − i after it.
  if (!admitsLaterKey(getMask()))
    pairs = pairs - *(queries * queries - queries).dividedBy(SizeExpr(2));
  return {perPair * pairs * SizeExpr(2),
          sizes.bytes(keptAs(k)) + sizes.bytes(keptAs(typeOf(getV())))};
}

Cost ConvOp::cost(const SizeTable &sizes) {
  // Every place of a result, or transposed of x, meets a window.
  RankedTensorType filters = typeOf(getWeight());
  int64_t window = filters.getNumElements() / filters.getDimSize(0);
  Value places = getTransposed() ? getX() : getResult();
  return {sizes.elements(typeOf(places)) * SizeExpr(2 * window),
          bytesThrough(*this, sizes)};
}

Cost DotOp::cost(const SizeTable &sizes) {
  RankedTensorType a = typeOf(getA());
  SizeExpr terms = sizes.axis(a, axesOf(a).find(getAxis()));
  return {sizes.elements(typeOf(getResult())) * terms * SizeExpr(2),
          bytesThrough(*this, sizes)};
}

/// Of the table, the rows that are picked.
Cost EmbedOp::cost(const SizeTable &sizes) {
  return {SizeExpr(0), sizes.bytes(typeOf(getResult())) * SizeExpr(2)};
}
