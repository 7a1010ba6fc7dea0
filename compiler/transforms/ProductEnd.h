//===- ProductEnd.h - what a product can do to its sums ---------*- C++ -*-===//
//
// For transformations that put elementwise ops into the epilogue of the
// product, or convolution, that they read.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_PRODUCTEND_H
#define HEDDLE_COMPILER_TRANSFORMS_PRODUCTEND_H

#include "dialects/nn/NN.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace heddle::transforms {

/// Elementwise ops that read results of products, each other, and what is there
/// beside them, but of whose results only the last one's is read elsewhere:
/// z · sigmoid(b · z) reads z twice, and b.
struct ProductEnd {
  /// The reason where several values leave, or none that ops compute.
  static constexpr llvm::StringLiteral readElsewhere =
      "the product itself is read elsewhere too";

  llvm::SmallVector<mlir::OpResult, 2> sums;
  /// In the order of the program.
  llvm::SmallVector<nn::ElementwiseOpInterface> steps;
  /// What steps read beside, but numbers that are known.
  llvm::SmallSetVector<mlir::Value, 4> others;

  nn::ElementwiseOpInterface last() { return steps.back(); }
  bool isWithin(mlir::Value value) const;

  /// What the last step yields, at the builder's place. `elements` has those of
  /// the sums and the others.
  mlir::Value emit(mlir::IRMapping elements, mlir::OpBuilder &builder);
};

/// An end, and why a product cannot compute it, or nothing.
struct FoundEnd {
  ProductEnd end;
  llvm::StringRef reason;
};

/// What is done to `sums` up to the first op that leaves one value of them.
/// They stand in one block and have one type.
FoundEnd endOf(llvm::ArrayRef<mlir::OpResult> sums);

/// The results of products that `op` reads, itself or through elementwise ops,
/// those of its last operand first.
llvm::SmallVector<mlir::OpResult> productsBehind(nn::ElementwiseOpInterface op);

/// The number that a tensor without axes holds, where it is known.
std::optional<double> numberOf(mlir::Value value);

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_PRODUCTEND_H
