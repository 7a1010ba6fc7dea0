//===- NNToKernelConv.cpp - nn.conv as matrix products --------------------===//
//
//   parallel task in 0 .. B · groups · ceil(places / P):
//     panel[1][C · k…][P] = windows of the image at P places
//     part[O][P]          = filters[O][C · k…] · panel
//     y[O, places]        = part + bias
//
// The filters lie as the checkpoint has them: they are the rows, and the image
// is what is packed (Chellapilla et al. 2006). An element's sum runs over
// channels and offsets in order, whatever else is computed.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToKernel.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static constexpr auto remarkOptions =
    remark::RemarkOpts::name("convolution-as-product").category("nn-to-kernel");

namespace {

/// Places of a task: the columns of a panel that every target can read.
constexpr int64_t panelColumns = kernel::PackedLayout::productColumns;

class ConvLowering {
public:
  ConvLowering(nn::ConvOp op, FunctionLowering &lowering)
      : op(op), lowering(lowering), e(lowering),
        filters(cast<RankedTensorType>(op.getWeight().getType()).getShape()),
        outputs(filters[0] / op.getGroups()), inputs(1) {
    for (int64_t size : filters.drop_front())
      inputs *= size;
  }

  StringRef refusal();
  void lower();

private:
  void lowerTask(Value row, Value group, Value first, Value count);
  Value placesOf(Value row);
  Value stackBuffer(ArrayRef<int64_t> shape);
  Value filtersOf(Value group);
  Value imageOf(Value row, Value group);
  Value resultAt(Value row, Value group, Value first, Value count);
  IntegerAttr attr(int64_t value) { return e.builder.getIndexAttr(value); }

  nn::ConvOp op;
  FunctionLowering &lowering;
  Emit e;
  ArrayRef<int64_t> filters;
  /// Of a group: filters, and elements of one.
  int64_t outputs, inputs;
};

} // namespace

StringRef ConvLowering::refusal() {
  for (Value value : op->getOperands())
    if (!getElementTypeOrSelf(value).isF32() ||
        (value.getDefiningOp<nn::WeightOp>() &&
         !lowering.view(value, nullptr).type().getElementType().isF32()))
      return "an operand is not f32";
  if (!lowering.sizes.hasRows(cast<RankedTensorType>(op.getX().getType())))
    return "the image has no axis of rows";
  if ((inputs + outputs) * panelColumns * 4 > lowering.tasks.convolutionStack)
    return "a panel of windows is too large for the stack";
  return {};
}

/// How many places the result has in a row; null: in the largest.
Value ConvLowering::placesOf(Value row) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Value places = e.index(1);
  for (int64_t axis = 2; axis < type.getRank(); ++axis)
    places = e.times(
        places, type.isDynamicDim(axis)
                    ? lowering.axisLength(lowering.sizes.axis(type, axis), row)
                    : e.index(type.getDimSize(axis)));
  return places;
}

Value ConvLowering::stackBuffer(ArrayRef<int64_t> shape) {
  auto type = MemRefType::get(shape, e.builder.getF32Type());
  return memref::AllocaOp::create(e.builder, e.loc, type,
                                  e.builder.getI64IntegerAttr(64));
}

/// [outputs][inputs] of a group.
Value ConvLowering::filtersOf(Value group) {
  View weight =
      lowering.view(op.getWeight(), nullptr).collapseFrom(lowering, 1, "in");
  return weight
      .part(lowering,
            {OpFoldResult(e.times(group, e.index(outputs))),
             OpFoldResult(attr(0))},
            {attr(outputs), attr(inputs)})
      .memref;
}

/// The channels of a group, with the axes behind them.
Value ConvLowering::imageOf(Value row, Value group) {
  View image = lowering.view(op.getX(), row);
  SmallVector<OpFoldResult> first(filters.size() - 1, attr(0)), size;
  first[0] = e.times(group, e.index(filters[1]));
  for (unsigned axis = 0; axis < first.size(); ++axis)
    size.push_back(image.mixedLength(lowering, axis));
  size[0] = attr(filters[1]);
  return image.part(lowering, first, size).memref;
}

/// Places first … first + count − 1 of a group's results: [outputs][count]. The
/// axes of a row lie without gaps.
Value ConvLowering::resultAt(Value row, Value group, Value first, Value count) {
  Value y = lowering.resultView(op->getOpResult(0), row).memref;
  auto metadata = memref::ExtractStridedMetadataOp::create(e.builder, e.loc, y);
  Value channel = metadata.getStrides()[0];
  Value offset =
      e.plus(metadata.getOffset(),
             e.plus(e.times(e.times(group, e.index(outputs)), channel), first));
  int64_t dynamic = ShapedType::kDynamic;
  auto type = MemRefType::get(
      {outputs, dynamic}, e.builder.getF32Type(),
      StridedLayoutAttr::get(e.builder.getContext(), dynamic, {dynamic, 1}));
  return memref::ReinterpretCastOp::create(
      e.builder, e.loc, type, metadata.getBaseBuffer(), OpFoldResult(offset),
      {OpFoldResult(attr(outputs)), OpFoldResult(count)},
      {OpFoldResult(channel), OpFoldResult(attr(1))});
}

void ConvLowering::lowerTask(Value row, Value group, Value first, Value count) {
  Value panel = stackBuffer({1, inputs, panelColumns}),
        product = stackBuffer({outputs, panelColumns});
  kernel::WindowsOp::create(
      e.builder, e.loc, imageOf(row, group), first, panel,
      e.builder.getDenseI64ArrayAttr(filters.drop_front(2)), op.getStrideAttr(),
      op.getPadAttr());
  kernel::MatmulOp::create(e.builder, e.loc, filtersOf(group), panel, Value(),
                           product);
  View sums = View{product, {"out", "place"}}.part(
      lowering, {attr(0), attr(0)},
      {OpFoldResult(attr(outputs)), OpFoldResult(count)});
  View result{resultAt(row, group, first, count), {"out", "place"}};
  SmallVector<View> inputs = {sums};
  if (op.getBias()) {
    View bias{lowering.view(op.getBias(), nullptr).memref, {"out"}};
    Value begin = e.times(group, e.index(outputs));
    inputs.push_back(
        bias.part(lowering, {OpFoldResult(begin)}, {attr(outputs)}));
  }
  generic(lowering, inputs, result, {},
          [&](OpBuilder &inner, ValueRange scalars) {
            return op.getBias() ? Value(arith::AddFOp::create(
                                      inner, e.loc, scalars[0], scalars[1]))
                                : scalars[0];
          });
}

void ConvLowering::lower() {
  // The buffers are fetched before the tasks, for all of them.
  lowering.resultView(op->getOpResult(0), nullptr);
  Value rows = kernel::SizeOp::create(e.builder, e.loc, lowering.frame(),
                                      lowering.sizes.rows());
  Value panels = arith::CeilDivUIOp::create(e.builder, e.loc, placesOf(nullptr),
                                            e.index(panelColumns));
  Value ofRow = e.times(panels, e.index(op.getGroups()));
  auto parallel = kernel::ParallelOp::create(e.builder, e.loc, lowering.frame(),
                                             e.times(rows, ofRow));
  OpBuilder::InsertionGuard guard(e.builder);
  e.builder.setInsertionPointToStart(&parallel.getBody().front());
  Value row = e.over(parallel.getIndex(), ofRow),
        ofThisRow = e.rest(parallel.getIndex(), ofRow);
  Value group = e.over(ofThisRow, panels);
  Value first = e.times(e.rest(ofThisRow, panels), e.index(panelColumns));
  Value rest = e.minus(placesOf(row), first);
  Value any = e.compare(Emit::Predicate::sgt, rest, e.index(0));
  auto unlessNone =
      scf::IfOp::create(e.builder, e.loc, any, /*withElse=*/false);
  e.builder.setInsertionPointToStart(unlessNone.thenBlock());
  lowerTask(
      row, group, first,
      arith::MinUIOp::create(e.builder, e.loc, rest, e.index(panelColumns)));
}

LogicalResult conversion::lowerConvToKernel(nn::ConvOp op,
                                            FunctionLowering &lowering) {
  ConvLowering conv(op, lowering);
  if (StringRef reason = conv.refusal(); !reason.empty()) {
    remark::missed(op.getLoc(), remarkOptions)
        << "convolution is not a product" << remark::reason("{0}", reason);
    return failure();
  }
  conv.lower();
  return success();
}
