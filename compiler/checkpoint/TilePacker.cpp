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

/// Calls fill(column, row, width) for columns that lie side by side both in the
/// panel and, as rows, in the tile.
template <typename Fill>
static void forColumns(const Tile &tile, int64_t unit, Fill fill) {
  const PackedLayout &layout = tile.plan->layout();
  auto ofTile = tile.plan->outputsOf(tile.begin, tile.end);
  auto ofUnit = tile.plan->outputsOf(unit, unit + 1);
  int64_t together = layout.paired ? PackedLayout::pairedColumns : layout.panel;
  int64_t runs = ofUnit.size(), firstRow = 0;
  for (int64_t run = 0; run < runs; ++run) {
    int64_t row = firstRow + ofUnit[run].first - ofTile[run].first;
    for (int64_t i = 0; i < ofUnit[run].count; i += together)
      fill(i * runs + run * together, row + i,
           std::min(together, ofUnit[run].count - i));
    firstRow += ofTile[run].count;
  }
}

Expected<TilePacker::Packed> TilePacker::pack(const Tile &tile) {
  const TensorPlan &plan = *tile.plan;
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

static bool hasPadding(const TensorPlan &plan, int64_t unit) {
  int64_t width = 0;
  for (TensorPlan::Outputs run : plan.outputsOf(unit, unit + 1))
    width += run.count;
  return width < plan.layout().panel ||
         plan.matrix.inputs % plan.layout().stepInputs();
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
    if (hasPadding(plan, unit))
      std::fill_n(panel, plan.unitElements(), 0.0f);
    forColumns(tile, unit, [&](int64_t column, int64_t row, int64_t width) {
      fillColumns(plan, rows + row * (transposed ? 1 : inputs),
                  transposed ? count : inputs, width,
                  panel + column * layout.interleave);
    });
  }
  return to;
}

//===----------------------------------------------------------------------===//
// Quantised panels
//===----------------------------------------------------------------------===//

/// u as bytes, the scale behind all steps.
static void fillColumnI8(const PackedLayout &layout, const float *row,
                         int64_t inputs, uint8_t *u, char *panel,
                         int64_t column, RangeLoss &loss) {
  float scale = quantiseI8(row, u, inputs);
  loss.addRow(row, inputs, scale);
  int64_t step = layout.stepBytes(), steps = divideCeil(inputs, 4);
  for (int64_t s = 0; s < steps; ++s)
    std::memcpy(panel + s * step + column * 4, u + s * 4,
                std::min<int64_t>(4, inputs - s * 4));
  std::memcpy(panel + steps * step + column * 4, &scale, 4);
}

/// One step of 32 k: its bytes, then the scales.
static void fillGroup(const PackedLayout &layout, const float *from,
                      int64_t count, char *step, int64_t column,
                      RangeLoss &loss) {
  bool nibbles = layout.type == PackedType::Q4;
  uint8_t u[PackedLayout::quantGroup];
  std::fill(std::begin(u), std::end(u), nibbles ? 8 : 128);
  uint16_t scale =
      nibbles ? quantiseQ4(from, u, count) : quantiseQ8(from, u, count);
  loss.addRun(from, count, scale, nibbles ? 8 : 127);
  constexpr int64_t half = PackedLayout::quantGroup / 2;
  if (nibbles)
    for (int64_t i = 0; i < half; ++i)
      u[i] |= u[half + i] << 4;
  int64_t bytes = nibbles ? half : PackedLayout::quantGroup;
  for (int64_t j = 0; j < bytes / 4; ++j)
    std::memcpy(step + (j * layout.panel + column) * 4, u + j * 4, 4);
  std::memcpy(step + bytes * layout.panel + column * 2, &scale, 2);
}

/// What stands for zero, everywhere.
static void fillWithZeros(const TensorPlan &plan, char *panel) {
  const PackedLayout &layout = plan.layout();
  bool grouped = layout.type != PackedType::I8;
  int64_t steps = layout.stepCount(plan.matrix), step = layout.stepBytes();
  std::memset(panel, 0, plan.unitBytes);
  for (int64_t s = 0; s < steps; ++s)
    std::memset(panel + s * step, layout.type == PackedType::Q4 ? 0x88 : 128,
                step - (grouped ? layout.panel * 2 : 0));
}

/// Panels of integers and scales.
const char *TilePacker::quantise(const Tile &tile, int64_t count,
                                 const float *rows) {
  const TensorPlan &plan = *tile.plan;
  const PackedLayout &layout = plan.layout();
  int64_t inputs = plan.matrix.inputs;
  if (layout.transposed) {
    float *turned = orderBuffer.atLeast(count * inputs);
    transpose(rows, inputs, count, count, turned, inputs);
    rows = turned;
  }
  uint8_t *u = integerBuffer.atLeast(inputs);
  char *to = packedBuffer.atLeast((tile.end - tile.begin) * plan.unitBytes);
  auto fillColumn = [&](const float *row, char *panel, int64_t column) {
    if (layout.type == PackedType::I8)
      return fillColumnI8(layout, row, inputs, u, panel, column, loss);
    for (int64_t k = 0; k < inputs; k += PackedLayout::quantGroup)
      fillGroup(layout, row + k, std::min(PackedLayout::quantGroup, inputs - k),
                panel + k / PackedLayout::quantGroup * layout.stepBytes(),
                column, loss);
  };
  for (int64_t unit = tile.begin; unit < tile.end; ++unit) {
    char *panel = to + (unit - tile.begin) * plan.unitBytes;
    if (hasPadding(plan, unit))
      fillWithZeros(plan, panel);
    forColumns(tile, unit, [&](int64_t column, int64_t row, int64_t width) {
      for (int64_t i = 0; i < width; ++i)
        fillColumn(rows + (row + i) * inputs, panel, column + i);
    });
  }
  return to;
}

} // namespace heddle::checkpoint
