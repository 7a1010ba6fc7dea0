//===- RaiseAttention.cpp - attention written in primitives, made whole ---===//
//
// Enters: nn. Leaves: nn.attention in the place of
//
//   dot(softmax(scores, S), v, S)
//
// where scores is dot(q, k, K), or the sum over K of another function of both,
// scaled, capped (c · tanh(… / c)), masked, with biases added, as
// SpelledAttention.h has it. No tensor of all queries and keys is left. Keys
// along a second name of the queries' axis (dyn S = T) are those of the call.
//
// What looks like this and is not raised gets a remark that says why.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "compiler/transforms/SpelledAttention.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_RAISEATTENTION
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

static constexpr auto raiseAttentionRemarks =
    remark::RemarkOpts::name("raised-attention").category("nn-raise-attention");

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// x with one axis of heads before the depth: a new one of 1, or two merged.
static Value withHead(OpBuilder &builder, Location loc, Value x) {
  RankedTensorType type = typeOf(x);
  AxesAttr axes = axesOf(x);
  if (axes.rank() == 4)
    return x;
  int64_t last = axes.rank() - 1, heads = 1;
  SizeExpr name(1);
  SmallVector<int64_t> merged;
  for (int64_t axis = 2; axis < last; ++axis) {
    heads *= type.getDimSize(axis);
    name *= axes.expr(axis);
    merged.push_back(axis);
  }
  StringAttr head = builder.getStringAttr(name.str());
  auto result = AxesAttr::get(
      builder.getContext(),
      {axes.getNames()[0], axes.getNames()[1], head, axes.getNames()[last]},
      StringAttr());
  return RearrangeOp::create(
      builder, loc,
      tensorOf({type.getDimSize(0), type.getDimSize(1), heads,
                type.getDimSize(last)},
               type.getElementType(), result),
      x,
      builder.getArrayAttr(
          {builder.getI64ArrayAttr(0), builder.getI64ArrayAttr(1),
           builder.getI64ArrayAttr(merged), builder.getI64ArrayAttr(last)}));
}

/// x with its second axis called `axis`.
static Value alongAxis(OpBuilder &builder, Value x, StringAttr axis) {
  RankedTensorType type = typeOf(x);
  SmallVector<StringAttr> names(axesOf(x).getNames());
  names[1] = axis;
  auto renamed = tensorOf(type.getShape(), type.getElementType(),
                          AxesAttr::get(builder.getContext(), names, {}));
  auto before = x.getDefiningOp<RearrangeOp>();
  if (before && before.isRenaming() && before.getX().getType() == renamed)
    return before.getX();
  SmallVector<Attribute> sources;
  for (int64_t source = 0; source < type.getRank(); ++source)
    sources.push_back(builder.getI64ArrayAttr(source));
  return RearrangeOp::create(builder, x.getLoc(), renamed, x,
                             builder.getArrayAttr(sources));
}

/// What attention gives under the axes that the spelling gave.
static Value withoutHead(OpBuilder &builder, Location loc, Value result,
                         RankedTensorType type) {
  if (type.getRank() == 4)
    return result;
  if (type.getRank() == 5)
    return ExpandOp::create(builder, loc, type, result,
                            builder.getI64IntegerAttr(2));
  return RearrangeOp::create(
      builder, loc, type, result,
      builder.getArrayAttr({builder.getI64ArrayAttr(0),
                            builder.getI64ArrayAttr(1),
                            builder.getI64ArrayAttr({2, 3})}));
}

/// Scores scaled by a tensor are those of scaled queries.
static Value scaledQueries(OpBuilder &builder, const SpelledAttention &parts) {
  Value q = parts.q;
  Location loc = q.getLoc();
  for (auto &scaling : parts.scalings)
    q = scaling.divides
            ? DivOp::create(builder, loc, q.getType(), q, scaling.tensor)
                  .getResult()
            : MulOp::create(builder, loc, q.getType(), q, scaling.tensor)
                  .getResult();
  return q;
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

/// What is summed up over the depth, of the elements of q, k and the vector.
static void fillScore(OpBuilder &builder, AttentionOp attention,
                      const SpelledAttention &parts) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> operands = {parts.q, parts.k};
  if (parts.vector)
    operands.push_back(parts.vector);
  SmallVector<Type> types(operands.size(), builder.getF32Type());
  SmallVector<Location> places(operands.size(), attention.getLoc());
  Block *block = builder.createBlock(&attention.getScore(), {}, types, places);
  IRMapping elements;
  elements.map(operands, block->getArguments());
  for (Operation *op : parts.score) {
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      if (constant && !elements.contains(operand))
        elements.map(operand, arith::ConstantOp::create(
                                  builder, op->getLoc(),
                                  builder.getF32FloatAttr(
                                      constant.getValue().convertToDouble()))
                                  .getResult());
      inputs.push_back(elements.lookup(operand));
    }
    elements.map(op->getResult(0), cast<ElementwiseOpInterface>(op).emitScalar(
                                       builder, op->getLoc(), inputs));
  }
  YieldOp::create(builder, attention.getLoc(),
                  elements.lookup(parts.score.back()->getResult(0)));
}

/// What all masks admit.
static void fillMask(OpBuilder &builder, AttentionOp attention,
                     ArrayRef<MaskOp> masks) {
  attention.getMask().takeBody(MaskOp(masks.front()).getMask());
  Block &all = attention.getMask().front();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(all.getTerminator());
  for (MaskOp mask : masks.drop_front()) {
    Block &body = mask.getMask().front();
    IRMapping mapping;
    mapping.map(body.getArguments(), all.getArguments());
    for (Operation &op : body.without_terminator())
      builder.clone(op, mapping);
    Value both = arith::AndIOp::create(
        builder, mask.getLoc(), all.getTerminator()->getOperand(0),
        mapping.lookupOrDefault(body.getTerminator()->getOperand(0)));
    all.getTerminator()->setOperand(0, both);
  }
}

/// The index of an axis of the scores, from those that the region gets. Of two
/// axes of heads, the first is that of keys.
static Value indexOf(StringAttr axis, const SpelledAttention &parts,
                     Block &block, OpBuilder &builder, Location loc) {
  if (axis == parts.rows)
    return block.getArgument(0);
  if (axis == parts.queries)
    return block.getArgument(2);
  if (axis == parts.keys)
    return block.getArgument(3);
  Value head = block.getArgument(1);
  if (parts.heads.size() == 1)
    return head;
  Value shared = arith::ConstantIndexOp::create(builder, loc,
                                                typeOf(parts.q).getDimSize(3));
  return axis == parts.heads[0]
             ? arith::DivUIOp::create(builder, loc, head, shared).getResult()
             : arith::RemUIOp::create(builder, loc, head, shared).getResult();
}

/// Σ factor · bias[…], by the positions that the region gets.
static void fillBias(OpBuilder &builder, AttentionOp attention,
                     const SpelledAttention &parts) {
  OpBuilder::InsertionGuard guard(builder);
  Type index = builder.getIndexType();
  Location loc = parts.biases.front().tensor.getLoc();
  Block *block =
      builder.createBlock(&attention.getBias(), {},
                          {index, index, index, index}, {loc, loc, loc, loc});
  Value sum;
  for (auto &bias : parts.biases) {
    SmallVector<Value> at;
    for (StringAttr axis : axesOf(bias.tensor).getNames())
      at.push_back(indexOf(axis, parts, *block, builder, loc));
    Value element =
        LookupOp::create(builder, loc, builder.getF32Type(), bias.tensor, at);
    if (bias.factor != 1)
      element = arith::MulFOp::create(
          builder, loc, element,
          arith::ConstantOp::create(builder, loc,
                                    builder.getF32FloatAttr(bias.factor)));
    sum = sum ? arith::AddFOp::create(builder, loc, sum, element).getResult()
              : element;
  }
  YieldOp::create(builder, loc, sum);
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

/// From `op` up, what nothing reads any more.
static void eraseDead(Operation *op) {
  llvm::SmallSetVector<Operation *, 8> dead;
  dead.insert(op);
  while (!dead.empty()) {
    Operation *op = dead.pop_back_val();
    if (!isOpTriviallyDead(op))
      continue;
    for (Value operand : op->getOperands())
      if (Operation *above = operand.getDefiningOp())
        dead.insert(above);
    op->erase();
  }
}

static void raise(const SpelledAttention &parts, const SizeTable &sizes) {
  DotOp whole = parts.values;
  OpBuilder builder(whole);
  Location loc = whole.getLoc();
  Value q = withHead(builder, loc, scaledQueries(builder, parts)), k = parts.k,
        v = parts.v;
  AxesAttr queries = axesOf(parts.q), keys = axesOf(parts.k);
  if (sizes.known(queries.expr(1)) == sizes.known(keys.expr(1)))
    for (Value *operand : {&k, &v})
      *operand = alongAxis(builder, *operand, parts.queries);
  k = withHead(builder, loc, k);
  v = withHead(builder, loc, v);
  SmallVector<int64_t> shape(typeOf(q).getShape());
  SmallVector<StringAttr> names(axesOf(q).getNames());
  shape[3] = typeOf(v).getDimSize(3);
  names[3] = axesOf(v).getNames()[3];
  auto type = tensorOf(shape, builder.getF32Type(),
                       AxesAttr::get(builder.getContext(), names, {}));
  auto attention = AttentionOp::create(
      builder, loc, type, q, k, v, /*sink=*/Value(), parts.vector,
      builder.getF64FloatAttr(parts.scale),
      parts.cap ? builder.getF64FloatAttr(*parts.cap) : FloatAttr());
  if (!parts.score.empty())
    fillScore(builder, attention, parts);
  if (!parts.masks.empty())
    fillMask(builder, attention, parts.masks);
  if (!parts.biases.empty())
    fillBias(builder, attention, parts);
  whole.replaceAllUsesWith(
      withoutHead(builder, loc, attention, whole.getType()));
  eraseDead(whole);
}

namespace {
struct RaiseAttention
    : heddle::transforms::impl::RaiseAttentionBase<RaiseAttention> {
  void runOnOperation() override {
    SizeTable sizes(getOperation());
    SmallVector<SoftmaxOp> candidates;
    getOperation()->walk([&](SoftmaxOp op) { candidates.push_back(op); });
    for (SoftmaxOp softmax : candidates) {
      std::string reason;
      Location place = softmax.getLoc();
      if (std::optional<SpelledAttention> parts =
              findAttention(softmax, reason)) {
        raise(*parts, sizes);
        remark::passed(place, raiseAttentionRemarks)
            << "raised to attention, with the products around it";
      } else if (!reason.empty()) {
        remark::missed(place, raiseAttentionRemarks)
            << "not raised to attention" << remark::reason("{0}", reason);
      }
    }
  }
};
} // namespace
