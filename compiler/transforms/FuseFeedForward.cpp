//===- FuseFeedForward.cpp - gated feed-forward layers in one product -----===//
//
// Enters: an nn module. Leaves: nn.linear … gated in the place of
//
//   act(x W₁ᵀ) · (x W₂ᵀ)
//
// where nothing else reads the factors: GLU, SwiGLU, GEGLU, ReGLU and the
// bilinear form (Shazeer 2020). The factors are two products of the same x, or
// the halves of one. What looks like this and is not fused gets a remark.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/JoinWeights.h"
#include "compiler/transforms/Passes.h"
#include "dialects/nn/Activations.h"
#include "dialects/nn/VerifyModule.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_FUSEFEEDFORWARD
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

namespace {

/// act(gate) · other, both results of products. The activation is an op or an
/// attribute of the gate's product, or there is none.
struct Factors {
  Operation *activation = nullptr;
  OpResult gate, other;

  LinearOp gateProduct() const { return cast<LinearOp>(gate.getOwner()); }
  LinearOp otherProduct() const { return cast<LinearOp>(other.getOwner()); }
  bool areHalves() const { return gate.getOwner() == other.getOwner(); }
  ActivationAttr activationAttr() const {
    if (!activation)
      return gateProduct().getActivationAttr();
    return ActivationAttr::get(activation->getContext(),
                               *activationOf(activation));
  }
};

OpResult resultOfProduct(Value value) {
  return value.getDefiningOp<LinearOp>() ? cast<OpResult>(value) : OpResult();
}

/// Factors of a product of one x, `gate` being the one with the activation.
std::optional<Factors> factorsOf(Value gate, Value other) {
  Factors factors;
  Operation *op = gate.getDefiningOp();
  if (op && activationOf(op)) {
    factors.activation = op;
    gate = op->getOperand(0);
  }
  factors.gate = resultOfProduct(gate);
  factors.other = resultOfProduct(other);
  if (!factors.gate || !factors.other || factors.gate == factors.other ||
      factors.gateProduct().getX() != factors.otherProduct().getX())
    return std::nullopt;
  return factors;
}

/// The two in the order in which one has an activation, else as they stand.
std::optional<Factors> factorsOf(MulOp product) {
  auto forwards = factorsOf(product.getLhs(), product.getRhs());
  auto backwards = factorsOf(product.getRhs(), product.getLhs());
  bool isForwards = forwards && (forwards->activationAttr() || !backwards ||
                                 !backwards->activationAttr());
  if (isForwards && forwards->areHalves() && !forwards->activationAttr() &&
      forwards->gate.getResultNumber() != 0)
    return backwards;
  return isForwards ? forwards : backwards;
}

/// Whether a weight has a scale for every group of rows. For one token, which
/// decoding computes, its gated product reads memory at four fifths of the
/// speed (q4; q8 at nine tenths): more than a pass over the factors costs.
bool isInGroups(LinearOp product) {
  auto weight = product.getWeight().getDefiningOp<WeightOp>();
  return weight && weight.getStored() &&
         heddle::kernel::formatOf(*weight.getStored()).isGrouped();
}

/// Why the halves of one product cannot be its gate and what it gates.
StringRef refusalOfHalves(const Factors &factors) {
  if (factors.gateProduct()->getNumResults() != 2)
    return "the product has more than two results";
  if (factors.gate.getResultNumber() != 0)
    return "the gate is the second half of the product";
  if (factors.gateProduct().getActivation())
    return "both factors have an activation";
  return {};
}

StringRef refusalOfTwo(const Factors &factors, const OwnWeights &own) {
  LinearOp gate = factors.gateProduct(), other = factors.otherProduct();
  if (gate->getNumResults() != 1 || other->getNumResults() != 1)
    return "a factor is one of several results of a product";
  if (other.getActivation() || (factors.activation && gate.getActivation()))
    return "there is more than one activation";
  if (gate.getGated() || other.getGated() || gate.getResidual() ||
      other.getResidual())
    return "a factor is more than a product already";
  for (LinearOp product : {gate, other})
    if (StringRef reason = own.refusal(product); !reason.empty())
      return reason;
  return differenceOf(gate, other);
}

StringRef refusal(MulOp product, const Factors &factors,
                  const OwnWeights &own) {
  bool onlyReader = factors.gate.hasOneUse() && factors.other.hasOneUse() &&
                    (!factors.activation || factors.activation->hasOneUse());
  if (!onlyReader)
    return "a factor is read elsewhere too";
  if (factors.gate.getType() != product.getType() ||
      factors.other.getType() != product.getType())
    return "a factor is repeated along an axis of the other";
  if (!runsInPanels(factors.gateProduct()))
    return "the product is no matrix product of f32 rows";
  if (isInGroups(factors.gateProduct()))
    return "weights in groups are read faster without";
  return factors.areHalves() ? refusalOfHalves(factors)
                             : refusalOfTwo(factors, own);
}

void fuse(MulOp product, const Factors &factors) {
  OpBuilder builder(product);
  LinearOp gate = factors.gateProduct(), other = factors.otherProduct();
  Value weight = gate.getWeight(), bias = gate.getBias();
  auto joined = [&](Value first, Value second, unsigned axis) {
    return joinWeights(
        builder,
        {first.getDefiningOp<WeightOp>(), second.getDefiningOp<WeightOp>()},
        axis);
  };
  if (!factors.areHalves()) {
    weight = joined(weight, other.getWeight(), gate.getInOut() ? 1 : 0);
    if (bias)
      bias = joined(bias, other.getBias(), 0);
  }
  auto gated = LinearOp::create(
      builder, builder.getFusedLoc({gate.getLoc(), other.getLoc()}),
      product.getType(), gate.getX(), weight, bias, gate.getContractsAttr(),
      gate.getInOutAttr());
  gated.setGated(true);
  if (ActivationAttr activation = factors.activationAttr())
    gated.setActivationAttr(activation);
  InFlightDiagnostic remark = product.emitRemark("fused to a gated product");
  if (ActivationAttr activation = factors.activationAttr())
    remark << " with " << stringifyActivation(activation.getValue());
  remark.report();
  product.replaceAllUsesWith(gated.getResult(0));
  // Whoever reads before what is read.
  SmallVector<Operation *> dead{product};
  if (factors.activation)
    dead.push_back(factors.activation);
  for (LinearOp read : {gate, other}) {
    if (llvm::is_contained(dead, read))
      continue;
    dead.push_back(read);
    if (!factors.areHalves())
      for (Value operand : {read.getWeight(), read.getBias()})
        if (operand)
          dead.push_back(operand.getDefiningOp());
  }
  for (Operation *op : dead)
    op->erase();
}

/// nn.split of a product's columns: these are results of the product.
void splitProduct(SplitOp split) {
  auto product = split.getX().getDefiningOp<LinearOp>();
  if (!product || !split.getX().hasOneUse() || product->getNumResults() != 1 ||
      product.getGated() || product.getResidual())
    return;
  int64_t kept = axesOf(product.getX()).rank() - product.getContracts();
  if (static_cast<int64_t>(split.getAxis()) != kept)
    return;
  OpBuilder builder(product);
  auto pieces =
      LinearOp::create(builder, product.getLoc(), split.getResultTypes(),
                       product.getX(), product.getWeight(), product.getBias(),
                       product.getContractsAttr(), product.getInOutAttr());
  if (product.getActivation())
    pieces.setActivationAttr(product.getActivationAttr());
  split.replaceAllUsesWith(pieces.getResults());
  split.erase();
  product.erase();
}

struct FuseFeedForward
    : heddle::transforms::impl::FuseFeedForwardBase<FuseFeedForward> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    getOperation().walk([](SplitOp split) { splitProduct(split); });
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    OwnWeights own(*tree);
    SmallVector<MulOp> candidates;
    getOperation().walk([&](MulOp product) { candidates.push_back(product); });
    for (MulOp product : candidates) {
      std::optional<Factors> factors = factorsOf(product);
      if (!factors)
        continue;
      StringRef reason = refusal(product, *factors, own);
      if (reason.empty())
        fuse(product, *factors);
      else
        product.emitRemark() << "not fused to a gated product: " << reason;
    }
  }
};

} // namespace
