//===- LowerValues.cpp - where values lie, and views of them --------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/FunctionLowering.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using nn::SizeExpr;

RankedTensorType FunctionLowering::tensorType(Value value) {
  return nn::storedAs(cast<RankedTensorType>(value.getType()));
}

FunctionLowering::Form FunctionLowering::formOf(RankedTensorType type) const {
  SmallVector<unsigned> ragged;
  for (unsigned axis = 0; axis < type.getRank(); ++axis)
    if (sizes.isRagged(sizes.axis(type, axis)))
      ragged.push_back(axis);
  if (ragged.empty() || !sizes.hasRows(type))
    return Form::Dense;
  return ragged.size() == 1 && ragged.front() == 1 ? Form::Lines : Form::Flat;
}

MemRefType FunctionLowering::memoryType(RankedTensorType type) const {
  type = nn::storedAs(type);
  switch (formOf(type)) {
  case Form::Dense:
    return MemRefType::get(type.getShape(), type.getElementType());
  case Form::Lines:
    return MemRefType::get(type.getShape().drop_front(), type.getElementType());
  case Form::Flat:
    return MemRefType::get({ShapedType::kDynamic}, type.getElementType());
  }
  llvm_unreachable("all forms are handled");
}

SmallVector<Value> FunctionLowering::dynamicDims(RankedTensorType type) {
  Form form = formOf(type);
  if (form == Form::Flat)
    return {total(sizes.elements(type))};
  SmallVector<Value> dims;
  unsigned first = 0;
  if (form == Form::Lines) {
    dims.push_back(total(sizes.axis(type, 0) * sizes.axis(type, 1)));
    first = 2;
  }
  for (unsigned axis = first; axis < type.getRank(); ++axis)
    if (type.isDynamicDim(axis))
      dims.push_back(axisLength(sizes.axis(type, axis), nullptr));
  return dims;
}

Value FunctionLowering::offsetOf(int64_t place) {
  if (place >= 0 && place < static_cast<int64_t>(bufferOffsets.size()))
    return bufferOffsets[place];
  refuse("the memory plan has no buffer " + Twine(place) + " of " +
         Twine(bufferOffsets.size()));
  return calleeArena;
}

Value FunctionLowering::bufferAt(int64_t place, RankedTensorType type) {
  if (nn::isResultPlace(place)) {
    int64_t number = nn::resultNumber(place);
    if (number < static_cast<int64_t>(results.size()) &&
        results[number].getType() == memoryType(type))
      return results[number];
    refuse("the memory plan writes to result " + Twine(number) +
           ", which is no such tensor");
    place = 0;
  }
  return kernel::ArenaOp::create(builder, location, memoryType(type),
                                 framePointer, offsetOf(place),
                                 dynamicDims(type));
}

/// Calculates where each buffer begins, once, at the top of the function.
void FunctionLowering::placeBuffers(func::FuncOp function) {
  Value at = calleeArena;
  for (Attribute bytes : function->getAttrOfType<ArrayAttr>(nn::kBuffersAttr)) {
    bufferOffsets.push_back(at);
    Value size = total(*SizeExpr::parse(cast<StringAttr>(bytes).getValue()));
    Value padded = arith::AddIOp::create(
        builder, location, size, constantIndex(nn::kArenaAlignment - 1));
    Value rounded = arith::AndIOp::create(builder, location, padded,
                                          constantIndex(-nn::kArenaAlignment));
    at = arith::AddIOp::create(builder, location, at, rounded);
  }
  calleeArena = at;
}

Value FunctionLowering::bufferOf(Value tensor) {
  if (Value buffer = mapping.lookupOrNull(tensor))
    return buffer;
  refuse("the memory plan stores nothing of what this op reads");
  return bufferAt(0, cast<RankedTensorType>(tensor.getType()));
}

bool FunctionLowering::isKeptInSession(Value tensor) const {
  return !mapping.contains(tensor) && tensor.getDefiningOp() &&
         tensor.getDefiningOp()->hasTrait<nn::LiesInSession>();
}

View FunctionLowering::view(Value tensor, Value row) {
  bool isBytes = isa<nn::DynamicType>(getElementTypeOrSelf(tensor.getType()));
  if (isKeptInSession(tensor) && (windowOf(tensor) || isBytes))
    refuse("reads a cache in 8 bits or `within` a window, which attention with "
           "a kernel does alone");
  return attendedView(tensor, row);
}

int64_t FunctionLowering::windowOf(Value tensor) const {
  auto append = tensor.getDefiningOp<nn::CacheAppendOp>();
  return append ? append.getWindow().value_or(0) : 0;
}

View FunctionLowering::attendedView(Value tensor, Value row) {
  if (isKeptInSession(tensor))
    return cacheRow(tensor, row);
  return viewOf(bufferOf(tensor), tensorType(tensor), row);
}

/// The place of number `number` of an op's places, if it has so many.
static int64_t placeOf(Operation *op, unsigned number) {
  auto places = op->getAttrOfType<DenseI64ArrayAttr>(nn::kPlacesAttr);
  return places && number < static_cast<size_t>(places.size()) ? places[number]
                                                               : nn::kNotStored;
}

int64_t FunctionLowering::placeOf(Value value) {
  Operation *op = value.getDefiningOp();
  unsigned number = 0;
  if (op) {
    number = cast<OpResult>(value).getResultNumber();
  } else {
    auto argument = cast<BlockArgument>(value);
    op = argument.getOwner()->getParentOp();
    if (!isa<scf::ForOp>(op))
      return nn::kNotStored;
    number = argument.getArgNumber() - 1;
  }
  return ::placeOf(op, number);
}

bool FunctionLowering::haveOnePlace(Value a, Value b) {
  return placeOf(a) != nn::kNotStored && placeOf(a) == placeOf(b);
}

bool FunctionLowering::liesWhereItsOperandDoes(OpResult result) {
  Value operand = nn::overwritableOperand(result);
  return operand && haveOnePlace(operand, result);
}

View FunctionLowering::resultView(OpResult result, Value row) {
  if (!mapping.contains(result)) {
    Value buffer = liesWhereItsOperandDoes(result)
                       ? bufferOf(nn::overwritableOperand(result))
                       : bufferAt(placeOf(result), tensorType(result));
    mapping.map(Value(result), buffer);
  }
  return viewOf(bufferOf(result), tensorType(result), row);
}

int64_t FunctionLowering::scratchPlace(Operation *op, StringRef name) {
  unsigned number = op->getNumResults();
  for (const nn::ScratchBuffer &buffer : nn::scratchOf(op, sizes)) {
    if (buffer.name == name)
      return ::placeOf(op, number);
    ++number;
  }
  return nn::kNotStored;
}

Value FunctionLowering::scratch(Operation *op, StringRef name, MemRefType type,
                                ValueRange lengths) {
  Value offset = offsetOf(scratchPlace(op, name));
  return kernel::ArenaOp::create(builder, location, type, framePointer, offset,
                                 lengths);
}

Value FunctionLowering::scratch(Operation *op, StringRef name, Value size) {
  return scratch(op, name,
                 MemRefType::get({ShapedType::kDynamic}, builder.getF32Type()),
                 size);
}

Value FunctionLowering::scratch(Operation *op, StringRef name,
                                RankedTensorType type) {
  return bufferAt(scratchPlace(op, name), type);
}

/// Of all rows together: their lengths are no axes of memory.
static View viewOfRows(Value buffer, nn::AxesAttr axes,
                       FunctionLowering::Form form) {
  View view{buffer, {}};
  unsigned together = 0;
  if (form == FunctionLowering::Form::Flat) {
    view.axes.push_back(axes.str());
    together = axes.rank();
  } else if (form == FunctionLowering::Form::Lines) {
    view.axes.push_back((axes.axisName(0) + " " + axes.axisName(1)).str());
    together = 2;
  }
  for (unsigned axis = together; axis < axes.rank(); ++axis)
    view.axes.push_back(axes.axisName(axis).str());
  return view;
}

View FunctionLowering::viewOf(Value buffer, RankedTensorType type, Value row) {
  nn::AxesAttr axes = nn::axesOf(type);
  if (!sizes.hasRows(type))
    return viewOfRows(buffer, axes, Form::Dense);
  Form form = formOf(type);
  View whole = viewOfRows(buffer, axes, form);
  if (!row)
    return whole;
  SmallVector<OpFoldResult> lengths;
  for (unsigned axis = 1; axis < axes.rank(); ++axis)
    lengths.push_back(
        type.isDynamicDim(axis)
            ? OpFoldResult(axisLength(sizes.axis(type, axis), row))
            : OpFoldResult(builder.getIndexAttr(type.getDimSize(axis))));
  if (form == Form::Dense)
    return whole.at(*this, row, lengths);
  View view;
  for (unsigned axis = 1; axis < axes.rank(); ++axis)
    view.axes.push_back(axes.axisName(axis).str());
  if (form == Form::Flat) {
    view.memref = flatRow(buffer, type, row, lengths);
    return view;
  }
  SmallVector<OpFoldResult> first(lengths.size(), builder.getIndexAttr(0));
  first.front() = rowStart(sizes.axis(type, 0) * sizes.axis(type, 1), row);
  view.memref = whole.part(*this, first, lengths).memref;
  return view;
}

/// A row's dense block: strides from its innermost axis outwards, numbers as
/// long as lengths are.
Value FunctionLowering::flatRow(Value buffer, RankedTensorType type, Value row,
                                ArrayRef<OpFoldResult> lengths) {
  SmallVector<OpFoldResult> strides(lengths.size());
  SmallVector<int64_t> staticStrides(lengths.size(), ShapedType::kDynamic);
  int64_t known = 1;
  Value stride;
  for (int axis = lengths.size() - 1; axis >= 0; --axis) {
    if (!stride)
      staticStrides[axis] = known;
    strides[axis] = stride ? OpFoldResult(stride)
                           : OpFoldResult(builder.getIndexAttr(known));
    if (!stride && !type.isDynamicDim(axis + 1)) {
      known *= type.getDimSize(axis + 1);
      continue;
    }
    if (!stride)
      stride = constantIndex(known);
    Value length =
        getValueOrCreateConstantIndexOp(builder, location, lengths[axis]);
    stride = arith::MulIOp::create(builder, location, stride, length);
  }
  auto rowType = MemRefType::get(
      type.getShape().drop_front(), type.getElementType(),
      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic,
                             staticStrides));
  return memref::ReinterpretCastOp::create(
      builder, location, rowType, buffer,
      OpFoldResult(rowStart(sizes.elements(type), row)), lengths, strides);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

void FunctionLowering::forRows(Operation *op, bool mixes,
                               function_ref<void(Value)> emit) {
  // Without a loop over rows, values must lie alike: all with rows in one form,
  // and where rows have lengths, with the same ones. Flat ones have a single
  // dimension, along which nothing without rows can be repeated.
  std::optional<std::pair<Form, std::string>> common;
  bool anyRows = false, alike = true, anyRepeated = false;
  auto visit = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return;
    if (!sizes.hasRows(type)) {
      anyRepeated |= type.getRank() > 0;
      return;
    }
    anyRows = true;
    nn::AxesAttr axes = nn::axesOf(type);
    Form form = formOf(type);
    std::string lengths = form == Form::Flat    ? axes.str()
                          : form == Form::Lines ? axes.axisName(1).str()
                                                : std::string();
    if (isKeptInSession(value) ||
        (common && *common != std::pair(form, lengths)))
      alike = false;
    common = {form, lengths};
  };
  llvm::for_each(op->getOperands(), visit);
  llvm::for_each(op->getResults(), visit);
  if (common && common->first == Form::Flat && anyRepeated)
    alike = false;

  // The buffers of results are fetched before the loop, for all rows.
  for (OpResult result : op->getResults())
    resultView(result, nullptr);
  if (tokenCount && !alike)
    refuse("the tokens of a grouped block lie in several forms");
  if (!anyRows || tokenCount || (alike && !mixes))
    return emit(nullptr);
  forEachRow(emit);
}

void FunctionLowering::forEachRow(function_ref<void(Value)> emit) {
  Value rows =
      kernel::SizeOp::create(builder, location, framePointer, sizes.rows());
  auto loop = scf::ForOp::create(builder, location, constantIndex(0), rows,
                                 constantIndex(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  emit(loop.getInductionVar());
}

void FunctionLowering::copy(const View &from, const View &to) {
  Type kept = to.type().getElementType();
  bool narrows = kept.isBF16() && from.type().getElementType() != kept;
  bool widens = kept.isF32();
  generic(*this, from, to, {}, [&](OpBuilder &inner, ValueRange scalars) {
    return narrows  ? asBf16(inner, location, scalars[0])
           : widens ? asF32(inner, location, scalars[0])
                    : scalars[0];
  });
}

/// One buffer for `tensor` to another.
void FunctionLowering::copyRows(Value tensor, Value from, Value to) {
  auto type = tensorType(tensor);
  copy(viewOf(from, type, nullptr), viewOf(to, type, nullptr));
}

/// Packs what lies elsewhere (a cache, another buffer) into `buffer`.
void FunctionLowering::copyRows(Value tensor, Value buffer) {
  auto type = tensorType(tensor);
  if (!isKeptInSession(tensor))
    return copy(view(tensor, nullptr), viewOf(buffer, type, nullptr));
  forEachRow(
      [&](Value row) { copy(view(tensor, row), viewOf(buffer, type, row)); });
}
