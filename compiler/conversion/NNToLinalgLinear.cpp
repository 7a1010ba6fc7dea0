//===- NNToLinalgLinear.cpp - matrix products and tables, naively ---------===//

#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/QuantisedRows.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using kernel::MatrixShape;
using kernel::PackedLayout;
using kernel::PackedType;
using kernel::QuantisedRow;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// y[…, n] += Σ_k x[…, k] · W[n, k], k rising.
static void addProduct(FunctionLowering &lowering, const View &x,
                       const View &weight, const View &y) {
  Location loc = lowering.loc();
  generic(lowering, {x, weight}, y, {"in"},
          [&](OpBuilder &inner, ValueRange scalars) -> Value {
            Value product =
                arith::MulFOp::create(inner, loc, asF32(inner, loc, scalars[0]),
                                      asF32(inner, loc, scalars[1]));
            return arith::AddFOp::create(inner, loc, scalars[2], product);
          });
}

namespace {

/// The sums of one result of a product, element by element.
class Sums {
public:
  /// `x` is collapsed to its kept axes and `in`. Column 0 is the weight's
  /// `firstColumn`.
  Sums(FunctionLowering &lowering, nn::LinearOp op, View x, Value weight,
       int64_t firstColumn)
      : emit(lowering), lowering(lowering), x(std::move(x)), weight(weight),
        firstColumn(firstColumn), layout(panelsOf(op.getWeight())) {
    auto type = cast<RankedTensorType>(op.getWeight().getType());
    auto ofX = cast<RankedTensorType>(op.getX().getType());
    if (isa<nn::DynamicType>(ofX.getElementType()))
      quantisedRow = nn::quantisedRow(ofX);
    if (op.getBias())
      bias = View{lowering.view(op.getBias(), nullptr).memref, {"out"}};
    if (layout)
      matrix = layout->matrix(type.getShape());
  }

  /// b[n] + Σ_k x[…, k] · W[n, k], k rising.
  Value at(ValueRange lead, Value column) {
    Value n = emit.plus(column, emit.index(firstColumn));
    Value start = bias.memref ? emit.load(bias, n) : emit.number(0);
    if (layout)
      return emit.add(start, ofIntegers(lead, n));
    Value inputs = x.length(lowering, x.axes.size() - 1);
    return fold(lowering, inputs, start, [&](Value k, Value sum) {
      SmallVector<Value> place(lead);
      place.push_back(k);
      Value w = asF32(emit.builder, emit.loc,
                      memref::LoadOp::create(emit.builder, emit.loc, weight,
                                             ValueRange{n, k}));
      return emit.add(sum, emit.mul(emit.load(x, place), w));
    });
  }

private:
  /// Σ_g (Σ_{k in g} q[…, k] · w[n, k]) · dx[…, g] · dw[n, g]; dx is a scale of
  /// all of the row times, of groups, a multiple for each. Minima, of what is
  /// not less by the zero point, add their own product with Σ q.
  Value ofIntegers(ValueRange lead, Value n) {
    PanelWeight panels(lowering, weight, *layout, matrix);
    QuantisedRows rows(lowering, x, quantisedRow);
    Value column = panels.columnOf(n);
    Value size = emit.index(rows.groupSize());
    auto addGroup = [&](Value group, Value sum) {
      Value first = emit.times(group, size);
      Value zero = arith::ConstantIntOp::create(emit.builder, emit.loc,
                                                emit.builder.getI32Type(), 0);
      Value dot = fold(lowering, size, zero, [&](Value i, Value soFar) {
        Value k = emit.plus(first, i);
        return emit.plus(soFar, emit.times(rows.integer(lead, k),
                                           panels.integer(column, k)));
      });
      Value real = arith::SIToFPOp::create(emit.builder, emit.loc,
                                           emit.builder.getF32Type(), dot);
      if (!rows.isGrouped())
        return emit.add(sum, emit.mul(real, panels.scale(column, first)));
      Value multiple = rows.multiple(lead, group);
      sum = emit.add(
          sum, emit.mul(emit.mul(real, multiple), panels.scale(column, first)));
      if (!layout->format().hasMinima)
        return sum;
      Value total = fold(lowering, size, zero, [&](Value i, Value soFar) {
        return emit.plus(soFar, rows.integer(lead, emit.plus(first, i)));
      });
      Value realTotal = arith::SIToFPOp::create(
          emit.builder, emit.loc, emit.builder.getF32Type(), total);
      return emit.add(sum, emit.mul(emit.mul(realTotal, multiple),
                                    panels.middle(column, first)));
    };
    Value sum = fold(lowering, rows.count(), emit.number(0), addGroup);
    return emit.mul(sum, rows.scale(lead));
  }

  Emit emit;
  FunctionLowering &lowering;
  View x;
  Value weight;
  int64_t firstColumn;
  std::optional<PackedLayout> layout;
  MatrixShape matrix;
  QuantisedRow quantisedRow;
  View bias;
};

} // namespace

/// What the epilogue makes of the elements, at the builder's place.
static Value applyEpilogue(nn::LinearOp op, ValueRange elements,
                           OpBuilder &builder) {
  return op.hasEpilogue()
             ? scalar::emitBody(op.getEpilogue().front(), elements, builder)
             : elements[0];
}

/// y[…, n] = epilogue(sum[, second sum], others[…, n] …). An element is written
/// after all that it is made of has been read: one of the others may lie where
/// y does.
static void lowerResult(nn::LinearOp op, OpResult result, int64_t firstColumn,
                        Value row, FunctionLowering &lowering) {
  Emit emit(lowering);
  View x = lowering.view(op.getX(), row);
  unsigned kept = x.axes.size() - op.getContracts();
  x = x.collapseFrom(lowering, kept, "in");
  Value weight = lowering.view(op.getWeight(), nullptr).memref;
  int64_t size = op.getGroupSize(result.getResultNumber());
  SmallVector<Sums, 0> sums;
  for (unsigned half = 0; half < op.getSumCount(); ++half)
    sums.emplace_back(lowering, op, x, weight, firstColumn + half * size);
  SmallVector<View> others;
  for (Value other : op.getOthers()) {
    bool isMatrix = other.getType() == result.getType();
    View view = lowering.view(other, isMatrix ? row : nullptr);
    others.push_back(
        view.axes.empty()
            ? view
            : view.collapseFrom(lowering, isMatrix ? kept : 0, "out"));
  }
  View y = lowering.resultView(result, row).collapseFrom(lowering, kept, "out");
  forEachElement(lowering, y, [&](ValueRange at) {
    SmallVector<Value> elements;
    for (Sums &sum : sums)
      elements.push_back(sum.at(at.drop_back(), at.back()));
    for (const View &other : others)
      elements.push_back(emit.load(other, at.take_back(other.axes.size())));
    return applyEpilogue(op, elements, emit.builder);
  });
}

/// The same as a linalg.generic, which has vector code, of what can be written
/// more than once: y = b + x·W, then y = epilogue(y).
static void lowerInPlace(nn::LinearOp op, OpResult result, int64_t firstColumn,
                         Value row, FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  View x = lowering.view(op.getX(), row);
  unsigned kept = x.axes.size() - op.getContracts();
  x = x.collapseFrom(lowering, kept, "in");
  int64_t size = op.getGroupSize(result.getResultNumber());
  View y = lowering.resultView(result, row).collapseFrom(lowering, kept, "out");
  if (op.getBias()) {
    View bias{lowering.view(op.getBias(), nullptr).memref, {"out"}};
    generic(lowering, bias.slice(lowering, firstColumn, size), y, {},
            [&](OpBuilder &inner, ValueRange scalars) {
              return asF32(inner, loc, scalars[0]);
            });
  } else {
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    linalg::FillOp::create(builder, loc, zero, y.memref);
  }
  Value weight = lowering.view(op.getWeight(), nullptr).memref;
  addProduct(lowering, x,
             View{weight, {"out", "in"}}.slice(lowering, firstColumn, size), y);
  if (op.hasEpilogue())
    generic(lowering, y, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
      return applyEpilogue(op, scalars.take_front(), inner);
    });
}

static void lowerLinear(nn::LinearOp op, FunctionLowering &lowering) {
  std::optional<PackedLayout> layout = panelsOf(op.getWeight());
  if (layout && !kernel::isQuantised(layout->type))
    return lowering.refuse(
        "weight lies in panels, which only nn-to-kernel reads");
  bool isWrittenOnce = layout || op.getPaired() || !op.getOthers().empty();
  lowering.forRows(op, false, [&](Value row) {
    int64_t first = 0;
    for (OpResult result : op->getOpResults()) {
      if (isWrittenOnce)
        lowerResult(op, result, first, row, lowering);
      else
        lowerInPlace(op, result, first, row, lowering);
      first += op.getGroupSize(result.getResultNumber());
    }
  });
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// y[…, d] = table[ids[…], d], in whatever panels a product reads the table.
static void lowerEmbedInPanels(nn::EmbedOp op, const PackedLayout &layout,
                               FunctionLowering &lowering) {
  auto tableType = cast<RankedTensorType>(op.getTable().getType());
  MatrixShape matrix = layout.matrix(tableType.getShape());
  lowering.forRows(op, false, [&](Value row) {
    Emit emit(lowering);
    View ids = lowering.view(op.getIds(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned leading = ids.axes.size();
    y = y.collapseFrom(lowering, leading, "columns");
    PanelWeight table(lowering, lowering.view(op.getTable(), nullptr).memref,
                      layout, matrix);
    nest(lowering, y.lengths(lowering, leading + 1), [&](ValueRange at) {
      SmallVector<Value> all(at);
      Value id = arith::IndexCastOp::create(
          emit.builder, emit.loc, emit.builder.getIndexType(),
          emit.element(ids, at.take_front(leading)));
      emit.store(table.element(table.columnOf(id), at[leading]), y, all);
    });
  });
}

static void lowerEmbed(nn::EmbedOp op, FunctionLowering &lowering) {
  if (auto layout = panelsOf(op.getTable()))
    return lowerEmbedInPanels(op, *layout, lowering);
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
}

void conversion::populateLinearToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::LinearOp>(lowerLinear);
  patterns.add<nn::EmbedOp>(lowerEmbed);
}
