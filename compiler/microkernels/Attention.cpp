//===- Attention.cpp - kernel.attention as vector code --------------------===//
//
// y[t][r] = Σ_j p[j]·v[j], p = softmax_j(scale·q[t][r]·k[j] + bias), for the
// heads r of one key head. A row is one query of one head.
//
//   for as many queries as the second-level cache holds with their results:
//     for spans of keys that any of them admits:
//       m, l, o = of no keys
//       for blocks of keys that any of them admits:
//         kt = transposed block of k, unless all rows are one tile
//         for tiles of rows that admit keys of the block:
//           s = q·kt              scores of a tile and a block, nothing more,
//                                 or Σ_d f(q[d], kt[d], vector[d])
//           s = c · tanh(s / c)   where they are capped
//           s += bias, −∞         what the regions say, a vector of keys
//           s = 2^(s − m)         m the largest score of a row so far
//           l = l·alpha + Σ s     alpha: what the results so far shrink by
//           o = o·alpha + s·v
//       m, l, o merged with those of the spans before (AttentionSpans.cpp)
//     y = o / l
//
// With a sink m and the sum begin as after a key of that score and the value 0.
// A task that computes one span for others to merge ends with m, l, o.
//
// Spans and blocks begin at multiples of their size, and no step of a row
// depends on the tile or on how many keys lie behind those that it admits:
// those add +0 to sums, so that (with finite values) a row has the same bits in
// every call.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Attention.h"
#include "compiler/microkernels/AttentionEmitter.h"
#include "compiler/microkernels/Lanes.h"
#include "dialects/kernel/Spans.h"
#include "dialects/nn/Pairs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace heddle::microkernels {

/// What scores are multiplied with before they are capped, or else raised.
static float factorOf(kernel::AttentionOp op) {
  double scale = op.getScale().convertToDouble();
  return op.getCap() ? scale / op.getCap()->convertToDouble() : scale * M_LOG2E;
}

static AttentionShape shapeOf(kernel::AttentionOp op) {
  int64_t depth = op.getQ().getType().getDimSize(2),
          valueDepth = op.getY().getType().getDimSize(2);
  return {depth,
          valueDepth,
          stridesOf(op.getK())[0],
          stridesOf(op.getV())[0],
          tuning::keysOfBlock(std::max(depth, valueDepth)),
          op.getK().getType().getElementType(),
          op.getV().getType().getElementType(),
          op.getScore().empty() ? nullptr : &op.getScore().front(),
          factorOf(op)};
}

AttentionEmitter::AttentionEmitter(OpBuilder &builder, kernel::AttentionOp op,
                                   const Target &target, SymbolTable &symbols)
    : op(op), v(builder, op.getLoc(), target), symbols(symbols),
      shape(shapeOf(op)), kernels(v, symbols, shape),
      rowStates(v, shape.valueDepth), heads(op.getQ().getType().getDimSize(1)) {
}

//===----------------------------------------------------------------------===//
// Function
//===----------------------------------------------------------------------===//

void AttentionEmitter::collectCaptures() {
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value value : used)
    if (!matchPattern(value, m_Constant()))
      captures.push_back(value);
}

void AttentionEmitter::emitCall() {
  assert(kernel::ringKeys % shape.block == 0 && "a ring's end cuts a block");
  collectCaptures();
  Value tokens = memref::DimOp::create(v.builder, v.loc, op.getQ(), 0),
        kept = memref::DimOp::create(v.builder, v.loc, op.getK(), 0),
        keys = op.getRing() ? op.getRing() : kept;
  SmallVector<Value> operands = {v.addressOf(op.getQ()),
                                 v.addressOf(op.getK()),
                                 v.addressOf(op.getV()),
                                 v.addressOf(op.getY()),
                                 tokens,
                                 keys,
                                 op.getRow(),
                                 op.getHead(),
                                 op.getPosition()};
  for (Value extra :
       {Value(op.getSink()), Value(op.getVector()), Value(op.getStates())})
    if (extra)
      operands.push_back(v.addressOf(extra));
  if (op.getRing())
    operands.push_back(kept);
  if (op.getSpan())
    operands.push_back(op.getSpan());
  llvm::append_range(operands, captures);
  func::FuncOp function;
  {
    OpBuilder::InsertionGuard guard(v.builder);
    function =
        v.beginFunction(symbols, shape.name(), ValueRange(operands).getTypes());
    emitFunction(function.getArguments());
    func::ReturnOp::create(v.builder, v.loc);
  }
  func::CallOp::create(v.builder, v.loc, function, operands);
}

void AttentionEmitter::emitFunction(ValueRange arguments) {
  in = {arguments[0], arguments[1],
        arguments[2], arguments[3],
        arguments[4], arguments[5],
        arguments[6], arguments[7],
        arguments[8], {},
        {},           {},
        {},           {}};
  arguments = arguments.drop_front(9);
  auto next = [&](Value operand) -> Value {
    if (!operand)
      return {};
    Value argument = arguments.front();
    arguments = arguments.drop_front();
    return argument;
  };
  in.sink = next(op.getSink());
  in.vector = next(op.getVector());
  in.states = next(op.getStates());
  in.ring = next(op.getRing());
  in.span = next(op.getSpan());
  mapping.map(captures, arguments);
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value value : used)
    if (Operation *constant = value.getDefiningOp();
        constant && matchPattern(value, m_Constant()))
      mapping.map(value, v.builder.clone(*constant)->getResult(0));
  allocateScratch();

  v.loop(v.index(0), in.tokens, tokensOfBlock(), [&](Value firstToken) {
    Value count =
        smaller(minus(in.tokens, firstToken), v.index(tokensOfBlock()));
    forRows(count, [&](Value token, Value head, Value row) {
      beginRow(plus(firstToken, token), head, row);
    });
    Value rows = times(count, heads);
    Value tiles = make<arith::CeilDivUIOp>(rows, v.index(v.target.tile.rows));
    auto [from, to] = dealRows(rows, tiles);
    Value block = make<arith::DivUIOp>(from, v.index(shape.block)),
          base = times(block, shape.block);
    v.when(isDirect(tiles),
           [&] { kernels.prefetchKeys(keysFrom(base), minus(to, base)); });
    emitSpans(from, to, tiles, firstToken, count);
    forRows(count, [&](Value token, Value head, Value row) {
      finishRow(plus(firstToken, token), head, row);
    });
  });
}

void AttentionEmitter::allocateScratch() {
  int64_t rows = rowsOfBlock(), tileRows = v.target.tile.rows,
          lanes = v.target.lanes();
  scratch.q = v.stackFloats(rows * shape.depth);
  if (op.getVector())
    scratch.vector = v.stackFloats(rows * shape.depth);
  scratch.kt = v.stackFloats(shape.depth * shape.block);
  scratch.s = v.stackFloats(tileRows * shape.block);
  if (kernels.hasKeyScales())
    scratch.keyScales = v.stackFloats(shape.block);
  if (kernels.hasValueScales())
    scratch.valueScales = v.stackFloats(shape.block);
  for (States *states : {&whole, &aside})
    *states = {v.stackFloats(rows + lanes), v.stackFloats(rows * lanes),
               v.stackFloats(rows * shape.valueDepth)};
  scratch.alpha = v.stackFloats(2 * std::max(lanes, tileRows));
  scratch.from = v.stackFloats(rows);
  scratch.to = v.stackFloats(rows);
  scratch.tiles = v.stackFloats(llvm::divideCeil(rows, tileRows) * tileFields);
  if (!op.getBias().empty() && nn::dependsOnDistance(op.getBias()))
    scratch.bias = v.stackFloats(heads * distances());
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// body(token, head, row) for `count` tokens; row = token · R + head.
void AttentionEmitter::forRows(Value count,
                               function_ref<void(Value, Value, Value)> body) {
  v.loop(v.index(0), count, 1, [&](Value token) {
    v.loop(v.index(0), v.index(heads), 1, [&](Value head) {
      body(token, head, plus(times(token, heads), head));
    });
  });
}

/// The row's query and its head's vector side by side with those of others. A
/// product has its factor in the query.
void AttentionEmitter::copyQuery(Value token, Value head, Value row) {
  auto strides = stridesOf(op.getQ());
  Value source = v.advance(v.advance(in.q, times(token, strides[0])),
                           times(head, strides[1]));
  Value target = v.advance(scratch.q, times(row, shape.depth));
  Value factor = v.splat(shape.factor);
  rowStates.forColumns(shape.depth, [&](Value column, int64_t count) {
    Value q = v.loadFirst(v.advance(source, column), count);
    v.storeFirst(shape.score ? q : v.mul(q, factor), v.advance(target, column),
                 count);
  });
  if (!op.getVector())
    return;
  auto ofVector = stridesOf(op.getVector());
  Value vector = ofVector.size() > 1
                     ? v.advance(in.vector, times(head, ofVector[0]))
                     : in.vector;
  target = v.advance(scratch.vector, times(row, shape.depth));
  rowStates.forColumns(shape.depth, [&](Value column, int64_t count) {
    v.storeFirst(v.loadFirst(v.advance(vector, column), count),
                 v.advance(target, column), count);
  });
}

/// Whether this call is to leave the states of one span; null: it never is.
Value AttentionEmitter::isSpan() {
  return op.getSpan() ? Value(make<arith::CmpIOp>(arith::CmpIPredicate::sge,
                                                  in.span, v.index(0)))
                      : Value();
}

RowState AttentionEmitter::stateOf(const States &states, Value row) {
  return {v.advance(states.m, row),
          v.advance(states.l, times(row, v.target.lanes())),
          v.advance(states.o, times(row, shape.valueDepth))};
}

/// q, the softmax of no keys, and which keys are admitted.
void AttentionEmitter::beginRow(Value token, Value head, Value row) {
  copyQuery(token, head, row);
  RowState state = stateOf(whole, row);
  Value ofSpan = isSpan();
  auto withSink = [&] {
    rowStates.beginWithSink(state, v.advance(in.sink, head));
  };
  if (!op.getSink())
    rowStates.clear(state);
  else if (!ofSpan)
    withSink();
  else
    v.when(ofSpan, [&] { rowStates.clear(state); }, withSink);

  Value from = v.index(0), to = in.keys;
  if (!op.getKeys().empty()) {
    SmallVector<Value> admitted = evaluate(
        op.getKeys(), {in.row, plus(in.head, head), plus(in.position, token)});
    from = smaller(larger(admitted[0], from), in.keys);
    to = smaller(larger(admitted[1], v.index(0)), in.keys);
  }
  if (ofSpan) {
    Value begin = times(in.span, kernel::spanKeys),
          end = plus(begin, v.index(kernel::spanKeys));
    from = select(ofSpan, larger(from, begin), from);
    to = select(ofSpan, smaller(to, end), to);
  }
  storeIndex(from, v.advance(scratch.from, row));
  storeIndex(to, v.advance(scratch.to, row));
}

/// Keys from … to − 1, span by span. The first span needs no merging, and is
/// what the row has come to.
void AttentionEmitter::emitSpans(Value from, Value to, Value tiles,
                                 Value firstToken, Value tokens) {
  constexpr int64_t keys = kernel::spanKeys;
  Value first = make<arith::DivUIOp>(from, v.index(keys)),
        end = make<arith::CeilDivUIOp>(to, v.index(keys));
  v.loop(first, end, 1, [&](Value span) {
    scratch.states = aside;
    Value merged;
    if (!op.getSink()) {
      merged = make<arith::CmpIOp>(arith::CmpIPredicate::ne, span, first);
      scratch.states = {select(merged, aside.m, whole.m),
                        select(merged, aside.l, whole.l),
                        select(merged, aside.o, whole.o)};
    }
    auto forMerged = [&](function_ref<void(Value row)> body) {
      auto all = [&] { v.loop(v.index(0), times(tokens, heads), 1, body); };
      merged ? v.when(merged, all) : all();
    };
    forMerged([&](Value row) { rowStates.clear(stateOf(aside, row)); });
    Value begin = times(span, keys);
    Value base =
        larger(begin, times(make<arith::DivUIOp>(from, v.index(shape.block)),
                            shape.block));
    v.loop(base, smaller(plus(begin, v.index(keys)), to), shape.block,
           [&](Value base) { emitKeys(base, tiles, firstToken, tokens); });
    forMerged([&](Value row) {
      rowStates.merge(stateOf(aside, row), stateOf(whole, row));
    });
  });
}

void AttentionEmitter::finishRow(Value token, Value head, Value row) {
  RowState state = stateOf(whole, row);
  auto finish = [&] {
    auto strides = stridesOf(op.getY());
    rowStates.finish(state, v.advance(v.advance(in.y, times(token, strides[0])),
                                      times(head, strides[1])));
  };
  Value ofSpan = isSpan();
  if (!ofSpan)
    return finish();
  auto leave = [&] {
    Value before = make<arith::MulIOp>(in.span, in.tokens);
    Value number = plus(times(plus(before, token), heads), head);
    rowStates.copy(
        state,
        rowStates.inRecord(v.advance(
            in.states, times(number, kernel::stateFloats(shape.valueDepth)))));
  };
  v.when(ofSpan, leave, finish);
}

//===----------------------------------------------------------------------===//
// What the above is said with
//===----------------------------------------------------------------------===//

/// The values that a region yields.
SmallVector<Value> AttentionEmitter::evaluate(Region &region,
                                              ValueRange indices) {
  IRMapping values(mapping);
  values.map(region.front().getArguments(), indices);
  for (Operation &inner : region.front().without_terminator())
    v.builder.clone(inner, values);
  return llvm::map_to_vector(
      region.front().getTerminator()->getOperands(),
      [&](Value value) { return values.lookupOrDefault(value); });
}

/// The value that a region over pairs yields for neighbouring keys; `indices`
/// are those of the first.
Value AttentionEmitter::evaluateLanes(Region &region, ValueRange indices,
                                      Value mask) {
  Lanes lanes(v, mapping);
  for (unsigned i = 0; i < 3; ++i)
    lanes.setScalar(region.getArgument(i), indices[i]);
  lanes.setIndex(region.getArgument(3), indices[3]);
  lanes.evaluate(region.front(), mask);
  return lanes.vector(region.front().getTerminator()->getOperand(0));
}

Value AttentionEmitter::both(arith::CmpIPredicate predicate, Value a, Value b,
                             arith::CmpIPredicate otherPredicate, Value c,
                             Value d) {
  return make<arith::AndIOp>(
      arith::CmpIOp::create(v.builder, v.loc, predicate, a, b),
      arith::CmpIOp::create(v.builder, v.loc, otherPredicate, c, d));
}

Value AttentionEmitter::loadIndex(Value pointer) {
  Value number = LLVM::LoadOp::create(v.builder, v.loc, v.builder.getI32Type(),
                                      pointer, 4);
  return arith::IndexCastOp::create(v.builder, v.loc, v.builder.getIndexType(),
                                    number);
}

void AttentionEmitter::storeIndex(Value number, Value pointer) {
  Value narrow = arith::IndexCastOp::create(v.builder, v.loc,
                                            v.builder.getI32Type(), number);
  LLVM::StoreOp::create(v.builder, v.loc, narrow, pointer, 4);
}

void lowerAttention(RewriterBase &rewriter, kernel::AttentionOp op,
                    const Target &target, SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  AttentionEmitter(rewriter, op, target, symbols).emitCall();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
