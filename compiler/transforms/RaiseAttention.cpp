//===- RaiseAttention.cpp - attention written in primitives, made whole ---===//
//
// Enters: nn. Leaves: nn.attention in the place of
//
//   dot(softmax(scores, S), v, S)
//
// where scores is dot(q, k, K), scaled by a number, capped (c · tanh(… / c)),
// masked, with a bias added, each at most once, the bias after scale and cap.
// Keys along a second name of the queries' axis (dyn S = T) are those of the
// call.
//
// What looks like this and is not raised gets a remark that says why.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_RAISEATTENTION
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto remarkOptions =
    remark::RemarkOpts::name("raised-attention").category("nn-raise-attention");

namespace {

/// What was found from the softmax upwards and downwards.
struct Parts {
  DotOp scores, values;
  MaskOp mask;
  Value bias;
  double scale = 1;
  std::optional<double> cap;

  /// q, k, v.
  SmallVector<Value> operands() {
    return {scores.getA(), scores.getB(), values.getB()};
  }
};

class Matcher {
public:
  explicit Matcher(SoftmaxOp softmax) : softmax(softmax) {}

  /// Nothing, without a reason, where it is no attention at all.
  std::optional<Parts> match() {
    if (!findScores() || !findValues() || !checkAxes() || !checkMask() ||
        !checkBias())
      return std::nullopt;
    return parts;
  }

  const std::string &reason() const { return why; }

private:
  bool refuse(const Twine &text) {
    why = text.str();
    return false;
  }

  /// The number that a tensor holds everywhere.
  static std::optional<double> numberOf(Value value) {
    FloatAttr number;
    if (!matchPattern(value, m_Constant(&number)))
      return std::nullopt;
    return number.getValueAsDouble();
  }

  /// The longest chain from a product to the softmax that is looked through.
  static constexpr unsigned kMostSteps = 8;

  /// The operand that brings the scores to a step between product and softmax.
  static Value scoresOf(Operation *step, unsigned steps) {
    if (isa<MulOp, AddOp>(step) && sourceOf(step->getOperand(1), steps))
      return step->getOperand(1);
    return step->getOperand(0);
  }

  /// The dot product that `value` comes from, or null.
  static DotOp sourceOf(Value value, unsigned steps = kMostSteps) {
    for (; steps > 0; --steps) {
      Operation *op = value.getDefiningOp();
      if (auto dot = dyn_cast_or_null<DotOp>(op))
        return dot;
      if (!isa_and_nonnull<MaskOp, TanhOp, MulOp, DivOp, AddOp>(op))
        return nullptr;
      value = scoresOf(op, steps - 1);
    }
    return nullptr;
  }

  /// From the softmax up to dot(q, k).
  bool findScores() {
    parts.scores = sourceOf(softmax.getX());
    if (!parts.scores)
      return false;
    Value value = softmax.getX();
    bool isScaled = false;
    unsigned steps = kMostSteps;
    while (value != parts.scores.getResult()) {
      if (!value.hasOneUse())
        return refuse("the scores have another user");
      Operation *op = value.getDefiningOp();
      --steps;
      if (auto mask = dyn_cast<MaskOp>(op)) {
        if (parts.mask)
          return refuse("the scores are masked twice");
        parts.mask = mask;
        value = mask.getX();
        continue;
      }
      if (auto tanh = dyn_cast<TanhOp>(op)) {
        if (parts.cap)
          return refuse("the scores are capped twice");
        parts.cap = std::exchange(parts.scale, 1);
        isScaled = true;
        value = tanh.getX();
        continue;
      }
      value = scoresOf(op, steps);
      Value other = op->getOperand(value == op->getOperand(0) ? 1 : 0);
      if (value.getType() != op->getResult(0).getType())
        return refuse("the scores are repeated along another axis");
      if (isa<AddOp>(op)) {
        if (parts.bias)
          return refuse("two biases are added to the scores");
        if (isScaled)
          return refuse("the bias is added before the scores are scaled or "
                        "capped");
        parts.bias = other;
        continue;
      }
      std::optional<double> number = numberOf(other);
      if (!number || *number <= 0)
        return refuse("the scores are scaled by what is not one positive "
                      "number");
      isScaled = true;
      parts.scale *= isa<DivOp>(op) ? 1 / *number : *number;
    }
    if (!value.hasOneUse())
      return refuse("the scores have another user");
    // c · tanh(s · q·k) is what a scale of s · c gives under the cap c.
    parts.scale *= parts.cap.value_or(1);
    return true;
  }

  /// From the softmax down to dot(p, v).
  bool findValues() {
    Value p = softmax.getResult();
    if (!p.hasOneUse())
      return refuse("the weights of the values have another user");
    parts.values = dyn_cast<DotOp>(*p.user_begin());
    if (!parts.values || parts.values.getAxis() != softmax.getAxis())
      return refuse("the weights are not multiplied with values over " +
                    softmax.getAxis());
    if (parts.values.getA() != p)
      return refuse("the values stand before their weights");
    return true;
  }

  /// q [rows, T, H, K], k [rows, S, H, K], v [rows, S, H, V], or all without H.
  bool checkAxes() {
    auto q = axesOf(parts.scores.getA()).getNames();
    auto k = axesOf(parts.scores.getB()).getNames();
    auto v = axesOf(parts.values.getB()).getNames();
    size_t rank = q.size();
    if ((rank != 3 && rank != 4) || k.size() != rank || v.size() != rank)
      return refuse("query, key and value need rows, positions, heads if any, "
                    "and depth");
    if (q.back() != parts.scores.getAxisAttr() || q.back() != k.back())
      return refuse("the scores are no product over the depth");
    if (k[1] != softmax.getAxisAttr() || v[1] != k[1])
      return refuse("the softmax is not over the positions of the keys");
    bool alike = q[0] == k[0] && q[0] == v[0] &&
                 (rank == 3 || (q[2] == k[2] && q[2] == v[2]));
    if (!alike)
      return refuse("query, key and value differ in rows or heads");
    for (Value operand : parts.operands()) {
      auto sizes = cast<RankedTensorType>(operand.getType()).getShape();
      if (llvm::any_of(sizes.drop_front(2), ShapedType::isDynamic))
        return refuse("heads and depth are known only at run time");
    }
    return true;
  }

  bool checkMask() {
    if (!parts.mask)
      return true;
    if (parts.mask.getQueryAttr() != queryAxis() ||
        parts.mask.getKeyAttr() != softmax.getAxisAttr())
      return refuse("the mask is not over queries and keys");
    return true;
  }

  /// A region looks a bias up by position, so it may not depend on the row, nor
  /// on how many positions a session has.
  bool checkBias() {
    if (!parts.bias)
      return true;
    auto type = cast<RankedTensorType>(parts.bias.getType());
    if (!type.hasStaticShape() || !type.getElementType().isF32())
      return refuse("the bias has sizes known only at run time");
    if (axesOf(type).find(axesOf(parts.scores.getA()).axisName(0)) >= 0)
      return refuse("the bias differs from row to row");
    return true;
  }

  StringAttr queryAxis() { return axesOf(parts.scores.getA()).getNames()[1]; }

  SoftmaxOp softmax;
  Parts parts;
  std::string why;
};

} // namespace

/// x with an axis of one head before the depth.
static Value withHead(OpBuilder &builder, Location loc, Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> sizes(type.getShape());
  SmallVector<StringAttr> names(axesOf(x).getNames());
  sizes.insert(sizes.begin() + 2, 1);
  names.insert(names.begin() + 2, builder.getStringAttr("1"));
  auto axes = AxesAttr::get(builder.getContext(), names, StringAttr());
  return RearrangeOp::create(
      builder, loc, tensorOf(sizes, type.getElementType(), axes), x,
      builder.getArrayAttr(
          {builder.getI64ArrayAttr(0), builder.getI64ArrayAttr(1),
           builder.getI64ArrayAttr({}), builder.getI64ArrayAttr(2)}));
}

/// x with its second axis called `axis`.
static Value alongAxis(OpBuilder &builder, Value x, StringAttr axis) {
  auto type = cast<RankedTensorType>(x.getType());
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

/// bias[…] by the positions that the region gets.
static void fillBias(OpBuilder &builder, AttentionOp attention, Parts parts) {
  OpBuilder::InsertionGuard guard(builder);
  Type index = builder.getIndexType();
  Location loc = parts.bias.getLoc();
  Block *block =
      builder.createBlock(&attention.getBias(), {},
                          {index, index, index, index}, {loc, loc, loc, loc});
  // Row, head, query, key: the scores are [rows, query, heads, key].
  AxesAttr scores = axesOf(parts.scores.getResult());
  auto argumentOf = [&](StringRef axis) -> Value {
    if (axis == scores.axisName(1))
      return block->getArgument(2);
    bool isKey = axis == scores.axisName(scores.rank() - 1);
    return block->getArgument(isKey ? 3 : 1);
  };
  SmallVector<Value> at;
  for (StringAttr axis : axesOf(parts.bias).getNames())
    at.push_back(argumentOf(axis));
  Value element =
      LookupOp::create(builder, loc, builder.getF32Type(), parts.bias, at);
  YieldOp::create(builder, loc, element);
}

static void raise(Parts parts, const SizeTable &sizes) {
  DotOp whole = parts.values;
  OpBuilder builder(whole);
  Location loc = whole.getLoc();
  SmallVector<Value> operands = parts.operands();
  AxesAttr queries = axesOf(operands[0]), keys = axesOf(operands[1]);
  if (sizes.known(queries.expr(1)) == sizes.known(keys.expr(1)))
    for (Value &operand : MutableArrayRef(operands).drop_front())
      operand = alongAxis(builder, operand, queries.getNames()[1]);
  bool hasHeads = axesOf(operands.front()).rank() == 4;
  if (!hasHeads)
    for (Value &operand : operands)
      operand = withHead(builder, loc, operand);
  Value q = operands[0], v = operands[2];
  SmallVector<int64_t> shape(cast<RankedTensorType>(q.getType()).getShape());
  SmallVector<StringAttr> names(axesOf(q).getNames());
  shape[3] = cast<RankedTensorType>(v.getType()).getDimSize(3);
  names[3] = axesOf(v).getNames()[3];
  auto type = tensorOf(shape, builder.getF32Type(),
                       AxesAttr::get(builder.getContext(), names, {}));
  auto attention = AttentionOp::create(
      builder, loc, type, q, operands[1], v,
      builder.getF64FloatAttr(parts.scale),
      parts.cap ? builder.getF64FloatAttr(*parts.cap) : FloatAttr());
  if (parts.mask)
    attention.getMask().takeBody(parts.mask.getMask());
  if (parts.bias)
    fillBias(builder, attention, parts);
  Value result = attention;
  if (!hasHeads)
    result = RearrangeOp::create(
        builder, loc, whole.getType(), result,
        builder.getArrayAttr({builder.getI64ArrayAttr(0),
                              builder.getI64ArrayAttr(1),
                              builder.getI64ArrayAttr({2, 3})}));
  whole.replaceAllUsesWith(result);
  // From the last op up; what another op reads stays.
  llvm::SmallSetVector<Operation *, 8> dead;
  dead.insert(whole);
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

namespace {
struct RaiseAttention
    : heddle::transforms::impl::RaiseAttentionBase<RaiseAttention> {
  void runOnOperation() override {
    SizeTable sizes(getOperation());
    SmallVector<SoftmaxOp> candidates;
    getOperation()->walk([&](SoftmaxOp op) { candidates.push_back(op); });
    for (SoftmaxOp softmax : candidates) {
      Matcher matcher(softmax);
      Location place = softmax.getLoc();
      if (std::optional<Parts> parts = matcher.match()) {
        raise(*parts, sizes);
        remark::passed(place, remarkOptions)
            << "raised to attention, with the products around it";
      } else if (!matcher.reason().empty()) {
        remark::missed(place, remarkOptions)
            << "not raised to attention"
            << remark::reason("{0}", matcher.reason());
      }
    }
  }
};
} // namespace
