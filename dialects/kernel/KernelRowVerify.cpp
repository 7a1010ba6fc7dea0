//===- KernelRowVerify.cpp - constraints of what goes over lines ----------===//
//
// The numbers C1, C2, … are those of the op descriptions in the .td files.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelVerify.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle::kernel;

/// Whether neighbours along the last axis are neighbours in memory.
static bool hasContiguousLines(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         !strides.empty() && strides.back() == 1;
}

/// Places and offsets are sums and products of a few of these.
static constexpr int64_t mostSteps = 1 << 20;

/// Whether there are `count` numbers from `least` on that can be counted.
static bool areSteps(ArrayRef<int64_t> numbers, int64_t count, int64_t least) {
  return static_cast<int64_t>(numbers.size()) == count &&
         llvm::all_of(numbers, [&](int64_t number) {
           return number >= least && number <= mostSteps;
         });
}

LogicalResult WindowsOp::verify() {
  MemRefType x = getX().getType(), panel = getPanel().getType();
  int64_t axes = getWindow().size();
  if (x.getRank() != axes + 1 || axes == 0 || x.isDynamicDim(0) ||
      !hasContiguousLines(x))
    return emitOpError() << "image is " << x << ", needs channels and " << axes
                         << " axes, the last one contiguous"; // C1
  if (static_cast<int64_t>(getPlaces().size()) != axes ||
      !areSteps(getWindow(), axes, 1) || !areSteps(getStride(), axes, 1) ||
      !areSteps(getPad(), axes, -mostSteps) ||
      !areSteps(getDilation(), axes, 1))
    return emitOpError("needs for each axis places, a pad, and a positive "
                       "window, stride and dilation, none above 2^20"); // C3
  int64_t rows = x.getDimSize(0);
  for (int64_t size : getWindow())
    if (llvm::MulOverflow(rows, size, rows))
      return emitOpError("has a window of too many elements"); // C3
  if (!isDense(panel) || panel.getDimSize(0) != 1 ||
      panel.getDimSize(1) != rows || panel.getDimSize(2) <= 0 ||
      panel.getDimSize(2) % 16)
    return emitOpError() << "panel is " << panel << ", needs 1, " << rows
                         << ", and a multiple of 16 elements"; // C2
  return success();
}

LogicalResult DepthwiseOp::verify() {
  MemRefType x = getX().getType(), w = getWeight().getType(),
             y = getY().getType();
  if (!hasContiguousLines(x) || !hasContiguousLines(y) || !isDense(w) ||
      !w.hasStaticShape() || w.getNumElements() == 0)
    return emitOpError() << "channel is " << x << ", filter " << w
                         << ", result " << y
                         << ", needs contiguous lines and a dense, static "
                            "filter"; // C1
  if (!areSteps(w.getShape(), 2, 1) || !areSteps(getStride(), 2, 1) ||
      !areSteps(getPad(), 2, 0) || !areSteps(getDilation(), 2, 1))
    return emitOpError("needs two positive strides and dilations, and two "
                       "pads, none above 2^20"); // C2
  return success();
}

LogicalResult RopeOp::verify() {
  MemRefType x = getX().getType(), y = getY().getType();
  int64_t heads = x.getDimSize(1), depth = x.getDimSize(2);
  auto isStaticButFirstSize = [](MemRefType type) {
    SmallVector<int64_t> strides;
    int64_t offset;
    return succeeded(type.getStridesAndOffset(strides, offset)) &&
           llvm::none_of(strides, ShapedType::isDynamic) && strides[2] == 1;
  };
  if (heads <= 0 || depth <= 0 || y.getDimSize(1) != heads ||
      y.getDimSize(2) != depth ||
      !mayBeEqual(x.getDimSize(0), y.getDimSize(0)) ||
      !isStaticButFirstSize(x) || !isStaticButFirstSize(y))
    return emitOpError() << "x is " << x << ", y " << y
                         << ", needed the same static heads and contiguous "
                            "depth"; // C1
  int64_t frequencies = getFrequencies().getType().getDimSize(0);
  if (frequencies <= 0 || 2 * frequencies > depth)
    return emitOpError() << "has " << frequencies << " frequencies, a head has "
                         << depth << " elements"; // C2
  if (!mayBeEqual(getPositions().getType().getDimSize(0), x.getDimSize(0)) ||
      !isDense(getFrequencies().getType()))
    return emitOpError("needs a position for every token"); // C2
  return success();
}

LogicalResult TopkOp::verify() {
  MemRefType x = getX().getType(), values = getValues().getType(),
             indices = getIndices().getType();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (x.getDimSize(1) <= 0 || !hasContiguousLines(x) ||
      failed(x.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(strides[0]))
    return emitOpError() << "x is " << x
                         << ", needs contiguous lines of a static length, a "
                            "static distance apart"; // C1
  if (!isDense(values) || !isDense(indices) || values.getDimSize(1) <= 0 ||
      values.getDimSize(1) != indices.getDimSize(1) ||
      !mayBeEqual(values.getDimSize(0), x.getDimSize(0)) ||
      !mayBeEqual(indices.getDimSize(0), x.getDimSize(0)))
    return emitOpError() << "values are " << values << ", indices " << indices
                         << ", needed dense lines of one length, as many as "
                            "those of x"; // C2
  return success();
}
