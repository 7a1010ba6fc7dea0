//===- PackPlan.cpp - Where packed weights lie in their file --------------===//

#include "compiler/checkpoint/PackPlan.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace llvm;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedLayout;

namespace heddle::checkpoint {

MatrixShape PackedTensor::matrix() const {
  MatrixShape whole;
  for (const TensorPart &part : parts) {
    MatrixShape matrix = layout.matrix(part.shape);
    assert((whole.outputs == 0 || whole.inputs == matrix.inputs) &&
           "joined parts have different inputs");
    whole.outputs += matrix.outputs;
    whole.inputs = matrix.inputs;
  }
  return whole;
}

TensorPlan::TensorPlan(const PackedTensor &packed)
    : tensor(&packed), matrix(packed.matrix()) {
  cantFail(layout().verify(matrix), "the caller chose a wrong layout");
  for (const TensorPart &part : packed.parts) {
    MatrixShape shape = layout().matrix(part.shape);
    assert((!part.stored ||
            part.stored->bytes * 8 == uint64_t(shape.outputs) * shape.inputs *
                                          bitsOf(part.stored->dtype)) &&
           "the stored tensor has another size");
    partMatrices.push_back(shape);
  }
  if (!isPanel() && !layout().transposed) {
    // Nothing moves: a unit is an element, whatever the shape.
    for (MatrixShape &shape : partMatrices)
      shape = {shape.outputs * shape.inputs, 1};
    matrix = {matrix.outputs * matrix.inputs, 1};
  }
  units = isPanel() ? layout().panelCount(matrix) : matrix.outputs;
  unitBytes = isPanel() ? layout().panelBytes(matrix)
                        : matrix.inputs * kernel::bytesOf(layout().type);
}

/// The first output of a unit; of the unit past the last, all outputs.
static int64_t firstOutput(const TensorPlan &plan, int64_t unit) {
  if (!plan.isPanel())
    return unit;
  int64_t output = 0;
  for (int64_t width : plan.layout().groups) {
    int64_t panels = divideCeil(width, plan.layout().panel);
    if (unit < panels)
      break;
    unit -= panels;
    output += width;
  }
  return std::min(output + unit * plan.layout().panel, plan.matrix.outputs);
}

SmallVector<TensorPlan::Outputs, 2> TensorPlan::outputsOf(int64_t begin,
                                                          int64_t end) const {
  if (!layout().paired) {
    int64_t first = firstOutput(*this, begin);
    return {{first, firstOutput(*this, end) - first}};
  }
  int64_t half = matrix.outputs / 2, width = layout().panel / 2;
  int64_t first = std::min(begin * width, half);
  int64_t count = std::min(end * width, half) - first;
  return {{first, count}, {half + first, count}};
}

bool TensorPlan::hasPadding(int64_t unit) const {
  int64_t width = 0;
  for (Outputs run : outputsOf(unit, unit + 1))
    width += run.count;
  return width < layout().panel || matrix.inputs % layout().stepInputs();
}

/// Whole cache lines, and about a megabyte. Columns of a transposed tensor lie
/// scattered, so that wider tiles read longer runs.
int64_t TensorPlan::tileUnits() const {
  constexpr int64_t megabyte = 1 << 20, line = PackedLayout::alignment;
  int64_t bytes = std::max<int64_t>(unitBytes, 1);
  int64_t step = line / std::gcd(line, bytes);
  int64_t aim = layout().transposed ? 4 * megabyte : megabyte;
  return std::max<int64_t>(aim / bytes / step, 1) * step;
}

void Tile::forColumns(
    int64_t unit, function_ref<void(int64_t, int64_t, int64_t)> fill) const {
  const PackedLayout &layout = plan->layout();
  auto ofTile = plan->outputsOf(begin, end);
  auto ofUnit = plan->outputsOf(unit, unit + 1);
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

PackPlan::PackPlan(const PackRequest &request) {
  uint64_t tensorBytes = 0;
  for (const PackedTensor &tensor : request.tensors) {
    tensors.emplace_back(tensor);
    tensors.back().offset = tensorBytes;
    tensorBytes += alignTo(tensors.back().bytes(), PackedLayout::alignment);
  }
  for (uint32_t tensor : request.slots) {
    assert(tensor < tensors.size() && "a slot names no tensor");
    slotOffsets.push_back(tensors[tensor].offset);
  }
  bool hasTokenizer = !request.tokenizer.empty();
  fileBytes = sizeof(heddle_file_header) +
              (hasTokenizer ? 3 : 2) * sizeof(heddle_section);
  addSection("slots", slotOffsets.size() * sizeof(int64_t),
             PackedLayout::alignment);
  if (hasTokenizer)
    addSection("tokenizer", request.tokenizer.size(), PackedLayout::alignment);
  addSection("tensors", tensorBytes, HEDDLE_PAGE);
  fileBytes = alignTo(fileBytes, PackedLayout::alignment);
  cutTiles();
}

void PackPlan::addSection(StringRef name, uint64_t bytes, uint64_t alignment) {
  heddle_section section = {};
  assert(name.size() < sizeof section.name);
  llvm::copy(name, section.name);
  section.offset = alignTo(fileBytes, alignment);
  section.bytes = bytes;
  fileBytes = section.offset + bytes;
  sections.push_back(section);
}

void PackPlan::cutTiles() {
  using Place = std::tuple<unsigned, uint64_t, const TensorPlan *>;
  std::vector<Place> order;
  for (const TensorPlan &plan : tensors) {
    const StoredTensor *stored = plan.tensor->parts.front().stored;
    order.emplace_back(stored ? stored->file : 0, stored ? stored->offset : 0,
                       &plan);
  }
  llvm::sort(order);
  for (auto [file, offset, plan] : order) {
    int64_t step = plan->tileUnits();
    for (int64_t begin = 0; begin < plan->units; begin += step)
      tiles.push_back({plan, begin, std::min(begin + step, plan->units)});
  }
}

} // namespace heddle::checkpoint
