//===- NNToLinalgAxes.cpp - reference lowering of what moves elements -----===//
//
// rearrange, expand, concat, split, topk, take.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToLinalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// Whether some value's rows have lengths of their own, so that the op goes row
/// by row and sees no axis of rows.
static bool hasRaggedRows(Operation *op, FunctionLowering &lowering) {
  auto isRagged = [&](Type type) {
    return lowering.formOf(cast<RankedTensorType>(type)) !=
           FunctionLowering::Form::Dense;
  };
  return llvm::any_of(op->getOperandTypes(), isRagged) ||
         llvm::any_of(op->getResultTypes(), isRagged);
}

/// How many of the first axes of a tensor its view has no dimension for: of a
/// row, the rows; of tokens line after line, the rows too.
static unsigned leadingAxes(Value tensor, const View &view) {
  return nn::axesOf(tensor).rank() - view.axes.size();
}

/// y[…, i, …] = x[…], where i counts the axes that make it up like digits.
static void lowerRearrange(nn::RearrangeOp op, FunctionLowering &lowering) {
  bool rowByRow = hasRaggedRows(op, lowering);
  if (rowByRow && op.getSource(0) != SmallVector<int64_t>{0})
    return lowering.refuse("moves rows that have lengths of their own");
  bool liesThere =
      op.isRenaming() && lowering.liesWhereItsOperandDoes(op->getOpResult(0));
  lowering.forRows(op, rowByRow, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    if (liesThere)
      return;
    unsigned lead = leadingAxes(op.getResult(), y);
    forEachElement(lowering, y, [&](ValueRange at) {
      SmallVector<Value> from(x.axes.size());
      for (auto [axis, index] : llvm::enumerate(at)) {
        Value rest = index;
        SmallVector<int64_t> source = op.getSource(axis + lead);
        for (int64_t digit : llvm::reverse(source)) {
          Value length = x.length(lowering, digit - lead);
          bool first = digit == source.front();
          from[digit - lead] = first ? rest : e.rest(rest, length);
          rest = first ? rest : e.over(rest, length);
        }
      }
      return e.element(x, from);
    });
  });
}

/// y[…, i, j, …] = x[…, i · |j| + j, …]
static void lowerExpand(nn::ExpandOp op, FunctionLowering &lowering) {
  bool rowByRow = hasRaggedRows(op, lowering);
  lowering.forRows(op, rowByRow, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned axis = op.getAxis() - leadingAxes(op.getResult(), y),
             count = op.getFactorCount();
    forEachElement(lowering, y, [&](ValueRange at) {
      SmallVector<Value> from(at.take_front(axis));
      Value place = at[axis];
      for (unsigned factor = axis + 1; factor < axis + count; ++factor)
        place = e.plus(e.times(place, y.length(lowering, factor)), at[factor]);
      from.push_back(place);
      llvm::append_range(from, at.drop_front(axis + count));
      return e.element(x, from);
    });
  });
}

/// The part of `whole` along its axis number `axis` that begins at `offset` and
/// is as long as `piece`; and the piece, its axes named alike. It may lack the
/// first ones.
static std::pair<View, View> partLike(Emit &e, const View &piece,
                                      const View &whole, unsigned axis,
                                      Value offset) {
  unsigned rank = whole.axes.size(), missing = rank - piece.axes.size();
  SmallVector<OpFoldResult> first(rank, e.builder.getIndexAttr(0)), size;
  first[axis] = offset;
  for (unsigned i = 0; i < rank; ++i)
    size.push_back(i == axis ? piece.mixedLength(e.lowering, i - missing)
                             : whole.mixedLength(e.lowering, i));
  View named{piece.memref, {whole.axes.begin() + missing, whole.axes.end()}};
  return {whole.part(e.lowering, first, size), named};
}

static void copyElements(FunctionLowering &lowering, const View &from,
                         const View &to) {
  generic(lowering, from, to, {},
          [](OpBuilder &, ValueRange scalars) { return scalars[0]; });
}

static void lowerConcat(nn::ConcatOp op, FunctionLowering &lowering) {
  bool rowByRow = hasRaggedRows(op, lowering);
  if (rowByRow && op.getAxis() == 0)
    return lowering.refuse("joins rows that have lengths of their own");
  lowering.forRows(op, rowByRow, [&](Value row) {
    Emit e{lowering};
    View y = lowering.resultView(op->getOpResult(0), row);
    unsigned axis = op.getAxis() - leadingAxes(op.getResult(), y);
    Value offset = e.index(0);
    for (Value operand : op.getOperands()) {
      View x = lowering.view(operand, row);
      auto [part, piece] = partLike(e, x, y, axis, offset);
      copyElements(lowering, piece, part);
      unsigned missing = y.axes.size() - x.axes.size();
      offset = e.plus(offset, x.length(lowering, axis - missing));
    }
  });
}

static void lowerSplit(nn::SplitOp op, FunctionLowering &lowering) {
  bool rowByRow = hasRaggedRows(op, lowering);
  if (rowByRow && op.getAxis() == 0)
    return lowering.refuse("splits rows that have lengths of their own");
  lowering.forRows(op, rowByRow, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row);
    unsigned axis = op.getAxis() - leadingAxes(op.getX(), x);
    Value offset = e.index(0);
    for (OpResult result : op->getOpResults()) {
      View y = lowering.resultView(result, row);
      auto [part, piece] = partLike(e, y, x, axis, offset);
      copyElements(lowering, part, piece);
      offset = e.plus(offset, y.length(lowering, axis));
    }
  });
}

/// One choice after another: the largest element behind the last one chosen,
/// in the order of falling values, then of rising indices.
static void lowerTopk(nn::TopkOp op, FunctionLowering &lowering) {
  lowering.forRows(op, false, [&](Value row) {
    Emit e{lowering};
    using P = Emit::Predicate;
    View x = lowering.view(op.getX(), row),
         values = lowering.resultView(op->getOpResult(0), row),
         indices = lowering.resultView(op->getOpResult(1), row);
    unsigned last = x.axes.size() - 1;
    auto floats = [&](arith::CmpFPredicate predicate, Value a, Value b) {
      return Value(arith::CmpFOp::create(e.builder, e.loc, predicate, a, b));
    };
    auto loopOver =
        [&](Value count, ValueRange init,
            function_ref<SmallVector<Value>(Value, ValueRange)> step)
        -> SmallVector<Value> {
      auto loop = scf::ForOp::create(e.builder, e.loc, e.index(0), count,
                                     e.index(1), init);
      OpBuilder::InsertionGuard guard(e.builder);
      e.builder.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> next =
          step(loop.getInductionVar(), loop.getRegionIterArgs());
      scf::YieldOp::create(e.builder, e.loc, next);
      return llvm::to_vector_of<Value>(loop.getResults());
    };
    SmallVector<Value> bounds = x.lengths(lowering);
    Value count = bounds.pop_back_val();
    nest(lowering, bounds, [&](ValueRange lead) {
      Value infinity = e.number(std::numeric_limits<float>::infinity());
      loopOver(
          values.length(lowering, last), {infinity, e.index(-1)},
          [&](Value choice, ValueRange before) -> SmallVector<Value> {
            // The best so far; `count` while there is none.
            auto consider = [&](Value i,
                                ValueRange best) -> SmallVector<Value> {
              SmallVector<Value> at(lead);
              at.push_back(i);
              Value v = e.load(x, at);
              Value behind = e.either(
                  floats(arith::CmpFPredicate::OLT, v, before[0]),
                  e.both(floats(arith::CmpFPredicate::OEQ, v, before[0]),
                         e.compare(P::sgt, i, before[1])));
              Value better =
                  e.either(floats(arith::CmpFPredicate::OGT, v, best[0]),
                           e.compare(P::eq, best[1], count));
              Value take = e.both(behind, better);
              return {e.select(take, v, best[0]), e.select(take, i, best[1])};
            };
            SmallVector<Value> best =
                loopOver(count, {e.lowest(), count}, consider);
            SmallVector<Value> at(lead);
            at.push_back(choice);
            e.store(best[0], values, at);
            // One of the axis in any case: it may choose a row of a table.
            Value chosen = arith::MinSIOp::create(e.builder, e.loc, best[1],
                                                  e.minus(count, e.index(1)));
            e.store(arith::IndexCastOp::create(e.builder, e.loc,
                                               e.builder.getI32Type(), chosen),
                    indices, at);
            return best;
          });
    });
  });
}

/// y[…, r…, …] = x[…, indices[…, r…], …]
static void lowerTake(nn::TakeOp op, FunctionLowering &lowering) {
  bool rowByRow = hasRaggedRows(op, lowering);
  lowering.forRows(op, rowByRow, [&](Value row) {
    Emit e{lowering};
    View x = lowering.view(op.getX(), row),
         indices = lowering.view(op.getIndices(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned rowsOfX = leadingAxes(op.getX(), x),
             rows = leadingAxes(op.getIndices(), indices);
    if (op.getAxis() < rowsOfX)
      return lowering.refuse("takes rows that have lengths of their own");
    unsigned axis = op.getAxis() - rowsOfX,
             batch = op.getBatchAxes() - std::min(rows, op.getBatchAxes()),
             own = indices.axes.size() - batch;
    forEachElement(lowering, y, [&](ValueRange at) {
      SmallVector<Value> chosenAt;
      for (StringRef name : ArrayRef(indices.axes).take_front(batch))
        chosenAt.push_back(
            at[x.find(name) < int(axis) ? x.find(name)
                                        : x.find(name) + own - 1]);
      llvm::append_range(chosenAt, at.slice(axis, own));
      SmallVector<Value> from(at.take_front(axis));
      from.push_back(arith::IndexCastOp::create(e.builder, e.loc,
                                                e.builder.getIndexType(),
                                                e.element(indices, chosenAt)));
      llvm::append_range(from, at.drop_front(axis + own));
      return e.element(x, from);
    });
  });
}

void heddle::conversion::populateAxesToLinalg(LoweringPatterns &patterns) {
  patterns.add<nn::RearrangeOp>(lowerRearrange);
  patterns.add<nn::ExpandOp>(lowerExpand);
  patterns.add<nn::ConcatOp>(lowerConcat);
  patterns.add<nn::SplitOp>(lowerSplit);
  patterns.add<nn::TopkOp>(lowerTopk);
  patterns.add<nn::TakeOp>(lowerTake);
}
