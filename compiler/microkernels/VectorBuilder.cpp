//===- VectorBuilder.cpp - what emitters say most -------------------------===//

#include "compiler/microkernels/VectorBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

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

Value VectorBuilder::dotBf16(Value a, Value b, Value c) {
  auto pairs = VectorType::get(2 * target.lanes(), builder.getBF16Type());
  auto asPairs = [&](Value words) -> Value {
    return LLVM::BitcastOp::create(builder, loc, pairs, words);
  };
  std::string name =
      "llvm.x86.avx512bf16.dpbf16ps." + std::to_string(target.vectorBits);
  return LLVM::CallIntrinsicOp::create(builder, loc, floats(),
                                       builder.getStringAttr(name),
                                       {c, asPairs(a), asPairs(b)})
      .getResult(0);
}

Value VectorBuilder::widenHalf(Value pairs, bool second) {
  if (second)
    return fromBits(arith::AndIOp::create(builder, loc, pairs,
                                          splatInt(int32_t(0xffff0000))));
  return fromBits(arith::ShLIOp::create(builder, loc, pairs, splatInt(16)));
}

Value VectorBuilder::loadF16(Value pointer) {
  auto type = VectorType::get(target.lanes(), builder.getI16Type());
  return widenF16(
      LLVM::LoadOp::create(builder, loc, type, pointer, target.lanes() * 2));
}

/// Without an instruction, exponent and mantissa moved to their places of f32
/// make a number that is too small by 2^(127 - 15), subnormal or not; of what
/// is not finite, the exponent is set.
Value VectorBuilder::widenF16(Value halves) {
  Type element = target.widensF16 ? Type(builder.getF16Type())
                                  : Type(builder.getI16Type());
  halves = LLVM::BitcastOp::create(
      builder, loc, VectorType::get(target.lanes(), element), halves);
  if (target.widensF16)
    return arith::ExtFOp::create(builder, loc, floats(), halves);
  Value bits = arith::ExtSIOp::create(builder, loc, ints(), halves);
  Value rest = arith::AndIOp::create(builder, loc, bits, splatInt(0x7fff));
  Value placed = arith::ShLIOp::create(builder, loc, rest, splatInt(13));
  Value finite = mul(fromBits(placed), splat(0x1p112f));
  Value others =
      arith::OrIOp::create(builder, loc, placed, splatInt(0x7f800000));
  Value isFinite = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::slt, rest, splatInt(0x7c00));
  Value magnitude =
      arith::SelectOp::create(builder, loc, isFinite, finite, fromBits(others));
  return withSignOf(magnitude, fromBits(bits));
}

//===----------------------------------------------------------------------===//
// Across lanes
//===----------------------------------------------------------------------===//

/// x with every lane i replaced by lane i xor `distance`.
static Value swapLanes(VectorBuilder &v, Value x, int64_t distance) {
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < v.target.lanes(); ++lane)
    lanes.push_back(lane ^ distance);
  return vector::ShuffleOp::create(v.builder, v.loc, x, x, lanes);
}

Value VectorBuilder::largestLane(Value x) {
  for (int64_t distance = target.lanes() / 2; distance; distance /= 2)
    x = atLeast(x, swapLanes(*this, x, distance));
  return x;
}

Value VectorBuilder::sumOfLanes(Value x) {
  for (int64_t distance = target.lanes() / 2; distance; distance /= 2)
    x = add(x, swapLanes(*this, x, distance));
  return x;
}

std::pair<Value, Value> VectorBuilder::exchange(Value upper, Value lower,
                                                int64_t half) {
  int64_t lanes = target.lanes();
  SmallVector<int64_t> left, right;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    left.push_back(lane & half ? lanes + lane - half : lane);
    right.push_back(lane & half ? lanes + lane : lane + half);
  }
  Value even = vector::ShuffleOp::create(builder, loc, upper, lower, left);
  return {even, vector::ShuffleOp::create(builder, loc, upper, lower, right)};
}

// [A B]    [A C]
// [C D] -> [B D], for blocks of half the size each time (Eklundh 1972).
void VectorBuilder::transpose(MutableArrayRef<Value> rows) {
  int64_t lanes = target.lanes();
  assert(static_cast<int64_t>(rows.size()) == lanes && "a square");
  for (int64_t half = lanes / 2; half; half /= 2)
    for (int64_t row = 0; row < lanes; ++row)
      if (!(row & half))
        std::tie(rows[row], rows[row + half]) =
            exchange(rows[row], rows[row + half], half);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value VectorBuilder::advance(Value pointer, Type element, int64_t count) {
  if (count == 0)
    return pointer;
  assert(llvm::isInt<31>(count) && "a static offset of 2 GiB");
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), element, pointer,
                             LLVM::GEPArg(static_cast<int32_t>(count)));
}

Value VectorBuilder::advance(Value pointer, Type element, Value count) {
  Value offset =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), count);
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), element, pointer,
                             offset);
}

Value VectorBuilder::advance(Value pointer, int64_t elements) {
  return advance(pointer, builder.getF32Type(), elements);
}

Value VectorBuilder::advance(Value pointer, Value elements) {
  return advance(pointer, builder.getF32Type(), elements);
}

Value VectorBuilder::advanceBytes(Value pointer, int64_t bytes) {
  return advance(pointer, builder.getI8Type(), bytes);
}

Value VectorBuilder::advanceBytes(Value pointer, Value bytes) {
  return advance(pointer, builder.getI8Type(), bytes);
}

Value VectorBuilder::loadVector(Value pointer, int64_t alignment) {
  return LLVM::LoadOp::create(builder, loc, floats(), pointer, alignment);
}

Value VectorBuilder::loadInts(Value pointer, int64_t alignment) {
  return LLVM::LoadOp::create(builder, loc, ints(), pointer, alignment);
}

Value VectorBuilder::loadSplat(Value pointer) {
  Value number =
      LLVM::LoadOp::create(builder, loc, builder.getF32Type(), pointer, 4);
  return vector::BroadcastOp::create(builder, loc, floats(), number);
}

Value VectorBuilder::loadSplatInt(Value pointer) {
  Value number =
      LLVM::LoadOp::create(builder, loc, builder.getI32Type(), pointer, 4);
  return vector::BroadcastOp::create(builder, loc, ints(), number);
}

void VectorBuilder::storeFirstLane(Value vector, Value pointer) {
  Value lane = vector::ExtractOp::create(builder, loc, vector, 0);
  LLVM::StoreOp::create(builder, loc, lane, pointer, 4);
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

Value VectorBuilder::loadFirst(Value pointer, int64_t count, Type element) {
  if (element.isF32())
    return loadFirst(pointer, count);
  bool isByte = element.isInteger(8);
  assert((isByte || element.isBF16()) && "bf16: the upper halves of f32");
  auto type = VectorType::get(target.lanes(), isByte ? builder.getI8Type()
                                                     : builder.getI16Type());
  int32_t bytes = isByte ? 1 : 2;
  Value halves;
  if (count == target.lanes())
    halves = LLVM::LoadOp::create(builder, loc, type, pointer, bytes);
  else
    halves = LLVM::MaskedLoadOp::create(
        builder, loc, type, pointer, firstLanes(count),
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)),
        builder.getI32IntegerAttr(bytes));
  if (isByte)
    return arith::SIToFPOp::create(
        builder, loc, floats(),
        arith::ExtSIOp::create(builder, loc, ints(), halves));
  Value bits = arith::ExtUIOp::create(builder, loc, ints(), halves);
  return fromBits(arith::ShLIOp::create(builder, loc, bits, splatInt(16)));
}

void VectorBuilder::storeFirst(Value vector, Value pointer, int64_t count) {
  int64_t alignment =
      getElementTypeOrSelf(vector.getType()).getIntOrFloatBitWidth() / 8;
  if (count == target.lanes())
    return store(vector, pointer, alignment);
  // LLVM 22 stores 32 bits for one masked lane that was truncated to 16.
  if (count == 1) {
    Value lane = vector::ExtractOp::create(builder, loc, vector, 0);
    LLVM::StoreOp::create(builder, loc, lane, pointer, alignment);
    return;
  }
  LLVM::MaskedStoreOp::create(
      builder, loc, vector, pointer, firstLanes(count),
      builder.getI32IntegerAttr(static_cast<int32_t>(alignment)));
}

Value VectorBuilder::onlyFirst(Value vector, int64_t count) {
  if (count == target.lanes())
    return vector;
  return arith::SelectOp::create(builder, loc, firstLanes(count), vector,
                                 splat(0));
}

void VectorBuilder::prefetch(Value pointer, bool isNear) {
  enum { Read = 0, SecondLevel = 2, FirstLevel = 3, Data = 1 };
  LLVM::Prefetch::create(builder, loc, pointer, Read,
                         isNear ? FirstLevel : SecondLevel, Data);
}

Value VectorBuilder::opaque(Value pointer) {
  return LLVM::InlineAsmOp::create(
             builder, loc, pointer.getType(), pointer, /*asm_string=*/"",
             /*constraints=*/"=r,0", /*has_side_effects=*/false,
             /*is_align_stack=*/false, LLVM::TailCallKind::None,
             /*asm_dialect=*/LLVM::AsmDialectAttr(),
             /*operand_attrs=*/ArrayAttr())
      .getResult(0);
}

Value VectorBuilder::stackFloats(int64_t elements) {
  Value count = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                         builder.getI64IntegerAttr(elements));
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return LLVM::AllocaOp::create(builder, loc, pointer, builder.getF32Type(),
                                count, target.vectorBits / 8);
}

SmallVector<int64_t> stridesOf(Value memref) {
  SmallVector<int64_t> strides;
  int64_t offset;
  LogicalResult strided =
      cast<MemRefType>(memref.getType()).getStridesAndOffset(strides, offset);
  assert(succeeded(strided) && "the op verified its operands");
  (void)strided;
  return strides;
}

Value VectorBuilder::addressOf(Value memref) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(
      builder, loc, metadata.getBaseBuffer());
  Value bits =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), base);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return advance(LLVM::IntToPtrOp::create(builder, loc, pointer, bits), element,
                 metadata.getOffset());
}

//===----------------------------------------------------------------------===//
// Loops and functions
//===----------------------------------------------------------------------===//

void VectorBuilder::when(Value condition, function_ref<void()> then,
                         function_ref<void()> otherwise) {
  auto either =
      scf::IfOp::create(builder, loc, condition, static_cast<bool>(otherwise));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(either.thenBlock());
  then();
  if (!otherwise)
    return;
  builder.setInsertionPointToStart(either.elseBlock());
  otherwise();
}

void VectorBuilder::loop(Value from, Value to, int64_t step,
                         function_ref<void(Value)> body) {
  loop(from, to, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value>
VectorBuilder::loop(Value from, Value to, int64_t step, ValueRange values,
                    function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(
      builder, loc, from, to, index(step), values,
      [&](OpBuilder &inner, Location at, Value i, ValueRange carried) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(inner.getInsertionBlock(),
                                  inner.getInsertionPoint());
        SmallVector<Value> updated = body(i, carried);
        scf::YieldOp::create(builder, at, updated);
      });
  return SmallVector<Value>(loop.getResults());
}

func::FuncOp VectorBuilder::beginFunction(SymbolTable &symbols,
                                          const Twine &name,
                                          TypeRange arguments) {
  auto function = func::FuncOp::create(loc, name.str(),
                                       builder.getFunctionType(arguments, {}));
  function.setPrivate();
  // func's own no_inline does not reach LLVM. What is inlined into another loop
  // nest competes for its registers.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(builder.getContext(), LLVM::Linkage::Internal));
  symbols.insert(function); // renames it where the name is taken
  builder.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

} // namespace heddle::microkernels
