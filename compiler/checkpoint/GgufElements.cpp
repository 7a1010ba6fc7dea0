//===- GgufElements.cpp - Weights of a GGUF file, reordered ---------------===//
//
// A tensor of transformers is a view of a stored one: its rows may lie in
// another order, its elements be another number or lie the other way round. Any
// run of elements may be asked for; blocks are read as a whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/Elements.h"
#include "compiler/checkpoint/GgufSource.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstring>

using namespace llvm;

namespace heddle::checkpoint {

/// Which stored row is the row of the tensor.
uint64_t GgufSource::storedRow(const View &view, uint64_t row) const {
  uint64_t size = headSize, head = row / size, at = row % size;
  switch (view.layout) {
  case GgufLayout::Halves:
    return head * size + at % (size / 2) * 2 + at / (size / 2);
  case GgufLayout::Groups: {
    uint64_t together = heads / groups + 2;
    uint64_t group = head / together, member = head % together;
    uint64_t stored = member < together - 2
                          ? group * (together - 2) + member
                          : heads + (member - (together - 2)) * groups + group;
    return stored * size + at;
  }
  default:
    return view.firstRow + row;
  }
}

const GgufSource::View &GgufSource::viewOf(const StoredTensor &tensor) const {
  // A part of a tensor begins within its view.
  auto behind =
      upper_bound(views, tensor.offset, [](uint64_t offset, const View &view) {
        return offset < view.begin;
      });
  return *std::prev(behind);
}

Error GgufSource::readBytes(const View &view, uint64_t offset,
                            MutableArrayRef<char> buffer) const {
  const File &file = files[view.file];
  uint64_t position = view.stored.offset + offset;
  auto fail = [&](const Twine &what) {
    return createStringError(file.path + ": tensor " + view.stored.name + ": " +
                             what);
  };
  while (!buffer.empty()) {
    Expected<size_t> got =
        sys::fs::readNativeFileSlice(file.handle, buffer, position);
    if (!got)
      return fail(toString(got.takeError()));
    if (*got == 0)
      return fail("the file ended while it was read");
    buffer = buffer.drop_front(*got);
    position += *got;
  }
  return Error::success();
}

/// Elements in the order of the file, from any place within a block on.
Error GgufSource::readStored(const View &view, uint64_t first,
                             MutableArrayRef<float> to,
                             SmallVectorImpl<char> &scratch) const {
  const GgufBlockFormat &format = *view.stored.format;
  uint64_t size = format.elements;
  uint64_t firstBlock = first / size;
  uint64_t blocks = divideCeil(first + to.size(), size) - firstBlock;
  scratch.resize_for_overwrite(blocks * format.bytes);
  if (Error error = readBytes(view, firstBlock * format.bytes, scratch))
    return error;
  const auto *from = reinterpret_cast<const uint8_t *>(scratch.data());
  uint64_t skipped = first % size;
  float *at = to.data(), *last = at + to.size();
  // What begins or ends within a block is a part of its elements.
  float whole[GgufBlock::most];
  while (at != last) {
    if (skipped == 0 && uint64_t(last - at) >= size) {
      uint64_t count = (last - at) / size;
      format.toFloats(from, at, count);
      from += count * format.bytes;
      at += count * size;
      continue;
    }
    format.toFloats(from, whole, 1);
    from += format.bytes;
    uint64_t count = std::min<uint64_t>(size - skipped, last - at);
    at = std::copy_n(whole + skipped, count, at);
    skipped = 0;
  }
  if (view.layout == GgufLayout::LessOne)
    for (float &number : to)
      number -= 1;
  if (view.layout == GgufLayout::LogNegative)
    for (float &number : to)
      number = static_cast<float>(std::log(-static_cast<double>(number)));
  return Error::success();
}

Error GgufSource::readFloats(const StoredTensor &tensor, uint64_t first,
                             MutableArrayRef<float> to,
                             SmallVectorImpl<char> &scratch) const {
  const View &view = viewOf(tensor);
  uint64_t columns = view.columns;
  first += (tensor.offset - view.begin) / sizeof(float);
  if (view.layout == GgufLayout::Turned) {
    // Few ask for this order: a matrix is read by its columns.
    uint64_t outputs = view.stored.shape[0];
    for (uint64_t i = 0; i < to.size(); ++i)
      if (Error error = readStored(
              view, (first + i) % outputs * columns + (first + i) / outputs,
              to.slice(i, 1), scratch))
        return error;
    return Error::success();
  }
  if (view.layout != GgufLayout::Halves && view.layout != GgufLayout::Groups)
    return readStored(view, view.firstRow * columns + first, to, scratch);
  while (!to.empty()) {
    uint64_t row = first / columns, column = first % columns;
    uint64_t count = std::min<uint64_t>(columns - column, to.size());
    if (Error error = readStored(view, storedRow(view, row) * columns + column,
                                 to.take_front(count), scratch))
      return error;
    to = to.drop_front(count);
    first += count;
  }
  return Error::success();
}

Error GgufSource::readColumns(const StoredTensor &tensor,
                              const Columns &columns, float *to,
                              SmallVectorImpl<char> &scratch) const {
  const View &view = viewOf(tensor);
  if (view.layout != GgufLayout::Turned)
    return Source::readColumns(tensor, columns, to, scratch);
  // Columns are rows as stored.
  std::vector<float> row(columns.rows);
  for (uint64_t column = 0; column < columns.count; ++column) {
    if (Error error = readStored(view, (columns.first + column) * columns.rows,
                                 row, scratch))
      return error;
    for (uint64_t k = 0; k < columns.rows; ++k)
      to[k * columns.stride + column] = row[k];
  }
  return Error::success();
}

Error GgufSource::read(const StoredTensor &tensor, uint64_t offset,
                       MutableArrayRef<char> buffer) const {
  assert(offset + buffer.size() <= tensor.bytes && "outside of the tensor");
  const View &view = viewOf(tensor);
  if (!view.stored.format->isReadable())
    return readBytes(view, tensor.offset - view.begin + offset, buffer);
  return readFloatBytes(tensor, offset, buffer);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

static bool changesElements(GgufLayout layout) {
  return layout == GgufLayout::LessOne || layout == GgufLayout::LogNegative;
}

kernel::PackedType GgufSource::floatsOf(const StoredTensor &tensor) const {
  const View &view = viewOf(tensor);
  const GgufBlockFormat &format = *view.stored.format;
  return format.isFloat() && !changesElements(view.layout)
             ? exactFloats(*dtypeNamed(format.name))
             : kernel::PackedType::F32;
}

/// What changes elements makes floats of them; a part of a tensor may begin
/// within a row.
std::optional<kernel::PackedType>
GgufSource::integersOf(const StoredTensor &tensor) const {
  const View &view = viewOf(tensor);
  const GgufBlockFormat &format = *view.stored.format;
  bool isWhole =
      (tensor.offset - view.begin) % (view.columns * sizeof(float)) == 0;
  if (tensor.shape.size() < 2 || !isWhole ||
      format.packed == kernel::PackedType::F32 || changesElements(view.layout))
    return std::nullopt;
  return format.packed;
}

Error GgufSource::readIntegers(const StoredTensor &tensor, uint64_t first,
                               uint64_t count, MutableArrayRef<uint8_t> to,
                               MutableArrayRef<RunNumbers> numbers,
                               SmallVectorImpl<char> &scratch) const {
  const View &view = viewOf(tensor);
  const GgufBlockFormat &format = *view.stored.format;
  // A row of the matrix is one of the file, whichever way the tensor lies.
  uint64_t columns = view.columns, runs = numbers.size() / count;
  assert(to.size() == count * columns && "rows are whole");
  first += (tensor.offset - view.begin) / sizeof(float) / columns;
  uint64_t blocks = columns / format.elements;
  scratch.resize_for_overwrite(blocks * format.bytes);
  const auto *from = reinterpret_cast<const uint8_t *>(scratch.data());
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t row = storedRow(view, first + i);
    if (Error error = readBytes(view, row * blocks * format.bytes, scratch))
      return error;
    if (!format.toIntegers(from, &to[i * columns], &numbers[i * runs], blocks))
      return createStringError(files[view.file].path + ": tensor " +
                               view.stored.name + ": found a scale of " +
                               format.name +
                               " that is no f16, give it another "
                               "type: --quant '" +
                               tensor.name + "=bf16'");
  }
  return Error::success();
}

} // namespace heddle::checkpoint
