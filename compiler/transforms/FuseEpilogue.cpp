//===- FuseEpilogue.cpp - what is done to a product, in the product -------===//
//
// Enters: an nn module. Leaves: products and convolutions whose epilogues
// compute what elementwise ops did to them: activations, gates, residuals,
// scales, batch normalisation, caps, in any order, so that it is done while the
// sums are in registers or the first-level cache. Where a residual is not read
// again its memory can become the result's (nn-plan-memory). What reads a
// product and stays gets a remark with the reason.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/FuseGates.h"
#include "compiler/transforms/Passes.h"
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

static constexpr auto remarkOptions =
    remark::RemarkOpts::name("fused-epilogue").category("nn-fuse-epilogue");

//===----------------------------------------------------------------------===//
// What can be fused
//===----------------------------------------------------------------------===//

/// The one number that a tensor of f32 holds.
static std::optional<double> numberOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant || axesOf(value).rank() != 0 ||
      !getElementTypeOrSelf(value).isF32())
    return std::nullopt;
  return constant.getValue().convertToDouble();
}

/// Whether every row of the product meets the same vector of f32.
static bool isOverColumns(Value value, EpilogueOpInterface product) {
  auto type = cast<RankedTensorType>(value.getType());
  auto weight = value.getDefiningOp<WeightOp>();
  return type.getElementType().isF32() && !(weight && weight.getStored()) &&
         axesOf(value).getNames() == product.getColumnAxes();
}

static bool isThereBefore(Value operand, EpilogueOpInterface product) {
  return DominanceInfo().properlyDominates(operand, product);
}

/// Whether an operand is there before the product, or can be: a weight is only
/// named, and may be named earlier.
static bool canStandBefore(Value operand, EpilogueOpInterface product) {
  if (isThereBefore(operand, product))
    return true;
  auto weight = operand.getDefiningOp<WeightOp>();
  return weight && weight->getBlock() == product->getBlock() &&
         llvm::all_of(weight->getOperands(), [&](Value index) {
           return isThereBefore(index, product);
         });
}

/// Why `op` cannot be computed by the product that it reads, or nothing.
static StringRef refusal(ElementwiseOpInterface op,
                         EpilogueOpInterface product) {
  if (product->getNumResults() != 1)
    return "the product has several results";
  Value result = product->getResult(0);
  if (llvm::any_of(result.getUsers(),
                   [&](Operation *user) { return user != op; }))
    return "the product itself is read elsewhere too";
  if (op->getResult(0).getType() != result.getType() ||
      !getElementTypeOrSelf(result).isF32())
    return "the product is repeated along an axis";
  size_t others = product.getOthersMutable().size();
  for (Value operand : op->getOperands()) {
    if (operand == result || numberOf(operand))
      continue;
    if (!getElementTypeOrSelf(operand).isF32())
      return "the other operand is no f32";
    if (operand.getType() != result.getType() &&
        !isOverColumns(operand, product))
      return "the other operand is repeated along an axis";
    if (!product.takesOthers())
      return "the product is no matrix product of f32 rows";
    if (!canStandBefore(operand, product))
      return "the other operand is computed after the product";
    if (++others > product.getMostOthers())
      return "the product reads as many operands as it may already";
  }
  return {};
}

namespace {

/// A product that an op reads, and why it cannot compute the op, if so.
struct Candidate {
  EpilogueOpInterface product;
  StringRef reason;
};

} // namespace

/// The last operand that can take the op over, else the first product.
static Candidate candidateOf(ElementwiseOpInterface op) {
  Candidate found;
  for (Value operand : llvm::reverse(op->getOperands())) {
    auto product = operand.getDefiningOp<EpilogueOpInterface>();
    if (!product)
      continue;
    StringRef reason = refusal(op, product);
    if (reason.empty())
      return {product, reason};
    if (!found.product)
      found = {product, reason};
  }
  return found;
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

/// The element of an operand of `op` in the epilogue of `product`.
static Value elementOf(Value operand, EpilogueOpInterface product, Block &body,
                       Value current, OpBuilder &builder) {
  if (operand == product->getResult(0))
    return current;
  if (std::optional<double> number = numberOf(operand))
    return arith::ConstantOp::create(builder, product.getLoc(),
                                     builder.getF32FloatAttr(*number));
  for (auto [index, other] : llvm::enumerate(product.getOthersMutable()))
    if (other.get() == operand)
      return body.getArgument(product.getSumCount() + index);
  product.getOthersMutable().append(operand);
  return body.addArgument(builder.getF32Type(), operand.getLoc());
}

static void append(ElementwiseOpInterface op, EpilogueOpInterface product,
                   OpBuilder &builder) {
  Block &body = bodyOf(product, builder);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(body.getTerminator());
  Value current = body.getTerminator()->getOperand(0);
  SmallVector<Value> elements;
  for (Value operand : op->getOperands())
    elements.push_back(elementOf(operand, product, body, current, builder));
  body.getTerminator()->setOperand(
      0, op.emitScalar(builder, op->getLoc(), elements));
}

namespace {

struct FuseElementwise : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto [product, reason] = candidateOf(op);
    if (!product)
      return rewriter.notifyMatchFailure(op, "reads no product");
    if (!reason.empty())
      return rewriter.notifyMatchFailure(op, reason);
    for (Value operand : op->getOperands())
      if (Operation *weight = operand.getDefiningOp<WeightOp>();
          weight && !isThereBefore(operand, product))
        rewriter.moveOpBefore(weight, product);
    rewriter.modifyOpInPlace(
        product, [&, product = product] { append(op, product, rewriter); });
    remark::passed(op->getLoc(), remarkOptions) << remark::add(
        "{0} computed within the product", op->getName().stripDialect());
    rewriter.replaceOp(op, product->getResult(0));
    return success();
  }
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
    patterns.add<FuseElementwise>(&getContext());
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
      if (auto [product, reason] = candidateOf(op); product)
        remark::missed(op->getLoc(), remarkOptions)
            << "not computed within the product"
            << remark::reason("{0}", reason);
    });
  }
};

} // namespace
