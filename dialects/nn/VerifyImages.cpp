//===- VerifyImages.cpp - convolution, pooling, upsampling ----------------===//

#include "dialects/nn/Verify.h"
#include "dialects/nn/Windows.h"

using namespace mlir;
using namespace heddle::nn;

/// Whether there are `count` numbers of `least` or more that can be counted.
static bool areSteps(ArrayRef<int64_t> numbers, int64_t count, int64_t least) {
  return static_cast<int64_t>(numbers.size()) == count &&
         llvm::all_of(numbers, [&](int64_t number) {
           return number >= least && number <= mostSteps;
         });
}

static bool keepsRowsAndChannels(Value x, Value result) {
  AxesAttr from = axesOf(x), to = axesOf(result);
  return from.rank() >= 3 && from.rank() == to.rank() &&
         from.getNames().take_front(2) == to.getNames().take_front(2);
}

namespace {

/// Windows that go along one axis of x; the result's has one element for each.
struct Along {
  Value x, result;
  unsigned axis;
  SizeExpr span;
  int64_t stride, pad;

  int64_t in() const { return sizeOf(x, axis); }
  int64_t out() const { return sizeOf(result, axis); }
  bool isStatic() const {
    return !ShapedType::isDynamic(in()) && !ShapedType::isDynamic(out());
  }
  SizeExpr steps() const {
    return axesOf(x).expr(axis) + SizeExpr(2 * pad) - span;
  }
  bool has(const SizeExpr &size) const {
    return axesOf(result).expr(axis) == size;
  }
  bool hasOneOf(ArrayRef<SizeExpr> sizes) const {
    return llvm::any_of(sizes, [&](const SizeExpr &size) { return has(size); });
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

static LogicalResult verifyChannels(ConvOp op) { // C1
  AxesAttr x = axesOf(op.getX()), w = axesOf(op.getWeight()),
           y = axesOf(op.getResult());
  int64_t groups = op.getGroups();
  if (groups < 1 || groups > mostSteps)
    return op.emitOpError() << "cannot convolve in " << groups << " groups";
  if (x.rank() < 3 || w.rank() != x.rank() || y.rank() != x.rank())
    return op.emitOpError("needs rows, channels and at least one spatial axis");
  // The weight's axes are those of the sums and of what is summed over.
  AxesAttr whole = op.getTransposed() ? x : y;
  Value first = op.getTransposed() ? op.getX() : op.getResult(),
        second = op.getTransposed() ? op.getResult() : op.getX();
  if (w.axisName(0) != whole.axisName(1) ||
      sizeOf(op.getWeight(), 0) != sizeOf(first, 1) ||
      sizeOf(op.getWeight(), 0) % groups != 0 ||
      sizeOf(op.getWeight(), 1) * groups != sizeOf(second, 1))
    return op.emitOpError()
           << "weight " << w.str() << " does not map channels of " << x.str()
           << " to those of " << y.str();
  return success();
}

/// Sizes decide where they are known, names elsewhere. A kernel and a stride
/// may be one size of the model, of which only the number is left.
static bool isConvolved(ConvOp op, const Along &along, int64_t span,
                        int64_t dilation) { // C3
  if (!op.getTransposed()) {
    if (!along.isStatic())
      return along.hasOneOf(
                 windowsAlong(along.steps(), SizeExpr(along.stride))) ||
             !along.span.isConstant();
    int64_t steps = along.in() + 2 * along.pad - span;
    return steps >= 0 && along.out() == windowsAlong(steps, along.stride);
  }
  SizeExpr least = (axesOf(along.x).expr(along.axis) - SizeExpr(1)) *
                       SizeExpr(along.stride) +
                   along.span - SizeExpr(2 * along.pad);
  std::optional<int64_t> more =
      along.isStatic()
          ? along.out() -
                ((along.in() - 1) * along.stride + span - 2 * along.pad)
          : (axesOf(along.result).expr(along.axis) - least).asConstant();
  return more ? *more >= 0 && *more < std::max(along.stride, dilation)
              : !along.span.isConstant();
}

static LogicalResult verifyOthers(ConvOp op) { // C5
  if (op.getOthers().empty())
    return success();
  if (!op.hasEpilogue())
    return op.emitOpError("with operands needs an epilogue");
  for (Value other : op.getOthers())
    if (!getElementTypeOrSelf(other).isF32() ||
        (namesOf(other) != namesOf(op.getResult()) &&
         namesOf(other) != op.getColumnAxes()))
      return op.emitOpError()
             << "operand " << other.getType() << " needs to be f32 over "
             << spell(namesOf(op.getResult())) << " or "
             << spell(op.getColumnAxes());
  return success();
}

LogicalResult ConvOp::verify() {
  if (failed(verifyChannels(*this)))
    return failure();
  unsigned spatial = axesOf(getX()).rank() - 2;
  if (!areSteps(getStride(), spatial, 1) || !areSteps(getPad(), spatial, 0) ||
      !areSteps(getDilation(), spatial, 1))
    return emitOpError() << "cannot stride by [" << getStride() << "], pad by ["
                         << getPad() << "] and dilate by [" << getDilation()
                         << "] along " << spatial << " axes"; // C2
  AxesAttr x = axesOf(getX()), y = axesOf(getResult());
  for (unsigned axis = 2; axis < x.rank(); ++axis) {
    unsigned at = axis - 2;
    Along along{getX(),
                getResult(),
                axis,
                spanOf(axesOf(getWeight()).expr(axis), getDilation()[at]),
                getStride()[at],
                getPad()[at]};
    int64_t span = (getKernel()[at] - 1) * getDilation()[at] + 1;
    if (!isConvolved(*this, along, span, getDilation()[at])) // C3
      return emitOpError() << "result axis " << y.axisName(axis)
                           << " is not the convolved " << x.axisName(axis);
  }
  if (getBias() && (axesOf(getBias()).rank() != 1 ||
                    axesOf(getBias()).axisName(0) != y.axisName(1)))
    return emitOpError() << "bias needs the axis " << y.axisName(1); // C4
  return verifyOthers(*this);                                        // C5
}

LogicalResult ConvOp::verifyRegions() { // C6
  if (!hasEpilogue())
    return success();
  return scalar::verifyEpilogue(*this, getEpilogue(), 1 + getOthers().size());
}

ArrayRef<StringAttr> ConvOp::getColumnAxes() {
  return namesOf(getResult()).slice(1, 1);
}

bool ConvOp::takesOthers() { return true; }

/// They are read after the sums are in memory, once for a line of places where
/// they are vectors: a batch_norm, a residual and what else there is.
size_t ConvOp::getMostOthers() { return 8; }

//===----------------------------------------------------------------------===//
// Pooling and upsampling
//===----------------------------------------------------------------------===//

/// Rounded down or up; of sizes known at run time, down.
static bool isPooled(const Along &along, int64_t window) { // C2
  int64_t stride = along.stride, pad = along.pad;
  if (!along.isStatic())
    return along.hasOneOf(windowsAlong(along.steps(), SizeExpr(stride)));
  int64_t steps = along.in() + 2 * pad - window;
  return steps >= 0 &&
         (along.out() == windowsAlong(steps, stride) ||
          along.out() == windowsAlongUp(steps, stride, along.in(), pad));
}

LogicalResult PoolOp::verify() {
  if (!keepsRowsAndChannels(getX(), getResult()))
    return emitOpError("rows and channels need to stay"); // C2
  unsigned spatial = axesOf(getX()).rank() - 2;
  bool fits = areSteps(getWindow(), spatial, 1) &&
              areSteps(getStride(), spatial, 1) &&
              areSteps(getPad(), spatial, 0) &&
              llvm::all_of(llvm::zip(getPad(), getWindow()), [](auto both) {
                return std::get<0>(both) <= std::get<1>(both) / 2;
              });
  if (!fits)
    return emitOpError() << "cannot pool windows of [" << getWindow()
                         << "] with a stride of [" << getStride()
                         << "] and a pad of [" << getPad() << "] along "
                         << spatial << " axes"; // C1
  AxesAttr x = axesOf(getX()), y = axesOf(getResult());
  for (unsigned axis = 2; axis < x.rank(); ++axis) {
    int64_t window = getWindow()[axis - 2];
    Along along{getX(),           getResult(),           axis,
                SizeExpr(window), getStride()[axis - 2], getPad()[axis - 2]};
    if (!isPooled(along, window)) // C2
      return emitOpError() << "result axis " << y.axisName(axis)
                           << " is not the pooled " << x.axisName(axis);
  }
  if (getCountsPad() && getKind() != PoolKind::Average)
    return emitOpError("only an average counts the pad"); // C3
  return success();
}

LogicalResult UpsampleOp::verify() {
  if (!keepsRowsAndChannels(getX(), getResult()))
    return emitOpError("rows and channels need to stay"); // C1
  if (getAlignCorners() && getKind() == UpsampleKind::Nearest)
    return emitOpError("nearest aligns no corners"); // C2
  return success();
}
