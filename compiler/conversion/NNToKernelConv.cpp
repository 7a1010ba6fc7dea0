//===- NNToKernelConv.cpp - nn.conv as matrix products --------------------===//
//
//   parallel task in 0 .. B · groups · ceil(places / P):
//     panel[1][C · k…][P] = windows of the image at P places
//     part[O][P]          = filters[O][C · k…] · panel
//     y[O, places]        = epilogue(part + bias)
//
// The filters lie as the checkpoint has them: they are the rows, and the image
// is what is packed (Chellapilla et al. 2006). An element's sum runs over
// channels and offsets in order, whatever else is computed.
//
// Of filters of one channel a product would have one row, and copy a window for
// each of its sums: kernel.depthwise takes a channel as it is, in a task.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToKernelConv.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static constexpr auto convKernelRemarks =
    remark::RemarkOpts::name("convolution-as-product").category("nn-to-kernel");

//===----------------------------------------------------------------------===//
// As products
//===----------------------------------------------------------------------===//

namespace {

class Products : public ConvTasks {
public:
  Products(nn::ConvOp op, FunctionLowering &lowering)
      : ConvTasks(op, lowering), terms(inputs) {
    for (int64_t size : op.getKernel())
      terms *= size;
  }

  StringRef refusal() {
    if (StringRef reason = ConvTasks::refusal(); !reason.empty())
      return reason;
    if ((terms + outputs) * panelColumns * 4 > lowering.tasks.convolutionStack)
      return "a panel of windows is too large for the stack";
    return {};
  }

  void lower() {
    forShares([&](Value row) { return placesOf(row); }, panelColumns,
              [&](Value row, Value group, Value first, Value count) {
                lowerTask(row, group, first, count);
              });
  }

private:
  void lowerTask(Value row, Value group, Value first, Value count) {
    Value channel = e.times(group, e.index(outputs));
    Value product = productOf(filtersFrom(channel), imageOf(row, group), first,
                              lengthsOf(row), op.getKernel(), op.getStride(),
                              op.getPad(), op.getDilation());
    View sums = View{product, {"out", "place"}}.part(
        lowering, {attr(0), attr(0)},
        {OpFoldResult(attr(outputs)), OpFoldResult(count)});
    finish(sums, row, channel, first, count);
  }

  /// [outputs][terms] of a group.
  Value filtersFrom(Value channel) {
    return lowering.view(op.getWeight(), nullptr)
        .collapseFrom(lowering, 1, "in")
        .part(lowering, {OpFoldResult(channel), OpFoldResult(attr(0))},
              {attr(outputs), attr(terms)})
        .memref;
  }

  /// Elements of a filter.
  int64_t terms;
};

} // namespace

//===----------------------------------------------------------------------===//
// Channel by channel
//===----------------------------------------------------------------------===//

namespace {

class Channels : public ConvTasks {
public:
  using ConvTasks::ConvTasks;

  bool isDepthwise() {
    constexpr int64_t mostPhases = 4; // which a line is copied in
    return inputs == 1 && op.getKernel().size() <= 2 &&
           op.getStride().back() <= mostPhases;
  }

  void lower() {
    // A share is a channel of the group's: all its places.
    forShares([&](Value) { return e.index(outputs); }, 1,
              [&](Value row, Value group, Value first, Value) {
                lowerChannel(row, group,
                             e.plus(e.times(group, e.index(outputs)), first));
              });
  }

private:
  void lowerChannel(Value row, Value group, Value channel) {
    Value places = placesOf(row);
    View y = lowering.resultView(op->getOpResult(0), row);
    Value x = asLines(lowering.view(op.getX(), row), group),
          result = asLines(y, channel);
    auto weight = lowering.view(op.getWeight(), nullptr).memref;
    SmallVector<int64_t, 2> kernel = withLines(op.getKernel(), 1);
    Value filter = denseAt(
        weight, e.times(channel, e.index(kernel[0] * kernel[1])), kernel);
    Value lines = memref::DimOp::create(e.builder, e.loc, result, 0);
    kernel::DepthwiseOp::create(e.builder, e.loc, x, filter, result, e.index(0),
                                lines, withLines(op.getStride(), 1),
                                withLines(op.getPad(), 0),
                                withLines(op.getDilation(), 1));
    if (op.getBias() || op.hasEpilogue())
      finish(placesAt(y, channel, 1, e.index(0), places), row, channel,
             e.index(0), places);
  }

  /// Where there are no lines, there is one.
  static SmallVector<int64_t, 2> withLines(ArrayRef<int64_t> numbers,
                                           int64_t ofLines) {
    SmallVector<int64_t, 2> both(numbers);
    if (both.size() == 1)
      both.insert(both.begin(), ofLines);
    return both;
  }

  /// One channel: [lines][columns].
  Value asLines(const View &tensor, Value channel) {
    SmallVector<OpFoldResult> lengths;
    for (unsigned axis = 1; axis < tensor.axes.size(); ++axis)
      lengths.push_back(tensor.mixedLength(lowering, axis));
    View one = tensor.at(lowering, channel, lengths);
    if (lengths.size() == 2)
      return one.memref;
    auto metadata =
        memref::ExtractStridedMetadataOp::create(e.builder, e.loc, one.memref);
    auto type = MemRefType::get(
        {1, ShapedType::kDynamic}, e.builder.getF32Type(),
        StridedLayoutAttr::get(e.builder.getContext(), ShapedType::kDynamic,
                               {ShapedType::kDynamic, 1}));
    Value length =
        getValueOrCreateConstantIndexOp(e.builder, e.loc, lengths.front());
    return memref::ReinterpretCastOp::create(
        e.builder, e.loc, type, metadata.getBaseBuffer(),
        OpFoldResult(metadata.getOffset()),
        {OpFoldResult(attr(1)), OpFoldResult(length)},
        {OpFoldResult(length), OpFoldResult(attr(1))});
  }
};

} // namespace

LogicalResult conversion::lowerConvToKernel(nn::ConvOp op,
                                            FunctionLowering &lowering) {
  if (op.getTransposed())
    return lowerTransposedConv(op, lowering);
  Channels channels(op, lowering);
  if (channels.isDepthwise() && channels.refusal().empty()) {
    channels.lower();
    return success();
  }
  Products products(op, lowering);
  if (StringRef reason = products.refusal(); !reason.empty()) {
    remark::missed(op.getLoc(), convKernelRemarks)
        << "convolution is not a product" << remark::reason("{0}", reason);
    return failure();
  }
  products.lower();
  return success();
}
