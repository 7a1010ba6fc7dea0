//===- VectorBuilder.cpp - what emitters say most -------------------------===//

#include "compiler/microkernels/VectorBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace heddle::microkernels {

VectorType VectorBuilder::floats() {
  return VectorType::get(target.lanes(), builder.getF32Type());
}

VectorType VectorBuilder::ints() {
  return VectorType::get(target.lanes(), builder.getI32Type());
}

Value VectorBuilder::splat(float number) {
  return arith::ConstantOp::create(builder, loc, floats(),
                                   DenseElementsAttr::get(floats(), number));
}

Value VectorBuilder::splatInt(int32_t number) {
  return arith::ConstantOp::create(builder, loc, ints(),
                                   DenseElementsAttr::get(ints(), number));
}

Value VectorBuilder::index(int64_t number) {
  return arith::ConstantIndexOp::create(builder, loc, number);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value VectorBuilder::add(Value a, Value b) {
  return arith::AddFOp::create(builder, loc, a, b);
}

Value VectorBuilder::sub(Value a, Value b) {
  return arith::SubFOp::create(builder, loc, a, b);
}

Value VectorBuilder::mul(Value a, Value b) {
  return arith::MulFOp::create(builder, loc, a, b);
}

Value VectorBuilder::div(Value a, Value b) {
  return arith::DivFOp::create(builder, loc, a, b);
}

Value VectorBuilder::mulAdd(Value a, Value b, Value c) {
  if (target.fusedMultiplyAdd)
    return vector::FMAOp::create(builder, loc, a, b, c);
  return add(mul(a, b), c);
}

Value VectorBuilder::whereGreater(Value x, Value bound, Value a, Value b) {
  Value greater =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, x, bound);
  return arith::SelectOp::create(builder, loc, greater, a, b);
}

// Comparing, not minimumf: a NaN compares false and is kept, and x86 has the
// pair as one instruction.
Value VectorBuilder::atMost(Value x, Value bound) {
  return whereGreater(x, bound, bound, x);
}

Value VectorBuilder::atLeast(Value x, Value bound) {
  return whereGreater(bound, x, bound, x);
}

Value VectorBuilder::bitsOf(Value floats) {
  return arith::BitcastOp::create(builder, loc, ints(), floats);
}

Value VectorBuilder::fromBits(Value ints) {
  return arith::BitcastOp::create(builder, loc, floats(), ints);
}

Value VectorBuilder::magnitude(Value x) {
  Value rest = splatInt(0x7fffffff);
  return fromBits(arith::AndIOp::create(builder, loc, bitsOf(x), rest));
}

Value VectorBuilder::withSignOf(Value x, Value sign) {
  Value signBit = splatInt(static_cast<int32_t>(0x80000000u));
  Value bit = arith::AndIOp::create(builder, loc, bitsOf(sign), signBit);
  return fromBits(arith::OrIOp::create(builder, loc, bitsOf(x), bit));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value VectorBuilder::advance(Value pointer, int64_t elements) {
  if (elements == 0)
    return pointer;
  assert(llvm::isInt<31>(elements) && "a static offset of 8 GiB");
  return LLVM::GEPOp::create(builder, loc, pointer.getType(),
                             builder.getF32Type(), pointer,
                             LLVM::GEPArg(static_cast<int32_t>(elements)));
}

Value VectorBuilder::advance(Value pointer, Value elements) {
  Value offset =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), elements);
  return LLVM::GEPOp::create(builder, loc, pointer.getType(),
                             builder.getF32Type(), pointer, offset);
}

Value VectorBuilder::loadVector(Value pointer, int64_t alignment) {
  return LLVM::LoadOp::create(builder, loc, floats(), pointer, alignment);
}

Value VectorBuilder::loadSplat(Value pointer) {
  Value number =
      LLVM::LoadOp::create(builder, loc, builder.getF32Type(), pointer, 4);
  return vector::BroadcastOp::create(builder, loc, floats(), number);
}

void VectorBuilder::store(Value vector, Value pointer, int64_t alignment) {
  LLVM::StoreOp::create(builder, loc, vector, pointer, alignment);
}

Value VectorBuilder::firstLanes(int64_t count) {
  SmallVector<bool> mask(target.lanes(), false);
  std::fill_n(mask.begin(), count, true);
  auto type = VectorType::get(target.lanes(), builder.getI1Type());
  return arith::ConstantOp::create(
      builder, loc, type, DenseElementsAttr::get(type, ArrayRef<bool>(mask)));
}

Value VectorBuilder::loadFirst(Value pointer, int64_t count) {
  if (count == target.lanes())
    return loadVector(pointer);
  Value others = splat(0);
  return LLVM::MaskedLoadOp::create(builder, loc, floats(), pointer,
                                    firstLanes(count), others,
                                    builder.getI32IntegerAttr(4));
}

void VectorBuilder::storeFirst(Value vector, Value pointer, int64_t count) {
  if (count == target.lanes())
    return store(vector, pointer);
  LLVM::MaskedStoreOp::create(builder, loc, vector, pointer, firstLanes(count),
                              builder.getI32IntegerAttr(4));
}

void VectorBuilder::prefetch(Value pointer) {
  enum { Read = 0, SecondLevel = 2, Data = 1 };
  LLVM::Prefetch::create(builder, loc, pointer, Read, SecondLevel, Data);
}

} // namespace heddle::microkernels
