//===- Source.cpp - Where a trained model comes from ----------------------===//

#include "compiler/checkpoint/Source.h"
#include "compiler/checkpoint/Elements.h"
#include "compiler/checkpoint/GgufSource.h"
#include "compiler/checkpoint/QuantisedSource.h"
#include "compiler/checkpoint/SafetensorsSource.h"
#include "compiler/checkpoint/TorchSource.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

namespace {

struct Format {
  bool (*recognises)(StringRef path);
  std::unique_ptr<Source> (*create)(StringRef path);
};

template <typename T> constexpr Format formatOf() {
  return {T::recognises, [](StringRef path) -> std::unique_ptr<Source> {
            return std::make_unique<T>(path);
          }};
}

/// The first that recognises a path takes it.
constexpr Format formats[] = {
    formatOf<GgufSource>(),
    formatOf<TorchSource>(),
    formatOf<SafetensorsSource>(),
};

} // namespace

bool isCheckpoint(StringRef path) {
  return sys::fs::is_directory(path) || isGgufFile(path);
}

std::unique_ptr<Source> createSource(StringRef path) {
  // Beside a GGUF file nothing else is read.
  if (DirectoryWeights weights = weightsOf(path);
      weights.format == WeightsFormat::Gguf && !weights.file.empty())
    return std::make_unique<GgufSource>(weights.file);
  const Format *format = find_if(
      formats, [&](const Format &format) { return format.recognises(path); });
  assert(format != std::end(formats) && "the last takes what no other does");
  std::unique_ptr<Source> source = format->create(path);
  // A file that has its texts within says there how tensors are quantised.
  if (source->holdsItsTexts())
    return source;
  return std::make_unique<QuantisedSource>(std::move(source));
}

std::unique_ptr<Source> openSource(StringRef path, Problems &problems) {
  std::unique_ptr<Source> source = createSource(path);
  return source->open(problems) ? std::move(source) : nullptr;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

bool Source::open(Problems &problems) {
  if (isOpen)
    return true;
  size_t faultsBefore = problems.size();
  readTensors(problems);
  isOpen = problems.size() == faultsBefore;
  if (!isOpen) {
    allTensors.clear();
    byName.clear();
  }
  return isOpen;
}

const StoredTensor *Source::add(StoredTensor tensor) {
  auto [it, fresh] = byName.try_emplace(tensor.name, allTensors.size());
  if (!fresh)
    return &allTensors[it->second];
  allTensors.push_back(std::move(tensor));
  return nullptr;
}

const StoredTensor *Source::find(StringRef name) const {
  auto it = byName.find(name);
  return it == byName.end() ? nullptr : &allTensors[it->second];
}

Error Source::readFloats(const StoredTensor &tensor, uint64_t first,
                         MutableArrayRef<float> to,
                         SmallVectorImpl<char> &scratch) const {
  assert(holdsWeights(tensor.dtype) && "the caller has checked its type");
  uint64_t width = bitsOf(tensor.dtype) / 8;
  if (tensor.dtype == DType::F32)
    return read(tensor, first * width,
                {reinterpret_cast<char *>(to.data()), to.size() * width});
  scratch.resize_for_overwrite(to.size() * width);
  if (Error error = read(tensor, first * width, scratch))
    return error;
  toFloat(tensor.dtype, scratch.data(), to.data(), to.size());
  return Error::success();
}

kernel::PackedType Source::floatsOf(const StoredTensor &tensor) const {
  return exactFloats(tensor.dtype);
}

Error Source::readFloatBytes(const StoredTensor &tensor, uint64_t offset,
                             MutableArrayRef<char> buffer) const {
  uint64_t first = offset / sizeof(float);
  std::vector<float> floats(divideCeil(offset + buffer.size(), sizeof(float)) -
                            first);
  SmallVector<char, 0> scratch;
  if (Error error = readFloats(tensor, first, floats, scratch))
    return error;
  std::memcpy(buffer.data(),
              reinterpret_cast<const char *>(floats.data()) +
                  offset % sizeof(float),
              buffer.size());
  return Error::success();
}

Error Source::readColumns(const StoredTensor &tensor, const Columns &columns,
                          float *to, SmallVectorImpl<char> &scratch) const {
  // Whole rows that stay side by side are one run.
  bool isOneRun =
      columns.count == columns.length && columns.count == columns.stride;
  uint64_t runs = isOneRun ? 1 : columns.rows;
  size_t count = isOneRun ? columns.rows * columns.length : columns.count;
  for (uint64_t run = 0; run < runs; ++run)
    if (Error error = readFloats(tensor, run * columns.length + columns.first,
                                 {to + run * columns.stride, count}, scratch))
      return error;
  return Error::success();
}

Error Source::readIntegers(const StoredTensor &, uint64_t, uint64_t,
                           MutableArrayRef<uint8_t>,
                           MutableArrayRef<RunNumbers>,
                           SmallVectorImpl<char> &) const {
  llvm_unreachable("the source has no tensors of integers");
}

} // namespace heddle::checkpoint
