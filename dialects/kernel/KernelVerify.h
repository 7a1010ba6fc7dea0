//===- KernelVerify.h - what verifiers say about operands -------*- C++ -*-===//
#ifndef HEDDLE_DIALECTS_KERNEL_KERNELVERIFY_H
#define HEDDLE_DIALECTS_KERNEL_KERNELVERIFY_H

#include "dialects/kernel/Kernel.h"

namespace heddle::kernel {

/// Distance between the rows of a matrix whose rows are contiguous, if static.
std::optional<int64_t> rowStride(mlir::MemRefType type);

/// No gaps between elements; where they begin does not matter.
bool isDense(mlir::MemRefType type);

/// Two sizes, of which one may be known only at run time.
bool mayBeEqual(int64_t a, int64_t b);

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_KERNELVERIFY_H
