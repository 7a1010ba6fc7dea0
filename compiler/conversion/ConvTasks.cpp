//===- ConvTasks.cpp - what convolutions have in common -------------------===//

#include "compiler/conversion/NNToKernelConv.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

ConvTasks::ConvTasks(nn::ConvOp op, FunctionLowering &lowering)
    : op(op), lowering(lowering), e(lowering),
      inputs(op.getX().getType().getDimSize(1) /
             static_cast<int64_t>(op.getGroups())),
      outputs(op.getOutputs() / static_cast<int64_t>(op.getGroups())) {}

StringRef ConvTasks::refusal() {
  for (Value value : op->getOperands())
    if (!getElementTypeOrSelf(value).isF32() ||
        (value.getDefiningOp<nn::WeightOp>() &&
         !lowering.view(value, nullptr).type().getElementType().isF32()))
      return "an operand is not f32";
  if (!lowering.sizes.hasRows(cast<RankedTensorType>(op.getX().getType())))
    return "the image has no axis of rows";
  return {};
}

void ConvTasks::forShares(function_ref<Value(Value)> placesOf, int64_t share,
                          function_ref<void(Value, Value, Value, Value)> task) {
  // Buffers are fetched before the tasks, for all of them.
  lowering.resultView(op->getOpResult(0), nullptr);
  Value rows = kernel::SizeOp::create(e.builder, e.loc, lowering.frame(),
                                      lowering.sizes.rows());
  Value shares = arith::CeilDivUIOp::create(e.builder, e.loc, placesOf(nullptr),
                                            e.index(share));
  Value ofRow = e.times(shares, e.index(op.getGroups()));
  auto parallel = kernel::ParallelOp::create(e.builder, e.loc, lowering.frame(),
                                             e.times(rows, ofRow));
  OpBuilder::InsertionGuard guard(e.builder);
  e.builder.setInsertionPointToStart(&parallel.getBody().front());
  Value row = e.over(parallel.getIndex(), ofRow),
        ofThisRow = e.rest(parallel.getIndex(), ofRow);
  Value group = e.over(ofThisRow, shares);
  Value first = e.times(e.rest(ofThisRow, shares), e.index(share));
  Value rest = e.minus(placesOf(row), first);
  Value any = e.compare(Emit::Predicate::sgt, rest, e.index(0));
  auto unlessNone =
      scf::IfOp::create(e.builder, e.loc, any, /*withElse=*/false);
  e.builder.setInsertionPointToStart(unlessNone.thenBlock());
  task(row, group, first,
       arith::MinUIOp::create(e.builder, e.loc, rest, e.index(share)));
}

Value ConvTasks::productOf(Value filters, Value image, Value first,
                           ValueRange places, ArrayRef<int64_t> window,
                           ArrayRef<int64_t> stride, ArrayRef<int64_t> pad,
                           ArrayRef<int64_t> dilation) {
  int64_t terms = cast<MemRefType>(filters.getType()).getDimSize(1);
  Value panel = stackBuffer({1, terms, panelColumns}),
        product = stackBuffer({outputs, panelColumns});
  kernel::WindowsOp::create(e.builder, e.loc, image, first, places, panel,
                            window, stride, pad, dilation);
  kernel::MatmulOp::create(e.builder, e.loc, filters, panel, Value(), product);
  return product;
}

void ConvTasks::finish(View sums, Value row, Value channel, Value first,
                       Value count) {
  int64_t channels = sums.type().getDimSize(0);
  sums.axes = {"out", "place"};
  SmallVector<View> inputs{sums};
  auto addVector = [&](Value vector) {
    View whole{lowering.view(vector, nullptr).memref, {"out"}};
    inputs.push_back(
        whole.part(lowering, {OpFoldResult(channel)}, {attr(channels)}));
  };
  if (op.getBias())
    addVector(op.getBias());
  for (Value other : op.getOthers()) {
    if (other.getType() == op.getType())
      inputs.push_back(
          placesAt(lowering.view(other, row), channel, channels, first, count));
    else
      addVector(other);
  }
  View result = placesAt(lowering.resultView(op->getOpResult(0), row), channel,
                         channels, first, count);
  generic(lowering, inputs, result, {},
          [&](OpBuilder &inner, ValueRange scalars) -> Value {
            SmallVector<Value> elements(scalars.take_front(inputs.size()));
            if (op.getBias()) {
              elements[0] =
                  arith::AddFOp::create(inner, e.loc, elements[0], elements[1]);
              elements.erase(elements.begin() + 1);
            }
            return op.hasEpilogue() ? scalar::emitBody(op.getEpilogue().front(),
                                                       elements, inner)
                                    : elements[0];
          });
}

SmallVector<Value> ConvTasks::lengthsOf(Value row) {
  auto type = cast<RankedTensorType>(op.getType());
  SmallVector<Value> lengths;
  for (int64_t axis = 2; axis < type.getRank(); ++axis)
    lengths.push_back(
        type.isDynamicDim(axis)
            ? lowering.axisLength(lowering.sizes.axis(type, axis), row)
            : e.index(type.getDimSize(axis)));
  return lengths;
}

Value ConvTasks::placesOf(Value row) {
  Value places = e.index(1);
  for (Value length : lengthsOf(row))
    places = e.times(places, length);
  return places;
}

Value ConvTasks::stackBuffer(ArrayRef<int64_t> shape) {
  auto type = MemRefType::get(shape, e.builder.getF32Type());
  return memref::AllocaOp::create(e.builder, e.loc, type,
                                  e.builder.getI64IntegerAttr(64));
}

Value ConvTasks::imageOf(Value row, Value group) {
  View image = lowering.view(op.getX(), row);
  SmallVector<OpFoldResult> first(image.axes.size(), attr(0)), size;
  first[0] = e.times(group, e.index(inputs));
  for (unsigned axis = 0; axis < first.size(); ++axis)
    size.push_back(image.mixedLength(lowering, axis));
  size[0] = attr(inputs);
  return image.part(lowering, first, size).memref;
}

/// The axes of a row lie without gaps.
View ConvTasks::placesAt(const View &tensor, Value channel, int64_t channels,
                         Value first, Value count) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(e.builder, e.loc, tensor.memref);
  Value stride = metadata.getStrides()[0];
  Value offset =
      e.plus(metadata.getOffset(), e.plus(e.times(channel, stride), first));
  int64_t dynamic = ShapedType::kDynamic;
  auto type = MemRefType::get(
      {channels, dynamic}, e.builder.getF32Type(),
      StridedLayoutAttr::get(e.builder.getContext(), dynamic, {dynamic, 1}));
  Value part = memref::ReinterpretCastOp::create(
      e.builder, e.loc, type, metadata.getBaseBuffer(), OpFoldResult(offset),
      {OpFoldResult(attr(channels)), OpFoldResult(count)},
      {OpFoldResult(stride), OpFoldResult(attr(1))});
  return {part, {"out", "place"}};
}

Value ConvTasks::denseAt(Value memref, Value offset, ArrayRef<int64_t> shape) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(e.builder, e.loc, memref);
  SmallVector<OpFoldResult> sizes, strides;
  SmallVector<int64_t> distances = computeStrides(shape);
  for (auto [size, distance] : llvm::zip_equal(shape, distances)) {
    sizes.push_back(attr(size));
    strides.push_back(attr(distance));
  }
  auto type =
      MemRefType::get(shape, e.builder.getF32Type(),
                      StridedLayoutAttr::get(e.builder.getContext(),
                                             ShapedType::kDynamic, distances));
  return memref::ReinterpretCastOp::create(
      e.builder, e.loc, type, metadata.getBaseBuffer(),
      OpFoldResult(e.plus(metadata.getOffset(), offset)), sizes, strides);
}
