//===- Emit.cpp - words of the naive lowerings ----------------------------===//

#include "compiler/conversion/Emit.h"
#include "dialects/scalar/Formula.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// By bits, since arith.truncf would be a library call on most machines.
Value heddle::conversion::asBf16(OpBuilder &builder, Location loc, Value x) {
  Value rounded = scalar::Formula{builder, loc}.bf16(x);
  Value bits =
      arith::BitcastOp::create(builder, loc, builder.getI32Type(), rounded);
  Value half = arith::ConstantIntOp::create(builder, loc, 16, 32);
  Value upper =
      arith::TruncIOp::create(builder, loc, builder.getI16Type(),
                              arith::ShRUIOp::create(builder, loc, bits, half));
  return arith::BitcastOp::create(builder, loc, builder.getBF16Type(), upper);
}

Value heddle::conversion::asTruth(OpBuilder &builder, Location loc,
                                  Value byte) {
  Value no = arith::ConstantOp::create(builder, loc,
                                       builder.getZeroAttr(byte.getType()));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, byte,
                               no);
}

void heddle::conversion::nest(FunctionLowering &lowering, ValueRange bounds,
                              function_ref<void(ValueRange)> body) {
  OpBuilder &builder = lowering.builder;
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> indices;
  for (Value bound : bounds) {
    auto loop =
        scf::ForOp::create(builder, lowering.loc(), lowering.constantIndex(0),
                           bound, lowering.constantIndex(1));
    builder.setInsertionPointToStart(loop.getBody());
    indices.push_back(loop.getInductionVar());
  }
  body(indices);
}

void heddle::conversion::forEachElement(FunctionLowering &lowering,
                                        const View &y,
                                        function_ref<Value(ValueRange)> value) {
  OpBuilder &builder = lowering.builder;
  unsigned rank = y.axes.size();
  AffineMap every = builder.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  linalg::GenericOp::create(
      builder, lowering.loc(), ValueRange(), y.memref, every, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(inner.getInsertionBlock());
        SmallVector<Value> at;
        for (unsigned axis = 0; axis < rank; ++axis)
          at.push_back(linalg::IndexOp::create(builder, loc, axis));
        linalg::YieldOp::create(builder, loc, value(at));
      });
}

Value heddle::conversion::fold(FunctionLowering &lowering, Value count,
                               Value init,
                               function_ref<Value(Value, Value)> step) {
  OpBuilder &builder = lowering.builder;
  auto loop =
      scf::ForOp::create(builder, lowering.loc(), lowering.constantIndex(0),
                         count, lowering.constantIndex(1), init);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value next = step(loop.getInductionVar(), loop.getRegionIterArg(0));
  scf::YieldOp::create(builder, lowering.loc(), next);
  return loop.getResult(0);
}

Value heddle::conversion::constantTable(FunctionLowering &lowering,
                                        ArrayRef<double> values) {
  SmallVector<float> narrow(values.begin(), values.end());
  auto type = RankedTensorType::get({static_cast<int64_t>(narrow.size())},
                                    lowering.builder.getF32Type());
  return constantTable(lowering,
                       DenseElementsAttr::get(type, ArrayRef<float>(narrow)));
}

Value heddle::conversion::constantTable(FunctionLowering &lowering,
                                        DenseElementsAttr data) {
  OpBuilder &builder = lowering.builder;
  auto type = MemRefType::get(data.getType().getShape(), data.getElementType());
  auto module =
      builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  memref::GlobalOp table;
  for (auto global : module.getOps<memref::GlobalOp>())
    if (global.getInitialValue() == data)
      table = global;
  if (!table) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    unsigned number = llvm::range_size(module.getOps<memref::GlobalOp>());
    table = memref::GlobalOp::create(
        builder, lowering.loc(), "table_" + std::to_string(number),
        builder.getStringAttr("private"), type, data, /*constant=*/true,
        /*alignment=*/builder.getI64IntegerAttr(64));
  }
  return memref::GetGlobalOp::create(builder, lowering.loc(), type,
                                     table.getSymName());
}
