//===- VerifyStructure.cpp - sizes, weights, calls, caches, recurrence ----===//

#include "dialects/nn/Verify.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

/// `path` has exactly the placeholders {0} … {indices−1}.
static LogicalResult verifyPath(Operation *op, StringRef path, size_t indices) {
  llvm::SmallBitVector seen(indices);
  for (size_t at = path.find('{'); at != StringRef::npos;
       at = path.find('{', at + 1)) {
    unsigned number;
    StringRef inside = path.slice(at + 1, path.find('}', at));
    if (inside.getAsInteger(10, number) || number >= indices)
      return op->emitOpError() << "path '" << path << "' has {" << inside
                               << "}, there are " << indices << " indices";
    seen.set(number);
  }
  if (!seen.all())
    return op->emitOpError() << "path '" << path << "' does not use index "
                             << seen.find_first_unset();
  return success();
}

/// Of a size: products of a few of them can be counted.
static constexpr int64_t largestSize = int64_t(1) << 40;

LogicalResult SizeOp::verify() {
  bool range = getMin() && getMax();
  if (getValue().has_value() + range + getSame().has_value() != 1 ||
      (getMin().has_value() != getMax().has_value()))
    return emitOpError("needs either a value, a range or another size"); // C1
  for (IntegerAttr number :
       {getValueAttr(), getMinAttr(), getMaxAttr(), getStepAttr()})
    if (number && (number.getInt() < 0 || number.getInt() > largestSize))
      return emitOpError() << "has the size " << number.getInt()
                           << ", needs 0 to 2^40"; // C2
  if (range && (*getMin() < 0 || *getMax() < *getMin() || *getMax() < 1 ||
                static_cast<int64_t>(getStep()) < 1))
    return emitOpError() << "range " << *getMin() << " to " << *getMax()
                         << " step " << getStep() << " is empty"; // C2
  if (auto per = getPerAttr()) {                                  // C3
    auto other = SymbolTable::lookupNearestSymbolFrom<SizeOp>(*this, per);
    if (!other || !other.isDynamic() || other.isRagged())
      return emitOpError()
             << "per " << per
             << " needs a size known at run time that is not ragged";
    if (!isDynamic())
      return emitOpError(
          "a size of the configuration is the same for every row");
  }
  if (auto same = getSameAttr()) { // C4
    auto other = SymbolTable::lookupNearestSymbolFrom<SizeOp>(*this, same);
    bool countsRows =
        llvm::any_of((*this)->getBlock()->getOps<SizeOp>(),
                     [&](SizeOp size) { return size.getPerAttr() == same; });
    if (!other || !other.isDynamic() || countsRows || getPer() ||
        getStep() != 1)
      return emitOpError() << "as " << same
                           << " needs a size with a range, by which no rows "
                              "are counted, and nothing beside it";
  }
  return success();
}

static LogicalResult verifyStateUse(Operation *op,
                                    SymbolTableCollection &tables,
                                    FlatSymbolRefAttr symbol, Type type) {
  auto state = tables.lookupNearestSymbolFrom<StateOp>(op, symbol);
  if (!state)
    return op->emitOpError() << "there is no state " << symbol; // C1
  if (state.getType() != type)
    return op->emitOpError() << "state " << symbol << " is " << state.getType()
                             << ", not " << type; // C1
  return success();
}

LogicalResult StateReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyStateUse(*this, tables, getStateAttr(), getResult().getType());
}

LogicalResult StateWriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  RankedTensorType value = getValue().getType();
  auto state = tables.lookupNearestSymbolFrom<StateOp>(*this, getStateAttr());
  auto kept =
      state ? dyn_cast<RankedTensorType>(state.getType()) : RankedTensorType();
  bool isRounded = kept && kept.clone(value.getElementType()) == value &&
                   mayBeKeptAs(value.getElementType(), kept.getElementType());
  if (isRounded)
    return success();
  return verifyStateUse(*this, tables, getStateAttr(), value);
}

LogicalResult StateReadOp::verify() {
  return verifyPath(*this, getPath().value_or(""), getIndices().size()); // C2
}

LogicalResult StateWriteOp::verify() {
  return verifyPath(*this, getPath().value_or(""), getIndices().size()); // C2
}

StringRef WeightOp::getPartPath(unsigned part) {
  return part == 0 ? getPath()
                   : cast<StringAttr>((*getThen())[part - 1]).getValue();
}

RankedTensorType WeightOp::getPartType(unsigned part) {
  if (!getTypes())
    return getResult().getType();
  return cast<RankedTensorType>(cast<TypeAttr>((*getTypes())[part]).getValue());
}

/// C3: sizes of `parts` are those of `whole` but along one axis.
static bool addUpTo(RankedTensorType whole, ArrayRef<Attribute> parts) {
  int joined = -1;
  int64_t sum = 0;
  for (Attribute attribute : parts) {
    auto part =
        dyn_cast<RankedTensorType>(cast<TypeAttr>(attribute).getValue());
    if (!part || !isa_and_nonnull<AxesAttr>(part.getEncoding()) ||
        part.getElementType() != whole.getElementType() ||
        part.getRank() != whole.getRank() || !part.hasStaticShape())
      return false;
    for (int axis = 0; axis < whole.getRank(); ++axis) {
      if (part.getDimSize(axis) == whole.getDimSize(axis))
        continue;
      if (joined >= 0 && joined != axis)
        return false;
      joined = axis;
    }
    if (joined < 0)
      return false;
    sum += part.getDimSize(joined);
  }
  return sum == whole.getDimSize(joined);
}

LogicalResult WeightOp::verify() {
  for (unsigned part = 0; part < getPartCount(); ++part) // C1
    if (failed(verifyPath(*this, getPartPath(part), getIndices().size())))
      return failure();
  if (!getResult().getType().hasStaticShape())
    return emitOpError("needs static sizes"); // C2
  size_t types = getTypes() ? getTypes()->size() : 0;
  if (types != (getThen() ? getPartCount() : 0)) // C3
    return emitOpError() << "has types of " << types << " parts, needs "
                         << (getThen() ? getPartCount() : 0);
  if (types && !addUpTo(getResult().getType(), getTypes()->getValue()))
    return emitOpError() << "the parts do not add up to "
                         << getResult().getType(); // C3
  bool quantised = getStored() && kernel::isQuantised(*getStored());
  if (quantised && getResult().getType().getRank() != 2)
    return emitOpError() << "has " << getResult().getType().getRank()
                         << " axes, " << kernel::nameOf(*getStored())
                         << " needs two"; // C4
  return success();
}

LogicalResult CallOp::verify() {
  return verifyPath(*this, getPath(), getIndices().size()); // C2
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto callee =
      tables.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError() << "there is no function " << getCalleeAttr(); // C1
  auto type = FunctionType::get(getContext(), getArguments().getTypes(),
                                getResultTypes());
  if (callee.getFunctionType() != type)
    return emitOpError() << "function " << getCalleeAttr() << " is "
                         << callee.getFunctionType() << ", called as "
                         << type; // C1
  return success();
}

/// A table of them is no more than a part of the arena.
static constexpr int64_t mostBlocks = 1 << 20;

LogicalResult RouteOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto callee =
      tables.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!callee || callee.getNumArguments() < 1 || callee.getNumResults() != 1 ||
      callee.getArgumentTypes().front() != getX().getType())
    return emitOpError() << "needs a function from " << getX().getType()
                         << " to one result"; // C1
  auto x = namesOf(getX()), chosen = namesOf(getChosen());
  if (chosen.empty() || x.empty() || chosen.drop_back() != x.drop_back())
    return emitOpError() << "indices have axes " << spell(chosen) << ", x has "
                         << spell(x); // C2
  SmallVector<StringAttr> needed(chosen);
  needed.push_back(namesOf(getX()).back());
  if (auto result = dyn_cast<RankedTensorType>(callee.getResultTypes().front()))
    needed.back() = axesOf(result).getNames().back();
  if (failed(sameAxes(*this, "result", namesOf(getResult()), needed))) // C3
    return failure();
  auto count = static_cast<int64_t>(getCount());
  if (count < 1 || count > mostBlocks)
    return emitOpError() << "has " << count << " blocks, needs 1 to "
                         << mostBlocks; // C4
  return verifyPath(*this, getPath(), getIndices().size() + 1);
}

RankedTensorType RouteOp::getBlockResultType() {
  RankedTensorType type = getResult().getType();
  unsigned choices = axesOf(getChosen()).rank() - 1;
  SmallVector<int64_t> sizes(type.getShape());
  SmallVector<StringAttr> names(namesOf(getResult()));
  sizes.erase(sizes.begin() + choices);
  names.erase(names.begin() + choices);
  return tensorOf(sizes, type.getElementType(),
                  AxesAttr::get(getContext(), names, StringAttr()));
}

LogicalResult CacheAppendOp::verify() {
  auto x = namesOf(getX());
  if (x.size() < 2 || x[1].getValue() != getFrom())
    return emitOpError() << "x " << spell(x) << " needs " << getFrom()
                         << " as its second axis"; // C2
  SmallVector<StringAttr> needed(x);
  needed[1] = getToAttr();
  if (failed(sameAxes(*this, "result", namesOf(getResult()), needed))) // C1
    return failure();
  Type given = getX().getType().getElementType(),
       kept = getType().getElementType();
  if (!mayBeKeptAs(given, kept))
    return emitOpError() << "keeps " << kept << " of " << given
                         << ", needs the same, or bf16 of f32"; // C4
  if (getWindow().value_or(1) < 1)
    return emitOpError() << "reads within " << *getWindow()
                         << " positions, needs at least 1"; // C5
  return verifyPath(*this, getPath(), getIndices().size()); // C3
}

//===----------------------------------------------------------------------===//
// Recurrence
//===----------------------------------------------------------------------===//

LogicalResult ScanOp::verify() {
  Block &body = getBody().front();
  if (getInputs().empty() && getResults().empty())
    return emitOpError("has neither inputs nor results"); // C1
  SmallVector<Type> arguments;
  auto slice = [&](Value whole) -> Type {
    auto type = cast<RankedTensorType>(whole.getType());
    SmallVector<int64_t> sizes(type.getShape());
    sizes.erase(sizes.begin() + 1);
    SmallVector<StringAttr> names(namesOf(whole));
    names.erase(names.begin() + 1);
    return tensorOf(
        sizes, type.getElementType(),
        AxesAttr::get(getContext(), names, axesOf(whole).getOver()));
  };
  for (ValueRange group : {ValueRange(getInputs()), ValueRange(getResults())})
    for (Value value : group)
      if (namesOf(value).size() < 2 ||
          namesOf(value)[1].getValue() != getAxis())
        return emitOpError() << spell(namesOf(value)) << " needs " << getAxis()
                             << " as its second axis"; // C1
  for (Value input : getInputs())
    arguments.push_back(slice(input));
  for (Type type : getCarried().getAsValueRange<TypeAttr>())
    arguments.push_back(type);
  for (Type type : getCarried().getAsValueRange<TypeAttr>()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !isa_and_nonnull<AxesAttr>(tensor.getEncoding()) ||
        tensor.getRank() < 1)
      return emitOpError() << "carries " << type
                           << ", needs tensors with named axes"; // C1
  }
  if (llvm::to_vector(body.getArgumentTypes()) != arguments)
    return emitOpError(
        "body needs the inputs without the axis, then what is carried"); // C1
  SmallVector<Type> yielded(getCarried().getAsValueRange<TypeAttr>());
  for (Value result : getResults())
    yielded.push_back(slice(result));
  auto yield = dyn_cast_or_null<YieldOp>(body.empty() ? nullptr : &body.back());
  if (!yield || llvm::is_contained(yield->getOperands(), Value()) ||
      llvm::to_vector(yield.getOperandTypes()) != yielded)
    return emitOpError(
        "body needs to yield what is carried, then the outputs"); // C2
  return verifyPath(*this, getPath(), getIndices().size());       // C3
}
