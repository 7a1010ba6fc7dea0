//===- QuantisedTiles.cpp - Panels of integers and their numbers ----------===//
//
// Of every row of the tile, integers and the numbers of its runs; they are made
// of floats, or are those of the checkpoint. Then each row is a column of a
// panel (dialects/kernel/Layout.h).
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/RoundingErrors.h"
#include "compiler/checkpoint/TilePacker.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;

namespace heddle::checkpoint {

namespace {

/// Writes columns of panels.
class ColumnWriter {
public:
  explicit ColumnWriter(const TensorPlan &plan)
      : layout(plan.layout()), format(layout.format()),
        planes(format.planes(layout.stepInputs())),
        scalePlanes(format.hasNarrowScales() ? format.scalePlanes()
                                             : decltype(planes)()),
        steps(layout.stepCount(plan.matrix)), inputs(plan.matrix.inputs),
        unitBytes(plan.unitBytes) {}

  /// Of one run of a row, or of all of it.
  int64_t runInputs() const { return format.run() ? format.run() : inputs; }
  int64_t runCount() const {
    return divideCeil(inputs, std::max<int64_t>(runInputs(), 1));
  }
  /// `u` has room for whole steps, which is filled.
  void write(uint8_t *u, ArrayRef<RunNumbers> runs, char *panel,
             int64_t column) const;
  /// What stands for zero, everywhere.
  void writeZeros(char *panel) const;

private:
  void writeStep(const uint8_t *u, char *step, int64_t column) const;
  void writeNumbers(const RunNumbers &numbers, int64_t run, char *panel,
                    int64_t column) const;
  void writeSpan(const RunNumbers &numbers, char *span, int64_t column) const;

  const PackedLayout &layout;
  const PackedFormat &format;
  SmallVector<PackedFormat::Plane, 2> planes, scalePlanes;
  int64_t steps, inputs, unitBytes;
};

} // namespace

void ColumnWriter::write(uint8_t *u, ArrayRef<RunNumbers> runs, char *panel,
                         int64_t column) const {
  int64_t stepInputs = layout.stepInputs();
  std::fill(u + inputs, u + steps * stepInputs, format.zeroPoint());
  for (int64_t step = 0; step < steps; ++step)
    writeStep(u + step * stepInputs, panel + layout.stepOffset(step), column);
  for (auto [number, numbers] : enumerate(runs))
    writeNumbers(numbers, number, panel, column);
}

void ColumnWriter::writeStep(const uint8_t *u, char *step,
                             int64_t column) const {
  constexpr int64_t together = 4;
  uint8_t bytes[PackedFormat::stepSize];
  for (const PackedFormat::Plane &plane : planes) {
    std::fill_n(bytes, plane.bytes, 0);
    for (unsigned part = 0; part < plane.parts(); ++part)
      for (int64_t b = 0; b < plane.bytes; ++b)
        bytes[b] |= (u[part * plane.bytes + b] >> plane.firstBit & plane.mask())
                    << part * plane.bits;
    char *to = step + plane.offset * layout.panel + column * together;
    for (int64_t b = 0; b < plane.bytes; b += together)
      std::memcpy(to + b * layout.panel, bytes + b, together);
  }
}

/// Scales and minima of groups lie in their steps, those of a row behind them,
/// those of spans before them.
void ColumnWriter::writeNumbers(const RunNumbers &numbers, int64_t run,
                                char *panel, int64_t column) const {
  int64_t bytes = format.scaleBits() / 8;
  if (!format.isGrouped()) {
    std::memcpy(panel + steps * layout.stepBytes() + column * bytes,
                numbers.scales, bytes);
    return;
  }
  if (format.hasSpans())
    writeSpan(numbers, panel + run * layout.spanStride(), column);
  if (format.hasNarrowScales())
    return;
  int64_t ofStep = layout.stepGroups(), first = run * format.run();
  for (int64_t k = first; k < std::min(first + format.run(), inputs);
       k += format.group) {
    int64_t group = (k - first) / format.group;
    char *step = panel + layout.stepOffset(k / layout.stepInputs());
    auto store = [&](int64_t begin, const uint32_t *from) {
      int64_t place = k / format.group % ofStep * layout.panel + column;
      std::memcpy(step + begin * layout.panel + place * bytes, from + group,
                  bytes);
    };
    store(layout.scalesInStep(), numbers.scales);
    if (format.hasMinima)
      store(layout.minimaInStep(), numbers.minima);
  }
}

/// The f16 of a span, and its narrow scales.
void ColumnWriter::writeSpan(const RunNumbers &numbers, char *span,
                             int64_t column) const {
  std::memcpy(span + column * 2, &numbers.spanScale, 2);
  if (format.hasMinima)
    std::memcpy(span + (layout.panel + column) * 2, &numbers.spanMinimum, 2);
  if (!format.hasNarrowScales())
    return;
  constexpr size_t mostBytes = 2 * RunNumbers::mostGroups;
  uint8_t bytes[mostBytes] = {};
  int64_t ofStep = layout.stepGroups();
  for (const PackedFormat::Plane &plane : scalePlanes)
    for (int64_t number = 0; number < format.spanNumbers(); ++number) {
      int64_t inStep = number / layout.spanSteps(),
              group = number % layout.spanSteps() * ofStep + inStep % ofStep;
      uint32_t bits =
          (inStep < ofStep ? numbers.scales : numbers.minima)[group];
      bytes[plane.offset + number % plane.bytes] |=
          (bits >> plane.firstBit & plane.mask())
          << number / plane.bytes * plane.bits;
    }
  char *to = span + layout.scalesInSpan() * layout.panel + column;
  for (int64_t b = 0; b < layout.spanBytes() - layout.scalesInSpan(); ++b)
    to[b * layout.panel] = static_cast<char>(bytes[b]);
}

void ColumnWriter::writeZeros(char *panel) const {
  std::memset(panel, 0, unitBytes);
  for (const PackedFormat::Plane &plane : planes) {
    unsigned zero = 0,
             one = format.zeroPoint() >> plane.firstBit & plane.mask();
    for (unsigned part = 0; part < plane.parts(); ++part)
      zero |= one << part * plane.bits;
    for (int64_t s = 0; s < steps; ++s)
      std::memset(panel + layout.stepOffset(s) + plane.offset * layout.panel,
                  zero, plane.bytes * layout.panel);
  }
}

//===----------------------------------------------------------------------===//
// Rows of the tile
//===----------------------------------------------------------------------===//

/// Fills the tile's panels; read(row, count, u, runs) gives the integers of so
/// many rows, u[row][whole steps], and the numbers of their runs.
static Error
writePanels(const Tile &tile, char *to, Scratch<uint8_t> &integers,
            function_ref<Error(int64_t row, int64_t count, uint8_t *u,
                               MutableArrayRef<RunNumbers> runs)>
                read) {
  const TensorPlan &plan = *tile.plan;
  const PackedLayout &layout = plan.layout();
  ColumnWriter writer(plan);
  int64_t stride = layout.stepCount(plan.matrix) * layout.stepInputs();
  uint8_t *u = integers.atLeast(layout.panel * stride);
  size_t runCount = writer.runCount();
  SmallVector<RunNumbers, 0> runs(layout.panel * runCount);
  Error error = Error::success();
  for (int64_t unit = tile.begin; unit < tile.end; ++unit) {
    char *panel = to + (unit - tile.begin) * plan.unitBytes;
    if (plan.hasPadding(unit))
      writer.writeZeros(panel);
    tile.forColumns(unit, [&](int64_t column, int64_t row, int64_t width) {
      if (error)
        return;
      MutableArrayRef<RunNumbers> all(runs.data(), width * runCount);
      error = read(row, width, u, all);
      for (int64_t i = 0; i < width && !error; ++i)
        writer.write(u + i * stride, all.slice(i * runCount, runCount), panel,
                     column + i);
    });
    if (error)
      break;
  }
  return error;
}

/// The outputs of a tile, by its rows.
static SmallVector<int64_t, 0> outputsOf(const Tile &tile) {
  SmallVector<int64_t, 0> outputs;
  for (TensorPlan::Outputs run : tile.plan->outputsOf(tile.begin, tile.end))
    append_range(outputs, seq(run.first, run.first + run.count));
  return outputs;
}

/// The part that an output of the whole matrix is of, and its number there.
static std::pair<size_t, int64_t> partOf(const TensorPlan &plan,
                                         int64_t output) {
  size_t part = 0;
  while (output >= plan.partMatrices[part].outputs)
    output -= plan.partMatrices[part++].outputs;
  return {part, output};
}

void TilePacker::roundRows(const Tile &tile, int64_t count, float *rows) {
  const TensorPlan &plan = *tile.plan;
  if (none_of(plan.tensor->parts,
              [](const TensorPart &part) { return part.rounded.has_value(); }))
    return;
  assert(plan.isPanel() && "elements of other layouts are in no rows");
  int64_t inputs = plan.matrix.inputs;
  bool transposed = plan.layout().transposed;
  std::vector<float> buffer(inputs);
  for (auto [row, output] : enumerate(outputsOf(tile))) {
    const TensorPart &part = plan.tensor->parts[partOf(plan, output).first];
    if (!part.rounded)
      continue;
    float *first = rows + row * (transposed ? 1 : inputs);
    int64_t stride = transposed ? count : 1;
    for (int64_t k = 0; k < inputs; ++k)
      buffer[k] = first[k * stride];
    roundRow(kernel::formatOf(*part.rounded), buffer, part.importance);
    for (int64_t k = 0; k < inputs; ++k)
      first[k * stride] = buffer[k];
  }
}

const char *TilePacker::quantise(const Tile &tile, int64_t count,
                                 const float *rows) {
  const TensorPlan &plan = *tile.plan;
  const PackedFormat &format = plan.layout().format();
  size_t inputs = plan.matrix.inputs;
  if (plan.layout().transposed) {
    float *turned = orderBuffer.atLeast(count * inputs);
    transpose(rows, inputs, count, count, turned, inputs);
    rows = turned;
  }
  size_t run = format.run() ? format.run() : std::max<size_t>(inputs, 1);
  char *to = packedBuffer.atLeast((tile.end - tile.begin) * plan.unitBytes);
  size_t stride =
      plan.layout().stepCount(plan.matrix) * plan.layout().stepInputs();
  SmallVector<int64_t, 0> outputs = outputsOf(tile);
  auto read = [&](int64_t row, int64_t count, uint8_t *u,
                  MutableArrayRef<RunNumbers> runs) {
    RunNumbers *numbers = runs.data();
    for (int64_t i = 0; i < count; ++i, u += stride) {
      const float *from = rows + (row + i) * inputs;
      size_t part = partOf(plan, outputs[row + i]).first;
      ArrayRef<float> importance = plan.tensor->parts[part].importance;
      for (size_t k = 0; k < inputs; k += run, ++numbers) {
        size_t length = std::min(run, inputs - k);
        *numbers = checkpoint::quantise(
            format, from + k, importance.empty() ? nullptr : &importance[k],
            u + k, length);
        loss.addRun(format, from + k, length, u + k, *numbers);
      }
    }
    return Error::success();
  };
  cantFail(writePanels(tile, to, integerBuffer, read));
  return to;
}

bool TilePacker::holdsIntegers(const TensorPlan &plan) const {
  return plan.isQuantised() && request.checkpoint &&
         all_of(plan.tensor->parts, [&](const TensorPart &part) {
           return part.stored && request.checkpoint->integersOf(*part.stored) ==
                                     plan.layout().type;
         });
}

Expected<TilePacker::Packed> TilePacker::packIntegers(const Tile &tile) {
  const TensorPlan &plan = *tile.plan;
  SmallVector<int64_t, 0> outputs = outputsOf(tile);
  char *to = packedBuffer.atLeast((tile.end - tile.begin) * plan.unitBytes);
  int64_t inputs = plan.matrix.inputs;
  assert(inputs % plan.layout().stepInputs() == 0 && "rows are whole steps");
  auto read = [&](int64_t row, int64_t count, uint8_t *u,
                  MutableArrayRef<RunNumbers> runs) -> Error {
    size_t runCount = runs.size() / count;
    while (count > 0) {
      // Those that follow each other in one part.
      int64_t length = 1;
      while (length < count && outputs[row + length] == outputs[row] + length)
        ++length;
      auto [part, first] = partOf(plan, outputs[row]);
      length = std::min(length, plan.partMatrices[part].outputs - first);
      if (Error error = request.checkpoint->readIntegers(
              *plan.tensor->parts[part].stored, first, length,
              {u, static_cast<size_t>(length * inputs)},
              runs.take_front(length * runCount), rawBuffer))
        return error;
      row += length;
      count -= length;
      u += length * inputs;
      runs = runs.drop_front(length * runCount);
    }
    return Error::success();
  };
  if (Error error = writePanels(tile, to, integerBuffer, read))
    return std::move(error);
  size_t bytes = (tile.end - tile.begin) * plan.unitBytes;
  return Packed{{to, bytes}, /*nonFinite=*/0, RangeLoss()};
}

} // namespace heddle::checkpoint
