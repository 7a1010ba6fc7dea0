//===- AttentionKernels.h - micro-kernels of attention ----------*- C++ -*-===//
//
// What attention does with one block of keys, as functions that all attentions
// of one shape share. Every function treats each row alike and by itself: a
// row's result has the same bits in every tile.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_ATTENTIONKERNELS_H
#define HEDDLE_COMPILER_MICROKERNELS_ATTENTIONKERNELS_H

#include "compiler/microkernels/VectorBuilder.h"

namespace heddle::microkernels {

/// What two attentions must agree in to share their micro-kernels.
struct AttentionShape {
  int64_t depth, valueDepth;      // D, E
  int64_t keyStride, valueStride; // elements between the rows of k, of v
  int64_t block;                  // keys taken at once, a multiple of all lanes
  mlir::Type keyElement, valueElement; // f32, bf16, or i8 with a scale a row
  mlir::Block *score; // what is summed up over the depth; null: q · k
  float factor;       // of the sums, where there is a score

  std::string name() const;
};

/// Rows of queries and, where the score reads one, of the vector beside each.
struct Queries {
  mlir::Value q, vector;
};

/// The softmax of a row as far as it has come, over the keys seen so far.
/// Memory of several rows each: m is the largest score, l[row][lane] the sums
/// of 2^(score − m) over the keys in a lane, alpha what results must be
/// multiplied with because m grew in this block; it has room for two vectors,
/// and m for a vector from any row on.
struct SoftmaxState {
  mlir::Value m, l, alpha;
};

/// Keys that the rows admit: from[row] ≤ j < to[row], as i32 in memory. `base`
/// is the position of the block's first key; rows admit none of its keys from
/// number `count` on.
struct AdmittedKeys {
  mlir::Value from, to, base, count;
};

/// The first `count` keys of a block, or their values. `last` is the number of
/// the last one that will be read, of this block or a later one.
struct KeysOnce {
  mlir::Value first, count, last;
};

class AttentionKernels {
public:
  AttentionKernels(VectorBuilder &v, mlir::SymbolTable &symbols,
                   const AttentionShape &shape)
      : v(v), symbols(symbols), shape(shape) {}

  /// The key, or value, of a number.
  mlir::Value keyAt(mlir::Value k, mlir::Value number);
  mlir::Value valueAt(mlir::Value values, mlir::Value number);

  /// Whether keys, or values, have scales.
  bool hasKeyScales() const { return shape.keyElement.isInteger(8); }
  bool hasValueScales() const { return shape.valueElement.isInteger(8); }
  /// scales[j] = what follows the elements of key j, or value j, of the `count`
  /// first of a block.
  void copyKeyScales(mlir::Value k, mlir::Value count, mlir::Value scales);
  void copyValueScales(mlir::Value values, mlir::Value count,
                       mlir::Value scales);
  /// s[i][j] = s[i][j] · scales[j] for `rows` rows and the first `count` keys
  /// of a block.
  void scale(mlir::Value rows, mlir::Value s, mlir::Value scales,
             mlir::Value count);

  /// kt[d][j] = k[j][d] for the `count` first keys of a block.
  void transposeKeys(mlir::Value k, mlir::Value count, mlir::Value kt);

  /// s[i][j] = Σ_d q[i][d] · kt[d][j] for `rows` rows and the first `count`
  /// keys of a block, d rising; or what there is in the place of the product.
  void scores(mlir::Value rows, const Queries &queries, mlir::Value kt,
              mlir::Value count, mlir::Value s);

  /// Asks for what scoresOfOneTile reads before it asks by itself, of `count`
  /// keys.
  void prefetchKeys(mlir::Value k, mlir::Value count);

  /// The same product from the keys as they are, for rows that are all in one
  /// tile: each key is read once. In the first block it asks for the values
  /// that mixOfOneTile reads before it asks by itself.
  void scoresOfOneTile(mlir::Value rows, mlir::Value q, const KeysOnce &keys,
                       mlir::Value values, mlir::Value isFirst, mlir::Value s);

  /// s[i][j] = 2^(s[i][j] − m[i]), with the rows' state brought up to date;
  /// with `admitted`, 0 for all other keys.
  void softmax(mlir::Value rows, mlir::Value s, const SoftmaxState &state,
               std::optional<AdmittedKeys> admitted);

  /// o[i][e] = o[i][e] · alpha[i] + Σ_j p[i][j] · v[j][e] for `rows` rows and
  /// the first `count` keys of a block, j rising.
  void mix(mlir::Value rows, mlir::Value p, mlir::Value alpha,
           mlir::Value values, mlir::Value count, mlir::Value o);

  /// The same for rows that are all in one tile: each value is read once.
  /// `keys` are those of the block.
  void mixOfOneTile(mlir::Value rows, mlir::Value p, mlir::Value alpha,
                    const KeysOnce &values, mlir::Value keys, mlir::Value o);

private:
  using EmitRows =
      llvm::function_ref<void(int64_t rows, mlir::ValueRange arguments)>;
  void callForRows(llvm::StringRef name, mlir::Value rows,
                   mlir::ValueRange arguments, EmitRows emit);
  void call(const llvm::Twine &name, mlir::ValueRange arguments,
            llvm::function_ref<void(mlir::ValueRange)> emit);
  void copyScales(mlir::Value rows, int64_t stride, int64_t depth,
                  mlir::Value count, mlir::Value scales);
  void emitTranspose(mlir::Value k, mlir::Value count, mlir::Value kt);
  void emitScores(int64_t rows, const Queries &queries, mlir::Value kt,
                  mlir::Value count, mlir::Value s);
  void emitScoresOfVectors(int64_t rows, int64_t vectors,
                           const Queries &queries, mlir::Value kt,
                           mlir::Value s);
  mlir::Value addTerm(mlir::Value sum, mlir::Value q, mlir::Value key,
                      mlir::Value element);
  void emitScoresOfOneTile(int64_t rows, mlir::Value q, const KeysOnce &keys,
                           mlir::Value values, mlir::Value isFirst,
                           mlir::Value s);
  void prefetchShare(mlir::Value rows, mlir::Type element, int64_t depth,
                     int64_t stride, mlir::Value d);
  void forGroups(
      mlir::Value k, mlir::Value count,
      llvm::function_ref<void(mlir::Value, llvm::ArrayRef<mlir::Value>)> body);
  llvm::SmallVector<mlir::Value> placesOfKeys(mlir::Value k, mlir::Value j,
                                              mlir::Value count);
  bool takesTiles() const;
  void raiseBlock(llvm::ArrayRef<mlir::Value> x, mlir::Value scores,
                  mlir::Value m, mlir::Value alpha, mlir::Value atL);
  void leaveOutOthers(mlir::Value rows, mlir::Value s,
                      const AdmittedKeys &keys);
  void emitSoftmaxTile(mlir::Value rows, mlir::Value s,
                       const SoftmaxState &state);
  void emitSoftmaxRow(mlir::Value row, mlir::Value s, const SoftmaxState &state,
                      std::optional<AdmittedKeys> admitted);
  /// What results come of: those of before, where `isFirst` (always, if null),
  /// are multiplied with alpha; with `last`, values are asked for up to it, or
  /// `nextKeys`, which are a block further on than values.
  struct Mix {
    mlir::Value p, alpha, values, count, o, last, isFirst, nextKeys;
  };
  void prefetchNextKeys(int64_t rows, const Mix &mix, mlir::Value column,
                        mlir::Value j);
  int64_t rowBytes(mlir::Type element, int64_t depth) const;
  void forColumns(int64_t rows,
                  llvm::function_ref<void(mlir::Value, int64_t)> body);
  void prefetchRow(mlir::Value row, int64_t count, mlir::Type element);
  void emitMix(int64_t rows, const Mix &mix, mlir::Value column,
               int64_t columns);
  /// Vectors of a tile's row.
  int64_t vectorsFor(int64_t rows) const;
  mlir::Value times(mlir::Value a, int64_t b);
  /// a + further, or `bound` if that is less.
  mlir::Value atMost(mlir::Value a, int64_t further, mlir::Value bound);

  VectorBuilder &v;
  mlir::SymbolTable &symbols;
  const AttentionShape &shape;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_ATTENTIONKERNELS_H
