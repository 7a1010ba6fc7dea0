//===- FuseEpilogue.cpp - what is done to a product, in the product -------===//
//
// Enters: an nn module. Leaves: products and convolutions whose epilogues
// compute what elementwise ops did to them: activations, gates, residuals,
// scales, batch normalisation, caps, in any order, so that it is done while the
// sums are in registers or the first-level cache. So are residuals that are
// added to a norm. Where a residual is not read again its memory can become the
// result's (nn-plan-memory). What reads a product and stays gets a remark with
// the reason.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/FuseGates.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ProductEnd.h"
#include "dialects/nn/Dependence.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

static constexpr auto fuseEpilogueRemarks =
    remark::RemarkOpts::name("fused-epilogue").category("nn-fuse-epilogue");

//===----------------------------------------------------------------------===//
// What can be fused
//===----------------------------------------------------------------------===//

/// The most ops that move before a product together.
static constexpr size_t mostMoved = 8;

/// Adds to `moved` what has to move before the product for `operand` to be
/// there, in order. Whether it can.
static bool moveBefore(Value operand, EpilogueOpInterface product,
                       llvm::SetVector<Operation *> &moved) {
  Operation *op = operand.getDefiningOp();
  if (DominanceInfo().properlyDominates(operand, product) || moved.contains(op))
    return true;
  bool canMove = op && op->getBlock() == product->getBlock() &&
                 op != product.getOperation() && computesFromOperands(op) &&
                 llvm::all_of(op->getOperands(), [&](Value value) {
                   return moveBefore(value, product, moved);
                 });
  if (canMove)
    moved.insert(op);
  return canMove && moved.size() <= mostMoved;
}

namespace {

/// A product and what it can compute beside itself, or the reason why not.
struct Candidate {
  EpilogueOpInterface product;
  ProductEnd end;
  llvm::SetVector<Operation *> moved;
  StringRef reason;
};

} // namespace

/// What `sum`, the only result of a product, is made of up to `op`.
static Candidate candidateFor(OpResult sum, ElementwiseOpInterface op) {
  Candidate found{cast<EpilogueOpInterface>(sum.getOwner()), {}, {}, {}};
  if (found.product->getNumResults() != 1) {
    found.reason = "the product has several results";
    return found;
  }
  auto [end, reason] = endOf(sum);
  found.end = end;
  found.reason = reason;
  if (!reason.empty())
    return found;
  if (end.last() != op) {
    found.reason = ProductEnd::readElsewhere;
    return found;
  }
  llvm::SmallSetVector<Value, 4> others = end.others;
  for (OpOperand &other : found.product.getOthersMutable())
    others.insert(other.get());
  for (Value other : end.others)
    if (!moveBefore(other, found.product, found.moved))
      found.reason = "the other operand is computed after the product";
  if (others.size() > found.product.getMostOthers())
    found.reason = "the product reads as many operands as it may already";
  return found;
}

/// The product that can take the op over, the last that it reads if there are
/// several, and one for which only weights have to move if there is any: they
/// are only named. Else why the first cannot.
static std::optional<Candidate> candidateOf(ElementwiseOpInterface op) {
  std::optional<Candidate> refused, moving;
  for (OpResult sum : productsBehind(op)) {
    Candidate found = candidateFor(sum, op);
    bool isReadByOp = llvm::is_contained(op->getOperands(), Value(sum));
    if (found.reason.empty() &&
        llvm::all_of(found.moved, llvm::IsaPred<WeightOp>))
      return found;
    auto &kept = found.reason.empty() ? moving : refused;
    if (!kept && (found.reason.empty() || isReadByOp))
      kept = std::move(found);
  }
  return moving ? moving : refused;
}

//===----------------------------------------------------------------------===//
// Fusing
//===----------------------------------------------------------------------===//

/// An empty epilogue becomes one that yields the sum.
static Block &bodyOf(EpilogueOpInterface product, OpBuilder &builder) {
  if (!product.getEpilogue().empty())
    return product.getEpilogue().front();
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&product.getEpilogue(), {},
                                    {builder.getF32Type()}, {product.getLoc()});
  YieldOp::create(builder, product.getLoc(), body->getArgument(0));
  return *body;
}

/// The element of an operand beside the sums.
static Value elementOf(Value operand, EpilogueOpInterface product, Block &body,
                       OpBuilder &builder) {
  for (auto [index, other] : llvm::enumerate(product.getOthersMutable()))
    if (other.get() == operand)
      return body.getArgument(product.getSumCount() + index);
  product.getOthersMutable().append(operand);
  return body.addArgument(builder.getF32Type(), operand.getLoc());
}

static void append(ProductEnd &end, EpilogueOpInterface product,
                   OpBuilder &builder) {
  Block &body = bodyOf(product, builder);
  OpBuilder::InsertionGuard guard(builder);
  Operation *yield = body.getTerminator();
  builder.setInsertionPoint(yield);
  IRMapping elements;
  elements.map(Value(end.sums.front()), yield->getOperand(0));
  for (Value other : end.others)
    elements.map(other, elementOf(other, product, body, builder));
  yield->setOperand(0, end.emit(elements, builder));
}

//===----------------------------------------------------------------------===//
// Residuals of norms
//===----------------------------------------------------------------------===//

/// Where a norm has its residual, or nothing for another op.
static std::optional<MutableOperandRange> residualOf(Operation *op) {
  if (auto norm = dyn_cast_if_present<RmsNormOp>(op))
    return norm.getResidualMutable();
  if (auto norm = dyn_cast_if_present<LayerNormOp>(op))
    return norm.getResidualMutable();
  return std::nullopt;
}

namespace {

/// A norm that is added to something, and why it cannot add it itself, if so.
struct AddedNorm {
  Operation *norm;
  Value residual;
  StringRef reason;
};

} // namespace

/// The norm that can take the sum over, else the first.
static std::optional<AddedNorm> normAddedBy(AddOp add) {
  std::optional<AddedNorm> refused;
  for (auto [operand, residual] : {std::pair(add.getRhs(), add.getLhs()),
                                   std::pair(add.getLhs(), add.getRhs())}) {
    Operation *norm = operand.getDefiningOp();
    auto place = residualOf(norm);
    if (!place || norm->getBlock() != add->getBlock())
      continue;
    AddedNorm found{norm, residual, {}};
    if (!norm->hasOneUse())
      found.reason = "the norm is read elsewhere too";
    else if (!place->empty())
      found.reason = "the norm has a residual already";
    else if (residual.getType() != operand.getType() ||
             !getElementTypeOrSelf(operand).isF32())
      found.reason = "the norm or the residual is repeated along an axis";
    if (found.reason.empty())
      return found;
    if (!refused)
      refused = found;
  }
  return refused;
}

namespace {

/// x + norm(y) → norm(y) plus x, at the place of the sum, where x is there.
struct FuseResidual : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp add,
                                PatternRewriter &rewriter) const override {
    std::optional<AddedNorm> found = normAddedBy(add);
    if (!found)
      return rewriter.notifyMatchFailure(add, "adds no norm");
    if (!found->reason.empty())
      return rewriter.notifyMatchFailure(add, found->reason);
    rewriter.modifyOpInPlace(found->norm, [&] {
      residualOf(found->norm)->assign(found->residual);
      found->norm->moveBefore(add);
    });
    remark::passed(add.getLoc(), fuseEpilogueRemarks)
        << "add computed within the norm";
    rewriter.replaceOp(add, found->norm);
    return success();
  }
};

struct FuseElementwise : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  FuseElementwise(MLIRContext *context, const OwnWeights &own,
                  bool groupsInPairs)
      : OpInterfaceRewritePattern(context), own(own),
        groupsInPairs(groupsInPairs) {}

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    std::optional<Candidate> found = candidateOf(op);
    if (!found)
      return rewriter.notifyMatchFailure(op, "reads no product");
    if (!found->reason.empty())
      return rewriter.notifyMatchFailure(op, found->reason);
    if (isWithinGate(op, own, groupsInPairs))
      return rewriter.notifyMatchFailure(op, "is part of a gate");
    EpilogueOpInterface product = found->product;
    for (Operation *moved : found->moved)
      rewriter.moveOpBefore(moved, product);
    rewriter.modifyOpInPlace(product,
                             [&] { append(found->end, product, rewriter); });
    for (ElementwiseOpInterface step : found->end.steps)
      remark::passed(step->getLoc(), fuseEpilogueRemarks) << remark::add(
          "{0} computed within the product", step->getName().stripDialect());
    rewriter.replaceOp(op, product->getResult(0));
    for (ElementwiseOpInterface step :
         llvm::reverse(ArrayRef(found->end.steps).drop_back()))
      rewriter.eraseOp(step);
    return success();
  }

private:
  const OwnWeights &own;
  bool groupsInPairs;
};

struct FuseEpilogue : heddle::transforms::impl::FuseEpilogueBase<FuseEpilogue> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    OwnWeights own(*tree);
    RewritePatternSet patterns(&getContext());
    populateFuseGates(patterns, own, groupsInPairs);
    patterns.add<FuseElementwise>(&getContext(), own, groupsInPairs);
    patterns.add<FuseResidual>(&getContext());
    // In the order of the program: an activation before the gate that reads it.
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true)
        .enableFolding(false)
        .enableConstantCSE(false)
        .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    if (!getContext().getRemarkEngine())
      return;
    getOperation()->walk([](ElementwiseOpInterface op) {
      if (std::optional<Candidate> found = candidateOf(op))
        remark::missed(op->getLoc(), fuseEpilogueRemarks)
            << "not computed within the product"
            << remark::reason("{0}", found->reason);
    });
    getOperation()->walk([](AddOp add) {
      if (std::optional<AddedNorm> found = normAddedBy(add))
        remark::missed(add.getLoc(), fuseEpilogueRemarks)
            << "not computed within the norm"
            << remark::reason("{0}", found->reason);
    });
  }
};

} // namespace
