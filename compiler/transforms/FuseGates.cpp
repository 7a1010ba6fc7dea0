//===- FuseGates.cpp - two products of one x, made one value --------------===//
//
// GLU, SwiGLU, GEGLU, ReGLU and the bilinear form (Shazeer 2020), and whatever
// else elementwise ops make of two products of one x:
//
//   f(x W₁ᵀ, x W₂ᵀ)   →   one product with both sums in its epilogue
//
// where nothing else reads the sums. They are two products of the same x,
// whose weights are then joined, or the halves of one. x is read once, and the
// sums never go through memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/FuseGates.h"
#include "compiler/transforms/ProductEnd.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

static constexpr auto fuseGatesRemarks =
    remark::RemarkOpts::name("gated-product").category("nn-fuse-epilogue");

namespace {

/// Two sums of one x and what is done to both, the gate's sum being the first.
struct Gate {
  ProductEnd end;

  LinearOp linear(unsigned number) const {
    return cast<LinearOp>(end.sums[number].getOwner());
  }
  bool areHalves() const {
    return end.sums[0].getOwner() == end.sums[1].getOwner();
  }
  /// What the epilogues of both products and the steps read.
  llvm::SmallSetVector<Value, 4> others() const {
    llvm::SmallSetVector<Value, 4> all;
    for (unsigned number : {0, 1})
      all.insert_range(linear(number).getOthers());
    all.insert_range(end.others);
    return all;
  }
};

/// A gate, and why it cannot be fused, or nothing.
struct FoundGate {
  Gate gate;
  StringRef reason;
};

} // namespace

/// Whether a step before the last, or the product itself, makes something else
/// of a sum.
static bool hasFunction(OpResult sum, ProductEnd &end) {
  return cast<LinearOp>(sum.getOwner()).hasEpilogue() ||
         llvm::any_of(sum.getUsers(),
                      [&](Operation *user) { return user != end.last(); });
}

/// What two sums become at `op`. The first is the one with a function, else
/// they are as they stand; halves are in the order of their columns.
static FoundGate gateOf(OpResult left, OpResult right,
                        ElementwiseOpInterface op) {
  if (left.getType() != op->getResult(0).getType() ||
      right.getType() != left.getType())
    return {{}, "a factor is repeated along an axis of the other"};
  FoundEnd found = endOf({left, right});
  FoundGate result{{found.end}, found.reason};
  if (found.reason == ProductEnd::readElsewhere ||
      (found.reason.empty() && found.end.last() != op))
    result.reason = "a factor is read elsewhere too";
  if (!result.reason.empty())
    return result;
  ProductEnd &end = result.gate.end;
  bool swaps = hasFunction(right, end) && !hasFunction(left, end);
  if (result.gate.areHalves())
    swaps = left.getResultNumber() > right.getResultNumber();
  if (swaps)
    std::swap(end.sums[0], end.sums[1]);
  return result;
}

/// Whether a weight has a scale for every group of inputs.
static bool isInGroups(LinearOp product) {
  auto weight = product.getWeight().getDefiningOp<WeightOp>();
  return weight && weight.getStored() &&
         heddle::kernel::formatOf(*weight.getStored()).isGrouped();
}

static StringRef refusalOfTwo(const Gate &gate, const OwnWeights &own) {
  for (unsigned number : {0, 1}) {
    LinearOp product = gate.linear(number);
    if (product->getNumResults() != 1)
      return "a factor is one of several results of a product";
    if (product.getPaired())
      return "a factor is more than a product already";
    if (StringRef reason = own.refusal(product); !reason.empty())
      return reason;
  }
  return differenceOf(gate.linear(0), gate.linear(1));
}

static StringRef refusal(const Gate &gate, const OwnWeights &own,
                         bool groupsInPairs) {
  LinearOp product = gate.linear(0);
  if (!product.takesOthers())
    return "the product is no matrix product of f32 rows";
  if (!groupsInPairs && isInGroups(product))
    return "weights in groups are read faster without";
  if (gate.others().size() > product.getMostOthers())
    return "the products read more operands than one may";
  if (!gate.areHalves())
    return refusalOfTwo(gate, own);
  return product->getNumResults() == 2
             ? StringRef()
             : "the product has more than two results";
}

static bool areOfOneX(OpResult a, OpResult b) {
  auto first = dyn_cast<LinearOp>(a.getOwner()),
       second = dyn_cast<LinearOp>(b.getOwner());
  return first && second && first.getX() == second.getX();
}

/// The first two products of one x that become one value at `op`, or why those
/// found first do not.
static std::optional<FoundGate>
gateOf(ElementwiseOpInterface op, const OwnWeights &own, bool groupsInPairs) {
  std::optional<FoundGate> refused;
  SmallVector<OpResult> sums = productsBehind(op);
  for (size_t right = 0; right < sums.size(); ++right)
    for (size_t left = right + 1; left < sums.size(); ++left) {
      if (!areOfOneX(sums[left], sums[right]))
        continue;
      FoundGate found = gateOf(sums[left], sums[right], op);
      if (found.reason.empty())
        found.reason = refusal(found.gate, own, groupsInPairs);
      if (found.reason.empty())
        return found;
      if (!refused)
        refused = found;
    }
  return refused;
}

/// What the product's own epilogue makes of its sum.
static Value emitOwn(LinearOp product, Value sum, const IRMapping &elements,
                     OpBuilder &builder) {
  if (!product.hasEpilogue())
    return sum;
  SmallVector<Value> arguments = {sum};
  for (Value other : product.getOthers())
    arguments.push_back(elements.lookup(other));
  return heddle::scalar::emitBody(product.getEpilogue().front(), arguments,
                                  builder);
}

/// The weights and biases of two products as those of one; of halves, their
/// own.
static std::pair<Value, Value> joinedWeights(OpBuilder &builder,
                                             const Gate &gate) {
  LinearOp first = gate.linear(0), second = gate.linear(1);
  Value weight = first.getWeight(), bias = first.getBias();
  if (gate.areHalves())
    return {weight, bias};
  auto joined = [&](Value a, Value b, unsigned axis) {
    return joinWeights(
        builder, {a.getDefiningOp<WeightOp>(), b.getDefiningOp<WeightOp>()},
        axis);
  };
  weight = joined(weight, second.getWeight(), first.getInOut() ? 1 : 0);
  if (bias)
    bias = joined(bias, second.getBias(), 0);
  return {weight, bias};
}

/// One product at the place of the last step.
static LinearOp fuse(PatternRewriter &rewriter, Gate &gate) {
  LinearOp first = gate.linear(0), second = gate.linear(1);
  auto [weight, bias] = joinedWeights(rewriter, gate);
  auto paired = LinearOp::create(
      rewriter, rewriter.getFusedLoc({first.getLoc(), second.getLoc()}),
      first.getResult(0).getType(), first.getX(), weight, bias,
      first.getContractsAttr(), first.getInOutAttr());
  paired.setPaired(true);
  OpBuilder::InsertionGuard guard(rewriter);
  Type f32 = rewriter.getF32Type();
  Block *body =
      rewriter.createBlock(&paired.getEpilogue(), {}, TypeRange{f32, f32},
                           {first.getLoc(), second.getLoc()});
  IRMapping elements;
  for (Value other : gate.others()) {
    paired.getOthersMutable().append(other);
    elements.map(other, body->addArgument(f32, other.getLoc()));
  }
  for (unsigned number : {0, 1})
    elements.map(Value(gate.end.sums[number]),
                 emitOwn(gate.linear(number), body->getArgument(number),
                         elements, rewriter));
  YieldOp::create(rewriter, gate.end.last()->getLoc(),
                  gate.end.emit(elements, rewriter));
  return paired;
}

namespace {

struct FuseGate : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  FuseGate(MLIRContext *context, const OwnWeights &own, bool groupsInPairs)
      : OpInterfaceRewritePattern(context, /*benefit=*/2), own(own),
        groupsInPairs(groupsInPairs) {}

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    std::optional<FoundGate> found = gateOf(op, own, groupsInPairs);
    if (!found)
      return rewriter.notifyMatchFailure(op, "is no gate");
    if (!found->reason.empty()) {
      if (isa<MulOp>(op) && refused.insert(op).second)
        remark::missed(op->getLoc(), fuseGatesRemarks)
            << "not fused to a gated product"
            << remark::reason("{0}", found->reason);
      return rewriter.notifyMatchFailure(op, found->reason);
    }
    remark::passed(op->getLoc(), fuseGatesRemarks)
        << "fused to a gated product";
    LinearOp paired = fuse(rewriter, found->gate);
    rewriter.replaceOp(op, paired);
    for (ElementwiseOpInterface step :
         llvm::reverse(ArrayRef(found->gate.end.steps).drop_back()))
      rewriter.eraseOp(step);
    return success();
  }

private:
  const OwnWeights &own;
  bool groupsInPairs;
  /// Said once, though the driver may come back.
  mutable llvm::SmallPtrSet<Operation *, 8> refused;
};

/// nn.split of a product's columns: these are results of the product.
struct SplitProduct : OpRewritePattern<SplitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SplitOp split,
                                PatternRewriter &rewriter) const override {
    auto product = split.getX().getDefiningOp<LinearOp>();
    if (!product || !split.getX().hasOneUse() ||
        product->getNumResults() != 1 || product.getPaired() ||
        !product.getOthers().empty())
      return rewriter.notifyMatchFailure(split, "does not split a product");
    int64_t kept = axesOf(product.getX()).rank() - product.getContracts();
    if (static_cast<int64_t>(split.getAxis()) != kept)
      return rewriter.notifyMatchFailure(split, "splits no columns");
    rewriter.setInsertionPoint(product);
    auto pieces =
        LinearOp::create(rewriter, product.getLoc(), split.getResultTypes(),
                         product.getX(), product.getWeight(), product.getBias(),
                         product.getContractsAttr(), product.getInOutAttr());
    pieces.getEpilogue().takeBody(product.getEpilogue());
    rewriter.replaceOp(split, pieces.getResults());
    rewriter.eraseOp(product);
    return success();
  }
};

} // namespace

bool heddle::transforms::isWithinGate(ElementwiseOpInterface op,
                                      const OwnWeights &own,
                                      bool groupsInPairs) {
  SmallVector<OpResult> sums = productsBehind(op);
  if (sums.size() < 2)
    return false;
  if (!areOfOneX(sums[0], sums[1]))
    return false;
  FoundEnd found = endOf(ArrayRef(sums).take_front(2));
  return found.reason.empty() && found.end.last() != op &&
         gateOf(sums[1], sums[0], found.end.last()).reason.empty() &&
         refusal({found.end}, own, groupsInPairs).empty();
}

void heddle::transforms::populateFuseGates(RewritePatternSet &patterns,
                                           const OwnWeights &own,
                                           bool groupsInPairs) {
  patterns.add<SplitProduct>(patterns.getContext());
  patterns.add<FuseGate>(patterns.getContext(), own, groupsInPairs);
}
