//===- ByteDot.cpp - dot products of bytes --------------------------------===//

#include "compiler/microkernels/ByteDot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace heddle::microkernels {

ByteDot::Form ByteDot::formOf(const Target &target) {
  if (target.dotsBytes)
    return Form::Dot;
  if (target.name == Target::avx512.name)
    return Form::Pairs;
  return target.name == Target::avx2.name ? Form::Signs : Form::Single;
}

tuning::ByteTiles ByteDot::tiles(const Target &target) {
  switch (formOf(target)) {
  case Form::Dot:
    return target.vectorBits == 512 ? tuning::avx512DotTiles
                                    : tuning::avx2DotTiles;
  case Form::Pairs:
    return tuning::avx512PairTiles;
  case Form::Signs:
    return tuning::avx2SignTiles;
  case Form::Single:
    return tuning::genericByteTiles;
  }
  llvm_unreachable("all forms are handled");
}

//===----------------------------------------------------------------------===//
// Views of a vector
//===----------------------------------------------------------------------===//

static VectorType vectorOf(const VectorBuilder &v, unsigned bits) {
  return VectorType::get(v.target.vectorBits / bits,
                         v.builder.getIntegerType(bits));
}

Value ByteDot::asBytes(Value words) {
  return LLVM::BitcastOp::create(v.builder, v.loc, vectorOf(v, 8), words);
}

Value ByteDot::asShorts(Value words) {
  return LLVM::BitcastOp::create(v.builder, v.loc, vectorOf(v, 16), words);
}

Value ByteDot::asWords(Value vector) {
  return LLVM::BitcastOp::create(v.builder, v.loc, v.ints(), vector);
}

Value ByteDot::part(Value lanes, int64_t number, int64_t count) {
  auto type = cast<VectorType>(lanes.getType());
  int64_t bits = type.getElementTypeBitWidth(), width = bits / count;
  auto shift = [&](int64_t by) -> Value {
    Attribute amount = v.builder.getIntegerAttr(type.getElementType(), by);
    return arith::ConstantOp::create(v.builder, v.loc, type,
                                     DenseElementsAttr::get(type, amount));
  };
  int64_t above = bits - (number + 1) * width;
  if (above)
    lanes = arith::ShLIOp::create(v.builder, v.loc, lanes, shift(above));
  return arith::ShRSIOp::create(v.builder, v.loc, lanes, shift(bits - width));
}

Value ByteDot::call(StringRef intrinsic, VectorType type,
                    ArrayRef<Value> arguments) {
  return LLVM::CallIntrinsicOp::create(v.builder, v.loc, type,
                                       v.builder.getStringAttr(intrinsic),
                                       arguments)
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Operands and sums
//===----------------------------------------------------------------------===//

ByteDot::Bytes ByteDot::weights(Value u) {
  if (form == Form::Dot)
    return {asBytes(u)};
  // u − 128 as a signed byte: the top bit turned over.
  Value w = arith::XOrIOp::create(v.builder, v.loc, u,
                                  v.splatInt(int32_t(0x80808080)));
  switch (form) {
  case Form::Signs: {
    // |w| as w with the sign of w: 128 for −128, which fits unsigned.
    Value bytes = asBytes(w);
    return {call("llvm.x86.avx2.psign.b", vectorOf(v, 8), {bytes, bytes}),
            bytes};
  }
  case Form::Pairs: {
    Value shorts = asShorts(w);
    return {part(shorts, 0, 2), part(shorts, 1, 2)};
  }
  default:
    return inputs(w);
  }
}

ByteDot::Bytes ByteDot::inputs(Value q) {
  switch (form) {
  case Form::Dot:
  case Form::Signs:
    return {asBytes(q)};
  case Form::Pairs: {
    Value shorts = asShorts(q);
    return {part(shorts, 0, 2), part(shorts, 1, 2)};
  }
  case Form::Single:
    return {part(q, 0, 4), part(q, 1, 4), part(q, 2, 4), part(q, 3, 4)};
  }
  llvm_unreachable("all forms are handled");
}

Value ByteDot::start(Value start) {
  return form == Form::Dot ? start : v.splatInt(0);
}

Value ByteDot::add(Value sum, const Bytes &weights, const Bytes &inputs) {
  auto plus = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(v.builder, v.loc, a, b);
  };
  switch (form) {
  case Form::Dot:
    return call("llvm.x86.avx512.vpdpbusd." +
                    std::to_string(v.target.vectorBits),
                v.ints(), {sum, weights[0], inputs[0]});
  case Form::Signs: {
    Value q =
        call("llvm.x86.avx2.psign.b", vectorOf(v, 8), {inputs[0], weights[1]});
    Value pairs =
        call("llvm.x86.avx2.pmadd.ub.sw", vectorOf(v, 16), {weights[0], q});
    Value ones = arith::ConstantOp::create(
        v.builder, v.loc, vectorOf(v, 16),
        DenseElementsAttr::get(vectorOf(v, 16), int16_t(1)));
    return plus(sum, call("llvm.x86.avx2.pmadd.wd", v.ints(), {pairs, ones}));
  }
  case Form::Pairs:
    for (auto [w, q] : llvm::zip_equal(weights, inputs))
      sum = plus(sum, call("llvm.x86.avx512.pmaddw.d.512", v.ints(), {w, q}));
    return sum;
  case Form::Single:
    for (auto [w, q] : llvm::zip_equal(weights, inputs))
      sum = plus(sum, arith::MulIOp::create(v.builder, v.loc, w, q));
    return sum;
  }
  llvm_unreachable("all forms are handled");
}

} // namespace heddle::microkernels
