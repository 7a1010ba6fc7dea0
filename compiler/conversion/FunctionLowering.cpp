//===- FunctionLowering.cpp - from tensors to buffers, one function -------===//

#include "compiler/conversion/FunctionLowering.h"
#include "compiler/conversion/NNToLinalg.h"

#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using nn::SizeExpr;

int View::find(StringRef axis) const {
  auto at = llvm::find(axes, axis);
  return at == axes.end() ? -1 : at - axes.begin();
}

/// As the value lies in memory.
static RankedTensorType tensorType(Value value) {
  return nn::storedAs(cast<RankedTensorType>(value.getType()));
}

void FunctionLowering::refuse(const llvm::Twine &reason) {
  if (!refused)
    emitError(location) << reason;
  refused = true;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value FunctionLowering::constantIndex(int64_t value) {
  return arith::ConstantIndexOp::create(builder, location, value);
}

/// Σ coefficient · term, in whole numbers: terms over one denominator.
Value FunctionLowering::evaluate(
    const SizeExpr &expr, function_ref<Value(const SizeExpr::Term &)> valueOf) {
  // Within what a product of a few sizes of axes can have.
  constexpr int64_t most = int64_t(1) << 31;
  int64_t denominator = 1;
  for (const SizeExpr::Term &term : expr.terms()) {
    if (term.denominator <= most)
      denominator = std::lcm(denominator, term.denominator);
    if (term.denominator > most || denominator > most)
      return refuse("the size " + expr.str() + " has too fine fractions"),
             constantIndex(0);
  }
  Value sum;
  for (const SizeExpr::Term &term : expr.terms()) {
    Value value = term.factors.empty() ? constantIndex(1) : valueOf(term);
    int64_t factor;
    if (llvm::MulOverflow(term.numerator, denominator / term.denominator,
                          factor))
      refuse("the size " + expr.str() + " is too large");
    if (factor != 1)
      value = arith::MulIOp::create(builder, location, value,
                                    constantIndex(factor));
    sum = sum ? arith::AddIOp::create(builder, location, sum, value) : value;
  }
  if (!sum)
    return constantIndex(0);
  if (denominator != 1)
    sum = arith::DivUIOp::create(builder, location, sum,
                                 constantIndex(denominator));
  return sum;
}

Value FunctionLowering::total(const SizeExpr &expr) {
  return evaluate(expr, [&](const SizeExpr::Term &term) -> Value {
    if (tokenCount && nn::monomialOf(term) == tokenMonomial)
      return tokenCount;
    return kernel::ExtentOp::create(builder, location, framePointer,
                                    nn::monomialOf(term));
  });
}

Value FunctionLowering::rowStart(const SizeExpr &expr, Value row) {
  return evaluate(expr, [&](const SizeExpr::Term &term) -> Value {
    bool ragged =
        llvm::any_of(term.factors, [&](const SizeExpr::Factor &factor) {
          return sizes.isRagged(factor.first);
        });
    if (ragged)
      return kernel::RowStartOp::create(builder, location, framePointer,
                                        nn::monomialOf(term), row);
    // Every row is as large as the others: so many of those before this one.
    Value product = row;
    for (const auto &[name, power] : term.factors) {
      if (name == sizes.rows())
        continue;
      if (power < 0)
        refuse("the size " + expr.str() + " has no whole value by itself");
      Value size =
          kernel::SizeOp::create(builder, location, framePointer, name);
      for (int i = 0; i < power; ++i)
        product = arith::MulIOp::create(builder, location, product, size);
    }
    return product;
  });
}

Value FunctionLowering::axisLength(const SizeExpr &axis, Value row) {
  return evaluate(sizes.known(axis), [&](const SizeExpr::Term &term) -> Value {
    Value product;
    for (const auto &[name, power] : term.factors) {
      if (power < 0)
        refuse("the size " + axis.str() + " has no whole value by itself");
      Value size;
      if (row && sizes.isRagged(name)) {
        std::string lines =
            (SizeExpr::name(sizes.rows()) * SizeExpr::name(name)).str();
        Value next =
            arith::AddIOp::create(builder, location, row, constantIndex(1));
        Value begin = kernel::RowStartOp::create(builder, location,
                                                 framePointer, lines, row);
        Value end = kernel::RowStartOp::create(builder, location, framePointer,
                                               lines, next);
        size = arith::SubIOp::create(builder, location, end, begin);
      } else if (tokenCount && name == tokenMonomial) {
        size = tokenCount;
      } else {
        size = kernel::SizeOp::create(builder, location, framePointer, name);
      }
      for (int i = 0; i < power; ++i)
        product = product
                      ? arith::MulIOp::create(builder, location, product, size)
                      : size;
    }
    return product;
  });
}

Value FunctionLowering::heldBefore(StringRef axis, Value row) {
  for (nn::SizeOp size : sizes.dynamicSizes())
    if (sizes.grownFrom(size.getSymName()) == axis && !axis.empty()) {
      Value seen = axisLength(SizeExpr::name(size.getSymName()), row);
      Value given = axisLength(SizeExpr::name(axis), row);
      return arith::SubIOp::create(builder, location, seen, given);
    }
  return constantIndex(0);
}

//===----------------------------------------------------------------------===//
// Buffers and views
//===----------------------------------------------------------------------===//

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

static bool isKeptInSession(Value tensor, const IRMapping &mapping) {
  return !mapping.contains(tensor) &&
         tensor.getDefiningOp() &&
         tensor.getDefiningOp()->hasTrait<nn::LiesInSession>();
}

View FunctionLowering::view(Value tensor, Value row) {
  if (isKeptInSession(tensor, mapping))
    return cacheRow(tensor, row);
  return viewOf(bufferOf(tensor), tensorType(tensor), row);
}

/// The place of number `number` of an op's places, if it has so many.
static int64_t placeOf(Operation *op, unsigned number) {
  auto places = op->getAttrOfType<DenseI64ArrayAttr>(nn::kPlacesAttr);
  return places && number < static_cast<size_t>(places.size()) ? places[number]
                                                               : nn::kNotStored;
}

/// The place of an op's result, or of what a loop carries.
static int64_t placeOf(Value value) {
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
  return placeOf(op, number);
}

static bool haveOnePlace(Value a, Value b) {
  return placeOf(a) != nn::kNotStored && placeOf(a) == placeOf(b);
}

View FunctionLowering::resultView(OpResult result, Value row) {
  if (!mapping.contains(result)) {
    Value operand = nn::overwritableOperand(result);
    bool takesOver = operand && haveOnePlace(operand, result);
    mapping.map(Value(result),
                takesOver ? bufferOf(operand)
                          : bufferAt(placeOf(result), tensorType(result)));
  }
  return viewOf(bufferOf(result), tensorType(result), row);
}

int64_t FunctionLowering::scratchPlace(Operation *op, StringRef name) {
  unsigned number = op->getNumResults();
  for (const nn::ScratchBuffer &buffer : nn::scratchOf(op, sizes)) {
    if (buffer.name == name)
      return placeOf(op, number);
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

/// A memref without its first dimension, of which `index` is taken.
static Value elementUnder(OpBuilder &builder, Location loc, Value memref,
                          OpFoldResult index, ArrayRef<OpFoldResult> lengths) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
  SmallVector<OpFoldResult> extents(lengths);
  offsets.front() = index;
  extents.insert(extents.begin(), builder.getIndexAttr(1));
  auto reduced = memref::SubViewOp::inferRankReducedResultType(
      type.getShape().drop_front(), type, offsets, extents, strides);
  return memref::SubViewOp::create(builder, loc, cast<MemRefType>(reduced),
                                   memref, offsets, extents, strides);
}

View FunctionLowering::viewOf(Value buffer, RankedTensorType type, Value row) {
  nn::AxesAttr axes = nn::axesOf(type);
  Form form = formOf(type);
  View view{buffer, {}};
  auto name = [&](unsigned first) {
    for (unsigned axis = first; axis < axes.rank(); ++axis)
      view.axes.push_back(axes.axisName(axis).str());
  };
  if (!sizes.hasRows(type)) {
    name(0);
    return view;
  }
  if (!row) {
    if (form == Form::Flat)
      view.axes.push_back(axes.str());
    else if (form == Form::Lines)
      view.axes.push_back((axes.axisName(0) + " " + axes.axisName(1)).str());
    name(form == Form::Flat ? axes.rank() : form == Form::Lines ? 2 : 0);
    return view;
  }

  name(1);
  SmallVector<OpFoldResult> lengths;
  for (unsigned axis = 1; axis < axes.rank(); ++axis)
    lengths.push_back(
        type.isDynamicDim(axis)
            ? OpFoldResult(axisLength(sizes.axis(type, axis), row))
            : OpFoldResult(builder.getIndexAttr(type.getDimSize(axis))));
  if (form == Form::Flat) {
    // Row-major strides of the row's block, from its innermost axis outwards:
    // numbers as long as lengths are.
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
    view.memref = memref::ReinterpretCastOp::create(
        builder, location, rowType, buffer,
        OpFoldResult(rowStart(sizes.elements(type), row)), lengths, strides);
    return view;
  }

  unsigned rank = view.type().getRank();
  SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
  if (form == Form::Lines) {
    offsets.front() = rowStart(sizes.axis(type, 0) * sizes.axis(type, 1), row);
    view.memref = memref::SubViewOp::create(builder, location, buffer, offsets,
                                            lengths, strides);
    return view;
  }
  view.memref = elementUnder(builder, location, buffer, row, lengths);
  return view;
}

View heddle::conversion::elementOf(FunctionLowering &lowering, const View &view,
                                   Value index) {
  OpBuilder &builder = lowering.builder;
  SmallVector<OpFoldResult> lengths;
  for (unsigned axis = 1; axis < view.axes.size(); ++axis)
    lengths.push_back(
        memref::getMixedSize(builder, lowering.loc(), view.memref, axis));
  return {elementUnder(builder, lowering.loc(), view.memref, index, lengths),
          {view.axes.begin() + 1, view.axes.end()}};
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
    if (isKeptInSession(value, mapping) ||
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
  if (!anyRows || (alike && !mixes))
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

void heddle::conversion::generic(
    FunctionLowering &lowering, ArrayRef<View> inputs, View output,
    ArrayRef<StringRef> reduced,
    function_ref<Value(OpBuilder &, ValueRange)> body) {
  OpBuilder &builder = lowering.builder;
  SmallVector<std::string> loops(output.axes.begin(), output.axes.end());
  for (StringRef axis : reduced)
    loops.push_back(axis.str());
  // Of loops called alike, as in [T T], axes take the next one in their order.
  auto mapOf = [&](const View &view) {
    SmallVector<AffineExpr> results;
    llvm::SmallBitVector taken(loops.size());
    unsigned next = 0;
    auto takeFrom = [&](unsigned first, StringRef axis) {
      while (first < loops.size() && (taken[first] || loops[first] != axis))
        ++first;
      return first;
    };
    for (StringRef axis : view.axes) {
      unsigned at = takeFrom(next, axis);
      if (at == loops.size())
        at = takeFrom(0, axis);
      if (at == loops.size()) {
        lowering.refuse("the axis " + axis +
                        " is neither in the result nor reduced");
        results.push_back(builder.getAffineConstantExpr(0));
        continue;
      }
      taken.set(at);
      next = at + 1;
      results.push_back(builder.getAffineDimExpr(at));
    }
    return AffineMap::get(loops.size(), 0, results, builder.getContext());
  };
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (const View &input : inputs) {
    maps.push_back(mapOf(input));
    operands.push_back(input.memref);
  }
  maps.push_back(mapOf(output));
  SmallVector<utils::IteratorType> iterators(output.axes.size(),
                                             utils::IteratorType::parallel);
  iterators.append(reduced.size(), utils::IteratorType::reduction);
  linalg::GenericOp::create(
      builder, lowering.loc(), operands, output.memref, maps, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange scalars) {
        Value value = body(inner, scalars);
        linalg::YieldOp::create(inner, loc, value);
      });
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
  if (!isKeptInSession(tensor, mapping))
    return copy(view(tensor, nullptr), viewOf(buffer, type, nullptr));
  forEachRow(
      [&](Value row) { copy(view(tensor, row), viewOf(buffer, type, row)); });
}

//===----------------------------------------------------------------------===//
// Weights, caches, states
//===----------------------------------------------------------------------===//

static Type elementTypeOf(nn::WeightOp weight) {
  Type type = getElementTypeOrSelf(weight.getType());
  return weight.getStored() == kernel::PackedType::BF16
             ? Type(BFloat16Type::get(weight.getContext()))
             : type;
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
  if (auto layout = weight->getAttrOfType<kernel::LayoutAttr>("layout"))
    return panelsType(layout.getLayout(), shape, element);
  if (nn::isStoredTransposed(weight))
    std::swap(shape[0], shape[1]);
  return MemRefType::get(shape, element);
}

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

View FunctionLowering::cacheRow(Value tensor, Value row) {
  return keptRow(cacheSlot(tensor.getDefiningOp()), tensorType(tensor), row);
}

/// Positions of one row as a session keeps them: [S, G, K] lies as
/// [G, capacity, K], so that what one head reads is one stream.
static MemRefType keptType(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape().drop_front();
  if (shape.size() < 3 || !ShapedType::isDynamic(shape.front()))
    return MemRefType::get(shape, type.getElementType());
  SmallVector<int64_t> strides(shape.size(), ShapedType::kDynamic);
  strides.front() = shape.back();
  strides.back() = 1;
  return MemRefType::get(
      shape, type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides));
}

View FunctionLowering::keptRow(Value slot, RankedTensorType type, Value row) {
  if (!row) {
    refuse("what a session keeps is read row by row, this op reads all rows "
           "together");
    row = constantIndex(0);
  }
  nn::AxesAttr axes = nn::axesOf(type);
  View view;
  SmallVector<Value> lengths;
  for (unsigned axis = 1; axis < axes.rank(); ++axis) {
    view.axes.push_back(axes.axisName(axis).str());
    if (type.isDynamicDim(axis))
      lengths.push_back(axisLength(sizes.axis(type, axis), row));
  }
  view.memref = kernel::CacheRowOp::create(builder, location, keptType(type),
                                           framePointer, slot, row, lengths);
  return view;
}

void FunctionLowering::lowerCache(nn::CacheAppendOp cache) {
  forEachRow([&](Value row) {
    View given = view(cache.getX(), row),
         kept = cacheRow(cache.getResult(), row);
    unsigned rank = kept.type().getRank();
    SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0)), extents;
    SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
    offsets.front() = heldBefore(cache.getFrom(), row);
    for (int64_t axis = 0; axis < rank; ++axis)
      extents.push_back(
          memref::getMixedSize(builder, location, given.memref, axis));
    View added{memref::SubViewOp::create(builder, location, kept.memref,
                                         offsets, extents, strides),
               given.axes};
    copy(given, added);
  });
  int64_t place = placeOf(cache.getResult());
  if (place == nn::kNotStored)
    return;
  Value buffer = bufferAt(place, tensorType(cache.getResult()));
  copyRows(cache.getResult(), buffer);
  mapping.map(cache.getResult(), buffer);
}

void FunctionLowering::lowerStateWrite(nn::StateWriteOp write) {
  forEachRow([&](Value row) {
    copy(view(write.getValue(), row),
         keptRow(cacheSlot(write), tensorType(write.getValue()), row));
  });
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

void FunctionLowering::lowerCall(nn::CallOp call) {
  SmallVector<Value> operands{framePointer};
  const nn::SlotPlace &place = tree.weightPlace(call);
  operands.push_back(kernel::CalleeSlotsOp::create(
      builder, location, weightSlots, slotIndex(place)));
  operands.push_back(cacheSlot(call));
  operands.push_back(calleeArena);
  for (Value argument : call.getArguments())
    operands.push_back(bufferOf(argument));
  for (OpResult result : call->getOpResults())
    operands.push_back(resultView(result, nullptr).memref);
  func::CallOp::create(builder, location, call.getCallee(), TypeRange(),
                       operands);
}

SmallVector<Value>
FunctionLowering::setAside(Operation *loop, ValueRange next,
                           ArrayRef<BlockArgument> carried) {
  SmallVector<Value> buffers;
  for (auto [value, argument] : llvm::zip(next, carried)) {
    bool moves = nn::liesWhereAnotherDoes(value, argument);
    buffers.push_back(
        moves ? scratch(loop, nn::asideName(argument), tensorType(argument))
              : Value());
    if (moves)
      copyRows(value, buffers.back());
  }
  return buffers;
}

LogicalResult FunctionLowering::lowerLoop(scf::ForOp loop) {
  // What is carried has one buffer for all turns; a turn ends by filling it.
  for (auto [result, init, argument] :
       llvm::zip_equal(loop->getOpResults(), loop.getInitArgs(),
                       loop.getRegionIterArgs())) {
    Value buffer = resultView(result, nullptr).memref;
    copyRows(init, buffer);
    mapping.map(Value(argument), buffer);
  }
  auto lowered = scf::ForOp::create(
      builder, location, mapping.lookup(loop.getLowerBound()),
      mapping.lookup(loop.getUpperBound()), mapping.lookup(loop.getStep()));
  mapping.map(loop.getInductionVar(), lowered.getInductionVar());
  loopIndices.push_back(lowered.getInductionVar());
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(lowered.getBody());
    if (failed(lowerBlock(*loop.getBody())))
      return failure();
    SmallVector<Value> next(loop.getYieldedValues());
    SmallVector<Value> aside = setAside(loop, next, loop.getRegionIterArgs());
    for (auto [yielded, buffer, argument] :
         llvm::zip_equal(next, aside, loop.getRegionIterArgs())) {
      if (buffer)
        copyRows(argument, buffer, bufferOf(argument));
      else if (yielded != argument && !haveOnePlace(yielded, argument))
        copyRows(yielded, bufferOf(argument));
    }
  }
  loopIndices.pop_back();
  return success();
}

void FunctionLowering::lowerReturn(func::ReturnOp op) {
  for (auto [value, result] : llvm::zip_equal(op.getOperands(), results))
    if (mapping.lookupOrNull(value) != result)
      copyRows(value, result);
}

LogicalResult FunctionLowering::lowerStructure(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](scf::ForOp loop) { return lowerLoop(loop); })
      .Case([&](nn::CallOp call) { return lowerCall(call), success(); })
      .Case([&](nn::RouteOp route) { return lowerRoute(route), success(); })
      .Case([&](nn::ScanOp scan) { return lowerScan(scan); })
      .Case([&](nn::YieldOp) { return success(); })
      .Case(
          [&](nn::CacheAppendOp cache) { return lowerCache(cache), success(); })
      .Case([&](nn::StateWriteOp write) {
        return lowerStateWrite(write), success();
      })
      .Case([&](nn::StateReadOp read) {
        int64_t place = placeOf(read.getResult());
        if (place != nn::kNotStored) {
          Value buffer = bufferAt(place, tensorType(read.getResult()));
          copyRows(read.getResult(), buffer);
          mapping.map(read.getResult(), buffer);
        }
        return success();
      })
      .Case([&](nn::WeightOp weight) -> LogicalResult {
        if (kernel::isQuantised(nn::packedTypeOf(weight)) &&
            !weight->hasAttr("layout"))
          return weight.emitError("is quantised and has no layout: run "
                                  "nn-assign-layouts first");
        Value slot = slotIndex(tree.weightPlace(weight));
        mapping.map(weight.getResult(),
                    Value(kernel::WeightOp::create(builder, location,
                                                   packedType(weight),
                                                   weightSlots, slot)));
        return success();
      })
      .Case([&](func::ReturnOp ret) { return lowerReturn(ret), success(); })
      .Case([&](scf::YieldOp) { return success(); })
      .Case([&](arith::ConstantOp constant) {
        return builder.clone(*constant, mapping), success();
      })
      .Default([&](Operation *other) {
        if (isa<arith::ArithDialect>(other->getDialect()))
          return builder.clone(*other, mapping), success();
        return lowerOp(other, *this);
      });
}

LogicalResult FunctionLowering::lowerBlock(Block &block) {
  for (Operation &op : block) {
    location = op.getLoc();
    if (failed(lowerStructure(&op)) || refused)
      return failure();
    if (auto site = op.getAttrOfType<IntegerAttr>(nn::kSiteAttr))
      kernel::MarkOp::create(builder, location, framePointer, site);
  }
  return success();
}

LogicalResult FunctionLowering::lower(func::FuncOp function, bool grouped) {
  MLIRContext *context = builder.getContext();
  location = function.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(function);
  FunctionType type = function.getFunctionType();
  Type pointer = LLVM::LLVMPointerType::get(context),
       index = builder.getIndexType();
  bool entry = nn::isEntry(function);

  SmallVector<Type> inputs{pointer};
  if (!entry) {
    inputs.append({pointer, index, index});
    for (Type value :
         llvm::concat<const Type>(type.getInputs(), type.getResults()))
      inputs.push_back(memoryType(cast<RankedTensorType>(value)));
  }
  std::string name = function.getName().str();
  auto lowered = func::FuncOp::create(
      builder, location, name,
      builder.getFunctionType(inputs, entry ? TypeRange(builder.getI32Type())
                                            : TypeRange()));
  if (entry)
    lowered->setAttr(kernel::KernelDialect::kEntryAttr, builder.getUnitAttr());
  else
    lowered.setPrivate();
  Block *body = lowered.addEntryBlock();
  builder.setInsertionPointToStart(body);
  framePointer = body->getArgument(0);

  Block &source = function.getBody().front();
  if (entry) {
    auto [weight, cache] = tree.entryStart(name);
    weightSlots =
        kernel::EntrySlotsOp::create(builder, location, framePointer, weight);
    cacheSlots = constantIndex(cache);
    calleeArena = constantIndex(0);
    for (BlockArgument argument : source.getArguments()) {
      auto tensor = tensorType(argument);
      mapping.map(Value(argument),
                  Value(kernel::InputOp::create(
                      builder, location, memoryType(tensor), framePointer,
                      argument.getArgNumber(), dynamicDims(tensor))));
    }
    for (auto [number, result] : llvm::enumerate(type.getResults())) {
      auto tensor = cast<RankedTensorType>(result);
      results.push_back(
          kernel::OutputOp::create(builder, location, memoryType(tensor),
                                   framePointer, number, dynamicDims(tensor)));
    }
  } else {
    weightSlots = body->getArgument(1);
    cacheSlots = body->getArgument(2);
    calleeArena = body->getArgument(3);
    unsigned next = 4;
    for (BlockArgument argument : source.getArguments())
      mapping.map(Value(argument), Value(body->getArgument(next++)));
    for (size_t i = 0; i < type.getNumResults(); ++i)
      results.push_back(body->getArgument(next++));
  }
  if (grouped) {
    auto x = cast<RankedTensorType>(source.getArgument(0).getType());
    SizeExpr tokens(1);
    for (unsigned axis = 0; axis + 1 < x.getRank(); ++axis)
      tokens *= sizes.axis(x, axis);
    tokenMonomial = tokens.str();
    tokenCount = memref::DimOp::create(
        builder, location, mapping.lookup(source.getArgument(0)), 0);
  }
  placeBuffers(function);
  if (failed(lowerBlock(source)))
    return failure();
  location = function.getLoc();
  if (entry) {
    Value ok = arith::ConstantIntOp::create(builder, location,
                                            builder.getI32Type(), 0);
    func::ReturnOp::create(builder, location, ok);
  } else {
    func::ReturnOp::create(builder, location);
  }
  function.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// A module
//===----------------------------------------------------------------------===//

/// Notes which sizes and monomials the code reads, in the order in which the
/// frame will hold them.
static void nameFrameFields(ModuleOp module, const nn::SizeTable &sizes) {
  OpBuilder builder(module.getContext());
  SmallVector<Attribute> names, monomials;
  for (nn::SizeOp size : sizes.dynamicSizes())
    names.push_back(size.getSymNameAttr());
  llvm::SmallSetVector<Attribute, 8> used;
  module.walk([&](Operation *op) {
    if (isa<kernel::ExtentOp, kernel::RowStartOp>(op))
      used.insert(op->getAttr("monomial"));
  });
  monomials.append(used.begin(), used.end());
  module->setAttr(kernel::KernelDialect::kSizesAttr,
                  builder.getArrayAttr(names));
  module->setAttr(kernel::KernelDialect::kMonomialsAttr,
                  builder.getArrayAttr(monomials));
}

LogicalResult heddle::conversion::lowerModule(ModuleOp module,
                                              LowerOp lowerOp) {
  if (failed(nn::verifyModule(module)))
    return failure();
  nn::SizeTable sizes(module);
  FailureOr<nn::PathTree> tree = nn::PathTree::build(module);
  if (failed(tree))
    return failure();
  llvm::StringSet<> grouped;
  module.walk([&](nn::RouteOp route) {
    if (route.getGrouped())
      grouped.insert(route.getCallee());
  });
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (!function->hasAttr(nn::kBuffersAttr))
      return function.emitError("has no memory plan: run nn-plan-memory first");
    OpBuilder builder(function);
    if (failed(FunctionLowering(sizes, *tree, builder, lowerOp)
                   .lower(function, grouped.contains(function.getName()))))
      return failure();
  }
  nameFrameFields(module, sizes);
  for (Operation &op : llvm::make_early_inc_range(module.getOps()))
    if (isa<nn::SizeOp, nn::StateOp>(op))
      op.erase();
  return success();
}
