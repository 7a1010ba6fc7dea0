//===- Kernel.h - the kernel dialect --------------------------------------===//
//
// Machine operations on packed operands. See KernelDialect.td for the shape of
// functions at this stage.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNEL_H
#define HEDDLE_DIALECTS_KERNEL_KERNEL_H

#include "dialects/kernel/Layout.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/kernel/KernelDialect.h.inc"
#include "dialects/kernel/KernelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"

#endif // HEDDLE_DIALECTS_KERNEL_KERNEL_H
