//===- VectorBuilder.h - what emitters say most -----------------*- C++ -*-===//
//
// Builds vector, arith and llvm-pointer operations for one target at one
// location. Vectors are f32, as wide as the target's registers, unless said
// otherwise.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_VECTORBUILDER_H
#define HEDDLE_COMPILER_MICROKERNELS_VECTORBUILDER_H

#include "compiler/microkernels/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/SymbolTable.h"

namespace heddle::microkernels {

/// Elements between neighbours along each dimension of an operand that an op's
/// verifier found strided.
llvm::SmallVector<int64_t> stridesOf(mlir::Value memref);

class VectorBuilder {
public:
  VectorBuilder(mlir::OpBuilder &builder, mlir::Location loc,
                const Target &target)
      : builder(builder), loc(loc), target(target) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const Target &target;

  mlir::VectorType floats();
  mlir::VectorType ints();

  /// The same number in every lane.
  mlir::Value splat(float number);
  mlir::Value splatInt(int32_t number);
  mlir::Value index(int64_t number);

  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  /// a·b + c, rounded once where the target can.
  mlir::Value mulAdd(mlir::Value a, mlir::Value b, mlir::Value c);
  /// The smaller and the larger; where `x` is NaN, NaN.
  mlir::Value atMost(mlir::Value x, mlir::Value bound);
  mlir::Value atLeast(mlir::Value x, mlir::Value bound);
  /// a where x > bound, else b.
  mlir::Value whereGreater(mlir::Value x, mlir::Value bound, mlir::Value a,
                           mlir::Value b);
  mlir::Value magnitude(mlir::Value x);
  /// |x| with the sign of `sign`, for x ≥ 0 or NaN.
  mlir::Value withSignOf(mlir::Value x, mlir::Value sign);

  /// The largest lane and the sum of all, in every lane. What is not a number
  /// may or may not count as the largest.
  mlir::Value largestLane(mlir::Value x);
  mlir::Value sumOfLanes(mlir::Value x);
  /// Of blocks of `half` lanes, those with even numbers of both, `lower`'s in
  /// the places of the odd ones; and those with odd numbers in the same way.
  std::pair<mlir::Value, mlir::Value> exchange(mlir::Value upper,
                                               mlir::Value lower, int64_t half);
  /// Lane j of row i becomes lane i of row j; as many rows as lanes.
  void transpose(llvm::MutableArrayRef<mlir::Value> rows);

  /// c + a₀·b₀ + a₁·b₁ of every lane's pair of bf16 in 32 bits, on targets that
  /// have it; and an element of the pairs as f32.
  mlir::Value dotBf16(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value widenHalf(mlir::Value pairs, bool second);
  /// As many f16 as there are lanes, at `pointer` or as they are, as f32.
  mlir::Value loadF16(mlir::Value pointer);
  mlir::Value widenF16(mlir::Value halves);

  mlir::Value bitsOf(mlir::Value floats);
  mlir::Value fromBits(mlir::Value ints);

  /// `pointer` + elements · 4 bytes.
  mlir::Value advance(mlir::Value pointer, int64_t elements);
  mlir::Value advance(mlir::Value pointer, mlir::Value elements);
  mlir::Value advance(mlir::Value pointer, mlir::Type element, int64_t count);
  mlir::Value advance(mlir::Value pointer, mlir::Type element,
                      mlir::Value count);
  mlir::Value advanceBytes(mlir::Value pointer, int64_t bytes);
  mlir::Value advanceBytes(mlir::Value pointer, mlir::Value bytes);
  mlir::Value loadVector(mlir::Value pointer, int64_t alignment = 4);
  mlir::Value loadInts(mlir::Value pointer, int64_t alignment = 4);
  /// One element in every lane.
  mlir::Value loadSplat(mlir::Value pointer);
  mlir::Value loadSplatInt(mlir::Value pointer);
  void storeFirstLane(mlir::Value vector, mlir::Value pointer);
  void store(mlir::Value vector, mlir::Value pointer, int64_t alignment = 4);
  /// The first `count` lanes only; the others are zero, or stay.
  mlir::Value loadFirst(mlir::Value pointer, int64_t count);
  /// Of f32, or bf16 or i8 widened.
  mlir::Value loadFirst(mlir::Value pointer, int64_t count, mlir::Type element);
  void storeFirst(mlir::Value vector, mlir::Value pointer, int64_t count);
  /// The first `count` lanes, zero in the others.
  mlir::Value onlyFirst(mlir::Value vector, int64_t count);
  /// Brings the line at `pointer` into the second-level cache, or the first.
  void prefetch(mlir::Value pointer, bool isNear = false);
  /// The same pointer, of which LLVM does not know that it is: what is loaded
  /// from it anew need not stay in a register until then.
  mlir::Value opaque(mlir::Value pointer);
  /// Memory of the function that is being built, aligned to vectors.
  mlir::Value stackFloats(int64_t elements);
  /// First element of a memref.
  mlir::Value addressOf(mlir::Value memref);

  //===--- Loops and functions --------------------------------------------===//

  /// if (condition) then() [else otherwise()]
  void when(mlir::Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise = nullptr);
  /// for (i = from; i < to; i += step) body(i)
  void loop(mlir::Value from, mlir::Value to, int64_t step,
            llvm::function_ref<void(mlir::Value)> body);
  /// for (i = from; i < to; i += step) values = body(i, values)
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange values,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                         mlir::ValueRange)>
           body);
  /// A function for the code of this module alone; goes to the start of its
  /// body.
  mlir::func::FuncOp beginFunction(mlir::SymbolTable &symbols,
                                   const llvm::Twine &name,
                                   mlir::TypeRange arguments);

private:
  mlir::Value firstLanes(int64_t count);
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_VECTORBUILDER_H
