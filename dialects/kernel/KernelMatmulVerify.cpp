//===- KernelMatmulVerify.cpp - constraints of products -------------------===//
//
// The numbers C1, C2, … are those of the op descriptions in
// KernelMatmulOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelVerify.h"
#include "dialects/scalar/Scalar.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle::kernel;

int64_t MatmulOp::getPackedColumns() {
  int64_t outputs = getOutputs();
  if (!getPaired())
    return outputs;
  return 2 * static_cast<int64_t>(
                 llvm::alignTo(outputs, PackedLayout::pairedColumns));
}

int64_t MatmulOp::getPanel() {
  if (getLayout())
    return getLayout()->getLayout().panel;
  return getWeight().getType().getDimSize(2);
}

/// [panels][K][NR] of f32 and f16, [panels][ceil(K / 2)][NR][2] of bf16,
/// [panels][bytes of a panel] of integers.
static MemRefType weightType(MatmulOp op, int64_t panel) {
  Type element = op.getWeight().getType().getElementType();
  int64_t inputs = op.getInputCount(),
          panels = llvm::divideCeilSigned(op.getPackedColumns(), panel);
  if (element.isF32() || element.isF16())
    return MemRefType::get({panels, inputs, panel}, element);
  if (element.isBF16())
    return MemRefType::get(
        {panels, llvm::divideCeilSigned(inputs, 2), panel, 2}, element);
  int64_t bytes =
      op.getLayout()->getLayout().panelBytes({op.getOutputs(), inputs});
  return MemRefType::get({panels, bytes}, element);
}

static LogicalResult verifyWeight(MatmulOp op) {
  MemRefType weight = op.getWeight().getType();
  Type ofX = op.getX().getType().getElementType(),
       element = weight.getElementType();
  bool isMet =
      element == ofX || (ofX.isF32() && (element.isBF16() || element.isF16()));
  unsigned rank = element.isBF16() ? 4 : element.isInteger(8) ? 2 : 3;
  if (!isMet)
    return op.emitOpError()
           << "x is of " << ofX << " and the weight " << weight << ", needs "
           << (ofX.isF32() ? "floats" : "the same elements");
  if (weight.getRank() != rank)
    return op.emitOpError()
           << "weight is " << weight << ", needs rank " << rank;
  int64_t panel = op.getPanel();
  if ((panel != 16 && panel % 32) || panel <= 0 || !isDense(weight))
    return op.emitOpError("needs a dense weight in panels of 16 or of a "
                          "multiple of 32 columns");
  MemRefType needed = weightType(op, panel);
  if (weight.getShape() != needed.getShape())
    return op.emitOpError() << "weight is " << weight << ", needs " << needed;
  return success();
}

/// The integers of a layout say how x is quantised.
static LogicalResult verifyLayout(MatmulOp op) {
  bool integers = op.getX().getType().getElementType().isInteger(8);
  if (integers != op.getLayout().has_value() ||
      integers != op.getInputs().has_value())
    return op.emitOpError("needs layout and inputs for rows of i8, and for no "
                          "others");
  if (!integers)
    return op.getWide() ? op.emitOpError("needs rows of i8 to be wide")
                        : LogicalResult(success());
  PackedLayout layout = op.getLayout()->getLayout();
  if (!isQuantised(layout.type) || layout.paired != op.getPaired())
    return op.emitOpError() << "layout is " << *op.getLayout()
                            << ", needs integers, paired if the product is";
  if (op.getWide() && !layout.format().isGrouped())
    return op.emitOpError() << "layout is " << *op.getLayout()
                            << ", wide rows need one with groups";
  int64_t bytes =
      QuantisedRow::of(layout.type, op.getInputCount(), op.getWide()).bytes();
  if (op.getX().getType().getDimSize(1) != bytes)
    return op.emitOpError() << "x is " << op.getX().getType()
                            << ", needs rows of " << bytes << " bytes";
  return success();
}

/// Bytes of a matrix with such sides can be counted.
static constexpr int64_t largestSide = int64_t(1) << 28;

static LogicalResult verifyOthers(MatmulOp op) { // C2, C5
  MemRefType y = op.getY().getType();
  for (Value other : op.getOthers()) {
    auto type = cast<MemRefType>(other.getType());
    bool fits = type.getRank() == 0 ? true
                : type.getRank() == 1
                    ? isDense(type) && type.getDimSize(0) == op.getOutputs()
                    : mayBeEqual(type.getDimSize(0), y.getDimSize(0)) &&
                          type.getDimSize(1) == op.getOutputs() &&
                          rowStride(type);
    if (!fits)
      return op.emitOpError()
             << "operand of the epilogue is " << type << ", y is " << y;
  }
  return success();
}

LogicalResult MatmulOp::verify() {
  MemRefType x = getX().getType(), y = getY().getType();
  int64_t outputs = getOutputs();
  if (getInputCount() <= 0 || getInputCount() > largestSide ||
      outputs > largestSide || x.isDynamicDim(1) || outputs <= 0 ||
      !getWeight().getType().hasStaticShape())
    return emitOpError(
        "needs static sizes but the number of rows, none above 2^28"); // C1
  if (!mayBeEqual(x.getDimSize(0), y.getDimSize(0)))
    return emitOpError() << "x has " << x.getDimSize(0) << " rows, y has "
                         << y.getDimSize(0); // C1
  if (!rowStride(x) || !rowStride(y))
    return emitOpError("needs contiguous rows, a static distance apart"); // C2
  if (failed(verifyLayout(*this)))
    return failure(); // C6
  if (failed(verifyWeight(*this)))
    return failure(); // C3
  int64_t biases = getPaired() ? 2 * outputs : outputs;
  if (getBias() && (getBias().getType().getDimSize(0) != biases ||
                    !isDense(getBias().getType())))
    return emitOpError() << "bias is " << getBias().getType() << ", needs "
                         << biases << " dense elements"; // C4
  return verifyOthers(*this);                            // C5
}

LogicalResult MatmulOp::verifyRegions() { // C7
  if (!hasEpilogue())
    return getPaired() || !getOthers().empty()
               ? emitOpError("paired or with operands needs an epilogue")
               : success();
  return scalar::verifyEpilogue(*this, getEpilogue(),
                                getSumCount() + getOthers().size());
}

LogicalResult NarrowOp::verify() {
  MemRefType x = getX().getType(), rows = getRows().getType();
  if (x.getDimSize(1) <= 0 || !mayBeEqual(x.getDimSize(0), rows.getDimSize(0)))
    return emitOpError() << "x is " << x << ", rows are " << rows; // C1
  if (!rowStride(x) || !rowStride(rows))
    return emitOpError("needs contiguous rows, a static distance apart"); // C2
  int64_t inputs = x.getDimSize(1), group = getGroup().value_or(0);
  if (rows.getElementType().isBF16()) {
    if (getGroup() || getWide() || rows.getDimSize(1) != inputs)
      return emitOpError() << "rows are " << rows << ", needs " << inputs
                           << " of bf16, no groups"; // C3
    return success();
  }
  if (getGroup() && group != 16 && group != 32)
    return emitOpError() << "groups are of " << group
                         << ", needs 16 or 32"; // C3
  if (getWide() && !getGroup())
    return emitOpError("needs groups to be wide"); // C3
  int64_t bytes = QuantisedRow{inputs, group, getWide()}.bytes();
  if (rows.getDimSize(1) != bytes)
    return emitOpError() << "rows are " << rows << ", needs " << bytes
                         << " bytes"; // C3
  return success();
}
