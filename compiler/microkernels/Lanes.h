//===- Lanes.h - scalar code for a vector of neighbours ---------*- C++ -*-===//
//
// Evaluates straight-line scalar code, the body of a linalg.generic or a region
// over pairs of a query and a key, for as many values of one index as a vector
// has lanes. What does not depend on that index stays scalar.
//
// An index is below 2³¹ and its lanes are i32. Loads of neighbours become
// vector loads, others gathers.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_LANES_H
#define HEDDLE_COMPILER_MICROKERNELS_LANES_H

#include "compiler/microkernels/VectorBuilder.h"
#include "mlir/IR/IRMapping.h"

namespace heddle::microkernels {

class Lanes {
public:
  /// `outside` says what values defined outside of the code are now.
  explicit Lanes(const VectorBuilder &v, const mlir::IRMapping &outside = {})
      : v(v), scalars(outside) {}

  /// The results in `block` that differ from lane to lane if `roots` do.
  static llvm::DenseSet<mlir::Value> varying(mlir::Block &block,
                                             mlir::ValueRange roots);
  /// Whether every operation of `block` but its terminator can be evaluated.
  static bool canEvaluate(mlir::Block &block,
                          const llvm::DenseSet<mlir::Value> &varying);
  /// Multiplications that one element of `block` costs, roughly.
  static int64_t costOf(mlir::Block &block);

  /// `value` is the same in every lane.
  void setScalar(mlir::Value value, mlir::Value scalar) {
    scalars.map(value, scalar);
  }
  void setVector(mlir::Value value, mlir::Value vector) {
    vectors[value] = vector;
  }
  /// `value` is `first` + the lane's number.
  void setIndex(mlir::Value value, mlir::Value first);

  bool isScalar(mlir::Value value) const { return !vectors.contains(value); }
  /// In every lane.
  mlir::Value vector(mlir::Value value);

  /// Evaluates what is not yet known; `mask` says in which lanes memory may be
  /// read, all if null.
  void evaluate(mlir::Block &block, mlir::Value mask);
  /// What is not in `varying`, as scalars.
  void evaluateScalars(mlir::Block &block,
                       const llvm::DenseSet<mlir::Value> &varying);

  /// The vector for a scalar type: as many elements as a vector of f32 has.
  mlir::VectorType vectorOf(mlir::Type scalar) const;
  /// `first` + the lane's number.
  mlir::Value risingFrom(mlir::Value first);
  /// The lanes below `count`.
  mlir::Value below(mlir::Value count);

  //===--- Memory ---------------------------------------------------------===//

  /// The element at an offset of a memref.
  mlir::Value addressOf(mlir::Value memref, mlir::Value offset);
  mlir::Value advance(mlir::Value pointer, mlir::Type element,
                      mlir::Value elements);
  /// Lanes without a mask bit are zero, or stay; no mask: all lanes.
  mlir::Value load(mlir::Value pointer, mlir::Type element, mlir::Value mask);
  void store(mlir::Value vector, mlir::Value pointer, mlir::Value mask);
  /// Elements at offsets from a pointer.
  mlir::Value gather(mlir::Value pointer, mlir::Type element,
                     mlir::Value offsets, mlir::Value mask);
  /// Elements `stride` apart.
  mlir::Value loadStrided(mlir::Value pointer, mlir::Type element,
                          mlir::Value stride, mlir::Value mask);

private:
  mlir::Value first(mlir::Value index) const { return firsts.lookup(index); }
  mlir::Value scalar(mlir::Value value) {
    return scalars.lookupOrDefault(value);
  }
  void evaluate(mlir::Operation *op, mlir::Value mask);
  void evaluateIndexSum(mlir::Operation *op);
  void evaluateCast(mlir::Operation *op);
  void evaluateLoad(mlir::Operation *op, mlir::Value mask);
  void evaluateArithmetic(mlir::Operation *op);

  VectorBuilder v;
  mlir::IRMapping scalars;
  llvm::DenseMap<mlir::Value, mlir::Value> vectors;
  /// Of an index that rises by one from lane to lane: its value in lane 0.
  llvm::DenseMap<mlir::Value, mlir::Value> firsts;
};

/// `_gelu.a_addf.b.0.1`: every op of a block with what it reads, then what is
/// yielded; arguments are letters, results numbers. Blocks alike have one name,
/// which functions made of them may carry.
std::string nameOfBody(mlir::Block &body);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_LANES_H
