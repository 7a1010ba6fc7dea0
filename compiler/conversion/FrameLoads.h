//===- FrameLoads.h - loads of what a frame points to -----------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_CONVERSION_FRAMELOADS_H
#define HEDDLE_COMPILER_CONVERSION_FRAMELOADS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::conversion {

/// Loads relative to a pointer. What they read does not change during a call.
class FrameLoads {
public:
  FrameLoads(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::Type pointer() {
    return mlir::LLVM::LLVMPointerType::get(builder.getContext());
  }
  mlir::Type word() { return builder.getI64Type(); }

  /// A frame, before convert-to-llvm has been over it.
  mlir::Value pointerTo(mlir::Value frame) {
    return mlir::UnrealizedConversionCastOp::create(builder, loc, pointer(),
                                                    frame)
        .getResult(0);
  }

  /// base + constant · bytes + index · stride (index, of i64, may be null)
  mlir::Value at(mlir::Value base, int64_t offset, mlir::Value index = {},
                 int64_t stride = 0) {
    if (index)
      base = advance(base, multiply(index, constant(stride)));
    return offset == 0 ? base : advance(base, static_cast<int32_t>(offset));
  }

  mlir::Value load(mlir::Type type, mlir::Value address) {
    return mlir::LLVM::LoadOp::create(
        builder, loc, type, address, /*alignment=*/8, /*isVolatile=*/false,
        /*isNonTemporal=*/false, /*isInvariant=*/true);
  }

  mlir::Value multiply(mlir::Value a, mlir::Value b) {
    return mlir::LLVM::MulOp::create(builder, loc, a, b);
  }

  mlir::Value constant(int64_t value) {
    return mlir::LLVM::ConstantOp::create(builder, loc, word(),
                                          builder.getI64IntegerAttr(value));
  }

private:
  mlir::Value advance(mlir::Value base, mlir::LLVM::GEPArg bytes) {
    return mlir::LLVM::GEPOp::create(builder, loc, pointer(),
                                     builder.getI8Type(), base, bytes);
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_FRAMELOADS_H
