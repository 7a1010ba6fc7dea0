//===- NNToLinalg.h - reference lowering of one op ------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_NNTOLINALG_H
#define HEDDLE_COMPILER_CONVERSION_NNTOLINALG_H

#include "compiler/conversion/FunctionLowering.h"

namespace heddle::conversion {

/// Lowers any op of nn that computes, as its description says it. Fails with a
/// diagnostic where an op has no lowering.
llvm::LogicalResult lowerToLinalg(mlir::Operation *op,
                                  FunctionLowering &lowering);

//===----------------------------------------------------------------------===//
// Its parts, a file each
//===----------------------------------------------------------------------===//

/// Elementwise ops; failure without a diagnostic: another op.
llvm::LogicalResult lowerElementwise(mlir::Operation *op,
                                     FunctionLowering &lowering);
/// Attention, dot, mask, softmax and what else reduces an axis; likewise.
llvm::LogicalResult lowerReduction(mlir::Operation *op,
                                   FunctionLowering &lowering);

/// Matrix products, and rows of tables; failure carries a diagnostic.
llvm::LogicalResult lowerLinear(nn::LinearOp op, FunctionLowering &lowering);
llvm::LogicalResult lowerNarrow(nn::NarrowOp op, FunctionLowering &lowering);
llvm::LogicalResult lowerEmbed(nn::EmbedOp op, FunctionLowering &lowering);

/// rearrange, concat, split, topk; failure carries a diagnostic.
llvm::LogicalResult lowerAxes(mlir::Operation *op, FunctionLowering &lowering);
/// conv, pool, upsample, batch_norm.
llvm::LogicalResult lowerImages(mlir::Operation *op,
                                FunctionLowering &lowering);

/// The scalar function of an elementwise op of one operand.
mlir::Value applyScalar(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Operation *op, mlir::Value x);

/// A view with its last axes from `first` on as one, called `name`.
View collapseFrom(FunctionLowering &lowering, const View &view, unsigned first,
                  llvm::StringRef name);

/// The activation of a product.
mlir::Value applyActivation(mlir::OpBuilder &builder, mlir::Location loc,
                            nn::Activation activation, mlir::Value x);

/// A scalar as f32: narrower weights are widened.
mlir::Value asF32(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value scalar);

/// A number of f32 as bf16: the nearest, ties to even.
mlir::Value asBf16(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// Runs `body` for all indices below `bounds`, outermost first.
void nest(FunctionLowering &lowering, mlir::ValueRange bounds,
          llvm::function_ref<void(mlir::ValueRange)> body);

/// Every element of a view: y[at] = value(at).
void forEachElement(FunctionLowering &lowering, const View &y,
                    llvm::function_ref<mlir::Value(mlir::ValueRange)> value);

/// Folds `step` over 0 … count − 1, starting from `init`.
mlir::Value fold(
    FunctionLowering &lowering, mlir::Value count, mlir::Value init,
    llvm::function_ref<mlir::Value(mlir::Value index, mlir::Value soFar)> step);

/// A table of constants, as a global of the module.
mlir::Value constantTable(FunctionLowering &lowering,
                          llvm::ArrayRef<double> values);
mlir::Value constantTable(FunctionLowering &lowering,
                          mlir::DenseElementsAttr data);

/// Whether the axis is one whose length rows have of their own, or the rows.
bool acrossTokens(FunctionLowering &lowering, mlir::Value x,
                  llvm::StringRef axis);

/// Length of a view's dimension.
mlir::Value lengthOf(FunctionLowering &lowering, const View &view,
                     unsigned axis);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_NNTOLINALG_H
