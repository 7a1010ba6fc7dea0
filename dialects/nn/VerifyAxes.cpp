//===- VerifyAxes.cpp - elementwise and along an axis ---------------------===//

#include "dialects/nn/Verify.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace heddle::nn;

LogicalResult heddle::nn::verifyElementwise(Operation *op) {
  auto all = namesOf(op->getResult(0));
  llvm::SmallBitVector used(all.size());
  for (Value operand : op->getOperands()) { // C1: subsequences
    auto next = all.begin();
    for (StringAttr name : namesOf(operand)) {
      next = std::find(next, all.end(), name);
      if (next == all.end())
        return op->emitOpError()
               << "axes " << spell(namesOf(operand)) << " are not among "
               << spell(all) << " in this order";
      used.set(next++ - all.begin());
    }
  }
  if (!used.all())
    return op->emitOpError() << "result axis " << all[used.find_first_unset()]
                             << " is an axis of no operand"; // C1
  return success();
}

LogicalResult CompareOp::verify() {
  Type lhs = getElementTypeOrSelf(getLhs()),
       rhs = getElementTypeOrSelf(getRhs());
  if (lhs != rhs)
    return emitOpError() << "compares " << lhs << " with " << rhs; // C2
  bool asksOrder =
      getKind() == CompareKind::Less || getKind() == CompareKind::AtMost;
  if (asksOrder && lhs.isInteger(1))
    return emitOpError("truth values have no order"); // C2
  return verifyElementwise(*this);                    // C1
}

LogicalResult SelectOp::verify() {
  Type element = getElementTypeOrSelf(getResult());
  for (Value choice : {getYes(), getNo()})
    if (Type found = getElementTypeOrSelf(choice); found != element)
      return emitOpError() << "chooses " << found << ", needs "
                           << element; // C2
  return verifyElementwise(*this);     // C1
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

LogicalResult ExpandOp::verify() {
  auto from = namesOf(getX()), to = namesOf(getResult());
  int64_t axis = getAxis(), count = getFactorCount();
  if (axis < 0 || axis >= static_cast<int64_t>(from.size()) || count < 1)
    return emitOpError() << "cannot make " << spell(to) << " of axis " << axis
                         << " of " << spell(from); // C1
  if (to.take_front(axis) != from.take_front(axis) ||
      to.drop_front(axis + count) != from.drop_front(axis + 1))
    return emitOpError() << "result " << spell(to) << " moves other axes of "
                         << spell(from); // C1
  SizeExpr product(1);
  int64_t size = 1;
  for (int64_t factor = axis; factor < axis + count; ++factor) {
    if (ShapedType::isDynamic(sizeOf(getResult(), factor)))
      return emitOpError() << "result axis " << to[factor]
                           << " is known only at run time"; // C2
    product *= axesOf(getResult()).expr(factor);
    size = multiplySizes(size, sizeOf(getResult(), factor));
  }
  if (!canBe(getX(), axis, product, size))
    return emitOpError() << "axis " << from[axis] << " is no product of "
                         << product.str(); // C2
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

unsigned TakeOp::getAxis() {
  return axesOf(getX()).find(axesOf(getIndices()).getOver().getValue());
}

unsigned TakeOp::getBatchAxes() {
  auto names = namesOf(getIndices());
  return llvm::find_if(names,
                       [&](StringAttr name) {
                         return axesOf(getX()).find(name.getValue()) < 0;
                       }) -
         names.begin();
}

LogicalResult TakeOp::verify() {
  auto x = namesOf(getX()), indices = namesOf(getIndices());
  StringAttr over = axesOf(getIndices()).getOver();
  if (!over || llvm::count(x, over) != 1 || llvm::is_contained(indices, over))
    return emitOpError() << "indices " << spell(indices) << " over "
                         << (over ? over.getValue() : "no axis")
                         << " choose nothing of x " << spell(x); // C1
  auto own = indices.drop_front(getBatchAxes());
  auto next = x.begin();
  for (StringAttr batch : indices.drop_back(own.size())) {
    next = std::find(next, x.end(), batch);
    if (next == x.end())
      return emitOpError() << "batch axes of " << spell(indices)
                           << " stand in another order than in "
                           << spell(x); // C2
    ++next;
  }
  for (StringAttr name : own)
    if (llvm::is_contained(x, name))
      return emitOpError() << "axis " << name << " of the indices "
                           << spell(indices) << " is one of x, too"; // C2
  SmallVector<StringAttr> needed(x.take_front(getAxis()));
  llvm::append_range(needed, own);
  llvm::append_range(needed, x.drop_front(getAxis() + 1));
  if (getElementTypeOrSelf(getResult()) != getElementTypeOrSelf(getX()))
    return emitOpError() << "result has " << getElementTypeOrSelf(getResult())
                         << " elements, needs "
                         << getElementTypeOrSelf(getX());         // C3
  return sameAxes(*this, "result", namesOf(getResult()), needed); // C3
}
