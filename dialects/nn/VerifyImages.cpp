//===- VerifyImages.cpp - convolution, pooling, upsampling ----------------===//

#include "dialects/nn/Verify.h"

using namespace mlir;
using namespace heddle::nn;

/// A stride, a pad, a number of groups: sums and products of sizes with one can
/// be counted.
static constexpr int64_t mostSteps = 1 << 20;

LogicalResult ConvOp::verify() {
  AxesAttr x = axesOf(getX()), w = axesOf(getWeight()), y = axesOf(getResult());
  int64_t groups = getGroups();
  if (groups < 1 || groups > mostSteps)
    return emitOpError() << "cannot convolve in " << groups << " groups"; // C1
  if (x.rank() < 3 || w.rank() != x.rank() || y.rank() != x.rank())
    return emitOpError(
        "needs rows, channels and at least one spatial axis"); // C1
  if (sizeOf(getWeight(), 1) * groups != sizeOf(getX(), 1) ||
      sizeOf(getWeight(), 0) % groups != 0 || w.axisName(0) != y.axisName(1))
    return emitOpError() << "weight " << w.str() << " does not map channels of "
                         << x.str() << " to those of " << y.str(); // C1
  if (static_cast<int64_t>(getStride()) < 1 ||
      static_cast<int64_t>(getStride()) > mostSteps ||
      static_cast<int64_t>(getPad()) < 0 ||
      static_cast<int64_t>(getPad()) > mostSteps)
    return emitOpError() << "cannot stride by " << getStride() << " and pad by "
                         << static_cast<int64_t>(getPad()); // C2
  for (unsigned axis = 2; axis < x.rank(); ++axis) {        // C2
    auto strided = (x.expr(axis) +
                    SizeExpr(2 * static_cast<int64_t>(getPad())) - w.expr(axis))
                       .dividedBy(SizeExpr(static_cast<int64_t>(getStride())));
    // The stride may be a named size of the same value, so sizes decide where
    // both are known.
    int64_t in = sizeOf(getX(), axis), out = sizeOf(getResult(), axis);
    bool fits = in > 0 ? out == (in + 2 * static_cast<int64_t>(getPad()) -
                                 sizeOf(getWeight(), axis)) /
                                        static_cast<int64_t>(getStride()) +
                                    1
                       : succeeded(strided);
    if (!fits)
      return emitOpError() << "result axis " << y.axisName(axis)
                           << " is not the convolved " << x.axisName(axis);
  }
  if (getBias() && (axesOf(getBias()).rank() != 1 ||
                    axesOf(getBias()).axisName(0) != y.axisName(1)))
    return emitOpError() << "bias needs the axis " << y.axisName(1); // C3
  return success();
}

template <typename ScaleFn>
static LogicalResult verifyScaled(Operation *op, Value x, Value result,
                                  int64_t factor, ScaleFn scale) {
  AxesAttr from = axesOf(x), to = axesOf(result);
  if (factor < 1 || factor > mostSteps)
    return op->emitOpError() << "cannot scale by " << factor; // C1
  if (from.rank() < 3 || from.rank() != to.rank() ||
      from.getNames().take_front(2) != to.getNames().take_front(2))
    return op->emitOpError("rows and channels need to stay"); // C1
  for (unsigned axis = 2; axis < from.rank(); ++axis)
    if (!(scale(from.expr(axis)) == to.expr(axis)))
      return op->emitOpError()
             << "result axis " << to.axisName(axis) << " needs to be "
             << scale(from.expr(axis)).str(); // C1
  return success();
}

LogicalResult PoolOp::verify() {
  int64_t factor = getFactor();
  return verifyScaled(*this, getX(), getResult(), factor, [&](SizeExpr size) {
    return *size.dividedBy(SizeExpr(factor));
  });
}

LogicalResult UpsampleOp::verify() {
  int64_t factor = getFactor();
  return verifyScaled(*this, getX(), getResult(), factor,
                      [&](SizeExpr size) { return size * SizeExpr(factor); });
}
