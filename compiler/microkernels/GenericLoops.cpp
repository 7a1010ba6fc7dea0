//===- GenericLoops.cpp - the loops of a linalg.generic -------------------===//

#include "compiler/microkernels/GenericLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace heddle::microkernels {

/// Position of the operand's dimension that a loop goes through; −1: none.
int GenericLoops::dimension(OpOperand &operand, unsigned loop) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (unsigned result = 0; result < map.getNumResults(); ++result)
    if (map.getDimPosition(result) == loop)
      return result;
  return -1;
}

int64_t GenericLoops::staticStride(OpOperand &operand, unsigned loop) {
  int at = dimension(operand, loop);
  return at < 0 ? 0 : stridesOf(operand.get())[at];
}

/// Whether one step in `dimension` is as far as all steps in the next one.
bool GenericLoops::isContiguous(OpOperand &operand, unsigned dimension) {
  auto type = cast<MemRefType>(operand.get().getType());
  if (type.getLayout().isIdentity())
    return true;
  SmallVector<int64_t> strides = stridesOf(operand.get());
  int64_t outer = strides[dimension], inner = strides[dimension + 1],
          size = type.getDimSize(dimension + 1);
  return !ShapedType::isDynamic(outer) && !ShapedType::isDynamic(inner) &&
         !ShapedType::isDynamic(size) && outer == inner * size;
}

bool GenericLoops::goAsOne(unsigned outer, unsigned inner) {
  auto iterators = op.getIteratorTypesArray();
  if (iterators[outer] != iterators[inner])
    return false;
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == outer || index.getDim() == inner)
      return false;
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    int a = dimension(operand, outer), b = dimension(operand, inner);
    return (a < 0 && b < 0) ||
           (a >= 0 && b == a + 1 && isContiguous(operand, a));
  });
}

StringRef GenericLoops::refusal() {
  if (op.getNumLoops() == 0)
    return "there is no loop";
  if (!op.hasPureBufferSemantics())
    return "an operand is a tensor";
  for (OpOperand &operand : op->getOpOperands()) {
    if (!op.getMatchingIndexingMap(&operand).isProjectedPermutation())
      return "an operand is not indexed by loops alone";
    Type element = getElementTypeOrSelf(operand.get().getType());
    if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8)
      return "an element is not made of bytes";
    auto memref = dyn_cast<MemRefType>(operand.get().getType());
    if (memref && !memref.isStrided())
      return "an operand's elements are no strides apart";
  }
  return {};
}

Value GenericLoops::sizeOf(unsigned loop) {
  for (OpOperand &operand : op->getOpOperands())
    if (int at = dimension(operand, loop); at >= 0)
      return v.builder.createOrFold<memref::DimOp>(v.loc, operand.get(), at);
  llvm_unreachable("linalg verified that a loop has a size");
}

void GenericLoops::find() {
  findGroups();
  findOperands();
}

void GenericLoops::findGroups() {
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    Value size = sizeOf(loop);
    if (!groups.empty() && goAsOne(loop - 1, loop)) {
      Group &group = groups.back();
      group = {group.first, loop,
               arith::MulIOp::create(v.builder, v.loc, group.size, size)};
      continue;
    }
    groups.push_back({loop, loop, size});
    if (op.getIteratorTypesArray()[loop] == utils::IteratorType::parallel)
      ++parallelGroups;
  }
}

void GenericLoops::findOperands() {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    Operand found{operand.get(),
                  getElementTypeOrSelf(operand.get().getType()),
                  {},
                  argument,
                  !argument.use_empty(),
                  op.isDpsInit(&operand)};
    if (!isa<MemRefType>(operand.get().getType())) {
      operands.push_back(found);
      continue;
    }
    auto metadata = memref::ExtractStridedMetadataOp::create(v.builder, v.loc,
                                                             operand.get());
    auto strides = metadata.getConstifiedMixedStrides();
    for (const Group &group : groups) {
      int at = dimension(operand, group.last);
      found.strides.push_back(at < 0 ? v.index(0)
                                     : getValueOrCreateConstantIndexOp(
                                           v.builder, v.loc, strides[at]));
    }
    found.base = Lanes(v).addressOf(operand.get(), v.index(0));
    operands.push_back(found);
  }
}

GenericLoops::Along GenericLoops::along(const Operand &operand,
                                        unsigned group) const {
  if (operand.isScalar() || isConstantIntValue(operand.strides[group], 0))
    return Along::Same;
  return isConstantIntValue(operand.strides[group], 1) ? Along::Neighbours
                                                       : Along::Strided;
}

Value GenericLoops::address(const Operand &operand, Value start,
                            ArrayRef<Value> indices, unsigned first) {
  Value offset = v.index(0);
  for (auto [index, stride] :
       llvm::zip(indices, ArrayRef(operand.strides).drop_front(first))) {
    Value distance = arith::MulIOp::create(v.builder, v.loc, index, stride);
    offset = arith::AddIOp::create(v.builder, v.loc, offset, distance);
  }
  return Lanes(v).advance(start, operand.element, offset);
}

Value GenericLoops::turnsWithin() {
  Value turns = v.index(1);
  for (const Group &group : ArrayRef(groups).drop_front())
    turns = arith::MulIOp::create(v.builder, v.loc, turns, group.size);
  return turns;
}

} // namespace heddle::microkernels
