//===- Verify.h - what the verifiers of the ops share -----------*- C++ -*-===//
//
// The numbers C1, C2, … beside the checks are those of the descriptions in the
// .td files.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_DIALECTS_NN_VERIFY_H
#define HEDDLE_DIALECTS_NN_VERIFY_H

#include "dialects/nn/NN.h"

namespace heddle::nn {

llvm::ArrayRef<mlir::StringAttr> namesOf(mlir::Value value);
int64_t sizeOf(mlir::Value value, unsigned axis);

/// `[B T D]`
std::string spell(llvm::ArrayRef<mlir::StringAttr> names);

/// Axes of x but the first one called `axis`.
llvm::SmallVector<mlir::StringAttr> without(mlir::Value x,
                                            llvm::StringRef axis);

//===--- Each says what is wrong, or succeeds -----------------------------===//

llvm::LogicalResult sameAxes(mlir::Operation *op, llvm::StringRef what,
                             llvm::ArrayRef<mlir::StringAttr> found,
                             llvm::ArrayRef<mlir::StringAttr> needed);
llvm::LogicalResult sameTypeAsX(mlir::Operation *op, mlir::Value x,
                                mlir::Value result);
llvm::LogicalResult hasAxis(mlir::Operation *op, mlir::Value x,
                            llvm::StringRef axis);
/// For all ops of two operands.
llvm::LogicalResult verifyElementwise(mlir::Operation *op);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_VERIFY_H
