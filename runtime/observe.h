/* What code calls that tells which inputs its products meet (kernel-observe-inputs), and who listens. Shared with the compiler,
 * which loads such a program into its own process to calibrate weights by a text: none that is written to a file has it. */
#ifndef HEDDLE_RUNTIME_OBSERVE_H
#define HEDDLE_RUNTIME_OBSERVE_H

#include "runtime/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A product's matrix of inputs, `rows` by `inputs` with rows `stride` elements apart, and the slot of its weight. */
typedef void heddle_observer(void *context, int64_t slot, const float *x, int64_t rows, int64_t inputs, int64_t stride);

/* Who is told from now on, in the order in which the products of a call run; NULL: nobody. One listener a process. */
HEDDLE_API void heddle_observe_with(heddle_observer *observer, void *context);

/* As the code calls it: the line of slots that the function was given, the slot in it, and a memref of two dimensions. */
void heddle_observe_inputs(const heddle_frame *frame, const void *const *slots, int64_t slot, const float *allocated, const float *aligned,
                           int64_t offset, int64_t rows, int64_t inputs, int64_t row_stride, int64_t input_stride);

#ifdef __cplusplus
}
#endif

#endif /* HEDDLE_RUNTIME_OBSERVE_H */
