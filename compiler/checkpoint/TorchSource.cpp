//===- TorchSource.cpp - Weights as PyTorch writes them -------------------===//

#include "compiler/checkpoint/TorchSource.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

/// Where views begin: no file is as long.
static constexpr uint64_t firstTorchView = uint64_t(1) << 60;

bool TorchSource::recognises(StringRef path) {
  if (sys::fs::is_directory(path)) {
    DirectoryWeights weights = weightsOf(path);
    return weights.format == WeightsFormat::Torch && weights.fault.empty();
  }
  return path.ends_with(".bin.index.json") || isTorchFile(path);
}

void TorchSource::readTensors(Problems &problems) {
  views.clear();
  end = firstTorchView;
  DirectorySource::readTensors(problems);
}

std::optional<std::vector<StoredTensor>>
TorchSource::readHeader(sys::fs::file_t file, StringRef path, unsigned index,
                        Problems &problems) {
  std::optional<std::vector<TorchTensor>> found =
      readTorchFile(file, path, problems);
  if (!found)
    return std::nullopt;
  std::vector<StoredTensor> tensors;
  for (TorchTensor &tensor : *found) {
    uint64_t bytes = tensor.elements() * (bitsOf(tensor.dtype) / 8);
    uint64_t begin = tensor.begin;
    if (!tensor.isContiguous() && bytes > 0) {
      begin = end;
      if (bytes > UINT64_MAX - end) {
        problems.add(path, "tensor " + tensor.name + ": found shape " +
                               shapeText(tensor.shape) +
                               ", needed fewer elements");
        return std::nullopt;
      }
      end += bytes;
      views.push_back({begin, tensor});
    }
    tensors.push_back(
        {tensor.name, tensor.dtype, tensor.shape, begin, bytes, index});
  }
  return tensors;
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

Error TorchSource::read(const StoredTensor &tensor, uint64_t offset,
                        MutableArrayRef<char> buffer) const {
  if (tensor.offset < firstTorchView || buffer.empty())
    return DirectorySource::read(tensor, offset, buffer);
  assert(offset + buffer.size() <= tensor.bytes && "outside of the tensor");
  uint64_t position = tensor.offset + offset;
  const View &view = *std::prev(
      llvm::upper_bound(views, position, [](uint64_t at, const View &other) {
        return at < other.begin;
      }));
  position -= view.begin;
  uint64_t width = bitsOf(view.stored.dtype) / 8, first = position / width,
           behind = divideCeil(position + buffer.size(), width);
  if (position % width == 0 && buffer.size() % width == 0)
    return readElements(tensor, view, first, behind - first, buffer.data());
  SmallVector<char, 0> whole;
  whole.resize_for_overwrite((behind - first) * width);
  if (Error error =
          readElements(tensor, view, first, behind - first, whole.data()))
    return error;
  std::memcpy(buffer.data(), whole.data() + position % width, buffer.size());
  return Error::success();
}

/// A run of elements in row-major order is made of boxes: as many whole slices
/// of an axis as there are, and before and behind them such of shorter axes.
Error TorchSource::readElements(const StoredTensor &tensor, const View &view,
                                uint64_t first, uint64_t count,
                                char *to) const {
  const TorchTensor &stored = view.stored;
  uint64_t width = bitsOf(stored.dtype) / 8;
  while (count > 0) {
    // The outermost axis of which a whole slice begins here and fits.
    uint64_t slice = 1;
    size_t axis = stored.shape.size() - 1;
    while (axis > 0 && first % (slice * stored.shape[axis]) == 0 &&
           count >= slice * stored.shape[axis])
      slice *= stored.shape[axis--];
    uint64_t at = first / slice % stored.shape[axis];
    uint64_t slices =
        std::min<uint64_t>(count / slice, stored.shape[axis] - at);
    uint64_t begin = 0, rest = first;
    for (size_t i = stored.shape.size(); i-- > 0; rest /= stored.shape[i])
      begin += rest % stored.shape[i] * stored.strides[i];
    SmallVector<Axis, 4> axes;
    uint64_t step = 1;
    for (size_t i = stored.shape.size(); i-- > axis; step *= stored.shape[i])
      axes.push_back({i == axis ? slices : stored.shape[i],
                      static_cast<uint64_t>(stored.strides[i]), step});
    if (Error error = gather(tensor, width, std::move(axes),
                             stored.begin + begin * width, to))
      return error;
    first += slices * slice;
    count -= slices * slice;
    to += slices * slice * width;
  }
  return Error::success();
}

namespace {

/// Counts through places along axes, the first axis fastest.
template <typename AxisOf> class Odometer {
public:
  explicit Odometer(ArrayRef<AxisOf> axes) : axes(axes), at(axes.size(), 0) {}

  bool next() {
    for (size_t i = 0; i < axes.size(); ++i) {
      from += axes[i].from, to += axes[i].to;
      if (++at[i] < axes[i].count)
        return true;
      from -= axes[i].count * axes[i].from, to -= axes[i].count * axes[i].to;
      at[i] = 0;
    }
    return false;
  }

  uint64_t from = 0, to = 0;

private:
  ArrayRef<AxisOf> axes;
  SmallVector<uint64_t, 4> at;
};

} // namespace

/// Reads a stretch of the file for the axes along which its elements are dense
/// enough, for each place along the others.
Error TorchSource::gather(const StoredTensor &tensor, uint64_t width,
                          SmallVector<Axis, 4> axes, uint64_t begin,
                          char *to) const {
  constexpr uint64_t mostBytes = 1 << 20, sparsest = 16;
  llvm::sort(axes,
             [](const Axis &a, const Axis &b) { return a.from < b.from; });
  uint64_t span = 1, elements = 1;
  size_t inner = 0;
  for (; inner < axes.size(); ++inner) {
    uint64_t wider = span + (axes[inner].count - 1) * axes[inner].from;
    if (wider * width > mostBytes ||
        wider > sparsest * elements * axes[inner].count)
      break;
    span = wider;
    elements *= axes[inner].count;
  }
  SmallVector<char, 0> stretch;
  stretch.resize_for_overwrite(span * width);
  Odometer<Axis> outside(ArrayRef(axes).drop_front(inner));
  do {
    if (Error error = readAt(tensor, begin + outside.from * width, stretch))
      return error;
    Odometer<Axis> within(ArrayRef(axes).take_front(inner));
    do
      std::memcpy(to + (outside.to + within.to) * width,
                  stretch.data() + within.from * width, width);
    while (within.next());
  } while (outside.next());
  return Error::success();
}

} // namespace heddle::checkpoint
