//===- TilePacker.cpp - One piece of a packed tensor ----------------------===//

#include "compiler/checkpoint/TilePacker.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedLayout;
using heddle::kernel::PackedType;

namespace heddle::checkpoint {

Expected<TilePacker::Packed> TilePacker::pack(const Tile &tile) {
  const TensorPlan &plan = *tile.plan;
  int64_t first = plan.firstOutput(tile.begin);
  int64_t count = plan.firstOutput(tile.end) - first;
  size_t elements = count * plan.matrix.inputs;
  float *rows = rowBuffer.atLeast(elements);
  if (Error error = fetch(plan, first, count, rows))
    return std::move(error);
  size_t nonFinite = countNonFinite(rows, elements);

  size_t packedElements = (tile.end - tile.begin) * plan.unitElements;
  const float *ordered = order(tile, first, count, rows);
  const void *data = ordered;
  if (plan.layout().type == PackedType::BF16) {
    uint16_t *rounded = roundedBuffer.atLeast(packedElements);
    toBF16(ordered, rounded, packedElements);
    data = rounded;
  }
  return Packed{{static_cast<const char *>(data),
                 packedElements * static_cast<size_t>(plan.elementBytes())},
                nonFinite};
}

/// rows[count][inputs], or rows[inputs][count] when the layout is transposed:
/// outputs first .. first + count of the matrix, as stored.
Error TilePacker::fetch(const TensorPlan &plan, int64_t first, int64_t count,
                        float *rows) {
  int64_t partFirst = 0;
  for (auto [part, matrix] : zip(plan.tensor->parts, plan.partMatrices)) {
    int64_t from = std::max(first, partFirst);
    int64_t to = std::min(first + count, partFirst + matrix.outputs);
    if (from < to) {
      Slice slice{&part, matrix, from - partFirst, to - from};
      if (Error error =
              plan.layout().transposed
                  ? fetchColumns(slice, rows + (from - first), count)
                  : fetchRows(slice, rows + (from - first) * matrix.inputs))
        return error;
    }
    partFirst += matrix.outputs;
  }
  return Error::success();
}

static RandomElements randomOf(const TensorPart &part, uint64_t seed) {
  return RandomElements(seed, part.path, part.random);
}

/// Unless it was read to its place at once.
static void convert(const StoredTensor &stored, const char *raw, float *to,
                    int64_t elements) {
  if (raw != reinterpret_cast<const char *>(to))
    toFloat(stored.dtype, raw, to, elements);
}

/// F32 is read to its place at once.
char *TilePacker::rawTarget(const StoredTensor &stored, float *to,
                            int64_t elements) {
  return stored.dtype == DType::F32
             ? reinterpret_cast<char *>(to)
             : rawBuffer.atLeast(elements * bitsOf(stored.dtype) / 8);
}

Error TilePacker::fetchRows(const Slice &slice, float *to) {
  int64_t begin = slice.first * slice.matrix.inputs;
  int64_t elements = slice.count * slice.matrix.inputs;
  const StoredTensor *stored = slice.part->stored;
  if (!stored) {
    randomOf(*slice.part, request.randomSeed).fill(begin, 1, to, elements);
    return Error::success();
  }
  int64_t size = bitsOf(stored->dtype) / 8;
  char *raw = rawTarget(*stored, to, elements);
  if (Error error = request.checkpoint->read(
          *stored, begin * size, {raw, static_cast<size_t>(elements * size)}))
    return error;
  convert(*stored, raw, to, elements);
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
  int64_t size = bitsOf(stored->dtype) / 8;
  bool dense = stride == slice.count;
  int64_t elements = inputs * slice.count;
  char *raw = dense ? rawTarget(*stored, to, elements)
                    : rawBuffer.atLeast(elements * size);
  // Whole rows of the part are one run.
  bool wholeRows = slice.count == outputs;
  int64_t runs = wholeRows ? 1 : inputs;
  size_t runBytes = (wholeRows ? elements : slice.count) * size;
  for (int64_t run = 0; run < runs; ++run)
    if (Error error = request.checkpoint->read(
            *stored, (run * outputs + slice.first) * size,
            {raw + run * runBytes, runBytes}))
      return error;
  if (dense) {
    convert(*stored, raw, to, elements);
    return Error::success();
  }
  for (int64_t k = 0; k < inputs; ++k)
    toFloat(stored->dtype, raw + k * slice.count * size, to + k * stride,
            slice.count);
  return Error::success();
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

/// One panel of `width` outputs. `from` begins with its first output; rows of
/// the source, [outputs][inputs] or transposed, are `stride` apart.
static void fillPanel(const TensorPlan &plan, const float *from, int64_t stride,
                      int64_t width, float *to) {
  const PackedLayout &layout = plan.layout();
  int64_t inputs = plan.matrix.inputs, panel = layout.panel;
  if (width < panel || inputs % layout.interleave)
    std::fill_n(to, plan.unitElements, 0.0f);
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
const float *TilePacker::order(const Tile &tile, int64_t first, int64_t count,
                               const float *rows) {
  const TensorPlan &plan = *tile.plan;
  int64_t inputs = plan.matrix.inputs;
  bool transposed = plan.layout().transposed;
  if (!plan.isPanel() && !transposed)
    return rows;
  float *to = orderBuffer.atLeast((tile.end - tile.begin) * plan.unitElements);
  if (!plan.isPanel()) {
    transpose(rows, inputs, count, count, to, inputs);
    return to;
  }
  for (int64_t unit = tile.begin; unit < tile.end; ++unit) {
    int64_t output = plan.firstOutput(unit);
    int64_t width = plan.firstOutput(unit + 1) - output;
    const float *from = rows + (output - first) * (transposed ? 1 : inputs);
    fillPanel(plan, from, transposed ? count : inputs, width,
              to + (unit - tile.begin) * plan.unitElements);
  }
  return to;
}

} // namespace heddle::checkpoint
