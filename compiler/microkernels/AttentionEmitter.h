//===- AttentionEmitter.h - the function of an attention --------*- C++ -*-===//
//
// What is done to a tile of rows and a block of keys is in AttentionTiles.cpp,
// the loops around it in Attention.cpp, whose head describes both.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_ATTENTIONEMITTER_H
#define HEDDLE_COMPILER_MICROKERNELS_ATTENTIONEMITTER_H

#include "compiler/microkernels/AttentionKernels.h"
#include "compiler/microkernels/AttentionSpans.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace heddle::microkernels {

/// Emits the function of one op, and the call of it.
class AttentionEmitter {
public:
  AttentionEmitter(mlir::OpBuilder &builder, kernel::AttentionOp op,
                   const Target &target, mlir::SymbolTable &symbols);

  void emitCall();

private:
  /// The function's arguments: addresses and numbers.
  struct {
    mlir::Value q, k, v, y, tokens, keys, row, head, position, ring, sink,
        vector, states, span;
  } in;
  /// Softmaxes of all rows.
  struct States {
    mlir::Value m, l, o;
  };
  /// Memory on the function's stack. `tiles` has six i32 a tile; `states` are
  /// of the span that is gone over.
  struct {
    mlir::Value q, kt, s, alpha, from, to, tiles, bias, vector, keyScales,
        valueScales;
    States states;
  } scratch;
  /// Of the spans so far, and of one that is to be merged with them.
  States whole, aside;
  /// What is noted of a tile: its rows; the keys that any of them, and those
  /// that all of them admit.
  struct Tile {
    mlir::Value first, rows, from, to, allFrom, allTo;
  };
  static constexpr int64_t tileFields = 6;

  int64_t tokensOfBlock() const {
    int64_t rowBytes = 4 * (shape.depth + shape.valueDepth);
    return std::max<int64_t>(tuning::attentionRowsBytes / rowBytes / heads, 1);
  }
  int64_t rowsOfBlock() const { return tokensOfBlock() * heads; }

  void collectCaptures();
  void emitFunction(mlir::ValueRange arguments);
  void allocateScratch();
  void
  forRows(mlir::Value count,
          llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body);
  void copyQuery(mlir::Value token, mlir::Value head, mlir::Value row);
  mlir::Value isSpan();
  RowState stateOf(const States &states, mlir::Value row);
  void beginRow(mlir::Value token, mlir::Value head, mlir::Value row);
  void finishRow(mlir::Value token, mlir::Value head, mlir::Value row);
  std::pair<mlir::Value, mlir::Value> dealRows(mlir::Value rows,
                                               mlir::Value tiles);
  Tile loadTile(mlir::Value number);
  void emitSpans(mlir::Value from, mlir::Value to, mlir::Value tiles,
                 mlir::Value firstToken, mlir::Value tokens);
  void emitKeys(mlir::Value base, mlir::Value tiles, mlir::Value firstToken,
                mlir::Value tokens);
  /// Where the block of keys from `base` on lies.
  mlir::Value keysFrom(mlir::Value base) {
    return kernels.keyAt(in.k, placeOf(base));
  }
  mlir::Value valuesFrom(mlir::Value base) {
    return kernels.valueAt(in.v, placeOf(base));
  }
  mlir::Value placeOf(mlir::Value base) {
    return in.ring ? make<mlir::arith::RemUIOp>(base, in.ring) : base;
  }
  /// Whether keys are multiplied as they are transposed: what is transposed for
  /// one tile alone need not be kept for others.
  mlir::Value isDirect(mlir::Value tiles) {
    if (shape.score)
      return mlir::arith::ConstantIntOp::create(v.builder, v.loc, 0, 1);
    return mlir::arith::CmpIOp::create(
        v.builder, v.loc, mlir::arith::CmpIPredicate::eq, tiles, v.index(1));
  }
  void emitTile(const Tile &tile, mlir::Value base, mlir::Value tiles,
                mlir::Value firstToken);
  void emitPairs(const Tile &tile, mlir::Value base, mlir::Value keys,
                 mlir::Value firstToken);
  void emitDistances(mlir::Value base, mlir::Value keys, mlir::Value firstToken,
                     mlir::Value tokens);
  llvm::SmallVector<mlir::Value> evaluate(mlir::Region &region,
                                          mlir::ValueRange indices);
  mlir::Value evaluateLanes(mlir::Region &region, mlir::ValueRange indices,
                            mlir::Value mask);

  /// A bias by distance: of all distances between a block of queries and one of
  /// keys, for each head.
  int64_t distances() const {
    int64_t lanes = v.target.lanes();
    return llvm::alignTo(tokensOfBlock() + shape.block, lanes) + lanes;
  }

  template <typename OpTy, typename... Operands>
  mlir::Value make(Operands... operands) {
    return OpTy::create(v.builder, v.loc, operands...);
  }
  mlir::Value plus(mlir::Value a, mlir::Value b) {
    return make<mlir::arith::AddIOp>(a, b);
  }
  mlir::Value minus(mlir::Value a, mlir::Value b) {
    return make<mlir::arith::SubIOp>(a, b);
  }
  mlir::Value times(mlir::Value a, int64_t b) {
    return make<mlir::arith::MulIOp>(a, v.index(b));
  }
  mlir::Value smaller(mlir::Value a, mlir::Value b) {
    return make<mlir::arith::MinSIOp>(a, b);
  }
  mlir::Value larger(mlir::Value a, mlir::Value b) {
    return make<mlir::arith::MaxSIOp>(a, b);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return mlir::arith::SelectOp::create(v.builder, v.loc, condition, a, b);
  }
  mlir::Value both(mlir::arith::CmpIPredicate predicate, mlir::Value a,
                   mlir::Value b, mlir::arith::CmpIPredicate otherPredicate,
                   mlir::Value c, mlir::Value d);
  mlir::Value loadIndex(mlir::Value pointer);
  void storeIndex(mlir::Value number, mlir::Value pointer);

  kernel::AttentionOp op;
  VectorBuilder v;
  mlir::SymbolTable &symbols;
  AttentionShape shape;
  AttentionKernels kernels;
  RowStates rowStates;
  int64_t heads;
  /// What the regions read from outside, but constants.
  llvm::SmallVector<mlir::Value> captures;
  /// From the values outside to those in the function.
  mlir::IRMapping mapping;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_ATTENTIONEMITTER_H
