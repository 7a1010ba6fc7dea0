//===- LowerSession.cpp - weights, caches, states -------------------------===//

#include "compiler/conversion/FunctionLowering.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static Type elementTypeOf(nn::WeightOp weight) {
  switch (nn::packedTypeOf(weight)) {
  case kernel::PackedType::BF16:
    return BFloat16Type::get(weight.getContext());
  case kernel::PackedType::F16:
    return Float16Type::get(weight.getContext());
  default:
    return getElementTypeOrSelf(weight.getType());
  }
}

/// Panels of k by columns, of elements or, where quantised, of bytes:
///   [panels][in][panel], [panels][in / 2][panel][2], [panels][bytes].
static MemRefType panelsType(const kernel::PackedLayout &layout,
                             ArrayRef<int64_t> shape, Type element) {
  kernel::MatrixShape matrix = layout.matrix(shape);
  int64_t panels = layout.panelCount(matrix);
  if (kernel::isQuantised(layout.type))
    return MemRefType::get({panels, layout.panelBytes(matrix)},
                           IntegerType::get(element.getContext(), 8));
  SmallVector<int64_t> sizes{panels, layout.stepCount(matrix), layout.panel};
  if (layout.interleave > 1)
    sizes.push_back(layout.interleave);
  return MemRefType::get(sizes, element);
}

/// Plain weights are [out, in] also where the checkpoint has [in, out].
static MemRefType packedType(nn::WeightOp weight) {
  SmallVector<int64_t> shape(weight.getType().getShape());
  Type element = elementTypeOf(weight);
  if (kernel::LayoutAttr layout = weight.getLayoutAttr())
    return panelsType(layout.getLayout(), shape, element);
  if (nn::isStoredTransposed(weight))
    std::swap(shape[0], shape[1]);
  return MemRefType::get(shape, element);
}

LogicalResult FunctionLowering::lowerWeight(nn::WeightOp weight) {
  if (kernel::isQuantised(nn::packedTypeOf(weight)) && !weight.getLayout()) {
    refuse("is quantised and has no layout: run nn-assign-layouts first");
    return failure();
  }
  Value slot = slotIndex(tree.weightPlace(weight));
  mapping.map(
      weight.getResult(),
      Value(kernel::WeightOp::create(builder, location, packedType(weight),
                                     weightSlots, slot, weight.getPathAttr())));
  return success();
}

//===----------------------------------------------------------------------===//
// What a session keeps
//===----------------------------------------------------------------------===//

Value FunctionLowering::slotIndex(const nn::SlotPlace &place) {
  Value slot = constantIndex(place.first);
  for (auto [stride, loop] : llvm::zip_equal(place.strides, loopIndices)) {
    Value distance =
        arith::MulIOp::create(builder, location, loop, constantIndex(stride));
    slot = arith::AddIOp::create(builder, location, slot, distance);
  }
  return slot;
}

Value FunctionLowering::cacheSlot(Operation *op) {
  return arith::AddIOp::create(builder, location, cacheSlots,
                               slotIndex(tree.cachePlace(op)));
}

/// Where a cache lies, or the name of a state.
static StringAttr pathOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringAttr>(op)
      .Case([](nn::CacheAppendOp op) { return op.getPathAttr(); })
      .Case<nn::StateReadOp, nn::StateWriteOp>(
          [](auto op) { return op.getStateAttr().getAttr(); });
}

View FunctionLowering::cacheRow(Value tensor, Value row) {
  Operation *op = tensor.getDefiningOp();
  return keptRow(cacheSlot(op), pathOf(op),
                 cast<RankedTensorType>(tensor.getType()), row,
                 /*isRing=*/windowOf(tensor) != 0);
}

/// Positions of one row as a session keeps them.
static MemRefType keptType(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape().drop_front();
  if (!nn::liesInStreams(shape))
    return MemRefType::get(shape, type.getElementType());
  SmallVector<int64_t> strides(shape.size(), ShapedType::kDynamic);
  strides.front() = shape.back();
  strides.back() = 1;
  return MemRefType::get(
      shape, type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides));
}

View FunctionLowering::keptRow(Value slot, StringAttr path,
                               RankedTensorType type, Value row, bool isRing) {
  if (!row) {
    refuse("what a session keeps is read row by row, this op reads all rows "
           "together");
    row = constantIndex(0);
  }
  type = nn::keptAs(type);
  nn::AxesAttr axes = nn::axesOf(type);
  View view;
  SmallVector<Value> lengths;
  for (unsigned axis = 1; axis < axes.rank(); ++axis) {
    view.axes.push_back(axes.axisName(axis).str());
    if (type.isDynamicDim(axis) && axis == 1 && isRing)
      lengths.push_back(kernel::CacheCapacityOp::create(builder, location,
                                                        framePointer, slot));
    else if (type.isDynamicDim(axis))
      lengths.push_back(axisLength(sizes.axis(type, axis), row));
  }
  view.memref =
      kernel::CacheRowOp::create(builder, location, keptType(type),
                                 framePointer, slot, path, row, lengths);
  return view;
}

/// What the plan has a place for is packed there.
void FunctionLowering::packIfPlaced(Value kept) {
  int64_t place = placeOf(kept);
  if (place == nn::kNotStored)
    return;
  Value buffer = bufferAt(place, tensorType(kept));
  copyRows(kept, buffer);
  mapping.map(kept, buffer);
}

//  place = held mod ring
//  ring[place …] = as much of x as there is room for; ring[0 …] = the rest
void FunctionLowering::appendToRing(nn::CacheAppendOp cache, Value row) {
  View given = view(cache.getX(), row), ring = cacheRow(cache.getResult(), row);
  auto part = [&](const View &whole, Value first, Value count) {
    unsigned rank = whole.axes.size();
    SmallVector<OpFoldResult> from(rank, builder.getIndexAttr(0)), size;
    from.front() = first;
    size.push_back(count);
    for (unsigned axis = 1; axis < rank; ++axis)
      size.push_back(whole.mixedLength(*this, axis));
    View piece = whole.part(*this, from, size);
    piece.axes = given.axes;
    return piece;
  };
  Value length = ring.length(*this, 0), count = given.length(*this, 0);
  Value place = arith::RemUIOp::create(
      builder, location, heldBefore(cache.getFrom(), row), length);
  Value first = arith::MinUIOp::create(
      builder, location, count,
      arith::SubIOp::create(builder, location, length, place));
  Value rest = arith::SubIOp::create(builder, location, count, first);
  Value zero = constantIndex(0);
  keep(part(given, zero, first), part(ring, place, first));
  keep(part(given, first, rest), part(ring, zero, rest));
}

/// What is `given`, in the form in which the session keeps it.
void FunctionLowering::keep(const View &given, const View &kept) {
  bool isBytes = kept.type().getElementType().isInteger(8) &&
                 given.type().getElementType().isF32();
  if (!isBytes)
    return copy(given, kept);
  if (kept.axes.size() != 3)
    return refuse("is kept in 8 bits, which has rows of heads");
  auto heads = scf::ForOp::create(builder, location, constantIndex(0),
                                  constantIndex(kept.type().getDimSize(1)),
                                  constantIndex(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(heads.getBody());
  Value head = heads.getInductionVar();
  kernel::KeepRowsOp::create(builder, location, given.head(*this, head).memref,
                             kept.head(*this, head).memref);
}

void FunctionLowering::lowerCache(nn::CacheAppendOp cache) {
  if (cache.getWindow())
    return forEachRow([&](Value row) { appendToRing(cache, row); });
  forEachRow([&](Value row) {
    View given = view(cache.getX(), row),
         kept = cacheRow(cache.getResult(), row);
    unsigned rank = kept.axes.size();
    SmallVector<OpFoldResult> first(rank, builder.getIndexAttr(0)), size;
    first.front() = heldBefore(cache.getFrom(), row);
    for (unsigned axis = 0; axis < rank; ++axis)
      size.push_back(given.mixedLength(*this, axis));
    if (rank > 1)
      size.back() = kept.mixedLength(*this, rank - 1); // bytes, where kept so
    View added = kept.part(*this, first, size);
    added.axes = given.axes;
    keep(given, added);
  });
  packIfPlaced(cache.getResult());
}

void FunctionLowering::lowerStateRead(nn::StateReadOp read) {
  packIfPlaced(read.getResult());
}

void FunctionLowering::lowerStateWrite(nn::StateWriteOp write) {
  forEachRow([&](Value row) {
    keep(view(write.getValue(), row), keptRow(cacheSlot(write), pathOf(write),
                                              write.keptTypes().front(), row));
  });
}
