//===- ByteMatmul.cpp - products of bytes with a scale a row --------------===//

#include "compiler/microkernels/ByteMatmul.h"
#include "compiler/microkernels/ByteDot.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class RowOperands : public ByteOperands {
public:
  RowOperands(kernel::MatmulOp op, const Target &target) : ByteOperands(op) {
    tile = ByteDot::tiles(target).rows;
    singleRowVectors = panel / target.lanes();
    fewRowsVectors = tile.vectors;
    fewRowsAsk = true;
  }

  //  sums[i][j] = start[i]
  //  for step: sums[i][j] += Σ_4 (u[step][j] − 128) · q[i][step]
  //  return sums[i][j] · dx[i] · dw[j]
  SmallVector<Value> emitSums(VectorBuilder &v, const Tile &tile, Value x,
                              Value weight, Value next) const override {
    ByteDot dot(v);
    auto xRow = [&](Value pointer, int64_t i) {
      return v.advanceBytes(pointer, i * xRowBytes);
    };
    SmallVector<Value> sums;
    for (int64_t i = 0; i < tile.rows; ++i)
      sums.append(tile.vectors.size(), dot.start(v.loadSplatInt(v.advanceBytes(
                                           xRow(x, i), row.startOffset()))));
    sums = v.loop(
        v.index(0), v.index(steps), 1, sums, [&](Value step, ValueRange sums) {
          Value offset = times(v, step, stepBytes);
          prefetchLines(v, tile, weight, next, step, offset);
          Value atWeight = v.advanceBytes(weight, offset);
          Value atX = v.advanceBytes(x, times(v, step, layout.interleave));
          SmallVector<ByteDot::Bytes> weights;
          for (int64_t vector : tile.vectors)
            weights.push_back(dot.weights(v.loadInts(
                v.advanceBytes(atWeight, vector), v.target.vectorBits / 8)));
          SmallVector<Value> updated;
          for (int64_t i = 0; i < tile.rows; ++i) {
            ByteDot::Bytes q = dot.inputs(v.loadSplatInt(xRow(atX, i)));
            for (const ByteDot::Bytes &u : weights)
              updated.push_back(dot.add(sums[updated.size()], u, q));
          }
          return updated;
        });
    // The scales lie behind the last step as the columns do within one.
    Value scales = v.advanceBytes(weight, steps * stepBytes);
    SmallVector<Value> columnScales, results;
    for (int64_t vector : tile.vectors)
      columnScales.push_back(v.loadVector(v.advanceBytes(scales, vector)));
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value scale = v.loadSplat(v.advanceBytes(xRow(x, i), row.scaleOffset()));
      for (Value columnScale : columnScales)
        results.push_back(v.mul(v.mul(toFloats(v, sums[results.size()]), scale),
                                columnScale));
    }
    return results;
  }
};

} // namespace

std::unique_ptr<MatmulOperands> createRowOperands(kernel::MatmulOp op,
                                                  const Target &target) {
  return std::make_unique<RowOperands>(op, target);
}

std::unique_ptr<MatmulOperands> createByteOperands(kernel::MatmulOp op,
                                                   const Target &target) {
  return op.getLayout()->getLayout().format().isGrouped()
             ? createGroupOperands(op, target)
             : createRowOperands(op, target);
}

} // namespace heddle::microkernels
