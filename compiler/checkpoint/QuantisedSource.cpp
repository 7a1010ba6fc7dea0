//===- QuantisedSource.cpp - Weights that were quantised ------------------===//

#include "compiler/checkpoint/QuantisedSource.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

using Method = QuantisationConfig::Method;

/// Where views begin: behind any file, and behind what a source of files has
/// beside its files.
static constexpr uint64_t firstView = uint64_t(1) << 62;

constexpr DType floatTypes[] = {DType::F16, DType::BF16, DType::F32};
constexpr DType integerTypes[] = {DType::I32};

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

bool QuantisedSource::isView(const StoredTensor &tensor) const {
  return tensor.offset >= firstView;
}

const QuantisedSource::View &QuantisedSource::viewOf(uint64_t offset) const {
  return *std::prev(
      llvm::upper_bound(views, offset, [](uint64_t at, const View &view) {
        return at < view.begin;
      }));
}

StringRef QuantisedSource::typeOf(const StoredTensor &tensor) const {
  if (!isView(tensor))
    return stored->typeOf(tensor);
  switch (config.method) {
  case Method::Fp8:
    return "F8_E4M3 in blocks";
  case Method::Gptq:
    return "GPTQ";
  case Method::Awq:
    return "AWQ";
  default:
    return "compressed";
  }
}

/// Products with scales are numbers of f32.
kernel::PackedType QuantisedSource::floatsOf(const StoredTensor &tensor) const {
  return isView(tensor) ? kernel::PackedType::F32 : stored->floatsOf(tensor);
}

/// What the name of a quantised tensor has behind that of its weights' layer.
StringRef QuantisedSource::ending() const {
  switch (config.method) {
  case Method::Fp8:
    return "";
  case Method::Compressed:
    return ".weight_packed";
  default:
    return ".qweight";
  }
}

/// Whether a tensor is a part of one of those that are quantised: its scales,
/// say.
static bool isPartOf(StringRef name, const StringSet<> &bases) {
  constexpr StringLiteral endings[] = {"_scale_inv",    ".qzeros",
                                       ".scales",       ".g_idx",
                                       ".weight_scale", ".weight_zero_point",
                                       ".weight_shape", ".weight_g_idx"};
  return any_of(endings, [&](StringRef ending) {
    return name.ends_with(ending) &&
           bases.contains(name.drop_back(ending.size()));
  });
}

void QuantisedSource::readTensors(Problems &problems) {
  Problems::Topic topic(problems, "quantised-weights");
  views.clear();
  packedTypes.clear();
  end = firstView;
  std::optional<QuantisationConfig> read =
      readQuantisation(stored->document("config.json"), problems);
  if (!read || !stored->open(problems))
    return;
  config = *read;
  auto isQuantised = [&](const StoredTensor &tensor) {
    return config.method == Method::Fp8
               ? tensor.dtype == DType::F8_E4M3
               : config.method != Method::None &&
                     StringRef(tensor.name).ends_with(ending());
  };
  StringSet<> bases;
  for (const StoredTensor &tensor : stored->tensors())
    if (isQuantised(tensor))
      bases.insert(StringRef(tensor.name).drop_back(ending().size()));
  for (const StoredTensor &tensor : stored->tensors()) {
    if (isQuantised(tensor)) {
      if (!addQuantised(tensor, problems))
        return;
    } else if (!isPartOf(tensor.name, bases) && add(tensor)) {
      return problems.add(fileOf(tensor),
                          "tensor " + tensor.name +
                              ": found it quantised as well, needed one");
    }
  }
}

bool QuantisedSource::addQuantised(const StoredTensor &weights,
                                   Problems &problems) {
  switch (config.method) {
  case Method::Fp8:
    return addFp8(weights, problems);
  case Method::Compressed:
    return addCompressed(weights, problems);
  default:
    return addPacked(weights, problems);
  }
}

bool QuantisedSource::addView(StringRef name, View view,
                              ArrayRef<int64_t> shape, Problems &problems) {
  const StoredTensor &weights = view.weights;
  StoredTensor tensor{name.str(),
                      DType::F32,
                      SmallVector<int64_t, 4>(shape),
                      end,
                      view.rows * view.columns * sizeof(float),
                      weights.file};
  view.begin = end;
  bool isTooLarge = tensor.bytes > (uint64_t(1) << 56);
  if (isTooLarge || find(name)) {
    problems.add(fileOf(weights),
                 "tensor " + weights.name + ": found " +
                     (isTooLarge ? "too many elements, needed "
                                   "fewer"
                                 : name + " as well, needed one "
                                          "of them"));
    return false;
  }
  end += tensor.bytes;
  views.push_back(std::move(view));
  add(std::move(tensor));
  return true;
}

/// A part of a quantised tensor, of one of some types and of a shape.
const StoredTensor *QuantisedSource::part(StringRef name, ArrayRef<DType> types,
                                          ArrayRef<int64_t> shape,
                                          Problems &problems) const {
  const StoredTensor *tensor = stored->find(name);
  if (!tensor) {
    problems.add(path(),
                 "tensor " + name + ": found none, needed " + shapeText(shape));
    return nullptr;
  }
  bool hasType = is_contained(types, tensor->dtype);
  if (hasType && ArrayRef<int64_t>(tensor->shape) == shape)
    return tensor;
  problems.add(fileOf(*tensor),
               "tensor " + name + ": found " + nameOf(tensor->dtype) + " " +
                   shapeText(tensor->shape) + ", needed " +
                   nameOf(hasType ? tensor->dtype : types.front()) + " " +
                   shapeText(shape));
  return nullptr;
}

/// A matrix of F8_E4M3, or several, and as many of scales.
bool QuantisedSource::addFp8(const StoredTensor &weights, Problems &problems) {
  ArrayRef<int64_t> shape = weights.shape;
  if (shape.size() < 2 || shape.size() > 3) {
    problems.add(fileOf(weights), "tensor " + weights.name + ": found " +
                                      shapeText(shape) +
                                      ", needed matrices of F8_E4M3");
    return false;
  }
  SmallVector<int64_t> grid(shape);
  auto blocks = [](int64_t size, int64_t block) {
    return block == 0 ? 1 : divideCeil(size, block);
  };
  uint64_t rows = shape[shape.size() - 2], columns = shape.back();
  grid[grid.size() - 2] = blocks(rows, config.blockRows);
  grid.back() = blocks(columns, config.blockColumns);
  uint64_t groups = grid[grid.size() - 2];
  // One scale of a whole matrix is a number, or a list of one.
  std::string name = weights.name + "_scale_inv";
  if (const StoredTensor *scale = stored->find(name);
      scale && config.blockRows == 0 && scale->shape.size() < 2)
    grid.truncate(scale->shape.size());
  const StoredTensor *scales = part(name, floatTypes, grid, problems);
  uint64_t all = shape.size() == 3 ? shape[0] * rows : rows;
  return scales && addView(weights.name,
                           {0, all, columns, rows, groups, weights, *scales,
                            std::nullopt, std::nullopt},
                           shape, problems);
}

QuantisedSource::View QuantisedSource::matrixView(uint64_t outputs,
                                                  uint64_t inputs,
                                                  uint64_t groups,
                                                  const StoredTensor &weights,
                                                  const StoredTensor &scales) {
  return {0,       outputs, inputs,       outputs,     groups,
          weights, scales,  std::nullopt, std::nullopt};
}

/// GPTQ has [inputs / 8, outputs] of 4 bits, AWQ [inputs, outputs / 8].
bool QuantisedSource::addPacked(const StoredTensor &weights,
                                Problems &problems) {
  StringRef base =
      StringRef(weights.name).drop_back(StringRef("qweight").size());
  auto refuse = [&](const Twine &what) {
    problems.add(fileOf(weights), "tensor " + weights.name + ": " + what);
    return false;
  };
  if (weights.dtype != DType::I32 || weights.shape.size() != 2)
    return refuse("found " + nameOf(weights.dtype) + " " +
                  shapeText(weights.shape) + ", needed a matrix of I32");
  bool isGptq = config.method == Method::Gptq;
  int64_t together = 32 / config.bits;
  int64_t inputs = weights.shape[0], outputs = weights.shape[1];
  (isGptq ? inputs : outputs) *= together;
  if (outputs % together != 0)
    return refuse("found " + Twine(outputs) +
                  " outputs, needed a multiple of " + Twine(together));
  int64_t group =
      config.group == 0 ? std::max<int64_t>(inputs, 1) : config.group;
  int64_t groups = divideCeil(inputs, group);
  const StoredTensor *scales =
      part((base + "scales").str(), floatTypes, {groups, outputs}, problems);
  const StoredTensor *zeros = scales
                                  ? part((base + "qzeros").str(), integerTypes,
                                         {groups, outputs / together}, problems)
                                  : nullptr;
  if (!zeros)
    return false;
  View view = matrixView(outputs, inputs, groups, weights, *scales);
  view.zeros = *zeros;
  std::string order = (base + "g_idx").str();
  if (isGptq && (config.isReordered || stored->find(order))) {
    const StoredTensor *found = part(order, integerTypes, {inputs}, problems);
    if (!found)
      return false;
    view.order = *found;
  }
  return addView((base + "weight").str(), std::move(view), {outputs, inputs},
                 problems);
}

/// [outputs, inputs / 8] of 4 bits, zero points [outputs / 8, groups].
bool QuantisedSource::addCompressed(const StoredTensor &weights,
                                    Problems &problems) {
  StringRef base =
      StringRef(weights.name).drop_back(StringRef("packed").size());
  int64_t together = 32 / config.bits;
  auto refuse = [&](const StoredTensor &tensor, const Twine &what) {
    problems.add(fileOf(tensor), "tensor " + tensor.name + ": " + what);
    return false;
  };
  if (weights.dtype != DType::I32 || weights.shape.size() != 2)
    return refuse(weights, "found " + nameOf(weights.dtype) + " " +
                               shapeText(weights.shape) +
                               ", needed a matrix of I32");
  int64_t outputs = weights.shape[0], inputs = weights.shape[1] * together;
  int64_t groups = config.group ? divideCeil(inputs, config.group) : 1;
  constexpr DType wide[] = {DType::I64};
  const StoredTensor *shape = part((base + "shape").str(), wide, {2}, problems);
  if (!shape)
    return false;
  int64_t said[2];
  if (Error error = stored->read(*shape, 0,
                                 {reinterpret_cast<char *>(said), sizeof said}))
    return problems.add(std::move(error)), false;
  if (said[0] != outputs || said[1] != inputs)
    return refuse(*shape, "found " + shapeText(said) + ", needed " +
                              shapeText({outputs, inputs}));
  const StoredTensor *scales =
      part((base + "scale").str(), floatTypes, {outputs, groups}, problems);
  if (!scales)
    return false;
  View view = matrixView(outputs, inputs, groups, weights, *scales);
  auto addPart = [&](bool isNeeded, StringRef name, ArrayRef<int64_t> sizes,
                     std::optional<StoredTensor> &to) {
    const StoredTensor *found =
        isNeeded ? part((base + name).str(), integerTypes, sizes, problems)
                 : nullptr;
    if (found)
      to = *found;
    return !isNeeded || found;
  };
  int64_t zeroRows = divideCeil(outputs, together);
  return addPart(!config.isSymmetric, "zero_point", {zeroRows, groups},
                 view.zeros) &&
         addPart(config.isReordered, "g_idx", {inputs}, view.order) &&
         addView(base.drop_back(1), std::move(view), {outputs, inputs},
                 problems);
}

//===----------------------------------------------------------------------===//
// Bytes and floats
//===----------------------------------------------------------------------===//

Error QuantisedSource::read(const StoredTensor &tensor, uint64_t offset,
                            MutableArrayRef<char> buffer) const {
  if (!isView(tensor))
    return stored->read(tensor, offset, buffer);
  return buffer.empty() ? Error::success()
                        : readFloatBytes(tensor, offset, buffer);
}

Error QuantisedSource::readFloats(const StoredTensor &tensor, uint64_t first,
                                  MutableArrayRef<float> to,
                                  SmallVectorImpl<char> &scratch) const {
  if (!isView(tensor))
    return stored->readFloats(tensor, first, to, scratch);
  const View &view = viewOf(tensor.offset);
  first += (tensor.offset - view.begin) / sizeof(float);
  // So many that what they are made of fits in a cache.
  constexpr uint64_t mostRows = 64;
  uint64_t columns = view.columns;
  std::vector<float> part;
  while (!to.empty()) {
    uint64_t row = first / columns, column = first % columns, count;
    if (column == 0 && to.size() >= columns) {
      uint64_t rows = std::min<uint64_t>(to.size() / columns, mostRows);
      count = rows * columns;
      if (Error error = readRows(view, row, rows, to.data(), scratch))
        return error;
    } else {
      part.resize(columns);
      count = std::min<uint64_t>(columns - column, to.size());
      if (Error error = readRows(view, row, 1, part.data(), scratch))
        return error;
      std::copy_n(part.begin() + column, count, to.begin());
    }
    first += count;
    to = to.drop_front(count);
  }
  return Error::success();
}

Error QuantisedSource::readRows(const View &view, uint64_t first,
                                uint64_t count, float *to,
                                SmallVectorImpl<char> &scratch) const {
  return config.method == Method::Fp8
             ? readFp8Rows(view, first, count, to, scratch)
             : readIntegerRows(view, first, count, to, scratch);
}

/// w[i][j] = f8[i][j] * scale[i / rows of a block][j / its columns].
Error QuantisedSource::readFp8Rows(const View &view, uint64_t first,
                                   uint64_t count, float *to,
                                   SmallVectorImpl<char> &scratch) const {
  uint64_t columns = view.columns,
           width = config.blockColumns ? config.blockColumns : columns,
           height = config.blockRows ? config.blockRows : view.matrixRows;
  if (Error error = stored->readFloats(view.weights, first * columns,
                                       {to, count * columns}, scratch))
    return error;
  std::vector<float> scales(divideCeil(columns, width));
  uint64_t scaleRow = UINT64_MAX;
  for (uint64_t row = first; row < first + count; ++row, to += columns) {
    uint64_t matrix = row / view.matrixRows, within = row % view.matrixRows;
    uint64_t needed = matrix * view.groups + within / height;
    // One scale may be all there is for several matrices.
    if (view.scales.shape.size() < 2)
      needed = 0;
    if (needed != scaleRow)
      if (Error error = stored->readFloats(view.scales, needed * scales.size(),
                                           scales, scratch))
        return error;
    scaleRow = needed;
    for (uint64_t column = 0; column < columns; ++column)
      to[column] *= scales[column / width];
  }
  return Error::success();
}

} // namespace heddle::checkpoint
