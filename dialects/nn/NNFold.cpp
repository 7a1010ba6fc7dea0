//===- NNFold.cpp - what can be said shorter, exactly ---------------------===//
//
// Folders and canonicalisations. Every one of them keeps the numbers as they
// are; a zero may change its sign, and silu rounds once less than its spelling.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/NN.h"
#include "dialects/nn/Pairs.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace heddle::nn;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Operation *NNDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                          Type type, Location loc) {
  auto number = dyn_cast<FloatAttr>(value);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!number || !tensor || !isa_and_nonnull<AxesAttr>(tensor.getEncoding()))
    return nullptr;
  return ConstantOp::create(builder, loc, tensor, number);
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

static bool isNumber(Attribute attribute, double number) {
  auto constant = dyn_cast_or_null<FloatAttr>(attribute);
  return constant && constant.getValueAsDouble() == number;
}

/// Both constants: the number that the program would compute, in its own f32.
static OpFoldResult foldNumbers(Operation *op, Attribute lhs, Attribute rhs,
                                function_ref<float(float, float)> compute) {
  auto a = dyn_cast_or_null<FloatAttr>(lhs),
       b = dyn_cast_or_null<FloatAttr>(rhs);
  auto type = cast<RankedTensorType>(op->getResultTypes().front());
  if (!a || !b || !type.getElementType().isF32() || !type.hasStaticShape())
    return {};
  float number = compute(a.getValueAsDouble(), b.getValueAsDouble());
  return FloatAttr::get(a.getType(), number);
}

/// `kept`, unless the other operand has made it larger.
static OpFoldResult unlessRepeated(Value kept, Operation *op) {
  return kept.getType() == op->getResultTypes().front() ? OpFoldResult(kept)
                                                        : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// 0 + x → x, x + 0 → x
OpFoldResult AddOp::fold(FoldAdaptor constants) {
  if (isNumber(constants.getLhs(), 0))
    return unlessRepeated(getRhs(), *this);
  if (isNumber(constants.getRhs(), 0))
    return unlessRepeated(getLhs(), *this);
  return foldNumbers(*this, constants.getLhs(), constants.getRhs(),
                     [](float a, float b) { return a + b; });
}

/// x − 0 → x
OpFoldResult SubOp::fold(FoldAdaptor constants) {
  if (isNumber(constants.getRhs(), 0))
    return unlessRepeated(getLhs(), *this);
  return foldNumbers(*this, constants.getLhs(), constants.getRhs(),
                     [](float a, float b) { return a - b; });
}

/// 1 · x → x, x · 1 → x
OpFoldResult MulOp::fold(FoldAdaptor constants) {
  if (isNumber(constants.getLhs(), 1))
    return unlessRepeated(getRhs(), *this);
  if (isNumber(constants.getRhs(), 1))
    return unlessRepeated(getLhs(), *this);
  return foldNumbers(*this, constants.getLhs(), constants.getRhs(),
                     [](float a, float b) { return a * b; });
}

/// x / 1 → x
OpFoldResult DivOp::fold(FoldAdaptor constants) {
  if (isNumber(constants.getRhs(), 1))
    return unlessRepeated(getLhs(), *this);
  return foldNumbers(*this, constants.getLhs(), constants.getRhs(),
                     [](float a, float b) { return a / b; });
}

/// x¹ → x
OpFoldResult PowOp::fold(FoldAdaptor constants) {
  if (isNumber(constants.getRhs(), 1))
    return unlessRepeated(getLhs(), *this);
  return foldNumbers(*this, constants.getLhs(), constants.getRhs(),
                     [](float a, float b) { return std::pow(a, b); });
}

/// −(−x) → x
OpFoldResult NegOp::fold(FoldAdaptor constants) {
  if (auto inner = getX().getDefiningOp<NegOp>())
    return inner.getX();
  if (auto number = dyn_cast_or_null<FloatAttr>(constants.getX()))
    return FloatAttr::get(number.getType(), -number.getValueAsDouble());
  return {};
}

/// relu(relu(x)) → relu(x)
OpFoldResult ReluOp::fold(FoldAdaptor) {
  return getX().getDefiningOp<ReluOp>() ? OpFoldResult(getX()) : OpFoldResult();
}

/// x · sigmoid(x) is silu, x · sigmoid(beta · x) swish.
LogicalResult MulOp::canonicalize(MulOp op, PatternRewriter &rewriter) {
  for (auto [x, gate] : {std::pair(op.getLhs(), op.getRhs()),
                         std::pair(op.getRhs(), op.getLhs())}) {
    auto sigmoid = gate.getDefiningOp<SigmoidOp>();
    if (!sigmoid || !sigmoid->hasOneUse() || x.getType() != op.getType() ||
        sigmoid.getType() != op.getType())
      continue;
    if (sigmoid.getX() == x) {
      rewriter.replaceOpWithNewOp<SiluOp>(op, op.getType(), x);
      return success();
    }
    auto scaled = sigmoid.getX().getDefiningOp<MulOp>();
    FloatAttr beta;
    if (scaled && (scaled.getLhs() == x || scaled.getRhs() == x) &&
        matchPattern(scaled.getLhs() == x ? scaled.getRhs() : scaled.getLhs(),
                     m_Constant(&beta))) {
      rewriter.replaceOpWithNewOp<SwishOp>(op, op.getType(), x, beta);
      return success();
    }
  }
  return failure();
}

/// x · sigmoid(1 · x) is silu.
LogicalResult SwishOp::canonicalize(SwishOp op, PatternRewriter &rewriter) {
  if (!op.getBeta().isExactlyValue(1.0))
    return failure();
  rewriter.replaceOpWithNewOp<SiluOp>(op, op.getType(), op.getX());
  return success();
}

//===----------------------------------------------------------------------===//
// Across axes
//===----------------------------------------------------------------------===//

SmallVector<int64_t> RearrangeOp::getSource(unsigned resultAxis) {
  SmallVector<int64_t> axes;
  for (Attribute axis : cast<ArrayAttr>(getSources()[resultAxis]))
    axes.push_back(cast<IntegerAttr>(axis).getInt());
  return axes;
}

bool RearrangeOp::isRenaming() {
  return llvm::all_of(llvm::seq<int64_t>(0, getSources().size()),
                      [&](int64_t axis) {
                        return getSource(axis) == SmallVector<int64_t>{axis};
                      });
}

/// Every axis where it was, under its own name.
OpFoldResult RearrangeOp::fold(FoldAdaptor) {
  bool isSame = getX().getType() == getType() && isRenaming();
  return isSame ? OpFoldResult(getX()) : OpFoldResult();
}

/// Of two, the axes that make up the first's axes make up the second's.
LogicalResult RearrangeOp::canonicalize(RearrangeOp op,
                                        PatternRewriter &rewriter) {
  auto inner = op.getX().getDefiningOp<RearrangeOp>();
  if (!inner)
    return failure();
  SmallVector<Attribute> sources;
  for (unsigned axis = 0; axis < op.getSources().size(); ++axis) {
    SmallVector<int64_t> source;
    for (int64_t between : op.getSource(axis))
      llvm::append_range(source, inner.getSource(between));
    sources.push_back(rewriter.getI64ArrayAttr(source));
  }
  rewriter.replaceOpWithNewOp<RearrangeOp>(op, op.getType(), inner.getX(),
                                           rewriter.getArrayAttr(sources));
  return success();
}

/// Of one operand, not repeated.
OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getNumOperands() == 1)
    return unlessRepeated(getOperand(0), *this);
  return {};
}

/// Into one piece.
LogicalResult SplitOp::fold(FoldAdaptor,
                            SmallVectorImpl<OpFoldResult> &pieces) {
  if (getNumResults() != 1 || getX().getType() != getResult(0).getType())
    return failure();
  pieces.push_back(getX());
  return success();
}

//===----------------------------------------------------------------------===//
// Masks and scores
//===----------------------------------------------------------------------===//

OpFoldResult MaskOp::fold(FoldAdaptor) {
  return admitsAll(getMask()) ? OpFoldResult(getX()) : OpFoldResult();
}

namespace {
/// A mask that admits all and a bias of zero say nothing.
struct DropEmptyRegion : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    auto drop = [&](Region &region) {
      rewriter.modifyOpInPlace(op,
                               [&] { rewriter.eraseBlock(&region.front()); });
      return success();
    };
    if (!op.getMask().empty() && admitsAll(op.getMask()))
      return drop(op.getMask());
    if (isNumber(constantOf(op.getBias()), 0))
      return drop(op.getBias());
    return failure();
  }
};

/// A scaled query or key becomes the scale of the scores, where the product
/// has the same digits whenever it is taken: for powers of two.
struct FoldScale : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    for (OpOperand *operand : {&op.getQMutable(), &op.getKMutable()}) {
      auto product = operand->get().getDefiningOp<MulOp>();
      if (!product)
        continue;
      FloatAttr factor;
      Value scaled;
      if (matchPattern(product.getRhs(), m_Constant(&factor)))
        scaled = product.getLhs();
      else if (matchPattern(product.getLhs(), m_Constant(&factor)))
        scaled = product.getRhs();
      if (!scaled || scaled.getType() != product.getType())
        continue;
      int exponent;
      if (std::frexp(factor.getValueAsDouble(), &exponent) != 0.5)
        continue;
      double scale =
          op.getScale().convertToDouble() * factor.getValueAsDouble();
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(scaled);
        op.setScaleAttr(rewriter.getF64FloatAttr(scale));
      });
      return success();
    }
    return failure();
  }
};
} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropEmptyRegion, FoldScale>(context);
}
