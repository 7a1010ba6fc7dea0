//===- VerifyLinear.cpp - linear maps, positions, normalisation -----------===//

#include "dialects/nn/Verify.h"
#include "dialects/scalar/Scalar.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

/// One axis, the last of x.
static LogicalResult isVectorOverLast(Operation *op, StringRef what,
                                      Value vector, Value x) {
  if (namesOf(x).empty())
    return op->emitOpError() << "x has no axis";
  return sameAxes(op, what, namesOf(vector), namesOf(x).take_back());
}

//===----------------------------------------------------------------------===//
// Linear maps and tables
//===----------------------------------------------------------------------===//

/// Product of sizes; −1 where one is known only at run time.
static int64_t productOf(ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (ShapedType::isDynamic(size))
      return -1;
    product *= size;
  }
  return product;
}

int64_t LinearOp::getInputSize() {
  auto shape = cast<RankedTensorType>(getX().getType()).getShape();
  return productOf(shape.take_back(getContracts()));
}

int64_t LinearOp::getGroupSize(unsigned group) {
  auto shape = cast<RankedTensorType>(getResults()[group].getType()).getShape();
  return productOf(shape.drop_front(axesOf(getX()).rank() - getContracts()));
}

Value LinearOp::getResidual() {
  for (Value other : getOthers())
    if (other.getType() == getResultTypes()[0])
      return other;
  return {};
}

ArrayRef<StringAttr> LinearOp::getColumnAxes() {
  unsigned kept = axesOf(getX()).rank() - getContracts();
  return namesOf(getResult(0)).drop_front(kept);
}

/// kernel.matmul does, of rows and columns of f32.
bool LinearOp::takesOthers() {
  return axesOf(getX()).rank() > static_cast<unsigned>(getContracts()) &&
         getElementTypeOrSelf(getWeight()).isF32();
}

/// More pointers than this leave the registers of a micro-kernel.
size_t LinearOp::getMostOthers() { return 4; }

static LogicalResult verifyOthers(LinearOp op) { // C6
  bool needsMore = op.getPaired() || !op.getOthers().empty();
  if (needsMore && (op->getNumResults() != 1 || !op.hasEpilogue()))
    return op.emitOpError(
        "paired or with operands has one result and an epilogue");
  if (!needsMore)
    return success();
  auto result = namesOf(op.getResult(0)), columns = op.getColumnAxes();
  for (Value other : op.getOthers())
    if (!getElementTypeOrSelf(other).isF32() ||
        (namesOf(other) != result && namesOf(other) != columns &&
         !namesOf(other).empty()))
      return op.emitOpError()
             << "operand " << other.getType() << " needs to be f32 over "
             << spell(result) << ", " << spell(columns) << " or nothing";
  return success();
}

LogicalResult LinearOp::verifyRegions() { // C7
  if (!hasEpilogue())
    return success();
  return scalar::verifyEpilogue(*this, getEpilogue(),
                                getSumCount() + getOthers().size());
}

LogicalResult LinearOp::verify() {
  auto x = namesOf(getX());
  int64_t contracts = getContracts(), rank = x.size();
  if (contracts < 1 || contracts > rank || getInputSize() < 0)
    return emitOpError() << "cannot contract " << contracts << " axes of x "
                         << spell(x); // C1
  auto kept = x.drop_back(contracts);
  int64_t columns = 0;
  for (auto [group, result] : llvm::enumerate(getResults())) { // C3
    if (namesOf(result).take_front(kept.size()) != kept)
      return emitOpError() << "result " << spell(namesOf(result))
                           << " needs to begin with " << spell(kept);
    int64_t size = getGroupSize(group);
    if (size < 1)
      return emitOpError() << "result " << spell(namesOf(result))
                           << " has a size known only at run time";
    columns += size;
  }
  if (getPaired()) // C2
    columns *= 2;
  if (namesOf(getWeight()).size() != 2)
    return emitOpError("needs a weight of two axes"); // C2
  int64_t out = sizeOf(getWeight(), getInOut() ? 1 : 0);
  int64_t in = sizeOf(getWeight(), getInOut() ? 0 : 1);
  if (in != getInputSize() || out != columns)
    return emitOpError() << "weight maps " << in << " to " << out << ", needs "
                         << getInputSize() << " to " << columns; // C2
  if (getBias() &&
      (namesOf(getBias()).size() != 1 || sizeOf(getBias(), 0) != columns))
    return emitOpError() << "bias needs one axis of size " << columns; // C4
  if (failed(verifyOthers(*this)))                                     // C6
    return failure();
  auto weight = getWeight().getDefiningOp<WeightOp>();
  auto stored = weight ? weight.getStored() : std::nullopt;
  const auto &format =
      kernel::formatOf(stored.value_or(kernel::PackedType::F32));
  auto dynamic = dyn_cast<DynamicType>(getElementTypeOrSelf(getX()));
  bool meets = format.isQuantised() == (dynamic != nullptr) &&
               (!dynamic || dynamic.getGroup() == format.group) &&
               (!getElementTypeOrSelf(getX()).isBF16() ||
                format.type != kernel::PackedType::F16);
  if (!meets)
    return emitOpError() << "rows of " << getElementTypeOrSelf(getX())
                         << " cannot meet a weight stored as "
                         << format.name; // C5
  return success();
}

LogicalResult NarrowOp::verify() {
  auto type = cast<RankedTensorType>(getX().getType());
  int64_t contracts = getContracts(), rank = type.getRank();
  auto contracted =
      type.getShape().take_back(std::clamp<int64_t>(contracts, 0, rank));
  if (contracts < 1 || contracts >= rank ||
      llvm::any_of(contracted, ShapedType::isDynamic))
    return emitOpError() << "cannot contract " << contracts << " axes of x "
                         << spell(namesOf(getX())); // C1
  SizeExpr row(1);
  for (unsigned axis = rank - contracts; axis < rank; ++axis)
    row *= axesOf(getX()).expr(axis);
  SmallVector<StringAttr> needed(namesOf(getX()).drop_back(contracts));
  needed.push_back(StringAttr::get(getContext(), row.str()));
  return sameAxes(*this, "result", namesOf(getResult()), needed); // C2
}

LogicalResult EmbedOp::verify() {
  auto table = namesOf(getTable());
  StringAttr over = axesOf(getIds()).getOver();
  if (table.empty() || over != table.front())
    return emitOpError() << "indices are over "
                         << (over ? over.getValue() : "nothing")
                         << ", the table is " << spell(table); // C1
  SmallVector<StringAttr> needed(namesOf(getIds()));
  llvm::append_range(needed, table.drop_front());
  return sameAxes(*this, "result", namesOf(getResult()), needed); // C2
}

LogicalResult ConstantOp::verify() {
  auto type = getResult().getType();
  if (isa<FloatType>(type.getElementType()) && !type.hasStaticShape())
    return emitOpError("needs static sizes"); // C1
  return success();
}

LogicalResult LoopNumberOp::verify() {
  if (getNumbers().empty())
    return emitOpError("needs a number"); // C1
  if (!getResult().getType().hasStaticShape())
    return emitOpError("needs static sizes"); // C2
  return success();
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

LogicalResult PositionsOp::verify() {
  auto names = namesOf(getResult());
  if (names.empty() || names.size() > 2 || names.back().getValue() != getSize())
    return emitOpError() << "result " << spell(names) << " needs to be "
                         << getSize() << " of every row"; // C1
  return success();
}

LogicalResult RopeOp::verify() {
  auto x = namesOf(getX()), positions = namesOf(getPositions());
  int64_t depth = x.empty() ? 0 : sizeOf(getX(), x.size() - 1);
  if (2 * static_cast<int64_t>(getFrequencies().size()) > depth)
    return emitOpError() << "rotates " << 2 * getFrequencies().size()
                         << " elements, the last axis has " << depth; // C1
  if (x.size() <= positions.size() ||
      x.take_front(positions.size()) != positions)
    return emitOpError() << "positions have axes " << spell(positions)
                         << ", x is " << spell(x); // C2
  return sameTypeAsX(*this, getX(), getResult());  // C3
}

LogicalResult SinusoidOp::verify() {
  auto result = namesOf(getResult()), positions = namesOf(getPositions());
  int64_t last = result.empty() ? -1 : sizeOf(getResult(), result.size() - 1);
  if (result.size() != positions.size() + 1 ||
      result.drop_back() != positions || last < 2 || last % 2 ||
      last > (1 << 20))
    return emitOpError() << "result " << spell(result)
                         << " needs the positions' axes " << spell(positions)
                         << " and a static even one, 2^20 at most"; // C1
  return success();
}

//===----------------------------------------------------------------------===//
// Normalisation
//===----------------------------------------------------------------------===//

template <typename Op>
static LogicalResult
verifyNorm(Op op, ArrayRef<std::pair<StringRef, Value>> parameters) {
  for (auto [name, parameter] : parameters)
    if (parameter &&
        failed(isVectorOverLast(op, name, parameter, op.getX()))) // C1
      return failure();
  if (!op.getWeight() && !op.getOffset().isZero())
    return op.emitOpError("has an offset and no weight"); // C3
  if (op.getResidual() && op.getResidual().getType() != op.getX().getType())
    return op.emitOpError() << "residual is " << op.getResidual().getType()
                            << ", needs x's type";   // C2
  return sameTypeAsX(op, op.getX(), op.getResult()); // C2
}

LogicalResult RmsNormOp::verify() {
  return verifyNorm(*this, {{"weight", getWeight()}});
}

LogicalResult LayerNormOp::verify() {
  if (getBias() && !getWeight())
    return emitOpError("has a bias and no weight"); // C3
  return verifyNorm(*this, {{"weight", getWeight()}, {"bias", getBias()}});
}

LogicalResult BatchNormOp::verify() {
  auto x = namesOf(getX());
  if (x.size() < 2)
    return emitOpError("x has no axis of channels"); // C1
  for (Value parameter : {getWeight(), getBias(), getMean(), getVariance()})
    if (failed(sameAxes(*this, "parameter", namesOf(parameter),
                        x.slice(1, 1)))) // C1
      return failure();
  return sameTypeAsX(*this, getX(), getResult()); // C2
}

LogicalResult NormalizeOp::verify() {
  if (failed(hasAxis(*this, getX(), getAxis()))) // C1
    return failure();
  return sameTypeAsX(*this, getX(), getResult()); // C2
}
