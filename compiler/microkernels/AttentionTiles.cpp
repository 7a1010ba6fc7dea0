//===- AttentionTiles.cpp - a tile of rows and a block of keys ------------===//

#include "compiler/microkernels/AttentionEmitter.h"
#include "compiler/microkernels/Lanes.h"
#include "compiler/microkernels/VectorMath.h"
#include "dialects/nn/Pairs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;

namespace heddle::microkernels {

static constexpr float log2OfE = 1.44269504f;

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Deals rows to tiles as evenly as possible and notes what each tile is.
/// Returns the range of keys that any row admits.
std::pair<Value, Value> AttentionEmitter::dealRows(Value rows, Value tiles) {
  Value none = v.index(0);
  auto range = v.loop(
      none, tiles, 1, {in.keys, none}, [&](Value number, ValueRange soFar) {
        auto firstOf = [&](Value tile) {
          return make<arith::DivUIOp>(make<arith::MulIOp>(rows, tile), tiles);
        };
        Value first = firstOf(number), end = firstOf(plus(number, v.index(1)));
        auto bounds =
            v.loop(first, end, 1, {in.keys, none, none, in.keys},
                   [&](Value row, ValueRange known) {
                     Value from = loadIndex(v.advance(scratch.from, row)),
                           to = loadIndex(v.advance(scratch.to, row));
                     return SmallVector<Value>{
                         smaller(known[0], from), larger(known[1], to),
                         larger(known[2], from), smaller(known[3], to)};
                   });
        Value record = v.advance(scratch.tiles, times(number, tileFields));
        Value fields[tileFields] = {first,     minus(end, first), bounds[0],
                                    bounds[1], bounds[2],         bounds[3]};
        for (auto [field, value] : llvm::enumerate(fields))
          storeIndex(value, v.advance(record, field));
        return SmallVector<Value>{smaller(soFar[0], bounds[0]),
                                  larger(soFar[1], bounds[1])};
      });
  return {range[0], range[1]};
}

AttentionEmitter::Tile AttentionEmitter::loadTile(Value number) {
  Value record = v.advance(scratch.tiles, times(number, tileFields));
  auto field = [&](int64_t i) { return loadIndex(v.advance(record, i)); };
  return {field(0), field(1), field(2), field(3), field(4), field(5)};
}

/// One block of keys for all tiles that admit any of them.
void AttentionEmitter::emitKeys(Value base, Value tiles, Value firstToken,
                                Value tokens) {
  Value count = smaller(minus(in.keys, base), v.index(shape.block));
  if (!op.getBias().empty() && nn::dependsOnDistance(op.getBias()))
    emitDistances(base, count, firstToken, tokens);
  if (kernels.hasKeyScales())
    kernels.copyKeyScales(keysFrom(base), count, scratch.keyScales);
  if (kernels.hasValueScales())
    kernels.copyValueScales(valuesFrom(base), count, scratch.valueScales);
  v.when(
      isDirect(tiles), [] {},
      [&] { kernels.transposeKeys(keysFrom(base), count, scratch.kt); });
  Value end = plus(base, v.index(shape.block));
  v.loop(v.index(0), tiles, 1, [&](Value number) {
    Tile tile = loadTile(number);
    Value admitsAny = both(arith::CmpIPredicate::slt, tile.from, end,
                           arith::CmpIPredicate::sgt, tile.to, base);
    v.when(admitsAny, [&] { emitTile(tile, base, tiles, firstToken); });
  });
}

void AttentionEmitter::emitTile(const Tile &tile, Value base, Value tiles,
                                Value firstToken) {
  Value left = minus(tile.to, base), keys = smaller(left, v.index(shape.block));
  // What lies behind a span will be read next, by this thread or another one.
  Value end = tile.to;
  if (Value ofSpan = isSpan())
    end = select(ofSpan, in.keys, end);
  auto ofTile = [&](Value rows) {
    return rows ? v.advance(rows, times(tile.first, shape.depth)) : Value();
  };
  Value q = ofTile(scratch.q), vector = ofTile(scratch.vector),
        values = valuesFrom(base), last = minus(minus(end, base), v.index(1));
  v.when(
      isDirect(tiles),
      [&] {
        Value isFirst =
            make<arith::CmpIOp>(arith::CmpIPredicate::sle, base, tile.from);
        kernels.scoresOfOneTile(tile.rows, q, {keysFrom(base), keys, last},
                                values, isFirst, scratch.s);
      },
      [&] {
        kernels.scores(tile.rows, {q, vector}, scratch.kt, keys, scratch.s);
      });
  if (kernels.hasKeyScales())
    kernels.scale(tile.rows, scratch.s, scratch.keyScales, keys);
  if (op.getCap() || !op.getMask().empty() || !op.getBias().empty())
    emitPairs(tile, base, keys, firstToken);
  RowState rows = stateOf(scratch.states, tile.first);
  SoftmaxState state = {rows.m, rows.l, scratch.alpha};
  Value admitsAll = both(arith::CmpIPredicate::sle, tile.allFrom, base,
                         arith::CmpIPredicate::sge, tile.allTo,
                         plus(base, v.index(shape.block)));
  v.when(
      admitsAll,
      [&] { kernels.softmax(tile.rows, scratch.s, state, std::nullopt); },
      [&] {
        AdmittedKeys admitted = {v.advance(scratch.from, tile.first),
                                 v.advance(scratch.to, tile.first), base, keys};
        kernels.softmax(tile.rows, scratch.s, state, admitted);
      });
  if (kernels.hasValueScales())
    kernels.scale(tile.rows, scratch.s, scratch.valueScales, keys);
  v.when(
      isDirect(tiles),
      [&] {
        kernels.mixOfOneTile(tile.rows, scratch.s, scratch.alpha,
                             {values, keys, last}, keysFrom(base), rows.o);
      },
      [&] {
        kernels.mix(tile.rows, scratch.s, scratch.alpha, values, keys, rows.o);
      });
}

/// s = where ? s + bias · log₂e : −∞, with a cap c · log₂e · tanh(s) for s
void AttentionEmitter::emitPairs(const Tile &tile, Value base, Value keys,
                                 Value firstToken) {
  int64_t lanes = v.target.lanes();
  v.loop(v.index(0), tile.rows, 1, [&](Value i) {
    Value row = plus(tile.first, i);
    Value token = make<arith::DivUIOp>(row, v.index(heads));
    Value head = make<arith::RemUIOp>(row, v.index(heads));
    Value query = plus(in.position, plus(firstToken, token));
    // The bias of distance 0 of the block's first query and key, for this head.
    Value line;
    if (scratch.bias)
      line = v.advance(v.advance(scratch.bias, times(head, distances())),
                       minus(v.index(tokensOfBlock() - 1), token));
    v.loop(v.index(0), keys, lanes, [&](Value j) {
      SmallVector<Value> pair = {in.row, plus(in.head, head), query,
                                 plus(base, j)};
      Value mask = Lanes(v).below(minus(keys, j));
      Value place = v.advance(v.advance(scratch.s, times(i, shape.block)), j);
      Value score = v.loadVector(place);
      if (op.getCap())
        score = v.mul(emitTanh(v, score),
                      v.splat(static_cast<float>(
                          op.getCap()->convertToDouble() * M_LOG2E)));
      if (line)
        score = v.add(score, v.loadVector(v.advance(line, j)));
      else if (!op.getBias().empty())
        score = v.add(score, v.mul(evaluateLanes(op.getBias(), pair, mask),
                                   v.splat(log2OfE)));
      if (!op.getMask().empty())
        score = arith::SelectOp::create(
            v.builder, v.loc, evaluateLanes(op.getMask(), pair, mask), score,
            v.splat(-std::numeric_limits<float>::infinity()));
      v.store(score, place);
    });
  });
}

/// bias[head][N − 1 + j − t] = log₂e · what the region yields, for queries t of
/// at most N and keys j of a block.
void AttentionEmitter::emitDistances(Value base, Value keys, Value firstToken,
                                     Value tokens) {
  Region &region = op.getBias();
  Value most = v.index(tokensOfBlock());
  Value least = minus(minus(base, plus(in.position, firstToken)),
                      v.index(tokensOfBlock() - 1)); // the distance at 0
  Value end = minus(plus(most, keys), v.index(1));
  v.loop(v.index(0), v.index(heads), 1, [&](Value head) {
    Value line = v.advance(scratch.bias, times(head, distances()));
    v.loop(minus(most, tokens), end, v.target.lanes(), [&](Value i) {
      Lanes lanes(v, mapping);
      lanes.setScalar(region.getArgument(1), plus(in.head, head));
      for (Operation *distance : region.getArgument(3).getUsers())
        lanes.setIndex(distance->getResult(0), plus(least, i));
      lanes.evaluate(region.front(), lanes.below(minus(end, i)));
      Value bias = lanes.vector(region.front().getTerminator()->getOperand(0));
      v.store(v.mul(bias, v.splat(log2OfE)), v.advance(line, i));
    });
  });
}

} // namespace heddle::microkernels
