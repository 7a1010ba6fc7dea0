//===- KernelOps.td - machine operations --------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELOPS_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/kernel/KernelFrameOps.td"

#endif // HEDDLE_DIALECTS_KERNEL_KERNELOPS_TD
