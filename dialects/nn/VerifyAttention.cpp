//===- VerifyAttention.cpp - attention, whole and in its parts ------------===//

#include "dialects/nn/Verify.h"
#include "dialects/scalar/Scalar.h"

using namespace mlir;
using namespace heddle::nn;

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
  // A pass may have erased the operand's op: MLIR looks into regions later.
  if (!yield || yield.getNumOperands() != 1 || !yield.getOperand(0) ||
      !isElement(yield.getOperand(0).getType()))
    return op->emitOpError() << what << " needs to yield one " << element;
  return success();
}

static LogicalResult verifyPredicate(Operation *op, Region &region) {
  return verifyPairRegion(
      op, "'where'", region, [](Type type) { return type.isInteger(1); }, "i1");
}

static LogicalResult verifySink(AttentionOp op) { // C8
  if (!op.getSink())
    return success();
  if (!getElementTypeOrSelf(op.getSink()).isF32())
    return op.emitOpError("sink needs to be f32");
  return sameAxes(op, "sink", namesOf(op.getSink()),
                  namesOf(op.getQ()).slice(2, 1));
}

static LogicalResult verifyVector(AttentionOp op) { // C9
  if (!op.getVector())
    return success();
  if (op.getScore().empty() || !getElementTypeOrSelf(op.getVector()).isF32())
    return op.emitOpError("vector needs to be f32, and a score that reads it");
  auto q = namesOf(op.getQ());
  bool hasHeads = namesOf(op.getVector()).size() > 1;
  return sameAxes(op, "vector", namesOf(op.getVector()),
                  q.drop_front(hasHeads ? 2 : 3));
}

LogicalResult AttentionOp::verifyRegions() { // C9
  if (getScore().empty())
    return success();
  return heddle::scalar::verifyEpilogue(*this, getScore(), getVector() ? 3 : 2);
}

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
    auto dynamic = dyn_cast<DynamicType>(element);
    bool isBytes = dynamic && dynamic.getGroup() == DynamicType::kRow &&
                   getScore().empty();
    if (!element.isF32() && !(mayBeKept && (element.isBF16() || isBytes)))
      return emitOpError() << spell(namesOf(operand)) << " has " << element
                           << " elements, needs f32"
                           << (mayBeKept ? " or bf16" : ""); // C6
  }
  if (getCap() && !(getCap()->isFinite() && getCap()->convertToDouble() > 0))
    return emitOpError() << "cap is " << getCapAttr()
                         << ", needs a positive number"; // C7
  if (failed(verifySink(*this)) || failed(verifyVector(*this)))
    return failure();
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

/// Buckets by distance are looked up.
static constexpr int64_t largestTable = 1 << 20;

LogicalResult BucketOp::verify() {
  int64_t count = getCount(), oneWay = getBoth() ? count / 2 : count;
  if (count > largestTable || static_cast<int64_t>(getFar()) > largestTable)
    return emitOpError() << count << " buckets up to " << getFar()
                         << " are a table of more than " << largestTable
                         << " numbers"; // C1
  if (getAround() && (getBoth() || count < 8 || count % 4 ||
                      static_cast<int64_t>(getFar()) <= count / 4 + 1))
    return emitOpError() << count << " buckets around distance 0 up to "
                         << getFar() << " leave none for far positions"; // C2
  if (getAround())
    return success();
  if (count < 4 || (getBoth() && count % 2) ||
      static_cast<int64_t>(getFar()) <= oneWay / 2)
    return emitOpError() << count << " buckets up to " << getFar()
                         << " leave none for far positions"; // C1
  return success();
}
