//===- NNToKernelRope.cpp - nn.rope to kernel.rope ------------------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToKernel.h"
#include "dialects/kernel/Kernel.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

LogicalResult conversion::lowerRopeToKernel(nn::RopeOp op,
                                            FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t tokenAxes =
      cast<RankedTensorType>(op.getPositions().getType()).getRank();
  bool hasHeads = type.getRank() == tokenAxes + 2 &&
                  !ShapedType::isDynamicShape(type.getShape().take_back(2));
  bool isLines = lowering.formOf(type) != FunctionLowering::Form::Flat;
  if (!hasHeads || !isLines || tokenAxes == 0)
    return failure();
  UnitAttr adjacent = op.getPairs() == nn::Pairs::Adjacent
                          ? lowering.builder.getUnitAttr()
                          : UnitAttr();
  Value frequencies = constantTable(lowering, op.getFrequencies());
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row),
         positions = lowering.view(op.getPositions(), row);
    auto lines = [&, leading = x.axes.size() - 2](const View &view) {
      return view.collapse(lowering, 0, leading, "lines").memref;
    };
    kernel::RopeOp::create(lowering.builder, lowering.loc(), lines(x),
                           lines(positions), frequencies, lines(y), adjacent,
                           op.getMagnitudeAttr());
  });
  return success();
}
