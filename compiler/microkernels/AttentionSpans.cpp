//===- AttentionSpans.cpp - softmaxes of spans of keys --------------------===//
//
// kernel.merge_spans, and what kernel.attention does between two spans:
//
//   m' = max(m, m₁), l' = 2^(m − m')·l + 2^(m₁ − m')·l₁, o' likewise
//
// A span of which the row admits no key changes nothing, and the first of which
// it does is copied: whether a task has gone over spans without admitted keys,
// and where spans were computed, cannot be seen in the bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/AttentionSpans.h"
#include "compiler/microkernels/VectorMath.h"
#include "dialects/kernel/Spans.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <limits>

using namespace mlir;

namespace heddle::microkernels {

static constexpr float lowest = std::numeric_limits<float>::lowest();

void RowStates::forColumns(int64_t width,
                           function_ref<void(Value, int64_t)> body) {
  int64_t lanes = v.target.lanes(), tail = width % lanes;
  v.loop(v.index(0), v.index(width - tail), lanes,
         [&](Value column) { body(column, lanes); });
  if (tail)
    body(v.index(width - tail), tail);
}

void RowStates::clear(const RowState &state) {
  v.storeFirstLane(v.splat(lowest), state.m);
  v.store(v.splat(0), state.l);
  forColumns(depth, [&](Value column, int64_t count) {
    v.storeFirst(v.splat(0), v.advance(state.o, column), count);
  });
}

void RowStates::beginWithSink(const RowState &state, Value sink) {
  clear(state);
  Value score = v.mul(v.loadSplat(sink), v.splat(static_cast<float>(M_LOG2E)));
  v.storeFirstLane(v.atLeast(score, v.splat(lowest)), state.m);
  v.storeFirstLane(v.splat(1), state.l);
}

void RowStates::copy(const RowState &from, const RowState &to) {
  v.storeFirstLane(v.loadSplat(from.m), to.m);
  v.store(v.loadVector(from.l), to.l);
  forColumns(depth, [&](Value column, int64_t count) {
    v.storeFirst(v.loadFirst(v.advance(from.o, column), count),
                 v.advance(to.o, column), count);
  });
}

/// What is no number is not empty either.
void RowStates::whenNotEmpty(Value m, function_ref<void()> then,
                             function_ref<void()> otherwise) {
  Value number = LLVM::LoadOp::create(v.builder, v.loc, v.builder.getF32Type(),
                                      m, 4),
        bound = arith::ConstantOp::create(v.builder, v.loc,
                                          v.builder.getF32FloatAttr(lowest));
  Value holds = arith::CmpFOp::create(v.builder, v.loc,
                                      arith::CmpFPredicate::UNE, number, bound);
  v.when(holds, then, otherwise);
}

void RowStates::merge(const RowState &span, const RowState &into) {
  auto both = [&] {
    Value ofSpan = v.loadSplat(span.m), before = v.loadSplat(into.m);
    Value m = v.atLeast(ofSpan, before);
    Value a = emitExp2OfNegative(v, v.sub(before, m)),
          b = emitExp2OfNegative(v, v.sub(ofSpan, m));
    auto sum = [&](Value x, Value added) {
      return v.mulAdd(x, a, v.mul(added, b));
    };
    v.storeFirstLane(m, into.m);
    v.store(sum(v.loadVector(into.l), v.loadVector(span.l)), into.l);
    forColumns(depth, [&](Value column, int64_t count) {
      Value place = v.advance(into.o, column);
      v.storeFirst(sum(v.loadFirst(place, count),
                       v.loadFirst(v.advance(span.o, column), count)),
                   place, count);
    });
  };
  whenNotEmpty(
      span.m, [&] { whenNotEmpty(into.m, both, [&] { copy(span, into); }); },
      nullptr);
}

void RowStates::finish(const RowState &state, Value y) {
  Value l = v.sumOfLanes(v.loadVector(state.l));
  Value inverse = v.div(
      v.splat(1), v.atLeast(l, v.splat(std::numeric_limits<float>::min())));
  forColumns(depth, [&](Value column, int64_t count) {
    Value o = v.loadFirst(v.advance(state.o, column), count);
    v.storeFirst(v.mul(o, inverse), v.advance(y, column), count);
  });
}

RowState RowStates::inRecord(Value record) {
  return {record, v.advance(record, kernel::stateSums),
          v.advance(record, kernel::stateValues)};
}

//===----------------------------------------------------------------------===//
// kernel.merge_spans
//===----------------------------------------------------------------------===//

/// for tokens, heads: state = that of span 0, 1 …; y = what it comes to.
static void emitMerge(VectorBuilder &v, kernel::MergeSpansOp op,
                      ValueRange arguments) {
  MemRefType type = op.getY().getType();
  int64_t heads = type.getDimSize(1), depth = type.getDimSize(2);
  auto strides = stridesOf(op.getY());
  Value states = arguments[0], y = arguments[1], tokens = arguments[2],
        count = arguments[3],
        sink = arguments.size() > 4 ? arguments[4] : Value();
  RowStates rows(v, depth);
  RowState sum = {v.stackFloats(1), v.stackFloats(v.target.lanes()),
                  v.stackFloats(depth)};
  auto plus = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(v.builder, v.loc, a, b);
  };
  auto product = [&](Value a, Value b) -> Value {
    return arith::MulIOp::create(v.builder, v.loc, a, b);
  };
  auto times = [&](Value a, int64_t b) { return product(a, v.index(b)); };
  Value ofSpan = times(tokens, heads);
  v.loop(v.index(0), tokens, 1, [&](Value token) {
    v.loop(v.index(0), v.index(heads), 1, [&](Value head) {
      sink ? rows.beginWithSink(sum, v.advance(sink, head)) : rows.clear(sum);
      Value row = plus(times(token, heads), head);
      v.loop(v.index(0), count, 1, [&](Value span) {
        Value number = plus(product(span, ofSpan), row);
        rows.merge(rows.inRecord(v.advance(
                       states, times(number, kernel::stateFloats(depth)))),
                   sum);
      });
      rows.finish(sum, v.advance(v.advance(y, times(token, strides[0])),
                                 times(head, strides[1])));
    });
  });
}

void lowerMergeSpans(RewriterBase &rewriter, kernel::MergeSpansOp op,
                     const Target &target, SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  VectorBuilder v(rewriter, op.getLoc(), target);
  SmallVector<Value> operands = {
      v.addressOf(op.getStates()), v.addressOf(op.getY()),
      memref::DimOp::create(rewriter, op.getLoc(), op.getY(), 0),
      op.getCount()};
  if (op.getSink())
    operands.push_back(v.addressOf(op.getSink()));
  func::FuncOp function;
  {
    OpBuilder::InsertionGuard guard(rewriter);
    function = v.beginFunction(symbols, "merge_spans",
                               ValueRange(operands).getTypes());
    emitMerge(v, op, function.getArguments());
    func::ReturnOp::create(rewriter, op.getLoc());
  }
  func::CallOp::create(rewriter, op.getLoc(), function, operands);
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
