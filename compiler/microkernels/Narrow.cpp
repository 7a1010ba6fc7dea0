//===- Narrow.cpp - kernel.narrow as vector code --------------------------===//
//
// bf16: rows[m][k] = x[m][k] rounded to the nearest bf16, ties to even; each
// row is taken a vector at a time. Bytes: see Quantise.h. A task is a block of
// rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Narrow.h"
#include "compiler/microkernels/Quantise.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class Narrower {
public:
  Narrower(OpBuilder &builder, kernel::NarrowOp op, const Target &target,
           SymbolTable &symbols)
      : v(builder, op.getLoc(), target), op(op), symbols(symbols),
        size(op.getX().getType().getDimSize(1)),
        xStride(stridesOf(op.getX())[0]),
        rowStride(stridesOf(op.getRows())[0]) {
    if (op.getRows().getType().getElementType().isBF16())
      rowStride *= 2;
    else
      quantised = {size, static_cast<int64_t>(op.getGroup().value_or(0)),
                   op.getWide()};
  }

  void emit();

private:
  func::FuncOp taskFunction();
  void emitRow(Value x, Value row);
  void emitBf16(Value x, Value row);
  void emitVector(Value x, Value row, int64_t lanes);
  Value rounded(Value x);

  VectorBuilder v;
  kernel::NarrowOp op;
  SymbolTable &symbols;
  int64_t size, xStride;
  /// Of bytes, how they lie; else the rows are of bf16.
  std::optional<kernel::QuantisedRow> quantised;
  int64_t rowStride; ///< in bytes
};

} // namespace

//  tasks = ceil(M / rows of a task)
void Narrower::emit() {
  func::FuncOp function = taskFunction();
  Value rows = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  SmallVector<Value> operands = {v.addressOf(op.getX()),
                                 v.addressOf(op.getRows()), rows};
  Value tasks = arith::CeilDivUIOp::create(v.builder, v.loc, rows,
                                           v.index(tuning::narrowRows));
  emitTasks(v, tasks, {rows, size}, [&](Value task) {
    operands.push_back(task);
    func::CallOp::create(v.builder, v.loc, function, operands);
  });
}

/// @narrow(x, rows, M, task)
func::FuncOp Narrower::taskFunction() {
  std::string name = "narrow_";
  if (!quantised)
    name += "bf16_";
  else if (quantised->isGrouped())
    name += (quantised->wide ? "wide_groups_of_" : "groups_of_") +
            std::to_string(quantised->group) + "_";
  else
    name += "row_";
  name += std::to_string(size);
  if (xStride != size ||
      rowStride != (quantised ? quantised->bytes() : 2 * size))
    name += "_x" + std::to_string(xStride) + "_y" + std::to_string(rowStride);
  if (auto existing = symbols.lookup<func::FuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  Type pointer = LLVM::LLVMPointerType::get(v.builder.getContext()),
       index = v.builder.getIndexType();
  func::FuncOp function =
      v.beginFunction(symbols, name, {pointer, pointer, index, index});
  ValueRange arguments = function.getArguments();
  Value rowsOfTask = v.index(tuning::narrowRows);
  Value first =
      arith::MulIOp::create(v.builder, v.loc, arguments[3], rowsOfTask);
  Value behind = arith::AddIOp::create(v.builder, v.loc, first, rowsOfTask);
  Value last = arith::MinUIOp::create(v.builder, v.loc, behind, arguments[2]);
  v.loop(first, last, 1, [&](Value row) {
    auto bytes = [&](int64_t stride) -> Value {
      return arith::MulIOp::create(v.builder, v.loc, row, v.index(stride));
    };
    emitRow(v.advanceBytes(arguments[0], bytes(4 * xStride)),
            v.advanceBytes(arguments[1], bytes(rowStride)));
  });
  func::ReturnOp::create(v.builder, v.loc);
  return function;
}

void Narrower::emitRow(Value x, Value row) {
  if (quantised)
    emitQuantisedRow(v, *quantised, x, row);
  else
    emitBf16(x, row);
}

void Narrower::emitBf16(Value x, Value row) {
  int64_t lanes = v.target.lanes(), whole = size / lanes * lanes;
  v.loop(v.index(0), v.index(whole), lanes, [&](Value k) {
    auto bytes = [&](int64_t size) -> Value {
      return arith::MulIOp::create(v.builder, v.loc, k, v.index(size));
    };
    emitVector(v.advanceBytes(x, bytes(4)), v.advanceBytes(row, bytes(2)),
               lanes);
  });
  if (whole != size)
    emitVector(v.advance(x, whole), v.advanceBytes(row, 2 * whole),
               size - whole);
}

void Narrower::emitVector(Value x, Value row, int64_t lanes) {
  v.storeFirst(rounded(v.loadFirst(x, lanes)), row, lanes);
}

/// One instruction with vdpbf16ps; elsewhere it would be a library call an
/// element. There, the upper half of bits + 0x7fff + (the last bit that stays);
/// a NaN is made quiet instead, since rounding could make it infinite.
Value Narrower::rounded(Value x) {
  OpBuilder &b = v.builder;
  auto type = VectorType::get(v.target.lanes(), b.getBF16Type());
  if (v.target.dotsBf16)
    return arith::TruncFOp::create(b, v.loc, type, x);
  Value bits = v.bitsOf(x), half = v.splatInt(16);
  Value odd = arith::AndIOp::create(
      b, v.loc, arith::ShRUIOp::create(b, v.loc, bits, half), v.splatInt(1));
  Value carry = arith::AddIOp::create(b, v.loc, odd, v.splatInt(0x7fff));
  Value up = arith::AddIOp::create(b, v.loc, bits, carry);
  Value quiet = arith::OrIOp::create(b, v.loc, bits, v.splatInt(0x400000));
  Value isNaN =
      arith::CmpFOp::create(b, v.loc, arith::CmpFPredicate::UNO, x, x);
  Value result = arith::SelectOp::create(b, v.loc, isNaN, quiet, up);
  Value upper = arith::TruncIOp::create(
      b, v.loc, VectorType::get(v.target.lanes(), b.getI16Type()),
      arith::ShRUIOp::create(b, v.loc, result, half));
  return arith::BitcastOp::create(b, v.loc, type, upper);
}

LogicalResult lowerNarrow(RewriterBase &rewriter, kernel::NarrowOp op,
                          const Target &target, SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  Narrower(rewriter, op, target, symbols).emit();
  rewriter.eraseOp(op);
  return success();
}

} // namespace heddle::microkernels
