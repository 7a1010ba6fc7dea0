//===- KernelAttrs.h - attributes of machine operations ---------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELATTRS_H
#define HEDDLE_DIALECTS_KERNEL_KERNELATTRS_H

#include "dialects/kernel/Layout.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectImplementation.h"

#include "dialects/kernel/KernelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.h.inc"

#endif // HEDDLE_DIALECTS_KERNEL_KERNELATTRS_H
