//===- QuantisedRows.h - rows of !nn.dynamic, number by number --*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CONVERSION_QUANTISEDROWS_H
#define HEDDLE_COMPILER_CONVERSION_QUANTISEDROWS_H

#include "compiler/conversion/PanelWeight.h"
#include "dialects/kernel/Layout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace heddle::conversion {

/// A matrix of quantised rows: bytes, as QuantisedRow says.
class QuantisedRows {
public:
  QuantisedRows(FunctionLowering &lowering, const View &view,
                const kernel::QuantisedRow &row)
      : emit(lowering), view(view), row(row) {}

  bool isGrouped() const { return row.isGrouped(); }
  mlir::Value count() { return emit.index(row.groupCount()); }
  /// The largest q.
  double largest() const { return row.largest(); }
  /// Elements of a group; of the last one, with padding, which is zero.
  int64_t groupSize() const { return row.isGrouped() ? row.group : row.inputs; }

  /// q[k] as i32.
  mlir::Value integer(mlir::ValueRange lead, mlir::Value k) {
    mlir::Value first = signedByte(lead, k);
    if (!row.wide)
      return first;
    mlir::Value low =
        signedByte(lead, emit.plus(k, emit.index(row.lowBytesOffset())));
    return emit.plus(emit.times(first, integer(255)), low);
  }
  /// q is an i32.
  void setInteger(mlir::Value q, mlir::ValueRange lead, mlir::Value k) {
    auto store = [&](mlir::Value byte, mlir::Value at) {
      storeBytes(emit,
                 mlir::arith::TruncIOp::create(emit.builder, emit.loc,
                                               emit.builder.getI8Type(), byte),
                 view.memref, lead, at);
    };
    if (!row.wide)
      return store(q, k);
    mlir::Value high = mlir::arith::FloorDivSIOp::create(
        emit.builder, emit.loc, emit.plus(q, integer(127)), integer(255));
    store(high, k);
    store(emit.minus(q, emit.times(high, integer(255))),
          emit.plus(k, emit.index(row.lowBytesOffset())));
  }
  /// M / L of a row, or the unit of groups.
  mlir::Value scale(mlir::ValueRange lead) {
    return asFloat(word(lead, emit.index(row.scaleOffset())));
  }
  void setScale(mlir::Value scale, mlir::ValueRange lead) {
    storeBytes(emit, bitsOf(scale), view.memref, lead,
               emit.index(row.scaleOffset()));
  }
  /// 2^high + 2^low of a group.
  mlir::Value multiple(mlir::ValueRange lead, mlir::Value group) {
    auto power = [&](int64_t strip) {
      return asFloat(emit.plus(word(lead, offset(strip, group)), bits(1)));
    };
    return emit.add(power(row.highOffset()), power(row.lowOffset()));
  }
  /// The least one from `least` ≥ 2 on; returns it.
  mlir::Value setMultiple(mlir::Value least, mlir::ValueRange lead,
                          mlir::Value group) {
    // The power of two below a number, not the number itself.
    auto powerBelow = [&](mlir::Value number) {
      mlir::Value below = emit.minus(bitsOf(number), integer(1));
      return asFloat(emit.both(below, integer(0x7f800000)));
    };
    auto store = [&](mlir::Value power, int64_t strip) {
      storeBytes(emit, emit.minus(bitsOf(power), bits(1)), view.memref, lead,
                 offset(strip, group));
    };
    mlir::Value high = powerBelow(least);
    mlir::Value low =
        emit.max(emit.number(1),
                 emit.mul(emit.number(2), powerBelow(emit.sub(least, high))));
    store(high, row.highOffset());
    store(low, row.lowOffset());
    return emit.add(high, low);
  }

private:
  mlir::Value signedByte(mlir::ValueRange lead, mlir::Value at) {
    mlir::Value byte = loadBytes(emit, view.memref, lead, at, 1);
    return mlir::arith::ExtSIOp::create(emit.builder, emit.loc,
                                        emit.builder.getI32Type(), byte);
  }
  mlir::Value offset(int64_t strip, mlir::Value group) {
    return emit.plus(emit.index(strip), emit.times(group, emit.index(4)));
  }
  mlir::Value word(mlir::ValueRange lead, mlir::Value offset) {
    return loadBytes(emit, view.memref, lead, offset, 4);
  }
  mlir::Value integer(int32_t number) {
    return mlir::arith::ConstantIntOp::create(
        emit.builder, emit.loc, emit.builder.getI32Type(), number);
  }
  mlir::Value bits(double number) { return bitsOf(emit.number(number)); }
  mlir::Value bitsOf(mlir::Value number) {
    return mlir::arith::BitcastOp::create(emit.builder, emit.loc,
                                          emit.builder.getI32Type(), number);
  }
  mlir::Value asFloat(mlir::Value bits) {
    return mlir::arith::BitcastOp::create(emit.builder, emit.loc,
                                          emit.builder.getF32Type(), bits);
  }

  Emit emit;
  View view;
  kernel::QuantisedRow row;
};

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_QUANTISEDROWS_H
