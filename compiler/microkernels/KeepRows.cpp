//===- KeepRows.cpp - kernel.keep_rows as vector code ---------------------===//
//
// For each row, M its largest magnitude (2^−100 at least):
//
//   q[k] = round(x[k] · (127 / M)), to the nearest, ties to even
//   scale = M / 127, behind the row's last q
//
// The bits of |x| are compared as integers: what is not a number is larger than
// all numbers, and makes the scale not a number. No step depends on how many
// rows there are, or on the width of a vector.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/KeepRows.h"
#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/KeptRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <bit>

using namespace mlir;
using heddle::kernel::KeptRow;

namespace heddle::microkernels {
namespace {

class RowKeeper {
public:
  RowKeeper(OpBuilder &builder, kernel::KeepRowsOp op, const Target &target,
            SymbolTable &symbols)
      : v(builder, op.getLoc(), target), op(op), symbols(symbols),
        size(op.getX().getType().getDimSize(1)),
        xStride(stridesOf(op.getX())[0]),
        rowStride(stridesOf(op.getRows())[0]) {}

  void emitCall();

private:
  void emitRow(Value x, Value row);
  Value largestBits(Value x);
  /// body(first element, how many of a vector) for all of a row.
  void forVectors(function_ref<void(int64_t first, int64_t count)> body);

  VectorBuilder v;
  kernel::KeepRowsOp op;
  SymbolTable &symbols;
  int64_t size, xStride, rowStride;

  /// 1.5 · 2^23: added to a number below 2^22 it leaves the nearest integer in
  /// the low bits.
  static constexpr float rounder = 0x1.8p23f;
};

} // namespace

/// @keep_rows(x, rows, how many)
void RowKeeper::emitCall() {
  std::string name = "keep_rows_" + std::to_string(size) + "_x" +
                     std::to_string(xStride) + "_y" + std::to_string(rowStride);
  Value count = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  SmallVector<Value> operands = {v.addressOf(op.getX()),
                                 v.addressOf(op.getRows()), count};
  auto function = symbols.lookup<func::FuncOp>(name);
  if (!function) {
    OpBuilder::InsertionGuard guard(v.builder);
    function = v.beginFunction(symbols, name, ValueRange(operands).getTypes());
    ValueRange arguments = function.getArguments();
    v.loop(v.index(0), arguments[2], 1, [&](Value number) {
      auto times = [&](int64_t stride) -> Value {
        return arith::MulIOp::create(v.builder, v.loc, number, v.index(stride));
      };
      emitRow(v.advance(arguments[0], times(xStride)),
              v.advanceBytes(arguments[1], times(rowStride)));
    });
    func::ReturnOp::create(v.builder, v.loc);
  }
  func::CallOp::create(v.builder, v.loc, function, operands);
}

void RowKeeper::forVectors(function_ref<void(int64_t, int64_t)> body) {
  int64_t lanes = v.target.lanes();
  for (int64_t first = 0; first < size; first += lanes)
    body(first, std::min(size - first, lanes));
}

/// Of M, in every lane.
Value RowKeeper::largestBits(Value x) {
  Value largest = v.splatInt(std::bit_cast<int32_t>(KeptRow::leastMagnitude));
  forVectors([&](int64_t first, int64_t count) {
    Value bits = v.bitsOf(v.magnitude(v.loadFirst(v.advance(x, first), count)));
    largest = arith::MaxSIOp::create(v.builder, v.loc, largest, bits);
  });
  Value ofRow = vector::ReductionOp::create(
      v.builder, v.loc, vector::CombiningKind::MAXSI, largest);
  return vector::BroadcastOp::create(v.builder, v.loc, v.ints(), ofRow);
}

void RowKeeper::emitRow(Value x, Value row) {
  Value largest = v.fromBits(largestBits(x));
  Value limit = v.splat(KeptRow::largest);
  Value inverse = v.div(limit, largest);
  auto type = VectorType::get(v.target.lanes(), v.builder.getI8Type());
  forVectors([&](int64_t first, int64_t count) {
    Value scaled = v.mul(v.loadFirst(v.advance(x, first), count), inverse);
    Value bits = v.bitsOf(v.add(scaled, v.splat(rounder)));
    v.storeFirst(arith::TruncIOp::create(v.builder, v.loc, type, bits),
                 v.advanceBytes(row, first), count);
  });
  Value scale =
      vector::ExtractOp::create(v.builder, v.loc, v.div(largest, limit), 0);
  LLVM::StoreOp::create(v.builder, v.loc, scale, v.advanceBytes(row, size), 1);
}

void lowerKeepRows(RewriterBase &rewriter, kernel::KeepRowsOp op,
                   const Target &target, SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  RowKeeper(rewriter, op, target, symbols).emitCall();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
