//===- Emit.h - loads, stores and arithmetic of the naive lowerings -------===//

#ifndef HEDDLE_COMPILER_CONVERSION_EMIT_H
#define HEDDLE_COMPILER_CONVERSION_EMIT_H

#include "compiler/conversion/FunctionLowering.h"
#include "dialects/scalar/Formula.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <limits>

namespace heddle::conversion {

using mlir::OpBuilder, mlir::Location, mlir::Value, mlir::ValueRange;
namespace arith = mlir::arith;
namespace memref = mlir::memref;
namespace math = mlir::math;

using scalar::asF32;

/// A number of f32 as bf16: the nearest, ties to even.
Value asBf16(OpBuilder &builder, Location loc, Value x);

/// Whether a byte is not zero, as truth values lie in memory.
Value asTruth(OpBuilder &builder, Location loc, Value byte);

/// Runs `body` for all indices below `bounds`, outermost first.
void nest(FunctionLowering &lowering, ValueRange bounds,
          llvm::function_ref<void(ValueRange)> body);

/// Every element of a view: y[at] = value(at).
void forEachElement(FunctionLowering &lowering, const View &y,
                    llvm::function_ref<Value(ValueRange)> value);

/// Folds `step` over 0 … count − 1, starting from `init`.
Value fold(FunctionLowering &lowering, Value count, Value init,
           llvm::function_ref<Value(Value index, Value soFar)> step);

/// A table of constants, as a global of the module.
Value constantTable(FunctionLowering &lowering, llvm::ArrayRef<double> values);
Value constantTable(FunctionLowering &lowering, mlir::DenseElementsAttr data);

using Scalars = scalar::Formula;

/// Loads, stores and arithmetic at the lowering's place.
struct Emit : Scalars {
  FunctionLowering &lowering;

  explicit Emit(FunctionLowering &lowering)
      : Scalars{lowering.builder, lowering.loc()}, lowering(lowering) {}

  Value load(const View &view, ValueRange at) {
    return asF32(builder, loc,
                 memref::LoadOp::create(builder, loc, view.memref, at));
  }
  void store(Value value, const View &view, ValueRange at) {
    memref::StoreOp::create(builder, loc, value, view.memref, at);
  }
  Value real(Value index) {
    Value integer =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), integer);
  }
  Value lowest() { return number(-std::numeric_limits<float>::infinity()); }
  Value lowestFinite() { return number(std::numeric_limits<float>::lowest()); }
  Value tiny() { return number(std::numeric_limits<float>::min()); }

  //===--- Indices --------------------------------------------------------===//

  using Predicate = arith::CmpIPredicate;

  Value index(int64_t value) { return lowering.constantIndex(value); }
  Value plus(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value minus(Value a, Value b) {
    return arith::SubIOp::create(builder, loc, a, b);
  }
  Value times(Value a, Value b) {
    return arith::MulIOp::create(builder, loc, a, b);
  }
  Value over(Value a, Value b) {
    return arith::DivUIOp::create(builder, loc, a, b);
  }
  Value rest(Value a, Value b) {
    return arith::RemUIOp::create(builder, loc, a, b);
  }
  Value compare(Predicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  Value both(Value a, Value b) {
    return arith::AndIOp::create(builder, loc, a, b);
  }
  Value either(Value a, Value b) {
    return arith::OrIOp::create(builder, loc, a, b);
  }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(builder, loc, condition, yes, no);
  }

  /// The element as it is, of any type.
  Value element(const View &view, ValueRange at) {
    return memref::LoadOp::create(builder, loc, view.memref, at);
  }
};

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_EMIT_H
