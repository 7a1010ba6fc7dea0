//===- AttentionKernels.cpp - micro-kernels of attention ------------------===//

#include "compiler/microkernels/AttentionKernels.h"
#include "compiler/microkernels/Lanes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace heddle::microkernels {

std::string AttentionShape::name() const {
  auto typed = [](StringRef operand, Type element) {
    StringRef type = element.isBF16()       ? "bf16_"
                     : element.isInteger(8) ? "i8_"
                                            : "";
    return (operand + type).str();
  };
  std::string text = ("attention_" + Twine(depth) + "x" + Twine(valueDepth) +
                      typed("_k", keyElement) + Twine(keyStride) +
                      typed("_v", valueElement) + Twine(valueStride))
                         .str();
  if (score)
    text += "_by" + nameOfBody(*score) + "_times" +
            llvm::utohexstr(llvm::bit_cast<uint32_t>(factor));
  return text;
}

Value AttentionKernels::keyAt(Value k, Value number) {
  return v.advance(k, shape.keyElement, times(number, shape.keyStride));
}

Value AttentionKernels::valueAt(Value values, Value number) {
  return v.advance(values, shape.valueElement,
                   times(number, shape.valueStride));
}

Value AttentionKernels::times(Value a, int64_t b) {
  return arith::MulIOp::create(v.builder, v.loc, a, v.index(b));
}

Value AttentionKernels::atMost(Value a, int64_t further, Value bound) {
  return arith::MinSIOp::create(
      v.builder, v.loc,
      arith::AddIOp::create(v.builder, v.loc, a, v.index(further)), bound);
}

/// Few rows take more columns at once: enough independent sums to hide the
/// latency of an addition.
int64_t AttentionKernels::vectorsFor(int64_t rows) const {
  const tuning::TileShape &tile = v.target.tile;
  return rows <= tile.rows / 2 ? 2 * tile.vectors : tile.vectors;
}

/// Calls the function `name`, which `emit` fills when it is first needed.
void AttentionKernels::call(const Twine &name, ValueRange arguments,
                            function_ref<void(ValueRange)> emit) {
  std::string symbol = (shape.name() + "_" + name).str();
  auto function = symbols.lookup<func::FuncOp>(symbol);
  if (!function) {
    OpBuilder::InsertionGuard guard(v.builder);
    function = v.beginFunction(symbols, symbol, arguments.getTypes());
    emit(function.getArguments());
    func::ReturnOp::create(v.builder, v.loc);
  }
  func::CallOp::create(v.builder, v.loc, function, arguments);
}

/// switch (rows): call the function for so many rows.
void AttentionKernels::callForRows(StringRef name, Value rows,
                                   ValueRange arguments, EmitRows emit) {
  int64_t most = v.target.tile.rows;
  auto cases = llvm::to_vector(llvm::seq<int64_t>(1, most));
  auto dispatch = scf::IndexSwitchOp::create(v.builder, v.loc, TypeRange(),
                                             rows, cases, cases.size());
  for (Region &region : dispatch->getRegions()) {
    // The first region is the default: a tile with all rows.
    unsigned number = region.getRegionNumber();
    int64_t count = number == 0 ? most : cases[number - 1];
    OpBuilder::InsertionGuard guard(v.builder);
    v.builder.createBlock(&region);
    call(name + "_" + Twine(count), arguments,
         [&](ValueRange inner) { emit(count, inner); });
    scf::YieldOp::create(v.builder, v.loc);
  }
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

void AttentionKernels::transposeKeys(Value k, Value count, Value kt) {
  call("transpose", {k, count, kt}, [&](ValueRange arguments) {
    emitTranspose(arguments[0], arguments[1], arguments[2]);
  });
}

/// Keys j … j + lanes − 1. Beyond the last of `count` it is repeated: what is
/// computed from that is not admitted.
SmallVector<Value> AttentionKernels::placesOfKeys(Value k, Value j,
                                                  Value count) {
  SmallVector<Value> places;
  Value last = arith::SubIOp::create(v.builder, v.loc, count, v.index(1));
  for (int64_t lane = 0; lane < v.target.lanes(); ++lane) {
    Value key = arith::AddIOp::create(v.builder, v.loc, j, v.index(lane));
    key = arith::MinUIOp::create(v.builder, v.loc, key, last);
    places.push_back(keyAt(k, key));
  }
  return places;
}

/// body(j, places of the keys from j on) for as many keys as lanes at a time.
/// Of whole groups, places are at constant distances: sixteen pointers are more
/// than there are registers.
void AttentionKernels::forGroups(
    Value k, Value count, function_ref<void(Value, ArrayRef<Value>)> body) {
  int64_t lanes = v.target.lanes();
  Value end =
      arith::SubIOp::create(v.builder, v.loc, count, v.index(lanes - 1));
  auto whole = [&](Value j, ValueRange) {
    SmallVector<Value> places = {keyAt(k, j)};
    for (int64_t lane = 1; lane < lanes; ++lane)
      places.push_back(
          v.advance(places[0], shape.keyElement, lane * shape.keyStride));
    body(j, places);
    return SmallVector<Value>{
        arith::AddIOp::create(v.builder, v.loc, j, v.index(lanes))};
  };
  Value next = v.loop(v.index(0), end, lanes, v.index(0), whole)[0];
  v.when(arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::slt,
                               next, count),
         [&] { body(next, placesOfKeys(k, next, count)); });
}

/// for j in steps of a vector: for d in steps of a vector: a square.
void AttentionKernels::emitTranspose(Value k, Value count, Value kt) {
  int64_t lanes = v.target.lanes();
  forGroups(k, count, [&](Value j, ArrayRef<Value> rows) {
    Value columns = v.advance(kt, j);
    auto emitSquare = [&](Value d, int64_t depths) {
      SmallVector<Value> square;
      for (Value row : rows)
        square.push_back(v.loadFirst(v.advance(row, shape.keyElement, d),
                                     depths, shape.keyElement));
      v.transpose(square);
      Value start = v.advance(columns, times(d, shape.block));
      for (int64_t i = 0; i < depths; ++i)
        v.store(square[i], v.advance(start, i * shape.block));
    };
    int64_t tail = shape.depth % lanes, whole = shape.depth - tail;
    v.loop(v.index(0), v.index(whole), lanes,
           [&](Value d) { emitSquare(d, lanes); });
    if (tail)
      emitSquare(v.index(whole), tail);
  });
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

void AttentionKernels::scores(Value rows, const Queries &queries, Value kt,
                              Value count, Value s) {
  SmallVector<Value> arguments = {queries.q, kt, count, s};
  if (queries.vector)
    arguments.push_back(queries.vector);
  callForRows(
      "scores", rows, arguments, [&](int64_t tileRows, ValueRange inner) {
        Value vector = inner.size() > 4 ? inner[4] : Value();
        emitScores(tileRows, {inner[0], vector}, inner[1], inner[2], inner[3]);
      });
}

/// sum + q · key, or what the score makes of them.
Value AttentionKernels::addTerm(Value sum, Value q, Value key, Value element) {
  if (!shape.score)
    return v.mulAdd(q, key, sum);
  Lanes lanes(v);
  lanes.setVector(shape.score->getArgument(0), q);
  lanes.setVector(shape.score->getArgument(1), key);
  if (element)
    lanes.setVector(shape.score->getArgument(2), element);
  lanes.evaluate(*shape.score, /*mask=*/{});
  return v.add(sum, lanes.vector(shape.score->getTerminator()->getOperand(0)));
}

/// As many vectors of keys at once as a tile takes; and one if no more is left,
/// as where a causal mask ends.
void AttentionKernels::emitScores(int64_t rows, const Queries &queries,
                                  Value kt, Value count, Value s) {
  int64_t lanes = v.target.lanes();
  int64_t vectors = std::min(vectorsFor(rows), shape.block / lanes);
  auto emit = [&](Value j, int64_t vectors) {
    emitScoresOfVectors(rows, vectors, queries, v.advance(kt, j),
                        v.advance(s, j));
  };
  bool endsWithOne = vectors == 2;
  Value end = count;
  if (endsWithOne)
    end = arith::SubIOp::create(v.builder, v.loc, count, v.index(lanes));
  Value next = v.loop(v.index(0), end, vectors * lanes, v.index(0),
                      [&](Value j, ValueRange) {
                        emit(j, vectors);
                        return SmallVector<Value>{arith::AddIOp::create(
                            v.builder, v.loc, j, v.index(vectors * lanes))};
                      })[0];
  if (endsWithOne)
    v.when(arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::slt,
                                 next, count),
           [&] { emit(next, 1); });
}

void AttentionKernels::emitScoresOfVectors(int64_t rows, int64_t vectors,
                                           const Queries &queries, Value kt,
                                           Value s) {
  int64_t lanes = v.target.lanes();
  SmallVector<Value> zeros(rows * vectors, v.splat(0));
  SmallVector<Value> sums = v.loop(
      v.index(0), v.index(shape.depth), 1, zeros,
      [&](Value d, ValueRange soFar) {
        Value keys = v.advance(kt, times(d, shape.block));
        SmallVector<Value> key, updated;
        for (int64_t n = 0; n < vectors; ++n)
          key.push_back(v.loadVector(v.advance(keys, n * lanes),
                                     v.target.vectorBits / 8));
        for (int64_t i = 0; i < rows; ++i) {
          auto at = [&](Value lines) {
            return v.loadSplat(v.advance(v.advance(lines, d), i * shape.depth));
          };
          Value q = at(queries.q),
                element = queries.vector ? at(queries.vector) : Value();
          for (int64_t n = 0; n < vectors; ++n)
            updated.push_back(
                addTerm(soFar[i * vectors + n], q, key[n], element));
        }
        return updated;
      });
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t n = 0; n < vectors; ++n) {
      Value sum = sums[i * vectors + n];
      v.store(shape.score ? v.mul(sum, v.splat(shape.factor)) : sum,
              v.advance(s, i * shape.block + n * lanes));
    }
}

void AttentionKernels::scoresOfOneTile(Value rows, Value q,
                                       const KeysOnce &keys, Value values,
                                       Value isFirst, Value s) {
  callForRows("scores_direct", rows,
              {q, keys.first, keys.count, keys.last, values, isFirst, s},
              [&](int64_t tileRows, ValueRange inner) {
                emitScoresOfOneTile(tileRows, inner[0],
                                    {inner[1], inner[2], inner[3]}, inner[4],
                                    inner[5], inner[6]);
              });
}

/// for j in steps of a vector: for d in steps of a vector: a square, which is
/// multiplied as it comes out of its transposition. Squares are no stream that
/// the machine's own prefetch would follow. So each asks for lines further on:
/// few at a time, since the buffers of misses are few, and behind its own.
void AttentionKernels::emitScoresOfOneTile(int64_t rows, Value q,
                                           const KeysOnce &keys, Value values,
                                           Value isFirst, Value s) {
  int64_t lanes = v.target.lanes();
  Value lastStart = arith::MaxSIOp::create(
      v.builder, v.loc,
      arith::SubIOp::create(v.builder, v.loc, keys.last, v.index(lanes - 1)),
      v.index(0));
  forGroups(keys.first, keys.count, [&](Value j, ArrayRef<Value> places) {
    Value ahead = keyAt(keys.first, atMost(j, tuning::keysAhead, lastStart)),
          value = valueAt(values, atMost(j, 0, lastStart));
    auto addSquare = [&](Value d, int64_t depths, ValueRange soFar) {
      SmallVector<Value> square, sums(soFar);
      for (Value place : places)
        square.push_back(v.loadFirst(v.advance(place, shape.keyElement, d),
                                     depths, shape.keyElement));
      v.transpose(square);
      auto askForKeys = [&] {
        prefetchShare(ahead, shape.keyElement, shape.depth, shape.keyStride, d);
      };
      auto askForValues = [&] {
        prefetchShare(value, shape.valueElement, shape.valueDepth,
                      shape.valueStride, d);
      };
      if (rows >= tuning::rowsInTurn) {
        askForValues();
        v.when(isFirst, askForKeys);
      } else {
        askForKeys();
        v.when(isFirst, askForValues);
      }
      Value elements = v.advance(q, d);
      for (int64_t e = 0; e < depths; ++e)
        for (int64_t i = 0; i < rows; ++i)
          sums[i] =
              v.mulAdd(v.loadSplat(v.advance(elements, i * shape.depth + e)),
                       square[e], sums[i]);
      return sums;
    };
    int64_t tail = shape.depth % lanes, whole = shape.depth - tail;
    SmallVector<Value> sums(rows, v.splat(0));
    sums = v.loop(
        v.index(0), v.index(whole), lanes, sums,
        [&](Value d, ValueRange soFar) { return addSquare(d, lanes, soFar); });
    if (tail)
      sums = addSquare(v.index(whole), tail, sums);
    for (int64_t i = 0; i < rows; ++i)
      v.store(sums[i], v.advance(v.advance(s, j), i * shape.block));
  });
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// body(first, count) for all columns of results, as many at once as a tile of
/// so many rows takes.
void AttentionKernels::forColumns(int64_t rows,
                                  function_ref<void(Value, int64_t)> body) {
  int64_t columns = vectorsFor(rows) * v.target.lanes();
  int64_t tail = shape.valueDepth % columns, whole = shape.valueDepth - tail;
  v.loop(v.index(0), v.index(whole), columns,
         [&](Value column) { body(column, columns); });
  if (tail)
    body(v.index(whole), tail);
}

void AttentionKernels::mix(Value rows, Value p, Value alpha, Value values,
                           Value count, Value o) {
  callForRows("mix", rows, {p, alpha, values, count, o},
              [&](int64_t tileRows, ValueRange inner) {
                Mix all = {inner[0], inner[1], inner[2], inner[3],
                           inner[4], {},       {},       {}};
                forColumns(tileRows, [&](Value column, int64_t columns) {
                  emitMix(tileRows, all, column, columns);
                });
              });
}

/// Where columns are several tiles, all of them go over a few values before the
/// next ones: so that what is read follows what memory has.
void AttentionKernels::mixOfOneTile(Value rows, Value p, Value alpha,
                                    const KeysOnce &values, Value keys,
                                    Value o) {
  auto emitPart = [&](int64_t tileRows, const Mix &all, Value first,
                      Value count) {
    Mix part = all;
    part.p = v.advance(all.p, first);
    part.values = valueAt(all.values, first);
    part.count = count;
    part.last = arith::SubIOp::create(v.builder, v.loc, all.last, first);
    part.nextKeys = keyAt(all.nextKeys, first);
    part.isFirst = arith::CmpIOp::create(
        v.builder, v.loc, arith::CmpIPredicate::eq, first, v.index(0));
    forColumns(tileRows, [&](Value column, int64_t columns) {
      emitMix(tileRows, part, column, columns);
    });
  };
  callForRows(
      "mix_direct", rows,
      {p, alpha, values.first, values.count, o, values.last, keys},
      [&](int64_t tileRows, ValueRange inner) {
        Mix all = {inner[0], inner[1], inner[2], inner[3],
                   inner[4], inner[5], {},       {}};
        all.nextKeys = keyAt(inner[6], v.index(shape.block));
        if (shape.valueDepth <= vectorsFor(tileRows) * v.target.lanes())
          return emitPart(tileRows, all, v.index(0), all.count);
        v.loop(v.index(0), all.count, tuning::valuesOfPart, [&](Value j) {
          Value left = arith::SubIOp::create(v.builder, v.loc, all.count, j);
          emitPart(tileRows, all, j,
                   arith::MinSIOp::create(v.builder, v.loc, left,
                                          v.index(tuning::valuesOfPart)));
        });
      });
}

void AttentionKernels::emitMix(int64_t rows, const Mix &mix, Value column,
                               int64_t columns) {
  Value values = v.advance(mix.values, shape.valueElement, column),
        o = v.advance(mix.o, column);
  int64_t lanes = v.target.lanes();
  int64_t vectors = llvm::divideCeil(columns, lanes);
  auto lanesIn = [&](int64_t n) {
    return std::min(columns - n * lanes, lanes);
  };
  auto result = [&](int64_t i, int64_t n) {
    return v.advance(o, i * shape.valueDepth + n * lanes);
  };
  SmallVector<Value> initial;
  for (int64_t i = 0; i < rows; ++i) {
    Value factor = v.loadSplat(v.advance(mix.alpha, i));
    if (mix.isFirst)
      factor = arith::SelectOp::create(v.builder, v.loc, mix.isFirst, factor,
                                       v.splat(1));
    for (int64_t n = 0; n < vectors; ++n)
      initial.push_back(v.mul(v.loadFirst(result(i, n), lanesIn(n)), factor));
  }
  SmallVector<Value> sums =
      v.loop(v.index(0), mix.count, 1, initial, [&](Value j, ValueRange soFar) {
        Value row = valueAt(values, j);
        if (mix.last && rows >= tuning::rowsInTurn)
          prefetchNextKeys(rows, mix, column, j);
        else if (mix.last)
          prefetchRow(valueAt(values, atMost(j, tuning::valuesAhead, mix.last)),
                      columns, shape.valueElement);
        SmallVector<Value> value, updated;
        for (int64_t n = 0; n < vectors; ++n)
          value.push_back(
              v.loadFirst(v.advance(row, shape.valueElement, n * lanes),
                          lanesIn(n), shape.valueElement));
        for (int64_t i = 0; i < rows; ++i) {
          Value weight =
              v.loadSplat(v.advance(v.advance(mix.p, j), i * shape.block));
          for (int64_t n = 0; n < vectors; ++n)
            updated.push_back(
                v.mulAdd(weight, value[n], soFar[i * vectors + n]));
        }
        return updated;
      });
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t n = 0; n < vectors; ++n)
      v.storeFirst(sums[i * vectors + n], result(i, n), lanesIn(n));
}

} // namespace heddle::microkernels
