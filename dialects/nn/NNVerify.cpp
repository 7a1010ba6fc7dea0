//===- NNVerify.cpp - constraints of the nn ops ---------------------------===//
//
// The numbers C1, C2, … are those of the op descriptions in the .td files.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/NN.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace heddle::nn;

static LogicalResult verifyElementwise(Operation *op);

/// [1.0, 0.01] with as many digits as it takes: the arrays of MLIR print six,
/// which moves a rotation by radians at large positions.
static ParseResult parseExactNumbers(OpAsmParser &parser,
                                     DenseF64ArrayAttr &numbers) {
  SmallVector<double> values;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parser.parseFloat(values.emplace_back());
      }))
    return failure();
  numbers = parser.getBuilder().getDenseF64ArrayAttr(values);
  return success();
}

static void printExactNumbers(OpAsmPrinter &printer, Operation *,
                              DenseF64ArrayAttr numbers) {
  printer << '[';
  llvm::interleaveComma(numbers.asArrayRef(), printer, [&](double value) {
    printer.printFloat(APFloat(value));
  });
  printer << ']';
}

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

static ArrayRef<StringAttr> namesOf(Value value) {
  return axesOf(value).getNames();
}

static int64_t sizeOf(Value value, unsigned axis) {
  return cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

static std::string spell(ArrayRef<StringAttr> names) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      names, os, [&](StringAttr name) { os << name.getValue(); }, " ");
  return text + "]";
}

static LogicalResult sameAxes(Operation *op, StringRef what,
                              ArrayRef<StringAttr> found,
                              ArrayRef<StringAttr> needed) {
  if (found == needed)
    return success();
  return op->emitOpError() << what << " has axes " << spell(found) << ", needs "
                           << spell(needed);
}

static LogicalResult sameTypeAsX(Operation *op, Value x, Value result) {
  if (x.getType() == result.getType())
    return success();
  return op->emitOpError() << "result is " << result.getType() << ", needs "
                           << x.getType();
}

static LogicalResult hasAxis(Operation *op, Value x, StringRef axis) {
  if (axesOf(x).find(axis) >= 0)
    return success();
  return op->emitOpError() << "x " << spell(namesOf(x)) << " has no axis "
                           << axis;
}

/// Axes of x but the one called `axis`.
static SmallVector<StringAttr> without(Value x, StringRef axis) {
  SmallVector<StringAttr> names;
  for (StringAttr name : namesOf(x))
    if (name.getValue() != axis)
      names.push_back(name);
  return names;
}

/// One axis, the last of x.
static LogicalResult isVectorOverLast(Operation *op, StringRef what,
                                      Value vector, Value x) {
  if (namesOf(x).empty())
    return op->emitOpError() << "x has no axis";
  return sameAxes(op, what, namesOf(vector), namesOf(x).take_back());
}

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

/// A region over (row, head, query position, key position) that yields one
/// `element`.
static LogicalResult verifyPairRegion(Operation *op, StringRef what,
                                      Region &region,
                                      function_ref<bool(Type)> isElement,
                                      StringRef element) {
  if (region.empty())
    return success();
  Block &block = region.front();
  bool indices = block.getNumArguments() == 4 &&
                 llvm::all_of(block.getArgumentTypes(),
                              [](Type type) { return type.isIndex(); });
  if (!indices || !region.hasOneBlock())
    return op->emitOpError() << what
                             << " takes four indices: row, head, query "
                                "position, key position";
  auto yield = dyn_cast_or_null<YieldOp>(
      block.mightHaveTerminator() ? block.getTerminator() : nullptr);
  if (!yield || yield.getNumOperands() != 1 ||
      !isElement(yield.getOperand(0).getType()))
    return op->emitOpError() << what << " needs to yield one " << element;
  return success();
}

static LogicalResult verifyPredicate(Operation *op, Region &region) {
  return verifyPairRegion(
      op, "'where'", region, [](Type type) { return type.isInteger(1); }, "i1");
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

LogicalResult SizeOp::verify() {
  bool range = getMin() && getMax();
  if (static_cast<bool>(getValue()) == range ||
      (getMin().has_value() != getMax().has_value()))
    return emitOpError("needs either a value or a range"); // C1
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
  return verifyStateUse(*this, tables, getStateAttr(), getValue().getType());
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
  bool anyShape = !getStored() || *getStored() == Storage::BF16;
  if (!anyShape && getResult().getType().getRank() != 2)
    return emitOpError() << "has " << getResult().getType().getRank()
                         << " axes, " << stringifyStorage(*getStored())
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
  return static_cast<int64_t>(getCount()) >= 1
             ? verifyPath(*this, getPath(), getIndices().size() + 1)
             : emitOpError("needs at least one block"); // C4
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
  if (kept != given && !(given.isF32() && kept.isBF16()))
    return emitOpError() << "keeps " << kept << " of " << given
                         << ", needs the same, or bf16 of f32"; // C4
  return verifyPath(*this, getPath(), getIndices().size());     // C3
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
  if (getGated()) // C2
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
  if ((getGated() || getResidual()) && getNumResults() != 1)
    return emitOpError() << "gated or with a residual has one result, not "
                         << getNumResults(); // C6
  if (getResidual() && getResidual().getType() != getResultTypes()[0])
    return emitOpError() << "residual is " << getResidual().getType()
                         << ", needs " << getResultTypes()[0]; // C6
  auto weight = getWeight().getDefiningOp<WeightOp>();
  auto found = weight ? weight.getStored() : std::nullopt;
  auto dynamic = dyn_cast<DynamicType>(getElementTypeOrSelf(getX()));
  bool meets = !dynamic ? !found || found == Storage::BF16
               : dynamic.getGroup() == DynamicType::kRow
                   ? found == Storage::I8
                   : found == Storage::Q8 || found == Storage::Q4;
  if (!meets)
    return emitOpError() << "rows of " << getElementTypeOrSelf(getX())
                         << " cannot meet a weight stored as "
                         << (found ? stringifyStorage(*found) : "f32"); // C5
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
      result.drop_back() != positions || last < 2 || last % 2)
    return emitOpError() << "result " << spell(result)
                         << " needs the positions' axes " << spell(positions)
                         << " and a static even one"; // C1
  return success();
}

//===----------------------------------------------------------------------===//
// Normalisation
//===----------------------------------------------------------------------===//

LogicalResult RmsNormOp::verify() {
  if (failed(isVectorOverLast(*this, "weight", getWeight(), getX()))) // C1
    return failure();
  return sameTypeAsX(*this, getX(), getResult()); // C2
}

LogicalResult LayerNormOp::verify() {
  if (failed(isVectorOverLast(*this, "weight", getWeight(), getX())) ||
      failed(isVectorOverLast(*this, "bias", getBias(), getX()))) // C1
    return failure();
  return sameTypeAsX(*this, getX(), getResult()); // C2
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

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() {
  auto q = namesOf(getQ()), k = namesOf(getK()), v = namesOf(getV());
  if (q.size() != 4 || k.size() != 4 || v.size() != 4)
    return emitOpError(
        "q, k and v need four axes: rows, sequence, heads, depth"); // C1
  for (Value operand : {getQ(), getK(), getV()})
    if (sizeOf(operand, 2) < 1 || sizeOf(operand, 3) < 1)
      return emitOpError() << spell(namesOf(operand))
                           << " needs static heads and depth"; // C1
  if (q[3] != k[3])
    return emitOpError() << "query has depth " << q[3].getValue()
                         << ", key has " << k[3].getValue(); // C2
  if (q[0] != k[0] || k.take_front(3) != v.take_front(3))
    return emitOpError() << "key " << spell(k) << " and value " << spell(v)
                         << " differ in rows, sequence or heads"; // C2
  if (sizeOf(getQ(), 2) % sizeOf(getK(), 2) != 0)
    return emitOpError() << sizeOf(getQ(), 2)
                         << " query heads are not a multiple of "
                         << sizeOf(getK(), 2) << " key heads"; // C3
  SmallVector<StringAttr> needed(q);
  needed[3] = v[3];
  if (failed(sameAxes(*this, "result", namesOf(getResult()), needed))) // C4
    return failure();
  for (Value operand : {getQ(), getResult(), getK(), getV()}) {
    Type element = getElementTypeOrSelf(operand.getType());
    bool mayBeKept = operand == getK() || operand == getV();
    if (!element.isF32() && !(mayBeKept && element.isBF16()))
      return emitOpError() << spell(namesOf(operand)) << " has " << element
                           << " elements, needs f32"
                           << (mayBeKept ? " or bf16" : ""); // C6
  }
  if (failed(verifyPredicate(*this, getMask()))) // C5
    return failure();
  return verifyPairRegion( // C5
      *this, "'bias'", getBias(), [](Type type) { return type.isF32(); },
      "f32");
}

LogicalResult DotOp::verify() {
  for (Value operand : {getA(), getB()})
    if (failed(hasAxis(*this, operand, getAxis()))) // C1
      return failure();
  SmallVector<StringAttr> needed = without(getA(), getAxis());
  for (StringAttr name : without(getB(), getAxis()))
    if (!llvm::is_contained(namesOf(getA()), name))
      needed.push_back(name);
  return sameAxes(*this, "result", namesOf(getResult()), needed); // C2
}

LogicalResult MaskOp::verify() {
  for (StringRef axis : {getQuery(), getKey()})
    if (failed(hasAxis(*this, getX(), axis))) // C1
      return failure();
  if (failed(sameTypeAsX(*this, getX(), getResult()))) // C2
    return failure();
  return verifyPredicate(*this, getMask()); // C3
}

LogicalResult SoftmaxOp::verify() {
  if (failed(hasAxis(*this, getX(), getAxis()))) // C1
    return failure();
  return sameTypeAsX(*this, getX(), getResult()); // C2
}

LogicalResult LookupOp::verify() {
  auto type = cast<RankedTensorType>(getTensor().getType());
  if (type.getRank() != static_cast<int64_t>(getIndices().size()) ||
      type.getElementType() != getResult().getType())
    return emitOpError() << type << " indexed by " << getIndices().size()
                         << " values gives " << type.getElementType() << " per "
                         << type.getRank(); // C1
  return success();
}

LogicalResult BucketOp::verify() {
  int64_t count = getCount(), oneWay = getBoth() ? count / 2 : count;
  if (count < 4 || (getBoth() && count % 2) ||
      static_cast<int64_t>(getFar()) <= oneWay / 2)
    return emitOpError() << count << " buckets up to " << getFar()
                         << " leave none for far positions"; // C1
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise, along an axis
//===----------------------------------------------------------------------===//

static LogicalResult verifyElementwise(Operation *op) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1),
        result = op->getResult(0);
  bool lhsLarger = namesOf(lhs).size() >= namesOf(rhs).size();
  auto large = namesOf(lhsLarger ? lhs : rhs),
       small = namesOf(lhsLarger ? rhs : lhs);
  auto next = large.begin();
  for (StringAttr name : small) { // C1: a subsequence
    next = std::find(next, large.end(), name);
    if (next == large.end())
      return op->emitOpError() << "axes " << spell(small) << " are not among "
                               << spell(large) << " in this order";
    ++next;
  }
  return sameAxes(op, "result", namesOf(result), large); // C1
}

LogicalResult ReduceOp::verify() {
  if (failed(hasAxis(*this, getX(), getAxis()))) // C1
    return failure();
  return sameAxes(*this, "result", namesOf(getResult()),
                  without(getX(), getAxis()));
}

LogicalResult PickOp::verify() {
  if (failed(hasAxis(*this, getX(), getAxis()))) // C1
    return failure();
  return sameAxes(*this, "result", namesOf(getResult()),
                  without(getX(), getAxis()));
}

/// Whether an axis of `value` can be `expr`, which is `size` where that is
/// known. A bare name is believed: it may be declared to mean this expression.
static bool canBe(Value value, unsigned axis, const SizeExpr &expr,
                  int64_t size) {
  if (sizeOf(value, axis) != size)
    return false;
  SizeExpr named = axesOf(value).expr(axis);
  return !ShapedType::isDynamic(size) || named == expr || named.asName();
}

/// a + b, unknown if one of them is.
static int64_t addSizes(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b)
             ? ShapedType::kDynamic
             : a + b;
}

static int64_t multiplySizes(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b)
             ? ShapedType::kDynamic
             : a * b;
}

LogicalResult RearrangeOp::verify() {
  AxesAttr from = axesOf(getX()), to = axesOf(getResult());
  llvm::SmallBitVector used(from.rank());
  if (getSources().size() != to.rank())
    return emitOpError("needs one source a result axis"); // C1
  for (auto [axis, source] : llvm::enumerate(getSources())) {
    SizeExpr product(1);
    int64_t size = 1;
    auto indices = dyn_cast<ArrayAttr>(source);
    if (!indices)
      return emitOpError("needs a list of axes for each source"); // C1
    for (Attribute index : indices) {
      auto number = dyn_cast<IntegerAttr>(index);
      int64_t i = number ? number.getInt() : -1;
      if (i < 0 || i >= from.rank() || used.test(i))
        return emitOpError()
               << "axis " << index << " is not there or used twice"; // C1
      used.set(i);
      product *= from.expr(i);
      size = multiplySizes(size, sizeOf(getX(), i));
    }
    if (!canBe(getResult(), axis, product, size))
      return emitOpError() << "result axis " << to.axisName(axis)
                           << " is made of " << product.str(); // C2
  }
  if (!used.all())
    return emitOpError() << "axis " << from.axisName(used.find_first_unset())
                         << " is in no source"; // C1
  return success();
}

/// The pieces' sizes along `axis` add up to that of the whole.
static LogicalResult verifyPieces(Operation *op, ValueRange pieces, Value whole,
                                  int64_t axis) {
  auto all = namesOf(whole);
  if (pieces.empty() || axis < 0 || axis >= static_cast<int64_t>(all.size()))
    return op->emitOpError() << "has no axis " << axis; // C1
  SizeExpr sum(0);
  int64_t size = 0;
  for (Value piece : pieces) {
    auto names = namesOf(piece);
    // Axes in front may be missing: such a piece is repeated along them.
    int64_t missing = all.size() - names.size();
    if (missing < 0 || missing > axis)
      return op->emitOpError() << "piece " << spell(names) << " does not fit "
                               << spell(all); // C2
    for (int64_t i = missing; i < static_cast<int64_t>(all.size()); ++i)
      if (i != axis && names[i - missing] != all[i])
        return op->emitOpError() << "piece " << spell(names) << " does not fit "
                                 << spell(all); // C2
    sum += axesOf(piece).expr(axis - missing);
    size = addSizes(size, sizeOf(piece, axis - missing));
  }
  if (!canBe(whole, axis, sum, size))
    return op->emitOpError() << "pieces add up to " << sum.str() << ", not "
                             << axesOf(whole).axisName(axis); // C2
  return success();
}

LogicalResult ConcatOp::verify() {
  return verifyPieces(*this, getOperands(), getResult(), getAxis());
}

LogicalResult SplitOp::verify() {
  return verifyPieces(*this, getResults(), getX(), getAxis());
}

LogicalResult TopkOp::verify() {
  auto x = namesOf(getX());
  for (Value result : {getValues(), getIndices()})
    if (x.empty() || namesOf(result).size() != x.size() ||
        namesOf(result).drop_back() != x.drop_back())
      return emitOpError() << "result " << spell(namesOf(result))
                           << " needs the leading axes of x " << spell(x); // C1
  if (axesOf(getIndices()).getOver() != x.back())
    return emitOpError() << "indices need to be over "
                         << x.back().getValue(); // C1
  if (sizeOf(getValues(), x.size() - 1) > sizeOf(getX(), x.size() - 1))
    return emitOpError("takes more elements than there are"); // C2
  return success();
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::verify() {
  AxesAttr x = axesOf(getX()), w = axesOf(getWeight()), y = axesOf(getResult());
  if (x.rank() < 3 || w.rank() != x.rank() || y.rank() != x.rank())
    return emitOpError(
        "needs rows, channels and at least one spatial axis"); // C1
  if (sizeOf(getWeight(), 1) * static_cast<int64_t>(getGroups()) !=
          sizeOf(getX(), 1) ||
      w.axisName(0) != y.axisName(1))
    return emitOpError() << "weight " << w.str() << " does not map channels of "
                         << x.str() << " to those of " << y.str(); // C1
  if (static_cast<int64_t>(getStride()) < 1 ||
      static_cast<int64_t>(getPad()) < 0)
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
  if (factor < 1)
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

//===----------------------------------------------------------------------===//
// Recurrence
//===----------------------------------------------------------------------===//

LogicalResult ScanOp::verify() {
  Block &body = getBody().front();
  SmallVector<Type> arguments;
  auto slice = [&](Value whole) -> Type {
    auto type = cast<RankedTensorType>(whole.getType());
    SmallVector<int64_t> sizes(type.getShape());
    sizes.erase(sizes.begin() + 1);
    auto names = without(whole, getAxis());
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
  if (llvm::to_vector(body.getArgumentTypes()) != arguments)
    return emitOpError(
        "body needs the inputs without the axis, then what is carried"); // C1
  SmallVector<Type> yielded(getCarried().getAsValueRange<TypeAttr>());
  for (Value result : getResults())
    yielded.push_back(slice(result));
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || llvm::to_vector(yield.getOperandTypes()) != yielded)
    return emitOpError(
        "body needs to yield what is carried, then the outputs"); // C2
  return success();
}
