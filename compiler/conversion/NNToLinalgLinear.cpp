//===- NNToLinalgLinear.cpp - matrix products and tables, naively ---------===//

#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/PanelWeight.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using kernel::MatrixShape;
using kernel::PackedLayout;
using kernel::PackedType;
using kernel::QuantisedRow;

//===----------------------------------------------------------------------===//
// Quantised rows
//===----------------------------------------------------------------------===//

namespace {

/// A matrix of quantised rows: bytes, as QuantisedRow says.
class Rows {
public:
  Rows(FunctionLowering &lowering, const View &view, const QuantisedRow &row)
      : emit(lowering), view(view), row(row) {}

  bool isGrouped() const { return row.isGrouped(); }
  Value count() { return emit.index(row.groupCount()); }
  /// The largest q.
  double largest() const { return row.largest(); }
  /// Elements of a group; of the last one, with padding, which is zero.
  int64_t groupSize() const { return row.isGrouped() ? row.group : row.inputs; }

  /// q[k] as i32.
  Value integer(ValueRange lead, Value k) {
    Value first = signedByte(lead, k);
    if (!row.wide)
      return first;
    Value low =
        signedByte(lead, emit.plus(k, emit.index(row.lowBytesOffset())));
    return emit.plus(emit.times(first, integer(255)), low);
  }
  /// q is an i32.
  void setInteger(Value q, ValueRange lead, Value k) {
    auto store = [&](Value byte, Value at) {
      storeBytes(emit,
                 arith::TruncIOp::create(emit.builder, emit.loc,
                                         emit.builder.getI8Type(), byte),
                 view.memref, lead, at);
    };
    if (!row.wide)
      return store(q, k);
    Value high = arith::FloorDivSIOp::create(
        emit.builder, emit.loc, emit.plus(q, integer(127)), integer(255));
    store(high, k);
    store(emit.minus(q, emit.times(high, integer(255))),
          emit.plus(k, emit.index(row.lowBytesOffset())));
  }
  /// M / L of a row, or the unit of groups.
  Value scale(ValueRange lead) {
    return asFloat(word(lead, emit.index(row.scaleOffset())));
  }
  void setScale(Value scale, ValueRange lead) {
    storeBytes(emit, bitsOf(scale), view.memref, lead,
               emit.index(row.scaleOffset()));
  }
  /// 2^high + 2^low of a group.
  Value multiple(ValueRange lead, Value group) {
    auto power = [&](int64_t strip) {
      return asFloat(emit.plus(word(lead, offset(strip, group)), bits(1)));
    };
    return emit.add(power(row.highOffset()), power(row.lowOffset()));
  }
  /// The least one from `least` ≥ 2 on; returns it.
  Value setMultiple(Value least, ValueRange lead, Value group) {
    // The power of two below a number, not the number itself.
    auto powerBelow = [&](Value number) {
      Value below = emit.minus(bitsOf(number), integer(1));
      return asFloat(emit.both(below, integer(0x7f800000)));
    };
    auto store = [&](Value power, int64_t strip) {
      storeBytes(emit, emit.minus(bitsOf(power), bits(1)), view.memref, lead,
                 offset(strip, group));
    };
    Value high = powerBelow(least);
    Value low =
        emit.max(emit.number(1),
                 emit.mul(emit.number(2), powerBelow(emit.sub(least, high))));
    store(high, row.highOffset());
    store(low, row.lowOffset());
    return emit.add(high, low);
  }

private:
  Value signedByte(ValueRange lead, Value at) {
    Value byte = loadBytes(emit, view.memref, lead, at, 1);
    return arith::ExtSIOp::create(emit.builder, emit.loc,
                                  emit.builder.getI32Type(), byte);
  }
  Value offset(int64_t strip, Value group) {
    return emit.plus(emit.index(strip), emit.times(group, emit.index(4)));
  }
  Value word(ValueRange lead, Value offset) {
    return loadBytes(emit, view.memref, lead, offset, 4);
  }
  Value integer(int32_t number) {
    return arith::ConstantIntOp::create(emit.builder, emit.loc,
                                        emit.builder.getI32Type(), number);
  }
  Value bits(double number) { return bitsOf(emit.number(number)); }
  Value bitsOf(Value number) {
    return arith::BitcastOp::create(emit.builder, emit.loc,
                                    emit.builder.getI32Type(), number);
  }
  Value asFloat(Value bits) {
    return arith::BitcastOp::create(emit.builder, emit.loc,
                                    emit.builder.getF32Type(), bits);
  }

  Emit emit;
  View view;
  QuantisedRow row;
};

} // namespace

/// The largest magnitude of the `count` elements of x from `first` on.
static Value largestMagnitude(FunctionLowering &lowering, const View &x,
                              ValueRange lead, Value first, Value count) {
  Emit emit(lowering);
  return fold(lowering, count, emit.number(0), [&](Value k, Value largest) {
    SmallVector<Value> at(lead);
    at.push_back(emit.plus(first, k));
    return emit.max(largest, math::AbsFOp::create(emit.builder, emit.loc,
                                                  emit.load(x, at)));
  });
}

/// q = round(x · inverse), of as many elements.
static void storeRounded(FunctionLowering &lowering, const View &x, Rows &rows,
                         ValueRange lead, Value first, Value count,
                         Value inverse) {
  Emit emit(lowering);
  double largest = rows.largest();
  nest(lowering, count, [&](ValueRange k) {
    SmallVector<Value> at(lead);
    at.push_back(emit.plus(first, k[0]));
    Value q = math::RoundEvenOp::create(emit.builder, emit.loc,
                                        emit.mul(emit.load(x, at), inverse));
    // Without effect but on what is infinite or not a number.
    q = arith::MinNumFOp::create(emit.builder, emit.loc, q,
                                 emit.number(largest));
    q = arith::MaxNumFOp::create(emit.builder, emit.loc, q,
                                 emit.number(-largest));
    rows.setInteger(arith::FPToSIOp::create(emit.builder, emit.loc,
                                            emit.builder.getI32Type(), q),
                    lead, at.back());
  });
}

/// The sums of q that kernels begin with stay zero: the products below do
/// without.
static void quantise(FunctionLowering &lowering, const View &x, const View &y,
                     const QuantisedRow &layout) {
  Emit emit(lowering);
  Value zero = arith::ConstantIntOp::create(emit.builder, emit.loc,
                                            emit.builder.getI8Type(), 0);
  linalg::FillOp::create(emit.builder, emit.loc, zero, y.memref);
  Rows rows(lowering, y, layout);
  unsigned leading = x.axes.size() - 1;
  nest(lowering, x.lengths(lowering, leading), [&](ValueRange leads) {
    SmallVector<Value> lead(leads);
    Value none = emit.index(0), all = emit.index(layout.inputs);
    Value largest = emit.max(largestMagnitude(lowering, x, lead, none, all),
                             emit.number(layout.leastMagnitude()));
    Value limit = emit.number(layout.largest());
    if (!layout.isGrouped()) {
      rows.setScale(emit.div(largest, limit), lead);
      return storeRounded(lowering, x, rows, lead, none, all,
                          emit.div(limit, largest));
    }
    Value multiples = emit.number(QuantisedRow::largestMultiple);
    Value unit = emit.div(largest, emit.mul(limit, multiples));
    rows.setScale(unit, lead);
    nest(lowering, rows.count(), [&](ValueRange group) {
      Value size = emit.index(rows.groupSize());
      // A group may lie beyond the end.
      Value first = arith::MinUIOp::create(emit.builder, emit.loc,
                                           emit.times(group[0], size), all);
      Value count = arith::MinUIOp::create(emit.builder, emit.loc,
                                           emit.minus(all, first), size);
      Value share =
          emit.div(largestMagnitude(lowering, x, lead, first, count), largest);
      // What is not a number, as its unit is, counts as little.
      Value least = arith::MaxNumFOp::create(
          emit.builder, emit.loc, emit.mul(share, multiples), emit.number(2));
      Value scale = emit.mul(unit, rows.setMultiple(least, lead, group[0]));
      storeRounded(lowering, x, rows, lead, first, count,
                   emit.div(emit.number(1), scale));
    });
  });
}

static void lowerNarrow(nn::NarrowOp op, FunctionLowering &lowering) {
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    x = x.collapseFrom(lowering, x.axes.size() - op.getContracts(), "in");
    y.axes.back() = "in";
    auto type = cast<RankedTensorType>(op.getType());
    if (isa<nn::DynamicType>(type.getElementType()))
      return quantise(lowering, x, y, nn::quantisedRow(type));
    generic(lowering, x, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
      return asBf16(inner, lowering.loc(),
                    asF32(inner, lowering.loc(), scalars[0]));
    });
  });
}

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
    Rows rows(lowering, x, quantisedRow);
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
  patterns.add<nn::NarrowOp>(lowerNarrow);
  patterns.add<nn::EmbedOp>(lowerEmbed);
}
