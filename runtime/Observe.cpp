//===- Observe.cpp - inputs of products, for who listens ------------------===//

#include "runtime/observe.h"

static heddle_observer *listener;
static void *listenerContext;

void heddle_observe_with(heddle_observer *observer, void *context) {
  listener = observer;
  listenerContext = context;
}

void heddle_observe_inputs(const heddle_frame *frame, const void *const *slots,
                           int64_t slot, const float * /*allocated*/,
                           const float *aligned, int64_t offset, int64_t rows,
                           int64_t inputs, int64_t row_stride,
                           int64_t /*input_stride*/) {
  if (listener)
    listener(listenerContext, slots - frame->weights + slot, aligned + offset,
             rows, inputs, row_stride);
}
