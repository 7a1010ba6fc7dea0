//===- AttentionPrefetch.cpp - keys and values asked for ahead ------------===//
//
// Where all rows are one tile, each key and value is read once, from memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/AttentionKernels.h"
#include "dialects/kernel/KeptRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

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

int64_t AttentionKernels::rowBytes(Type element, int64_t depth) const {
  return element.isInteger(8) ? kernel::KeptRow::bytes(depth)
                              : depth * element.getIntOrFloatBitWidth() / 8;
}

/// Asks for the share that a square at `d` has of as many rows as lanes. Rows
/// without gaps are asked for in the order of memory, which the machine's own
/// prefetch follows.
void AttentionKernels::prefetchShare(Value rows, Type element, int64_t depth,
                                     int64_t stride, Value d) {
  int64_t lanes = v.target.lanes(),
          elementBytes = element.getIntOrFloatBitWidth() / 8,
          bytes = rowBytes(element, depth),
          squares = llvm::divideCeil(shape.depth, lanes);
  if (stride * elementBytes != bytes) {
    Value line = v.advance(rows, element, d);
    for (int64_t i = 0; i < lanes; ++i)
      v.prefetch(v.advance(line, element, i * stride), /*isNear=*/true);
    return;
  }
  int64_t line = tuning::cacheLine,
          lines = llvm::divideCeil(lanes * bytes, squares * line);
  Value share = v.advanceBytes(rows, times(d, lines * line / lanes));
  for (int64_t i = 0; i < lines; ++i)
    v.prefetch(v.advanceBytes(share, i * line), /*isNear=*/true);
}

/// Asks for the share that value `j` of a part has of the next block's keys,
/// while the product goes over the columns from `column` on: of keys without
/// gaps, lines in the order of memory; else, of the key that is level with it,
/// those that these columns have of all.
void AttentionKernels::prefetchNextKeys(int64_t rows, const Mix &mix,
                                        Value column, Value j) {
  int64_t columns = vectorsFor(rows) * v.target.lanes(),
          turns = llvm::divideCeil(shape.valueDepth, columns),
          part = turns > 1 ? tuning::valuesOfPart : shape.block,
          bytes = rowBytes(shape.keyElement, shape.depth),
          lines = llvm::divideCeil(bytes, turns * tuning::cacheLine),
          share = lines * tuning::cacheLine;
  Value turn =
            arith::DivUIOp::create(v.builder, v.loc, column, v.index(columns)),
        last = arith::SubIOp::create(v.builder, v.loc, mix.last,
                                     v.index(shape.block));
  Value from;
  if (shape.keyStride * shape.keyElement.getIntOrFloatBitWidth() / 8 == bytes) {
    Value number =
        arith::AddIOp::create(v.builder, v.loc, times(turn, part), j);
    Value end = arith::AddIOp::create(v.builder, v.loc, times(last, bytes),
                                      v.index(bytes - share));
    from = v.advanceBytes(mix.nextKeys, atMost(times(number, share), 0, end));
  } else {
    from = v.advanceBytes(keyAt(mix.nextKeys, atMost(j, 0, last)),
                          times(turn, share));
  }
  for (int64_t i = 0; i < lines; ++i)
    v.prefetch(v.advanceBytes(from, i * tuning::cacheLine), /*isNear=*/true);
}

} // namespace heddle::microkernels
