//===- AttentionScales.cpp - of keys and values in 8 bits -----------------===//
//
// Integers are multiplied as they are. A key's scale multiplies its score, and
// a value's the weight that the softmax has given it: the same steps for any
// tile.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/AttentionKernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace heddle::microkernels {

void AttentionKernels::copyKeyScales(Value k, Value count, Value scales) {
  copyScales(k, shape.keyStride, shape.depth, count, scales);
}

void AttentionKernels::copyValueScales(Value values, Value count,
                                       Value scales) {
  copyScales(values, shape.valueStride, shape.valueDepth, count, scales);
}

/// A row's scale follows its bytes, and is aligned to nothing.
void AttentionKernels::copyScales(Value rows, int64_t stride, int64_t depth,
                                  Value count, Value scales) {
  call("scales_" + Twine(depth) + "_" + Twine(stride), {rows, count, scales},
       [&](ValueRange inner) {
         Value first = v.advanceBytes(inner[0], depth);
         v.loop(v.index(0), inner[1], 1, [&](Value j) {
           Value scale =
               LLVM::LoadOp::create(v.builder, v.loc, v.builder.getF32Type(),
                                    v.advanceBytes(first, times(j, stride)), 1);
           LLVM::StoreOp::create(v.builder, v.loc, scale,
                                 v.advance(inner[2], j), 4);
         });
       });
}

void AttentionKernels::scale(Value rows, Value s, Value scales, Value count) {
  call("scale", {rows, s, scales, count}, [&](ValueRange inner) {
    v.loop(v.index(0), inner[3], v.target.lanes(), [&](Value j) {
      Value ofKeys = v.loadVector(v.advance(inner[2], j));
      v.loop(v.index(0), inner[0], 1, [&](Value row) {
        Value at = v.advance(v.advance(inner[1], j), times(row, shape.block));
        v.store(v.mul(v.loadVector(at), ofKeys), at);
      });
    });
  });
}

} // namespace heddle::microkernels
