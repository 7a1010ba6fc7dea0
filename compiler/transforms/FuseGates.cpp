//===- FuseGates.cpp - two products of one x, their results multiplied ----===//
//
// GLU, SwiGLU, GEGLU, ReGLU and the bilinear form (Shazeer 2020):
//
//   f(x W₁ᵀ) · g(x W₂ᵀ)   →   one product with both sums in its epilogue
//
// where nothing else reads the factors. They are two products of the same x,
// whose weights are then joined, or the halves of one. x is read once, and the
// factors never go through memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/FuseGates.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

static constexpr auto remarkOptions =
    remark::RemarkOpts::name("gated-product").category("nn-fuse-epilogue");

namespace {

/// f(product), f being the product's own epilogue and the ops after it.
struct Factor {
  OpResult product;
  SmallVector<ElementwiseOpInterface> functions; // the last one first

  LinearOp linear() const { return cast<LinearOp>(product.getOwner()); }
  bool hasFunction() const {
    return !functions.empty() || linear().hasEpilogue();
  }
  bool isReadOnce() const {
    return product.hasOneUse() &&
           llvm::all_of(functions, [](ElementwiseOpInterface function) {
             return function->hasOneUse();
           });
  }
};

struct Gate {
  Factor gate, other;
  bool areHalves() const {
    return gate.product.getOwner() == other.product.getOwner();
  }
};

} // namespace

static std::optional<Factor> factorOf(Value value) {
  Factor factor;
  Operation *op = value.getDefiningOp();
  while (auto function = dyn_cast_if_present<ElementwiseOpInterface>(op)) {
    if (function->getNumOperands() != 1)
      return std::nullopt;
    factor.functions.push_back(function);
    value = function->getOperand(0);
    op = value.getDefiningOp();
  }
  if (!isa_and_present<LinearOp>(op))
    return std::nullopt;
  factor.product = cast<OpResult>(value);
  return factor;
}

/// The first factor is the one with a function, else they are as they stand.
static std::optional<Gate> gateOf(MulOp mul) {
  std::optional<Factor> left = factorOf(mul.getLhs()),
                        right = factorOf(mul.getRhs());
  if (!left || !right || left->product == right->product ||
      left->linear().getX() != right->linear().getX())
    return std::nullopt;
  bool swaps = right->hasFunction() && !left->hasFunction();
  Gate gate{*left, *right};
  if (gate.areHalves())
    swaps = left->product.getResultNumber() != 0;
  if (swaps)
    std::swap(gate.gate, gate.other);
  return gate;
}

/// Whether a weight has a scale for every group of inputs.
static bool isInGroups(LinearOp product) {
  auto weight = product.getWeight().getDefiningOp<WeightOp>();
  return weight && weight.getStored() &&
         heddle::kernel::formatOf(*weight.getStored()).isGrouped();
}

static StringRef refusalOfTwo(const Gate &gate, const OwnWeights &own) {
  LinearOp first = gate.gate.linear(), second = gate.other.linear();
  for (LinearOp product : {first, second}) {
    if (product->getNumResults() != 1)
      return "a factor is one of several results of a product";
    if (product.getPaired() || !product.getOthers().empty())
      return "a factor is more than a product already";
    if (StringRef reason = own.refusal(product); !reason.empty())
      return reason;
  }
  return differenceOf(first, second);
}

static StringRef refusal(MulOp mul, const Gate &gate, const OwnWeights &own,
                         bool groupsInPairs) {
  if (!gate.gate.isReadOnce() || !gate.other.isReadOnce())
    return "a factor is read elsewhere too";
  if (gate.gate.product.getType() != mul.getType() ||
      gate.other.product.getType() != mul.getType())
    return "a factor is repeated along an axis of the other";
  LinearOp product = gate.gate.linear();
  if (!product.takesOthers())
    return "the product is no matrix product of f32 rows";
  if (!groupsInPairs && isInGroups(product))
    return "weights in groups are read faster without";
  if (!gate.areHalves())
    return refusalOfTwo(gate, own);
  return product->getNumResults() == 2
             ? StringRef()
             : "the product has more than two results";
}

/// f(sum), with f's own ops.
static Value emitFactor(const Factor &factor, Value sum, OpBuilder &builder) {
  LinearOp product = factor.linear();
  if (product.hasEpilogue())
    sum = heddle::scalar::emitBody(product.getEpilogue().front(), sum, builder);
  for (ElementwiseOpInterface function : llvm::reverse(factor.functions))
    sum = function.emitScalar(builder, function->getLoc(), sum);
  return sum;
}

static LinearOp fuse(PatternRewriter &rewriter, MulOp mul, const Gate &gate) {
  LinearOp first = gate.gate.linear(), second = gate.other.linear();
  Value weight = first.getWeight(), bias = first.getBias();
  auto joined = [&](Value a, Value b, unsigned axis) {
    return joinWeights(
        rewriter, {a.getDefiningOp<WeightOp>(), b.getDefiningOp<WeightOp>()},
        axis);
  };
  if (!gate.areHalves()) {
    weight = joined(weight, second.getWeight(), first.getInOut() ? 1 : 0);
    if (bias)
      bias = joined(bias, second.getBias(), 0);
  }
  auto paired = LinearOp::create(
      rewriter, rewriter.getFusedLoc({first.getLoc(), second.getLoc()}),
      mul.getType(), first.getX(), weight, bias, first.getContractsAttr(),
      first.getInOutAttr());
  paired.setPaired(true);
  OpBuilder::InsertionGuard guard(rewriter);
  Type f32 = rewriter.getF32Type();
  Block *body =
      rewriter.createBlock(&paired.getEpilogue(), {}, TypeRange{f32, f32},
                           {first.getLoc(), second.getLoc()});
  Value a = emitFactor(gate.gate, body->getArgument(0), rewriter),
        b = emitFactor(gate.other, body->getArgument(1), rewriter);
  YieldOp::create(rewriter, mul.getLoc(),
                  mul.emitScalar(rewriter, mul.getLoc(), {a, b}));
  return paired;
}

namespace {

struct FuseGate : OpRewritePattern<MulOp> {
  FuseGate(MLIRContext *context, const OwnWeights &own, bool groupsInPairs)
      : OpRewritePattern(context, /*benefit=*/2), own(own),
        groupsInPairs(groupsInPairs) {}

  LogicalResult matchAndRewrite(MulOp mul,
                                PatternRewriter &rewriter) const override {
    std::optional<Gate> gate = gateOf(mul);
    if (!gate)
      return rewriter.notifyMatchFailure(mul, "is no gate");
    if (StringRef reason = refusal(mul, *gate, own, groupsInPairs);
        !reason.empty()) {
      if (refused.insert(mul).second)
        remark::missed(mul.getLoc(), remarkOptions)
            << "not fused to a gated product" << remark::reason("{0}", reason);
      return rewriter.notifyMatchFailure(mul, reason);
    }
    remark::passed(mul.getLoc(), remarkOptions) << "fused to a gated product";
    rewriter.replaceOp(mul, fuse(rewriter, mul, *gate));
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

void heddle::transforms::populateFuseGates(RewritePatternSet &patterns,
                                           const OwnWeights &own,
                                           bool groupsInPairs) {
  patterns.add<SplitProduct>(patterns.getContext());
  patterns.add<FuseGate>(patterns.getContext(), own, groupsInPairs);
}
