//===- NNToKernelRope.cpp - nn.rope to kernel.rope ------------------------===//

#include "compiler/conversion/NNToKernel.h"
#include "compiler/conversion/NNToLinalg.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// A view with its first `count` axes as one.
static Value collapseFirst(FunctionLowering &lowering, const View &view,
                           unsigned count) {
  if (count == 1)
    return view.memref;
  SmallVector<ReassociationIndices> groups = {
      llvm::to_vector_of<int64_t, 2>(llvm::seq<unsigned>(0, count))};
  for (unsigned axis = count; axis < view.axes.size(); ++axis)
    groups.push_back({axis});
  return memref::CollapseShapeOp::create(lowering.builder, lowering.loc(),
                                         view.memref, groups);
}

LogicalResult conversion::lowerRopeToKernel(nn::RopeOp op,
                                            FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t tokenAxes =
      cast<RankedTensorType>(op.getPositions().getType()).getRank();
  bool hasHeads = type.getRank() == tokenAxes + 2 &&
                  !ShapedType::isDynamicShape(type.getShape().take_back(2));
  bool isLines = lowering.formOf(type) != FunctionLowering::Form::Flat;
  if (!hasHeads || !isLines || tokenAxes == 0)
    return lowerToLinalg(op, lowering);
  UnitAttr adjacent = op.getPairs() == nn::Pairs::Adjacent
                          ? lowering.builder.getUnitAttr()
                          : UnitAttr();
  Value frequencies = constantTable(lowering, op.getFrequencies());
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row),
         positions = lowering.view(op.getPositions(), row);
    unsigned leading = x.axes.size() - 2;
    kernel::RopeOp::create(
        lowering.builder, lowering.loc(), collapseFirst(lowering, x, leading),
        collapseFirst(lowering, positions, leading), frequencies,
        collapseFirst(lowering, y, leading), adjacent, op.getMagnitudeAttr());
  });
  return success();
}
