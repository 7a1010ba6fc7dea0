//===- NNToKernel.cpp - nn to machine operations over buffers -------------===//
//
// Enters: an nn module with layouts of its weights and a memory plan. Leaves:
// functions over memrefs in kernel ops; what has none is lowered to linalg.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToKernel.h"
#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

namespace heddle::conversion {
#define GEN_PASS_DEF_NNTOKERNEL
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// The lines of a row whose axes have lengths of its own: dense, though only
/// the distance of two lines is known now.
static Value linesOfRow(FunctionLowering &lowering, Value memref,
                        int64_t stride) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  auto type = cast<MemRefType>(memref.getType());
  unsigned last = type.getRank() - 1;
  Value lines = lowering.constantIndex(1);
  for (unsigned axis = 0; axis < last; ++axis)
    lines = arith::MulIOp::create(
        builder, loc, lines,
        memref::DimOp::create(builder, loc, memref, axis));
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  auto matrix = MemRefType::get(
      {ShapedType::kDynamic, type.getDimSize(last)}, type.getElementType(),
      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic,
                             {stride, 1}));
  return memref::ReinterpretCastOp::create(
      builder, loc, matrix, metadata.getBaseBuffer(),
      OpFoldResult(metadata.getOffset()),
      {OpFoldResult(lines), builder.getIndexAttr(type.getDimSize(last))},
      {builder.getIndexAttr(stride), builder.getIndexAttr(1)});
}

Value conversion::asMatrix(FunctionLowering &lowering, const View &view,
                           unsigned kept) {
  View collapsed = collapseFrom(lowering, view, kept, "columns");
  if (kept == 1)
    return collapsed.memref;
  auto [strides, offset] = collapsed.type().getStridesAndOffset();
  bool isOfRow = !collapsed.type().getLayout().isIdentity() &&
                 ShapedType::isStatic(strides[kept - 1]) &&
                 ShapedType::isDynamic(collapsed.type().getDimSize(kept - 1));
  if (isOfRow)
    return linesOfRow(lowering, collapsed.memref, strides[kept - 1]);
  ReassociationIndices rows =
      llvm::to_vector_of<int64_t, 2>(llvm::seq<unsigned>(0, kept));
  SmallVector<ReassociationIndices> groups = {rows,
                                              {static_cast<int64_t>(kept)}};
  return memref::CollapseShapeOp::create(lowering.builder, lowering.loc(),
                                         collapsed.memref, groups);
}

namespace {

/// One kernel.norm over all lines.
LogicalResult lowerNorm(Operation *op, bool centered, Value input, Value scale,
                        Value shift, FloatAttr eps,
                        FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(input.getType());
  bool fits = getElementTypeOrSelf(scale).isF32() && type.getRank() > 1 &&
              !type.isDynamicDim(type.getRank() - 1);
  if (!fits)
    return lowerToLinalg(op, lowering);
  bool rowByRow = lowering.formOf(type) == FunctionLowering::Form::Flat;
  lowering.forRows(op, rowByRow, [&](Value row) {
    View x = lowering.view(input, row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned kept = x.axes.size() - 1;
    kernel::NormOp::create(
        lowering.builder, lowering.loc(),
        centered ? lowering.builder.getUnitAttr() : UnitAttr(),
        asMatrix(lowering, x, kept), lowering.view(scale, nullptr).memref,
        shift ? lowering.view(shift, nullptr).memref : Value(),
        asMatrix(lowering, y, kept), eps);
  });
  return success();
}

LogicalResult lowerToKernel(Operation *op, FunctionLowering &lowering) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](nn::NarrowOp narrow) {
        return lowerNarrowToKernel(narrow, lowering);
      })
      .Case([&](nn::LinearOp linear) {
        return lowerLinearToKernel(linear, lowering);
      })
      .Case([&](nn::LayerNormOp norm) {
        return lowerNorm(norm, true, norm.getX(), norm.getWeight(),
                         norm.getBias(), norm.getEpsAttr(), lowering);
      })
      .Case([&](nn::RmsNormOp norm) {
        return lowerNorm(norm, false, norm.getX(), norm.getWeight(), Value(),
                         norm.getEpsAttr(), lowering);
      })
      .Case([&](nn::AttentionOp attention) {
        return lowerAttentionToKernel(attention, lowering);
      })
      .Case([&](nn::ReduceOp reduce) {
        return lowerReduceToKernel(reduce, lowering);
      })
      .Case([&](nn::SoftmaxOp softmax) {
        return lowerSoftmaxToKernel(softmax, lowering);
      })
      .Case([&](nn::NormalizeOp normalize) {
        return lowerNormalizeToKernel(normalize, lowering);
      })
      .Case([&](nn::TopkOp topk) { return lowerTopkToKernel(topk, lowering); })
      .Case([&](nn::ConvOp conv) { return lowerConvToKernel(conv, lowering); })
      .Case([&](nn::RopeOp rope) { return lowerRopeToKernel(rope, lowering); })
      .Default(
          [&](Operation *other) { return lowerToLinalg(other, lowering); });
}

struct NNToKernel : heddle::conversion::impl::NNToKernelBase<NNToKernel> {
  void runOnOperation() override {
    if (failed(lowerModule(getOperation(), lowerToKernel)))
      signalPassFailure();
  }
};

} // namespace
