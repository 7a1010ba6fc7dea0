//===- View.h - a memref with a name for every dimension --------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_CONVERSION_VIEW_H
#define HEDDLE_COMPILER_CONVERSION_VIEW_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include <string>

namespace heddle::conversion {

class FunctionLowering;

struct View {
  mlir::Value memref;
  llvm::SmallVector<std::string, 4> axes;

  int find(llvm::StringRef axis) const;
  mlir::MemRefType type() const {
    return mlir::cast<mlir::MemRefType>(memref.getType());
  }

  //===--- Emitted where the lowering stands ------------------------------===//

  mlir::Value length(FunctionLowering &lowering, unsigned axis) const;
  /// Of the first `count` axes.
  llvm::SmallVector<mlir::Value> lengths(FunctionLowering &lowering,
                                         unsigned count) const;
  llvm::SmallVector<mlir::Value> lengths(FunctionLowering &lowering) const {
    return lengths(lowering, axes.size());
  }
  /// A number where it is known.
  mlir::OpFoldResult mixedLength(FunctionLowering &lowering,
                                 unsigned axis) const;

  /// Elements first … first + size − 1 along each axis; the axis `dropped` has
  /// one element and is left out.
  View part(FunctionLowering &lowering,
            llvm::ArrayRef<mlir::OpFoldResult> first,
            llvm::ArrayRef<mlir::OpFoldResult> size,
            std::optional<unsigned> dropped = std::nullopt) const;
  /// Elements first … first + count − 1 of the first axis, all being static.
  View slice(FunctionLowering &lowering, int64_t first, int64_t count) const;
  /// What lies under `index` of the first axis; with the lengths of the others,
  /// where they are known from elsewhere.
  View at(FunctionLowering &lowering, mlir::OpFoldResult index) const;
  View at(FunctionLowering &lowering, mlir::OpFoldResult index,
          llvm::ArrayRef<mlir::OpFoldResult> lengths) const;
  /// Of [S, G, D] what head `head` has: [S, D].
  View head(FunctionLowering &lowering, mlir::Value head) const;
  /// With the axes begin … end − 1 as one, called `name`.
  View collapse(FunctionLowering &lowering, unsigned begin, unsigned end,
                llvm::StringRef name) const;
  View collapseFrom(FunctionLowering &lowering, unsigned begin,
                    llvm::StringRef name) const {
    return collapse(lowering, begin, axes.size(), name);
  }
};

/// linalg.generic over named axes: the outputs' axes are its parallel loops,
/// `reduced` its reduction loops, which some input has. The body gets the
/// scalars of inputs and outputs.
void generic(
    FunctionLowering &lowering, llvm::ArrayRef<View> inputs, View output,
    llvm::ArrayRef<llvm::StringRef> reduced,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)> body);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_VIEW_H
