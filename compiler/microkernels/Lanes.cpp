//===- Lanes.cpp - scalar code for a vector of neighbours -----------------===//

#include "compiler/microkernels/Lanes.h"
#include "compiler/microkernels/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace heddle::microkernels {

//===----------------------------------------------------------------------===//
// What can be evaluated
//===----------------------------------------------------------------------===//

static bool isElementwise(Operation &op) {
  return functionOf(&op) ||
         (isa<arith::ArithDialect, math::MathDialect>(op.getDialect()) &&
          OpTrait::hasElementwiseMappableTraits(&op));
}

DenseSet<Value> Lanes::varying(Block &block, ValueRange roots) {
  DenseSet<Value> found(roots.begin(), roots.end());
  for (Operation &op : block.without_terminator())
    if (llvm::any_of(op.getOperands(),
                     [&](Value operand) { return found.contains(operand); }))
      found.insert(op.result_begin(), op.result_end());
  return found;
}

bool Lanes::canEvaluate(Block &block, const DenseSet<Value> &varying) {
  return llvm::all_of(block.without_terminator(), [&](Operation &op) {
    return isElementwise(op) ||
           isa<arith::ConstantOp, memref::LoadOp, linalg::IndexOp>(op) ||
           (isPure(&op) && op.getNumRegions() == 0 && op.getNumResults() == 1 &&
            !varying.contains(op.getResult(0)));
  });
}

int64_t Lanes::costOf(Block &block) {
  int64_t cost = 0;
  for (Operation &op : block.without_terminator()) {
    if (const Function *function = functionOf(&op))
      cost += function->cost;
    else if (!isa<arith::ConstantOp>(op))
      cost += isa<math::MathDialect>(op.getDialect()) ? 10 : 1;
  }
  return cost;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

VectorType Lanes::vectorOf(Type scalar) const {
  Type element = scalar.isIndex() ? v.builder.getI32Type() : scalar;
  return VectorType::get(v.target.lanes(), element);
}

Value Lanes::vector(Value value) {
  if (Value known = vectors.lookup(value))
    return known;
  Value one = scalar(value);
  if (one.getType().isIndex())
    one = arith::IndexCastOp::create(v.builder, v.loc, v.builder.getI32Type(),
                                     one);
  return vector::BroadcastOp::create(v.builder, v.loc, vectorOf(one.getType()),
                                     one);
}

/// The same number, narrowed, in every lane.
static Value splatOf(VectorBuilder &v, Value index) {
  Value narrow = arith::IndexCastOp::create(v.builder, v.loc,
                                            v.builder.getI32Type(), index);
  return vector::BroadcastOp::create(v.builder, v.loc, v.ints(), narrow);
}

static Value laneNumbers(VectorBuilder &v) {
  auto numbers =
      llvm::to_vector_of<int32_t>(llvm::seq<int64_t>(0, v.target.lanes()));
  return arith::ConstantOp::create(
      v.builder, v.loc, v.ints(),
      DenseElementsAttr::get(v.ints(), ArrayRef<int32_t>(numbers)));
}

Value Lanes::risingFrom(Value first) {
  return arith::AddIOp::create(v.builder, v.loc, splatOf(v, first),
                               laneNumbers(v));
}

void Lanes::setIndex(Value value, Value first) {
  firsts[value] = first;
  setVector(value, risingFrom(first));
}

Value Lanes::below(Value count) {
  return arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::slt,
                               laneNumbers(v), splatOf(v, count));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static IntegerAttr alignmentOf(VectorBuilder &v, Type element) {
  return v.builder.getI32IntegerAttr(element.getIntOrFloatBitWidth() / 8);
}

/// The address that offsets of a memref count from.
static Value baseOf(VectorBuilder &v,
                    memref::ExtractStridedMetadataOp metadata) {
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(
      v.builder, v.loc, metadata.getBaseBuffer());
  Value bits = arith::IndexCastOp::create(v.builder, v.loc,
                                          v.builder.getI64Type(), base);
  return LLVM::IntToPtrOp::create(
      v.builder, v.loc, LLVM::LLVMPointerType::get(v.builder.getContext()),
      bits);
}

Value Lanes::addressOf(Value memref, Value offset) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(v.builder, v.loc, memref);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value start =
      arith::AddIOp::create(v.builder, v.loc, metadata.getOffset(), offset);
  return advance(baseOf(v, metadata), element, start);
}

Value Lanes::advance(Value pointer, Type element, Value elements) {
  Value offset = arith::IndexCastOp::create(v.builder, v.loc,
                                            v.builder.getI64Type(), elements);
  return LLVM::GEPOp::create(v.builder, v.loc, pointer.getType(), element,
                             pointer, offset);
}

Value Lanes::load(Value pointer, Type element, Value mask) {
  VectorType type = vectorOf(element);
  IntegerAttr alignment = alignmentOf(v, element);
  if (!mask)
    return LLVM::LoadOp::create(v.builder, v.loc, type, pointer,
                                alignment.getInt());
  Value others = arith::ConstantOp::create(v.builder, v.loc, type,
                                           v.builder.getZeroAttr(type));
  return LLVM::MaskedLoadOp::create(v.builder, v.loc, type, pointer, mask,
                                    others, alignment);
}

void Lanes::store(Value vector, Value pointer, Value mask) {
  Type element = cast<VectorType>(vector.getType()).getElementType();
  if (element.isBF16()) {
    // Lane by lane, LLVM would widen and round them anew, with library calls.
    element = v.builder.getI16Type();
    vector =
        arith::BitcastOp::create(v.builder, v.loc, vectorOf(element), vector);
  }
  IntegerAttr alignment = alignmentOf(v, element);
  if (mask)
    LLVM::MaskedStoreOp::create(v.builder, v.loc, vector, pointer, mask,
                                alignment);
  else
    LLVM::StoreOp::create(v.builder, v.loc, vector, pointer,
                          alignment.getInt());
}

Value Lanes::gather(Value pointer, Type element, Value offsets, Value mask) {
  VectorType type = vectorOf(element);
  auto pointers = VectorType::get(v.target.lanes(), pointer.getType());
  Value places = LLVM::GEPOp::create(v.builder, v.loc, pointers, element,
                                     pointer, offsets);
  if (!mask)
    mask = arith::ConstantOp::create(
        v.builder, v.loc,
        DenseElementsAttr::get(vectorOf(v.builder.getI1Type()), true));
  Value others = arith::ConstantOp::create(v.builder, v.loc, type,
                                           v.builder.getZeroAttr(type));
  return LLVM::masked_gather::create(v.builder, v.loc, type, places, mask,
                                     others, alignmentOf(v, element));
}

Value Lanes::loadStrided(Value pointer, Type element, Value stride,
                         Value mask) {
  Value offsets = arith::MulIOp::create(v.builder, v.loc, laneNumbers(v),
                                        splatOf(v, stride));
  return gather(pointer, element, offsets, mask);
}

/// Σ index · stride: what is the same in every lane moves the pointer; the rest
/// is a run of neighbours, or an offset a lane.
void Lanes::evaluateLoad(Operation *op, Value mask) {
  auto load = cast<memref::LoadOp>(op);
  Type element = load.getType();
  auto metadata = memref::ExtractStridedMetadataOp::create(
      v.builder, v.loc, scalar(load.getMemRef()));
  auto strides = metadata.getConstifiedMixedStrides();
  Value start = metadata.getOffset(), offsets;
  bool neighbours = false;
  for (auto [index, mixed] : llvm::zip_equal(load.getIndices(), strides)) {
    Value stride = getValueOrCreateConstantIndexOp(v.builder, v.loc, mixed);
    bool runs = firsts.contains(index) && isConstantIntValue(mixed, 1);
    if (isScalar(index) || runs) {
      neighbours |= runs;
      Value moved = arith::MulIOp::create(
          v.builder, v.loc, runs ? first(index) : scalar(index), stride);
      start = arith::AddIOp::create(v.builder, v.loc, start, moved);
      continue;
    }
    Value moved = arith::MulIOp::create(v.builder, v.loc, vector(index),
                                        splatOf(v, stride));
    offsets = offsets ? arith::AddIOp::create(v.builder, v.loc, offsets, moved)
                      : moved;
  }
  Value pointer = advance(baseOf(v, metadata), element, start);
  if (!offsets)
    return setVector(op->getResult(0), this->load(pointer, element, mask));
  if (neighbours)
    offsets = arith::AddIOp::create(v.builder, v.loc, offsets, laneNumbers(v));
  setVector(op->getResult(0), gather(pointer, element, offsets, mask));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// a + b and a − b rise by one from lane to lane if a does and b is a scalar.
void Lanes::evaluateIndexSum(Operation *op) {
  if (!op->getResult(0).getType().isIndex())
    return;
  Value a = op->getOperand(0), b = op->getOperand(1);
  if (isa<arith::AddIOp>(op) && isScalar(a))
    std::swap(a, b);
  if (!firsts.contains(a) || !isScalar(b))
    return;
  IRMapping at;
  at.map(a, first(a));
  at.map(b, scalar(b));
  firsts[op->getResult(0)] = v.builder.clone(*op, at)->getResult(0);
}

/// Between an index, whose lanes are i32, and an integer.
void Lanes::evaluateCast(Operation *op) {
  Value x = vector(op->getOperand(0));
  VectorType to = vectorOf(op->getResult(0).getType());
  unsigned width = to.getElementTypeBitWidth(),
           from = cast<VectorType>(x.getType()).getElementTypeBitWidth();
  if (width < from)
    x = arith::TruncIOp::create(v.builder, v.loc, to, x);
  else if (width > from && isa<arith::IndexCastOp>(op))
    x = arith::ExtSIOp::create(v.builder, v.loc, to, x);
  else if (width > from)
    x = arith::ExtUIOp::create(v.builder, v.loc, to, x);
  setVector(op->getResult(0), x);
  if (Value start = first(op->getOperand(0));
      start && op->getResult(0).getType().isIndex())
    firsts[op->getResult(0)] = start;
}

void Lanes::evaluateArithmetic(Operation *op) {
  Value result = op->getResult(0);
  if (const Function *function = functionOf(op))
    return setVector(result, function->emit(v, vector(op->getOperand(0))));
  if (isa<arith::ExtFOp>(op) && op->getOperand(0).getType().isF16())
    return setVector(result, v.widenF16(vector(op->getOperand(0))));
  IRMapping operands;
  for (Value operand : op->getOperands())
    operands.map(operand, vector(operand));
  Operation *all = v.builder.clone(*op, operands);
  all->getResult(0).setType(vectorOf(result.getType()));
  setVector(result, all->getResult(0));
}

void Lanes::evaluate(Operation *op, Value mask) {
  if (isa<memref::LoadOp>(op))
    return evaluateLoad(op, mask);
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return evaluateCast(op);
  evaluateArithmetic(op);
  if (isa<arith::AddIOp, arith::SubIOp>(op))
    evaluateIndexSum(op);
}

void Lanes::evaluateScalars(Block &block, const DenseSet<Value> &varying) {
  for (Operation &op : block.without_terminator())
    if (!scalars.contains(op.getResult(0)) &&
        !varying.contains(op.getResult(0)))
      v.builder.clone(op, scalars);
}

void Lanes::evaluate(Block &block, Value mask) {
  for (Operation &op : block.without_terminator()) {
    if (scalars.contains(op.getResult(0)) || vectors.contains(op.getResult(0)))
      continue;
    if (llvm::all_of(op.getOperands(),
                     [&](Value operand) { return isScalar(operand); }))
      v.builder.clone(op, scalars);
    else
      evaluate(&op, mask);
  }
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// A number by its bits, another attribute by a hash of its text.
static std::string nameOf(Attribute attribute) {
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return llvm::utohexstr(number.getValue().bitcastToAPInt().getZExtValue());
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return std::to_string(number.getValue().getZExtValue());
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return llvm::utohexstr(llvm::xxh3_64bits(text));
}

std::string nameOfBody(Block &body) {
  llvm::DenseMap<Value, std::string> values;
  for (BlockArgument argument : body.getArguments())
    values[argument] = argument.getArgNumber() < 26
                           ? std::string(1, 'a' + argument.getArgNumber())
                           : "a" + std::to_string(argument.getArgNumber());
  std::string text;
  unsigned number = 0;
  for (Operation &op : body.without_terminator()) {
    text += "_" + op.getName().stripDialect().str();
    for (Value operand : op.getOperands())
      text += "." + values[operand];
    for (NamedAttribute attribute : op.getAttrDictionary())
      if (attribute.getValue() !=
          arith::FastMathFlagsAttr::get(op.getContext(),
                                        arith::FastMathFlags::none))
        text += "." + nameOf(attribute.getValue());
    values[op.getResult(0)] = std::to_string(number++);
  }
  return text + "." + values[body.getTerminator()->getOperand(0)];
}

} // namespace heddle::microkernels
