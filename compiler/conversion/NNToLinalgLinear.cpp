//===- NNToLinalgLinear.cpp - matrix products and tables, naively ---------===//

#include "compiler/conversion/NNToLinalg.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// Rows `first` … `first + count − 1` of a view.
static View slice(FunctionLowering &lowering, const View &view, int64_t first,
                  int64_t count) {
  if (first == 0 && view.type().getDimSize(0) == count)
    return view;
  OpBuilder &builder = lowering.builder;
  unsigned rank = view.axes.size();
  SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0)),
      strides(rank, builder.getIndexAttr(1)), extents;
  for (int64_t size : view.type().getShape())
    extents.push_back(builder.getIndexAttr(size));
  offsets.front() = builder.getIndexAttr(first);
  extents.front() = builder.getIndexAttr(count);
  return {memref::SubViewOp::create(builder, lowering.loc(), view.memref,
                                    offsets, extents, strides),
          view.axes};
}

/// y[…, n] = act(b[n] + Σ_k x[…, k] · W[n, k]), k rising.
LogicalResult conversion::lowerLinear(nn::LinearOp op,
                                      FunctionLowering &lowering) {
  Operation *weightOp = op.getWeight().getDefiningOp();
  if (weightOp && weightOp->hasAttr("layout"))
    return op.emitError("weight lies in panels, which only nn-to-kernel reads");
  if (op.getGated() || op.getResidual())
    return op.emitError("is fused, run nn-unfuse first");
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row);
    unsigned kept = x.axes.size() - op.getContracts();
    x = collapseFrom(lowering, x, kept, "in");
    View weight{lowering.view(op.getWeight(), nullptr).memref, {"out", "in"}};
    View bias;
    if (op.getBias())
      bias = View{lowering.view(op.getBias(), nullptr).memref, {"out"}};
    int64_t first = 0;
    for (OpResult result : op->getOpResults()) {
      int64_t size = op.getGroupSize(result.getResultNumber());
      View y =
          collapseFrom(lowering, lowering.resultView(result, row), kept, "out");
      if (op.getBias()) {
        generic(lowering, slice(lowering, bias, first, size), y, {},
                [&](OpBuilder &inner, ValueRange scalars) {
                  return asF32(inner, loc, scalars[0]);
                });
      } else {
        Value zero =
            arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
        linalg::FillOp::create(builder, loc, zero, y.memref);
      }
      generic(lowering, {x, slice(lowering, weight, first, size)}, y, {"in"},
              [&](OpBuilder &inner, ValueRange scalars) -> Value {
                Value product = arith::MulFOp::create(
                    inner, loc, scalars[0], asF32(inner, loc, scalars[1]));
                return arith::AddFOp::create(inner, loc, scalars[2], product);
              });
      if (auto activation = op.getActivation())
        generic(lowering, y, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
          return applyActivation(inner, loc, *activation, scalars[0]);
        });
      first += size;
    }
  });
  return success();
}

LogicalResult conversion::lowerEmbed(nn::EmbedOp op,
                                     FunctionLowering &lowering) {
  Location loc = lowering.loc();
  lowering.forRows(op, false, [&](Value row) {
    View ids = lowering.view(op.getIds(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    Value table = lowering.view(op.getTable(), nullptr).memref;
    unsigned leading = ids.axes.size();
    generic(lowering, ids, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
      SmallVector<Value> at{arith::IndexCastOp::create(
          inner, loc, inner.getIndexType(), scalars[0])};
      for (unsigned axis = leading; axis < y.axes.size(); ++axis)
        at.push_back(linalg::IndexOp::create(inner, loc, axis));
      return asF32(inner, loc, memref::LoadOp::create(inner, loc, table, at));
    });
  });
  return success();
}
