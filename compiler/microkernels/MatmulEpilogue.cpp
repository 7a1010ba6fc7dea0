//===- MatmulEpilogue.cpp - what becomes of a product's sums --------------===//

#include "compiler/microkernels/MatmulEpilogue.h"
#include "compiler/microkernels/Lanes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace heddle::microkernels {

MatmulEpilogue::MatmulEpilogue(kernel::MatmulOp op)
    : bias(static_cast<bool>(op.getBias())), paired(op.getPaired()),
      yStride(stridesOf(op.getY())[0]), outputs(op.getOutputs()),
      body(op.hasEpilogue() ? &op.getEpilogue().front() : nullptr) {
  for (Value other : op.getOthers()) {
    int64_t rank = cast<MemRefType>(other.getType()).getRank();
    strides.push_back(rank == 2 ? stridesOf(other)[0] : 0);
    isNumber.push_back(rank == 0);
  }
}

std::string MatmulEpilogue::name() const {
  std::string text = std::to_string(outputs);
  if (yStride != outputs)
    text += "_y" + std::to_string(yStride);
  if (bias)
    text += "_bias";
  if (paired)
    text += "_paired";
  for (auto [stride, number] : llvm::zip_equal(strides, isNumber))
    text += number ? "_number" : "_with" + std::to_string(stride);
  return body ? text + nameOfBody(*body) : text;
}

bool MatmulEpilogue::isShort() const {
  return !body || Lanes::costOf(*body) <= tuning::shortEpilogue;
}

void MatmulEpilogue::prefetch(VectorBuilder &v, int64_t rows, int64_t columns,
                              const Place &place) const {
  constexpr int64_t perLine = tuning::cacheLine / sizeof(float);
  for (auto [other, stride] : llvm::zip_equal(place.others, strides))
    for (int64_t i = 0; stride && i < rows; ++i)
      for (int64_t column = 0; column < columns; column += perLine)
        v.prefetch(v.advance(other, i * stride + column));
}

/// y[j] = epilogue(sums[j] …, others[j] …), the biases being added already.
void MatmulEpilogue::emitRow(VectorBuilder &v, ValueRange sums, int64_t columns,
                             const Place &row) const {
  int64_t lanes = v.target.lanes();
  int64_t vectors = llvm::divideCeilSigned(columns, lanes);
  for (int64_t j = 0; j < vectors; ++j) {
    int64_t count = std::min(columns - j * lanes, lanes);
    Value result = sums[j];
    if (body) {
      Lanes all(v);
      auto argument = body->args_begin();
      for (int64_t half = 0; half <= paired; ++half)
        all.setVector(*argument++, sums[half * vectors + j]);
      for (auto [other, number] : llvm::zip_equal(row.others, isNumber))
        all.setVector(*argument++,
                      number ? v.loadSplat(other)
                             : v.loadFirst(v.advance(other, j * lanes), count));
      all.evaluate(*body, /*mask=*/{});
      result = all.vector(body->getTerminator()->getOperand(0));
    }
    v.storeFirst(result, v.advance(row.y, j * lanes), count);
  }
}

void MatmulEpilogue::emit(VectorBuilder &v, ValueRange sums, int64_t rows,
                          int64_t columns, const Place &place) const {
  int64_t lanes = v.target.lanes();
  int64_t perRow = sums.size() / rows;
  SmallVector<Value> biased(sums);
  for (int64_t j = 0; bias && j < perRow; ++j) {
    // Those of the second half stand N behind.
    int64_t half = paired && j >= perRow / 2;
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
    for (auto [other, stride] : llvm::zip_equal(row.others, strides))
      other = v.advance(other, i * stride);
    row.y = v.advance(place.y, i * yStride);
    emitRow(v, ArrayRef(biased).slice(i * perRow, perRow), columns, row);
  }
}

/// for i: y[i] = …, the sums being in the first-level cache. Long functions in
/// a loop: unrolled over a tile they would be most of the code.
void MatmulEpilogue::emitRowsFromMemory(VectorBuilder &v, ValueRange sums,
                                        int64_t rows, int64_t columns,
                                        const Place &place) const {
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
    for (auto [other, stride] : llvm::zip_equal(row.others, strides))
      if (stride)
        other = rowOf(other, stride);
    row.y = rowOf(place.y, yStride);
    emitRow(v, vectors, columns, row);
  });
}

} // namespace heddle::microkernels
