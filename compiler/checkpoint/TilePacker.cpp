//===- TilePacker.cpp - One piece of a packed tensor ----------------------===//

#include "compiler/checkpoint/TilePacker.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedLayout;
using heddle::kernel::PackedType;

namespace heddle::checkpoint {

Expected<TilePacker::Packed> TilePacker::pack(const Tile &tile) {
  const TensorPlan &plan = *tile.plan;
  if (holdsIntegers(plan))
    return packIntegers(tile);
  int64_t count = 0, inputs = plan.matrix.inputs;
  auto runs = plan.outputsOf(tile.begin, tile.end);
  for (TensorPlan::Outputs run : runs)
    count += run.count;
  size_t elements = count * inputs;
  float *rows = rowBuffer.atLeast(elements);
  int64_t row = 0;
  for (TensorPlan::Outputs run : runs) {
    bool transposed = plan.layout().transposed;
    if (Error error = fetch(plan, run.first, run.count,
                            rows + row * (transposed ? 1 : inputs), count))
      return std::move(error);
    row += run.count;
  }
  size_t nonFinite = countNonFinite(rows, elements);
  roundRows(tile, count, rows);
  loss = {};
  if (plan.layout().type != PackedType::F32)
    loss.largest = largestMagnitude(rows, elements);

  size_t bytes = (tile.end - tile.begin) * plan.unitBytes;
  const void *data = nullptr;
  if (plan.isQuantised()) {
    data = quantise(tile, count, rows);
  } else if (plan.layout().type == PackedType::BF16) {
    uint16_t *rounded = roundedBuffer.atLeast(bytes / 2);
    toBF16(order(tile, count, rows), rounded, bytes / 2);
    // Halfway to the power of two that would come next.
    if (nonFinite == 0 && loss.largest >= 0x1.ffp127f)
      loss.tooLarge = loss.largest;
    data = rounded;
  } else if (plan.layout().type == PackedType::F16) {
    uint16_t *rounded = roundedBuffer.atLeast(bytes / 2);
    toF16(order(tile, count, rows), rounded, bytes / 2);
    loss.addHalves(rows, elements);
    data = rounded;
  } else {
    data = order(tile, count, rows);
  }
  return Packed{{static_cast<const char *>(data), bytes}, nonFinite, loss};
}

/// Outputs first .. first + count of the matrix as stored, to [count][inputs]
/// or, when the layout is transposed, to [inputs][stride].
Error TilePacker::fetch(const TensorPlan &plan, int64_t first, int64_t count,
                        float *rows, int64_t stride) {
  int64_t partFirst = 0;
  for (auto [part, matrix] : zip(plan.tensor->parts, plan.partMatrices)) {
    int64_t from = std::max(first, partFirst);
    int64_t to = std::min(first + count, partFirst + matrix.outputs);
    if (from < to) {
      Slice slice{&part, matrix, from - partFirst, to - from};
      if (Error error =
              plan.layout().transposed
                  ? fetchColumns(slice, rows + (from - first), stride)
                  : fetchRows(slice, rows + (from - first) * matrix.inputs))
        return error;
    }
    partFirst += matrix.outputs;
  }
  return Error::success();
}

static RandomElements randomOf(const TensorPart &part, uint64_t seed) {
  return RandomElements(seed, part.path, part.fill);
}

Error TilePacker::fetchRows(const Slice &slice, float *to) {
  uint64_t begin = slice.first * slice.matrix.inputs;
  size_t elements = slice.count * slice.matrix.inputs;
  if (const StoredTensor *stored = slice.part->stored)
    return request.checkpoint->readFloats(*stored, begin, {to, elements},
                                          rawBuffer);
  randomOf(*slice.part, request.randomSeed).fill(begin, 1, to, elements);
  return Error::success();
}

/// to[k * stride + n] for the slice's outputs n; the part is stored as
/// [inputs][outputs].
Error TilePacker::fetchColumns(const Slice &slice, float *to, int64_t stride) {
  int64_t inputs = slice.matrix.inputs, outputs = slice.matrix.outputs;
  const StoredTensor *stored = slice.part->stored;
  if (!stored) {
    RandomElements random = randomOf(*slice.part, request.randomSeed);
    for (int64_t k = 0; k < inputs; ++k)
      random.fill(slice.first * inputs + k, inputs, to + k * stride,
                  slice.count);
    return Error::success();
  }
  Source::Columns columns{
      static_cast<uint64_t>(inputs), static_cast<uint64_t>(outputs),
      static_cast<uint64_t>(slice.first), static_cast<uint64_t>(slice.count),
      static_cast<uint64_t>(stride)};
  return request.checkpoint->readColumns(*stored, columns, to, rawBuffer);
}

/// to[k / interleave][n][k % interleave] = from[n][k] for n < width; rows of
/// `from` are `stride` apart, steps of `to` hold `panel` outputs.
template <int64_t interleave>
static void interleaveRows(const float *from, int64_t stride, int64_t width,
                           int64_t inputs, float *to, int64_t panel) {
  // A cache line of each row at a time, as in transpose().
  constexpr int64_t lineSteps = 16 / interleave;
  int64_t wholeSteps = inputs / interleave;
  for (int64_t begin = 0; begin < wholeSteps; begin += lineSteps)
    for (int64_t n = 0; n < width; ++n)
      for (int64_t s = begin; s < std::min(begin + lineSteps, wholeSteps); ++s)
        std::copy_n(from + n * stride + s * interleave, interleave,
                    to + (s * panel + n) * interleave);
  for (int64_t n = 0; n < width; ++n)
    std::copy_n(from + n * stride + wholeSteps * interleave,
                inputs % interleave,
                to + (wholeSteps * panel + n) * interleave);
}

/// The same from[k][n].
static void interleaveColumns(const float *from, int64_t stride, int64_t width,
                              int64_t inputs, float *to, int64_t panel,
                              int64_t interleave) {
  for (int64_t k = 0; k < inputs; ++k) {
    float *step = to + k / interleave * panel * interleave + k % interleave;
    for (int64_t n = 0; n < width; ++n)
      step[n * interleave] = from[k * stride + n];
  }
}

/// `width` columns of a panel. `from` begins with the first of them; rows of
/// the source, [outputs][inputs] or transposed, are `stride` apart.
static void fillColumns(const TensorPlan &plan, const float *from,
                        int64_t stride, int64_t width, float *to) {
  const PackedLayout &layout = plan.layout();
  int64_t inputs = plan.matrix.inputs, panel = layout.panel;
  if (layout.transposed)
    return interleaveColumns(from, stride, width, inputs, to, panel,
                             layout.interleave);
  switch (layout.interleave) {
  case 1:
    return transpose(from, width, inputs, stride, to, panel);
  case 2:
    return interleaveRows<2>(from, stride, width, inputs, to, panel);
  case 4:
    return interleaveRows<4>(from, stride, width, inputs, to, panel);
  }
  llvm_unreachable("the layout verifies its interleave");
}

/// The rows in the order of the packed layout.
const float *TilePacker::order(const Tile &tile, int64_t count,
                               const float *rows) {
  const TensorPlan &plan = *tile.plan;
  const PackedLayout &layout = plan.layout();
  int64_t inputs = plan.matrix.inputs;
  bool transposed = layout.transposed;
  if (!plan.isPanel() && !transposed)
    return rows;
  float *to =
      orderBuffer.atLeast((tile.end - tile.begin) * plan.unitElements());
  if (!plan.isPanel()) {
    transpose(rows, inputs, count, count, to, inputs);
    return to;
  }
  for (int64_t unit = tile.begin; unit < tile.end; ++unit) {
    float *panel = to + (unit - tile.begin) * plan.unitElements();
    if (plan.hasPadding(unit))
      std::fill_n(panel, plan.unitElements(), 0.0f);
    tile.forColumns(unit, [&](int64_t column, int64_t row, int64_t width) {
      fillColumns(plan, rows + row * (transposed ? 1 : inputs),
                  transposed ? count : inputs, width,
                  panel + column * layout.interleave);
    });
  }
  return to;
}

} // namespace heddle::checkpoint
