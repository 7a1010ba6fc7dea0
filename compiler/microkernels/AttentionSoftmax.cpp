//===- AttentionSoftmax.cpp - the softmax of a tile and a block -----------===//
//
//   m' = max(m, max_j s[j]), alpha = 2^(m − m'), p[j] = 2^(s[j] − m'),
//   l' = l · alpha + Σ p[j]
//
// m begins as the lowest number, not −∞: where all scores are −∞, s − m' stays
// −∞ and p is 0. Vectors are added in order, so that those without an admitted
// key may as well be left out.
//
// Row by row, each has to wait for the largest of its lanes, and alpha costs as
// much as a vector of scores. So the rows of a large tile find theirs together,
// a lane each: the same numbers, of the same operations.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/AttentionKernels.h"
#include "compiler/microkernels/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;

namespace heddle::microkernels {

static constexpr float lowest = std::numeric_limits<float>::lowest();

/// The largest lane of each row, in the lane of the row's number: pairs of rows
/// become one of the larger halves of both, until one is left (as
/// VectorBuilder::transpose does).
static Value largestOfEach(VectorBuilder &v, SmallVector<Value> rows) {
  int64_t lanes = v.target.lanes();
  rows.resize(lanes, rows.front());
  for (int64_t half = lanes / 2; half; half /= 2)
    for (int64_t row = 0; row < half; ++row) {
      auto [even, odd] = v.exchange(rows[row], rows[row + half], half);
      rows[row] = v.atLeast(even, odd);
    }
  return rows.front();
}

/// x where from ≤ j < to, else −∞; lane i is key first + i.
static Value whereAdmitted(VectorBuilder &v, Value x, Value first, Value row,
                           const AdmittedKeys &keys) {
  SmallVector<int32_t> numbers =
      llvm::to_vector(llvm::seq<int32_t>(0, v.target.lanes()));
  Value within = arith::ConstantOp::create(
      v.builder, v.loc, v.ints(),
      DenseElementsAttr::get(v.ints(), ArrayRef<int32_t>(numbers)));
  first = arith::IndexCastOp::create(v.builder, v.loc, v.builder.getI32Type(),
                                     first);
  Value key = arith::AddIOp::create(
      v.builder, v.loc, within,
      vector::BroadcastOp::create(v.builder, v.loc, v.ints(), first));
  auto compare = [&](arith::CmpIPredicate predicate, Value bounds) {
    Value bound = v.loadSplatInt(v.advance(bounds, row));
    return arith::CmpIOp::create(v.builder, v.loc, predicate, key, bound);
  };
  Value both = arith::AndIOp::create(
      v.builder, v.loc, compare(arith::CmpIPredicate::sge, keys.from),
      compare(arith::CmpIPredicate::slt, keys.to));
  Value nothing = v.splat(-std::numeric_limits<float>::infinity());
  return arith::SelectOp::create(v.builder, v.loc, both, x, nothing);
}

/// Rows whose largest score is looked for in one go.
bool AttentionKernels::takesTiles() const {
  return v.target.tile.rows <= v.target.lanes();
}

void AttentionKernels::softmax(Value rows, Value s, const SoftmaxState &state,
                               std::optional<AdmittedKeys> admitted) {
  SmallVector<Value> arguments = {rows, s, state.m, state.l, state.alpha};
  if (admitted)
    arguments.append(
        {admitted->from, admitted->to, admitted->base, admitted->count});
  auto emit = [&](ValueRange inner) {
    SoftmaxState state = {inner[2], inner[3], inner[4]};
    std::optional<AdmittedKeys> keys;
    if (admitted)
      keys = {inner[5], inner[6], inner[7], inner[8]};
    auto emitRows = [&] {
      v.loop(v.index(0), inner[0], 1,
             [&](Value row) { emitSoftmaxRow(row, inner[1], state, keys); });
    };
    if (!takesTiles())
      return emitRows();
    Value isLarge =
        arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::ugt,
                              inner[0], v.index(v.target.tile.rows / 2));
    v.when(
        isLarge,
        [&] {
          if (keys)
            leaveOutOthers(inner[0], inner[1], *keys);
          emitSoftmaxTile(inner[0], inner[1], state);
        },
        emitRows);
  };
  call(admitted ? "softmax_masked" : "softmax", arguments, emit);
}

/// s[i][j] = −∞ for keys of the block that row i does not admit.
void AttentionKernels::leaveOutOthers(Value rows, Value s,
                                      const AdmittedKeys &keys) {
  int64_t lanes = v.target.lanes();
  v.loop(v.index(0), rows, 1, [&](Value row) {
    Value scores = v.advance(s, times(row, shape.block));
    for (int64_t n = 0; n < shape.block; n += lanes) {
      Value first =
          arith::AddIOp::create(v.builder, v.loc, keys.base, v.index(n));
      Value place = v.advance(scores, n);
      v.store(whereAdmitted(v, v.loadVector(place), first, row, keys), place);
    }
  });
}

/// p[j] = 2^(s[j] − m) for a whole block, and l.
void AttentionKernels::raiseBlock(ArrayRef<Value> x, Value scores, Value m,
                                  Value alpha, Value atL) {
  Value sum;
  for (auto [n, score] : llvm::enumerate(x)) {
    Value p = emitExp2OfNegative(v, v.sub(score, m));
    v.store(p, v.advance(scores, n * v.target.lanes()));
    sum = sum ? v.add(sum, p) : p;
  }
  v.store(v.mulAdd(v.loadVector(atL), alpha, sum), atL);
}

/// All rows of a tile, of which `rows` are there: the others are read, and
/// nothing comes of them.
void AttentionKernels::emitSoftmaxTile(Value rows, Value s,
                                       const SoftmaxState &state) {
  int64_t lanes = v.target.lanes(), vectors = shape.block / lanes;
  SmallVector<Value> largest;
  for (int64_t row = 0; row < v.target.tile.rows; ++row)
    for (int64_t n = 0; n < vectors; ++n) {
      Value x = v.loadVector(v.advance(s, row * shape.block + n * lanes));
      if (n)
        largest.back() = v.atLeast(x, largest.back());
      else
        largest.push_back(x);
    }
  Value before = v.loadVector(state.m);
  Value m = v.atLeast(largestOfEach(v, largest), before);
  Value all = v.advance(state.alpha, lanes);
  v.store(emitExp2OfNegative(v, v.sub(before, m)), state.alpha);
  v.store(m, all);
  v.loop(v.index(0), rows, 1, [&](Value row) {
    Value scores = v.advance(s, times(row, shape.block));
    SmallVector<Value> x;
    for (int64_t n = 0; n < vectors; ++n)
      x.push_back(v.loadVector(v.advance(scores, n * lanes)));
    Value ofRow = v.loadSplat(v.advance(all, row));
    raiseBlock(x, scores, ofRow, v.loadSplat(v.advance(state.alpha, row)),
               v.advance(state.l, times(row, lanes)));
    v.storeFirstLane(ofRow, v.advance(state.m, row));
  });
}

void AttentionKernels::emitSoftmaxRow(Value row, Value s,
                                      const SoftmaxState &state,
                                      std::optional<AdmittedKeys> admitted) {
  int64_t lanes = v.target.lanes();
  Value scores = v.advance(s, times(row, shape.block));
  auto place = [&](Value j) { return v.advance(scores, j); };
  Value atM = v.advance(state.m, row),
        atL = v.advance(state.l, times(row, lanes));
  Value before = v.loadSplat(atM);

  SmallVector<Value> x; // a whole block in registers
  Value largest;
  if (admitted) {
    auto found = v.loop(v.index(0), admitted->count, lanes, v.splat(lowest),
                        [&](Value j, ValueRange soFar) {
                          Value key = arith::AddIOp::create(v.builder, v.loc,
                                                            admitted->base, j);
                          Value score = whereAdmitted(v, v.loadVector(place(j)),
                                                      key, row, *admitted);
                          v.store(score, place(j));
                          return SmallVector<Value>{v.atLeast(score, soFar[0])};
                        });
    largest = found[0];
  } else {
    for (int64_t n = 0; n < shape.block / lanes; ++n) {
      x.push_back(v.loadVector(place(v.index(n * lanes))));
      largest = n ? v.atLeast(x.back(), largest) : x.back();
    }
  }
  Value m = v.atLeast(v.largestLane(largest), before);
  Value alpha = emitExp2OfNegative(v, v.sub(before, m));
  v.storeFirstLane(m, atM);
  v.storeFirstLane(alpha, v.advance(state.alpha, row));
  if (!admitted)
    return raiseBlock(x, scores, m, alpha, atL);
  Value sum = v.loop(v.index(0), admitted->count, lanes, v.splat(0),
                     [&](Value j, ValueRange soFar) {
                       Value p = emitExp2OfNegative(
                           v, v.sub(v.loadVector(place(j)), m));
                       v.store(p, place(j));
                       return SmallVector<Value>{v.add(soFar[0], p)};
                     })[0];
  v.store(v.mulAdd(v.loadVector(atL), alpha, sum), atL);
}

} // namespace heddle::microkernels
