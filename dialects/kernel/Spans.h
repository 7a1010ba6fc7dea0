//===- Spans.h - the keys of one softmax in spans ---------------*- C++ -*-===//
//
// A row of kernel.attention goes over its keys in spans at fixed positions.
// Each has a softmax of its own, and those are merged in the order of spans: so
// spans of one row may be computed by several tasks, with the bits that one
// task has.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_SPANS_H
#define HEDDLE_DIALECTS_KERNEL_SPANS_H

#include "llvm/Support/MathExtras.h"

namespace heddle::kernel {

/// Keys of a span, a multiple of every block that attention takes at once. Long
/// enough that merging does not count in a prompt, short enough that a text of
/// some thousand tokens has spans for several threads.
constexpr int64_t spanKeys = 512;

/// Where keys and values are kept in a ring its length is a multiple of this,
/// and this one of every block that attention takes at once: no block is cut.
constexpr int64_t ringKeys = 128;

/// Rows (queries, of all heads that share a key head) of whose spans tasks may
/// leave states: as many as one task computes.
constexpr int64_t spanRows = 128;

/// A state in memory: the largest score m at 0, the sums l of the lanes of a
/// vector, of any target, at 16, the sums o of values at 32.
constexpr int64_t stateSums = 16, stateValues = 32;
inline int64_t stateFloats(int64_t valueDepth) {
  return stateValues + llvm::alignTo(valueDepth, 16);
}

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_SPANS_H
