//===- RoundingErrors.cpp - what types make of a weight -------------------===//

#include "compiler/checkpoint/RoundingErrors.h"
#include "compiler/checkpoint/Quantise.h"

using namespace llvm;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedType;

namespace heddle::checkpoint {

/// Runs of outputs that lie together, and outputs of a run: 16 rows of a
/// matrix give its error to a few per cent.
static constexpr int64_t runsOfSample = 4, outputsOfRun = 4;

/// Rows of outputs first .. first + count, one after the other.
static Error readRows(const Source *source, uint64_t seed,
                      const TensorPart &part, MatrixShape matrix,
                      bool transposed, int64_t first, int64_t count,
                      MutableArrayRef<float> to) {
  uint64_t inputs = matrix.inputs, outputs = matrix.outputs;
  SmallVector<char, 0> scratch;
  RandomElements random(seed, part.path, part.fill);
  if (!transposed && part.stored)
    return source->readFloats(*part.stored, first * inputs, to, scratch);
  if (!transposed) {
    random.fill(first * inputs, 1, to.data(), to.size());
    return Error::success();
  }
  std::vector<float> columns(to.size());
  if (part.stored) {
    uint64_t all = count;
    Source::Columns which{inputs, outputs, static_cast<uint64_t>(first), all,
                          all};
    if (Error error =
            source->readColumns(*part.stored, which, columns.data(), scratch))
      return error;
  } else {
    for (uint64_t k = 0; k < inputs; ++k)
      random.fill(k * outputs + first, 1, &columns[k * count], count);
  }
  transpose(columns.data(), inputs, count, count, to.data(), inputs);
  return Error::success();
}

void roundRow(const PackedFormat &format, MutableArrayRef<float> row,
              ArrayRef<float> importance) {
  size_t run = format.run() ? format.run() : row.size();
  std::vector<uint8_t> integers(run);
  for (size_t k = 0; k < row.size(); k += run) {
    size_t length = std::min(run, row.size() - k);
    RunNumbers numbers =
        quantise(format, &row[k], importance.empty() ? nullptr : &importance[k],
                 integers.data(), length);
    dequantise(format, integers.data(), numbers, &row[k], length);
  }
}

/// Σ i (ŵ − w)² of one row.
static double errorOf(const PackedFormat &format, ArrayRef<float> row,
                      ArrayRef<float> importance) {
  std::vector<float> rounded(row.begin(), row.end());
  roundRow(format, rounded, importance);
  double sum = 0;
  for (size_t k = 0; k < row.size(); ++k) {
    double error = double(rounded[k]) - row[k];
    sum += (importance.empty() ? 1 : importance[k]) * error * error;
  }
  return sum;
}

Expected<std::vector<double>> roundingErrors(const Source *source,
                                             uint64_t randomSeed,
                                             const TensorPart &part,
                                             const kernel::PackedLayout &layout,
                                             ArrayRef<PackedType> types) {
  MatrixShape matrix = layout.matrix(part.shape);
  std::vector<double> errors(types.size());
  double power = 0;
  int64_t runs = std::clamp<int64_t>(matrix.outputs / outputsOfRun, 1,
                                     runsOfSample),
          count = std::min(matrix.outputs, outputsOfRun);
  std::vector<float> rows(count * matrix.inputs);
  for (int64_t run = 0; run < runs; ++run) {
    int64_t first =
        (matrix.outputs - count) * run / std::max<int64_t>(runs - 1, 1);
    if (Error error = readRows(source, randomSeed, part, matrix,
                               layout.transposed, first, count, rows))
      return std::move(error);
    for (int64_t output = 0; output < count; ++output) {
      ArrayRef<float> row =
          ArrayRef(rows).slice(output * matrix.inputs, matrix.inputs);
      for (auto [k, weight] : enumerate(row))
        power += (part.importance.empty() ? 1 : part.importance[k]) *
                 double(weight) * weight;
      for (auto [type, error] : zip_equal(types, errors))
        error += errorOf(kernel::formatOf(type), row, part.importance);
    }
  }
  for (double &error : errors)
    error = power > 0 ? error / power : 0;
  return errors;
}

} // namespace heddle::checkpoint
