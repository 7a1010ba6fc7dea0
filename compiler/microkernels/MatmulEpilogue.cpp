//===- MatmulEpilogue.cpp - what becomes of a product's sums --------------===//

#include "compiler/microkernels/MatmulEpilogue.h"
#include "compiler/microkernels/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace heddle::microkernels {

MatmulEpilogue::MatmulEpilogue(kernel::MatmulOp op)
    : bias(static_cast<bool>(op.getBias())),
      residual(static_cast<bool>(op.getResidual())), gated(op.getGated()),
      yStride(stridesOf(op.getY())[0]),
      residualStride(residual ? stridesOf(op.getResidual())[0] : 0),
      outputs(op.getOutputs()), activation(op.getActivation()) {}

std::string MatmulEpilogue::name() const {
  std::string text = std::to_string(outputs);
  if (yStride != outputs)
    text += "_y" + std::to_string(yStride);
  if (bias)
    text += "_bias";
  if (activation != kernel::Activation::None)
    text += "_" + kernel::stringifyActivation(activation).str();
  if (gated)
    text += "_gated";
  if (residual)
    text += "_residual";
  if (residual && residualStride != outputs)
    text += std::to_string(residualStride);
  return text;
}

bool MatmulEpilogue::isShort() const {
  return activation == kernel::Activation::None ||
         activation == kernel::Activation::Relu;
}

/// y[j] = residual[j] + act(a[j]) · b[j], the biases being added already.
void MatmulEpilogue::emitRow(VectorBuilder &v, ValueRange sums, int64_t columns,
                             Place row) const {
  int64_t lanes = v.target.lanes();
  int64_t vectors = llvm::divideCeilSigned(columns, lanes);
  for (int64_t j = 0; j < vectors; ++j) {
    int64_t count = std::min(columns - j * lanes, lanes);
    Value result = emitActivation(v, activation, sums[j]);
    if (gated)
      result = v.mul(result, sums[vectors + j]);
    if (residual)
      result =
          v.add(v.loadFirst(v.advance(row.residual, j * lanes), count), result);
    v.storeFirst(result, v.advance(row.y, j * lanes), count);
  }
}

void MatmulEpilogue::emit(VectorBuilder &v, ValueRange sums, int64_t rows,
                          int64_t columns, Place place) const {
  int64_t lanes = v.target.lanes();
  int64_t perRow = sums.size() / rows;
  SmallVector<Value> biased(sums);
  for (int64_t j = 0; bias && j < perRow; ++j) {
    // Those of b stand N behind those of a.
    int64_t half = gated && j >= perRow / 2;
    int64_t column = (half ? j - perRow / 2 : j) * lanes;
    Value at = v.advance(place.bias, half * outputs + column);
    Value vector = v.loadFirst(at, std::min(columns - column, lanes));
    for (int64_t i = 0; i < rows; ++i)
      biased[i * perRow + j] = v.add(biased[i * perRow + j], vector);
  }
  if (!isShort())
    return emitRowsFromMemory(v, biased, rows, columns, place);
  for (int64_t i = 0; i < rows; ++i) {
    Place row = place;
    if (residual)
      row.residual = v.advance(place.residual, i * residualStride);
    row.y = v.advance(place.y, i * yStride);
    emitRow(v, ArrayRef(biased).slice(i * perRow, perRow), columns, row);
  }
}

/// for i: y[i] = …, the sums being in the first-level cache. Long functions in
/// a loop: unrolled over a tile they would be most of the code.
void MatmulEpilogue::emitRowsFromMemory(VectorBuilder &v, ValueRange sums,
                                        int64_t rows, int64_t columns,
                                        Place place) const {
  int64_t lanes = v.target.lanes();
  int64_t perRow = sums.size() / rows;
  Value scratch = v.stackFloats(rows * perRow * lanes);
  for (auto [number, sum] : llvm::enumerate(sums))
    v.store(sum, v.advance(scratch, number * lanes), lanes * 4);
  v.loop(v.index(0), v.index(rows), 1, [&](Value i) {
    auto rowOf = [&](Value matrix, int64_t stride) {
      Value elements =
          arith::MulIOp::create(v.builder, v.loc, i, v.index(stride));
      return v.advance(matrix, elements);
    };
    Value saved = rowOf(scratch, perRow * lanes);
    SmallVector<Value> vectors;
    for (int64_t j = 0; j < perRow; ++j)
      vectors.push_back(v.loadVector(v.advance(saved, j * lanes), lanes * 4));
    Place row = place;
    if (residual)
      row.residual = rowOf(place.residual, residualStride);
    row.y = rowOf(place.y, yStride);
    emitRow(v, vectors, columns, row);
  });
}

} // namespace heddle::microkernels
