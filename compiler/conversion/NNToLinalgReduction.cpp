//===- NNToLinalgReduction.cpp - reference code of what reduces an axis ---===//
//
// Norms, softmax, attention, sums along an axis. Sums run in the order of the
// axis, so that a result does not depend on what else is computed.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/PairRegion.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

namespace {
/// An axis of a view, and all the others as loops.
struct Along {
  Emit &emit;
  const View &view;
  unsigned axis;

  Value length() { return view.length(emit.lowering, axis); }

  /// The others' lengths.
  SmallVector<Value> bounds() {
    SmallVector<Value> lengths;
    for (unsigned i = 0; i < view.axes.size(); ++i)
      if (i != axis)
        lengths.push_back(view.length(emit.lowering, i));
    return lengths;
  }

  /// Full index from the others' indices and that along the axis.
  SmallVector<Value> at(ValueRange others, Value along) {
    SmallVector<Value> index(others);
    index.insert(index.begin() + axis, along);
    return index;
  }

  Value load(ValueRange others, Value along) {
    return emit.load(view, at(others, along));
  }

  Value sum(ValueRange others, function_ref<Value(Value)> of) {
    return fold(
        emit.lowering, length(), emit.number(0),
        [&](Value i, Value sum) { return emit.add(sum, of(load(others, i))); });
  }

  Value max(ValueRange others) {
    return fold(emit.lowering, length(), emit.lowest(),
                [&](Value i, Value largest) {
                  return emit.max(largest, load(others, i));
                });
  }

  /// y = f(x, its index along the axis)
  void store(const View &result, ValueRange others,
             function_ref<Value(Value, Value)> of) {
    nest(emit.lowering, length(), [&](ValueRange i) {
      emit.store(of(load(others, i[0]), i[0]), result, at(others, i[0]));
    });
  }
};
} // namespace

bool heddle::conversion::acrossTokens(FunctionLowering &lowering, Value x,
                                      StringRef axis) {
  auto type = cast<RankedTensorType>(x.getType());
  int at = nn::axesOf(x).find(axis);
  return lowering.formOf(type) == FunctionLowering::Form::Flat ||
         lowering.sizes.isRagged(lowering.sizes.axis(type, at));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// y · (offset + w) + b + the residual's element, of what there is.
template <typename Op>
static Value scaled(Emit &e, Op op, Value y, Value shift, Value d,
                    Value residual) {
  if (op.getWeight()) {
    Value w = e.load(e.lowering.view(op.getWeight(), nullptr), d);
    if (!op.getOffset().isZero())
      w = e.add(e.number(op.getOffset().convertToDouble()), w);
    y = e.mul(y, w);
  }
  if (shift)
    y = e.add(y, e.load(e.lowering.view(shift, nullptr), d));
  return residual ? e.add(residual, y) : y;
}

/// The element of a norm's residual, or null.
template <typename Op>
static Value residualOf(Emit &e, Op op, Value row, ValueRange at) {
  if (!op.getResidual())
    return {};
  return e.load(e.lowering.view(op.getResidual(), row), at);
}

static void lowerRmsNorm(nn::RmsNormOp op, FunctionLowering &lowering) {
  lowering.forRows(op, false, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    Along last{e, x, static_cast<unsigned>(x.axes.size() - 1)};
    nest(lowering, last.bounds(), [&](ValueRange lead) {
      Value count = e.real(last.length());
      Value mean =
          e.div(last.sum(lead, [&](Value v) { return e.mul(v, v); }), count);
      Value scale =
          e.div(e.number(1),
                e.sqrt(e.add(mean, e.number(op.getEps().convertToDouble()))));
      last.store(y, lead, [&](Value v, Value d) {
        return scaled(e, op, e.mul(v, scale), /*shift=*/Value(), d,
                      residualOf(e, op, row, last.at(lead, d)));
      });
    });
  });
}

static void lowerLayerNorm(nn::LayerNormOp op, FunctionLowering &lowering) {
  lowering.forRows(op, false, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    Along last{e, x, static_cast<unsigned>(x.axes.size() - 1)};
    nest(lowering, last.bounds(), [&](ValueRange lead) {
      Value count = e.real(last.length());
      Value mean = e.div(last.sum(lead, [](Value v) { return v; }), count);
      // Of a mean that is large beside the distances from it, what rounding
      // took: their own mean.
      auto roughly = [&](Value v) { return e.sub(v, mean); };
      Value rest = e.div(last.sum(lead, roughly), count);
      auto distance = [&](Value v) { return e.sub(roughly(v), rest); };
      auto square = [&](Value v) {
        Value far = distance(v);
        return e.mul(far, far);
      };
      Value variance = e.div(last.sum(lead, square), count);
      Value scale = e.div(
          e.number(1),
          e.sqrt(e.add(variance, e.number(op.getEps().convertToDouble()))));
      last.store(y, lead, [&](Value v, Value d) {
        return scaled(e, op, e.mul(distance(v), scale), op.getBias(), d,
                      residualOf(e, op, row, last.at(lead, d)));
      });
    });
  });
}

static void lowerNormalize(nn::NormalizeOp op, FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        Emit e{lowering};
        View x = lowering.view(op.getX(), row),
             y = lowering.resultView(op->getOpResult(0), row);
        Along along{e, x, static_cast<unsigned>(x.find(op.getAxis()))};
        nest(lowering, along.bounds(), [&](ValueRange others) {
          Value norm =
              e.sqrt(along.sum(others, [&](Value v) { return e.mul(v, v); }));
          norm = e.max(norm, e.number(op.getEps().convertToDouble()));
          along.store(y, others,
                      [&](Value v, Value) { return e.div(v, norm); });
        });
      });
}

//===----------------------------------------------------------------------===//
// Along an axis
//===----------------------------------------------------------------------===//

static void lowerSoftmax(nn::SoftmaxOp op, FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        Emit e{lowering};
        View x = lowering.view(op.getX(), row),
             y = lowering.resultView(op->getOpResult(0), row);
        Along along{e, x, static_cast<unsigned>(x.find(op.getAxis()))};
        nest(lowering, along.bounds(), [&](ValueRange others) {
          // Finite, so that exp(−∞ − largest) = 0 also where all is −∞; then
          // 0 / tiny = 0.
          Value largest = e.max(along.max(others), e.lowestFinite());
          Value sum = e.max(
              along.sum(others,
                        [&](Value v) { return e.exp(e.sub(v, largest)); }),
              e.tiny());
          along.store(y, others, [&](Value v, Value) {
            return e.div(e.exp(e.sub(v, largest)), sum);
          });
        });
      });
}

static void lowerReduce(nn::ReduceOp op, FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        Emit e{lowering};
        View x = lowering.view(op.getX(), row),
             y = lowering.resultView(op->getOpResult(0), row);
        Along along{e, x, static_cast<unsigned>(x.find(op.getAxis()))};
        nest(lowering, along.bounds(), [&](ValueRange others) {
          Value reduced = op.getKind() == nn::ReduceKind::Max
                              ? along.max(others)
                              : along.sum(others, [](Value v) { return v; });
          if (op.getKind() == nn::ReduceKind::Mean)
            reduced = e.div(reduced, e.real(along.length()));
          e.store(reduced, y, others);
        });
      });
}

static void lowerPick(nn::PickOp op, FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        Emit e{lowering};
        View x = lowering.view(op.getX(), row),
             y = lowering.resultView(op->getOpResult(0), row);
        Along along{e, x, static_cast<unsigned>(x.find(op.getAxis()))};
        Value at =
            op.getEnd() == nn::PickEnd::First
                ? lowering.constantIndex(0)
                : Value(arith::SubIOp::create(e.builder, e.loc, along.length(),
                                              lowering.constantIndex(1)));
        forEachElement(lowering, y, [&](ValueRange others) {
          return e.element(x, along.at(others, at));
        });
      });
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
/// One row of an attention: its operands without their first axis.
struct AttentionRow {
  View q, k, v, y;
  Value row;
};
} // namespace

/// Σ_d q[d] · k[d], or of what the region makes of both.
static Value rawScore(nn::AttentionOp op, Emit &e, const AttentionRow &of,
                      ValueRange query, ValueRange key) {
  FunctionLowering &lowering = e.lowering;
  View vector;
  if (op.getVector())
    vector = lowering.view(op.getVector(), nullptr);
  return fold(
      lowering, of.q.length(lowering, 2), e.number(0), [&](Value d, Value sum) {
        SmallVector<Value> elements = {e.load(of.q, {query[0], query[1], d}),
                                       e.load(of.k, {key[0], key[1], d})};
        if (op.getScore().empty())
          return e.add(sum, e.mul(elements[0], elements[1]));
        if (op.getVector())
          elements.push_back(vector.axes.size() > 1
                                 ? e.load(vector, {query[1], d})
                                 : e.load(vector, d));
        return e.add(
            sum, scalar::emitBody(op.getScore().front(), elements, e.builder));
      });
}

/// One query of one head at a time: its scores, their softmax, the sum of
/// values.
static void attendRow(nn::AttentionOp op, Emit &e, const AttentionRow &of) {
  FunctionLowering &lowering = e.lowering;
  auto [q, k, v, y, row] = of;
  int64_t shared = q.type().getDimSize(1) / k.type().getDimSize(1);
  Value before = lowering.heldBefore(nn::axesOf(op.getQ()).axisName(1), row);
  Value keys = k.length(lowering, 0);
  View scores{lowering.scratch(op, "scores", keys), {"score"}};
  nest(lowering, {q.length(lowering, 0), q.length(lowering, 1)},
       [&](ValueRange at) {
         Value t = at[0], h = at[1];
         Value g = arith::DivUIOp::create(e.builder, e.loc, h,
                                          lowering.constantIndex(shared));
         Value i = arith::AddIOp::create(e.builder, e.loc, t, before);
         // score[j] = capped(scale · raw score) + bias, −∞ where the pair is
         // not admitted
         nest(lowering, keys, [&](ValueRange key) {
           Value j = key[0];
           Value score = rawScore(op, e, of, {t, h}, {j, g});
           score = e.mul(score, e.number(op.getScale().convertToDouble()));
           if (op.getCap()) {
             Value cap = e.number(op.getCap()->convertToDouble());
             score = e.mul(cap, e.tanh(e.div(score, cap)));
           }
           if (!op.getBias().empty())
             score = e.add(
                 score,
                 PairRegion(lowering, op.getBias(), {row, h, i, j}).result());
           if (!op.getMask().empty()) {
             Value admitted =
                 PairRegion(lowering, op.getMask(), {row, h, i, j}).result();
             score = arith::SelectOp::create(e.builder, e.loc, admitted, score,
                                             e.lowest());
           }
           e.store(score, scores, j);
         });
         Along all{e, scores, 0};
         // A query that admits no key: exp(−∞ − lowest finite) = 0
         // everywhere, and 0 / tiny = 0.
         Value largest = e.max(all.max({}), e.lowestFinite()), sink;
         if (op.getSink()) {
           sink = e.load(lowering.view(op.getSink(), nullptr), h);
           largest = e.max(largest, sink);
         }
         all.store(scores, {},
                   [&](Value s, Value) { return e.exp(e.sub(s, largest)); });
         Value sum = all.sum({}, [](Value p) { return p; });
         if (sink)
           sum = e.add(sum, e.exp(e.sub(sink, largest)));
         sum = e.max(sum, e.tiny());
         nest(lowering, v.length(lowering, 2), [&](ValueRange d) {
           Value mixed =
               fold(lowering, keys, e.number(0), [&](Value j, Value soFar) {
                 return e.add(
                     soFar, e.mul(e.load(scores, j), e.load(v, {j, g, d[0]})));
               });
           e.store(e.div(mixed, sum), y, {t, h, d[0]});
         });
       });
}

static void lowerAttention(nn::AttentionOp op, FunctionLowering &lowering) {
  lowering.forRows(op, true, [&](Value row) {
    Emit e{lowering};
    AttentionRow whole{lowering.view(op.getQ(), row),
                       lowering.view(op.getK(), row),
                       lowering.view(op.getV(), row),
                       lowering.resultView(op->getOpResult(0), row), row};
    if (row)
      return attendRow(op, e, whole);
    nest(lowering, whole.q.length(lowering, 0), [&](ValueRange at) {
      attendRow(op, e,
                {whole.q.at(lowering, at[0]), whole.k.at(lowering, at[0]),
                 whole.v.at(lowering, at[0]), whole.y.at(lowering, at[0]),
                 at[0]});
    });
  });
}

static void lowerDot(nn::DotOp op, FunctionLowering &lowering) {
  lowering.forRows(op, true, [&](Value row) {
    Emit e{lowering};
    View a = lowering.view(op.getA(), row), b = lowering.view(op.getB(), row);
    View y = lowering.resultView(op->getOpResult(0), row);
    linalg::FillOp::create(e.builder, e.loc, e.number(0), y.memref);
    generic(lowering, {a, b}, y, op.getAxis(),
            [&](OpBuilder &inner, ValueRange scalars) -> Value {
              Value product = arith::MulFOp::create(
                  inner, e.loc, asF32(inner, e.loc, scalars[0]),
                  asF32(inner, e.loc, scalars[1]));
              return arith::AddFOp::create(inner, e.loc, scalars[2], product);
            });
  });
}

static void lowerMask(nn::MaskOp op, FunctionLowering &lowering) {
  lowering.forRows(op, true, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    Value before = lowering.heldBefore(op.getQuery(), row);
    forEachElement(lowering, y, [&](ValueRange at) {
      // Both may be called alike: queries stand before keys.
      int query = x.find(op.getQuery()), key = x.axes.size() - 1;
      while (x.axes[key] != op.getKey())
        --key;
      Value head = lowering.constantIndex(0);
      for (int axis = 0; axis < static_cast<int>(x.axes.size()); ++axis)
        if (axis != query && axis != key)
          head = at[axis];
      Value i = arith::AddIOp::create(e.builder, e.loc, at[query], before);
      Value admitted = PairRegion(lowering, op.getMask(),
                                  {row ? row : at[0], head, i, at[key]})
                           .result();
      return e.select(admitted, e.load(x, at), e.lowest());
    });
  });
}

void heddle::conversion::populateReductionToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::RmsNormOp>(lowerRmsNorm);
  patterns.add<nn::LayerNormOp>(lowerLayerNorm);
  patterns.add<nn::NormalizeOp>(lowerNormalize);
  patterns.add<nn::SoftmaxOp>(lowerSoftmax);
  patterns.add<nn::ReduceOp>(lowerReduce);
  patterns.add<nn::PickOp>(lowerPick);
  patterns.add<nn::AttentionOp>(lowerAttention);
  patterns.add<nn::DotOp>(lowerDot);
  patterns.add<nn::MaskOp>(lowerMask);
}
