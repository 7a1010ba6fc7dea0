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
#include "mlir/Dialect/MemRef/IR/MemRef.h"

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
        builder, loc, lines, memref::DimOp::create(builder, loc, memref, axis));
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
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
  View collapsed = view.collapseFrom(lowering, kept, "columns");
  if (kept == 1)
    return collapsed.memref;
  auto [strides, offset] = collapsed.type().getStridesAndOffset();
  bool isOfRow = !collapsed.type().getLayout().isIdentity() &&
                 ShapedType::isStatic(strides[kept - 1]) &&
                 ShapedType::isDynamic(collapsed.type().getDimSize(kept - 1));
  if (isOfRow)
    return linesOfRow(lowering, collapsed.memref, strides[kept - 1]);
  return collapsed.collapse(lowering, 0, kept, "rows").memref;
}

namespace {

/// One kernel.norm over all lines.
template <typename Op>
LogicalResult lowerNorm(Op op, bool centered, Value shift,
                        FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  Value scale = op.getWeight();
  bool fits = (!scale || getElementTypeOrSelf(scale).isF32()) &&
              type.getRank() > 1 && !type.isDynamicDim(type.getRank() - 1);
  if (!fits)
    return failure();
  bool rowByRow = lowering.formOf(type) == FunctionLowering::Form::Flat;
  auto vector = [&](Value parameter) {
    return parameter ? lowering.view(parameter, nullptr).memref : Value();
  };
  lowering.forRows(op, rowByRow, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned kept = x.axes.size() - 1;
    kernel::NormOp::create(
        lowering.builder, lowering.loc(),
        centered ? lowering.builder.getUnitAttr() : UnitAttr(),
        asMatrix(lowering, x, kept), vector(scale), vector(shift),
        op.getResidual()
            ? asMatrix(lowering, lowering.view(op.getResidual(), row), kept)
            : Value(),
        asMatrix(lowering, y, kept), op.getOffsetAttr(), op.getEpsAttr());
  });
  return success();
}

LogicalResult lowerLayerNormToKernel(nn::LayerNormOp op,
                                     FunctionLowering &lowering) {
  return lowerNorm(op, /*centered=*/true, op.getBias(), lowering);
}

LogicalResult lowerRmsNormToKernel(nn::RmsNormOp op,
                                   FunctionLowering &lowering) {
  return lowerNorm(op, /*centered=*/false, /*shift=*/Value(), lowering);
}

void populateNNToKernel(LoweringPatterns &patterns) {
  constexpr auto kernel = LoweringPatterns::Kernel;
  patterns.add<nn::NarrowOp>(lowerNarrowToKernel, kernel);
  patterns.add<nn::LinearOp>(lowerLinearToKernel, kernel);
  patterns.add<nn::LayerNormOp>(lowerLayerNormToKernel, kernel);
  patterns.add<nn::RmsNormOp>(lowerRmsNormToKernel, kernel);
  patterns.add<nn::AttentionOp>(lowerAttentionToKernel, kernel);
  patterns.add<nn::ReduceOp>(lowerReduceToKernel, kernel);
  patterns.add<nn::SoftmaxOp>(lowerSoftmaxToKernel, kernel);
  patterns.add<nn::NormalizeOp>(lowerNormalizeToKernel, kernel);
  patterns.add<nn::TopkOp>(lowerTopkToKernel, kernel);
  patterns.add<nn::ConvOp>(lowerConvToKernel, kernel);
  patterns.add<nn::RopeOp>(lowerRopeToKernel, kernel);
}

struct NNToKernel : heddle::conversion::impl::NNToKernelBase<NNToKernel> {
  using NNToKernelBase::NNToKernelBase;

  void runOnOperation() override {
    LoweringPatterns patterns;
    populateNNToLinalg(patterns);
    populateNNToKernel(patterns);
    if (failed(lowerModule(
            getOperation(), std::move(patterns),
            {attentionQueries, convolutionStack, linesToCopy, parallelWork})))
      signalPassFailure();
  }
};

} // namespace
