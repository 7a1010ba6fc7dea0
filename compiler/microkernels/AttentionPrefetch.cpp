//===- AttentionPrefetch.cpp - keys and values asked for ahead ------------===//
//
// Where all rows are one tile, each key and value is read once, from memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/AttentionKernels.h"
#include "dialects/kernel/KeptRow.h"

using namespace mlir;

namespace heddle::microkernels {

void AttentionKernels::prefetchKeys(Value k, Value count) {
  v.loop(v.index(0), atMost(count, 0, v.index(tuning::keysAhead)), 1,
         [&](Value j) {
           prefetchRow(keyAt(k, j), shape.depth, shape.keyElement);
         });
}

/// Asks for the lines that hold so many elements.
void AttentionKernels::prefetchRow(Value row, int64_t count, Type element) {
  int64_t bytes = count * element.getIntOrFloatBitWidth() / 8;
  for (int64_t byte = 0; byte < bytes; byte += tuning::cacheLine)
    v.prefetch(v.advanceBytes(row, byte), /*isNear=*/true);
}

/// Asks for the share that a square at `d` has of as many rows as lanes. Rows
/// without gaps are asked for in the order of memory, which the machine's own
/// prefetch follows.
void AttentionKernels::prefetchShare(Value rows, Type element, int64_t depth,
                                     int64_t stride, Value d) {
  int64_t lanes = v.target.lanes(),
          elementBytes = element.getIntOrFloatBitWidth() / 8,
          rowBytes = element.isInteger(8) ? kernel::KeptRow::bytes(depth)
                                          : depth * elementBytes,
          squares = llvm::divideCeil(shape.depth, lanes);
  if (stride * elementBytes != rowBytes) {
    Value line = v.advance(rows, element, d);
    for (int64_t i = 0; i < lanes; ++i)
      v.prefetch(v.advance(line, element, i * stride), /*isNear=*/true);
    return;
  }
  int64_t line = tuning::cacheLine,
          lines = llvm::divideCeil(lanes * rowBytes, squares * line);
  Value share = v.advanceBytes(rows, times(d, lines * line / lanes));
  for (int64_t i = 0; i < lines; ++i)
    v.prefetch(v.advanceBytes(share, i * line), /*isNear=*/true);
}

} // namespace heddle::microkernels
