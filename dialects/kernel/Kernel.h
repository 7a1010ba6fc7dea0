//===- Kernel.h - the kernel dialect --------------------------------------===//
//
// Machine operations on packed operands. See KernelDialect.td for the shape of
// functions at this stage.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNEL_H
#define HEDDLE_DIALECTS_KERNEL_KERNEL_H

#include "dialects/kernel/KernelAttrs.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace heddle::kernel {

/// Ops of the dialect stand in functions: tasks and micro-kernels are made
/// beside the function that an op is in.
template <typename Op>
class InFunction : public mlir::OpTrait::TraitBase<Op, InFunction> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    if (op->getParentOfType<mlir::func::FuncOp>())
      return llvm::success();
    return op->emitOpError("stands outside of functions");
  }
};

/// Of ops that give a buffer: C1 and C2 of KernelFrameOps.td.
llvm::LogicalResult verifyBuffer(mlir::Operation *op);

} // namespace heddle::kernel

#include "dialects/kernel/KernelDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/kernel/KernelTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"

#endif // HEDDLE_DIALECTS_KERNEL_KERNEL_H
