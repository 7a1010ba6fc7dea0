//===- QuantisedIntegers.cpp - Weights of GPTQ, AWQ and their kin ---------===//
//
// w[output][input] = scale[group][output] * (q[output][input] -
//                                            zero[group][output])
// with unsigned integers q and zero, several to a word of 32 bits.
//
// GPTQ (https://arxiv.org/abs/2210.17323) is as AutoGPTQ and GPTQModel store
// it, AWQ (https://arxiv.org/abs/2306.00978) as AutoAWQ does; the package
// compressed-tensors has rows of outputs, and zero points that may be absent.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/Elements.h"
#include "compiler/checkpoint/QuantisedSource.h"
#include "llvm/ADT/STLExtras.h"
#include <climits>
#include <cmath>

using namespace llvm;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedType;

namespace heddle::checkpoint {

using Method = QuantisationConfig::Method;

/// Which group each input is in.
Error QuantisedSource::readGroups(const View &view,
                                  std::vector<uint32_t> &groups) const {
  groups.resize(view.columns);
  if (!view.order) {
    for (uint64_t i = 0; i < view.columns; ++i)
      groups[i] = config.group ? i / config.group : 0;
    return Error::success();
  }
  if (Error error = stored->read(
          *view.order, 0,
          {reinterpret_cast<char *>(groups.data()), groups.size() * 4}))
    return error;
  for (uint32_t group : groups)
    if (group >= view.groups)
      return createStringError(fileOf(*view.order) + ": tensor " +
                               view.order->name + ": found group " +
                               Twine(static_cast<int32_t>(group)) +
                               ", needed one of " + Twine(view.groups));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Parts of a matrix
//===----------------------------------------------------------------------===//

/// Integers of a row that is packed along its columns.
Error QuantisedSource::unpackWords(const StoredTensor &tensor, uint64_t row,
                                   uint64_t first, uint64_t count,
                                   uint8_t *to) const {
  // Where AWQ has column 0, 1, ... of a word, counted in fours of bits.
  constexpr unsigned interleaved[] = {0, 4, 1, 5, 2, 6, 3, 7};
  unsigned bits = config.bits, together = 32 / bits;
  bool isAwq = config.method == Method::Awq;
  uint64_t begin = first / together, end = (first + count - 1) / together + 1;
  SmallVector<uint32_t, 64> words(end - begin);
  if (Error error = stored->read(
          tensor, (row * tensor.shape[1] + begin) * sizeof(uint32_t),
          {reinterpret_cast<char *>(words.data()),
           words.size() * sizeof(uint32_t)}))
    return error;
  for (uint64_t i = first; i < first + count; ++i) {
    unsigned place = i % together;
    unsigned shift = bits * (isAwq ? interleaved[place] : place);
    *to++ = words[i / together - begin] >> shift & ((1u << bits) - 1);
  }
  return Error::success();
}

/// q of some outputs: to[output][input].
Error QuantisedSource::unpackRows(const View &view, uint64_t first,
                                  uint64_t count, uint8_t *to) const {
  unsigned bits = config.bits, together = 32 / bits;
  uint64_t columns = view.columns;
  if (config.method == Method::Compressed) {
    for (uint64_t i = 0; i < count; ++i)
      if (Error error = unpackWords(view.weights, first + i, 0, columns,
                                    to + i * columns))
        return error;
    return Error::success();
  }
  if (config.method == Method::Awq) {
    std::vector<uint8_t> column(count);
    for (uint64_t input = 0; input < columns; ++input) {
      if (Error error =
              unpackWords(view.weights, input, first, count, column.data()))
        return error;
      for (uint64_t i = 0; i < count; ++i)
        to[i * columns + input] = column[i];
    }
    return Error::success();
  }
  std::vector<uint32_t> words(count);
  for (uint64_t input = 0; input < columns; input += together) {
    if (Error error = stored->read(
            view.weights,
            (input / together * view.rows + first) * sizeof(uint32_t),
            {reinterpret_cast<char *>(words.data()), count * sizeof(uint32_t)}))
      return error;
    for (uint64_t i = 0; i < count; ++i)
      for (unsigned place = 0; place < together; ++place)
        to[i * columns + input + place] =
            words[i] >> place * bits & ((1u << bits) - 1);
  }
  return Error::success();
}

/// to[output][group].
Error QuantisedSource::unpackZeros(const View &view, uint64_t first,
                                   uint64_t count, int *to) const {
  unsigned bits = config.bits, mask = (1u << bits) - 1, together = 32 / bits;
  uint64_t groups = view.groups;
  if (!view.zeros) {
    std::fill_n(to, count * groups, 1 << (bits - 1));
    return Error::success();
  }
  if (config.method == Method::Compressed) {
    std::vector<uint32_t> words(groups);
    for (uint64_t row = first; row < first + count; ++row) {
      if (Error error = stored->read(*view.zeros,
                                     row / together * groups * sizeof(uint32_t),
                                     {reinterpret_cast<char *>(words.data()),
                                      groups * sizeof(uint32_t)}))
        return error;
      for (uint32_t word : words)
        *to++ = static_cast<int>(word >> row % together * bits & mask);
    }
    return Error::success();
  }
  std::vector<uint8_t> integers(count);
  for (uint64_t group = 0; group < groups; ++group) {
    if (Error error =
            unpackWords(*view.zeros, group, first, count, integers.data()))
      return error;
    for (uint64_t i = 0; i < count; ++i) {
      // One more is 0 to some readers and 16 to others.
      if (config.storesZerosLessOne && integers[i] == mask)
        return createStringError(
            fileOf(*view.zeros) + ": tensor " + view.zeros->name +
            ": found a zero point of " + Twine(mask) +
            " in the first format of GPTQ, which its readers take for " +
            Twine(mask + 1) + " or 0, needed at most " + Twine(mask - 1));
      to[i * groups + group] = integers[i] + config.storesZerosLessOne;
    }
  }
  return Error::success();
}

/// to[output][group].
Error QuantisedSource::readScales(const View &view, uint64_t first,
                                  uint64_t count, float *to,
                                  SmallVectorImpl<char> &scratch) const {
  uint64_t groups = view.groups;
  if (config.method == Method::Compressed)
    return stored->readFloats(view.scales, first * groups, {to, count * groups},
                              scratch);
  std::vector<float> ofGroup(count);
  for (uint64_t group = 0; group < groups; ++group) {
    if (Error error = stored->readFloats(view.scales, group * view.rows + first,
                                         ofGroup, scratch))
      return error;
    for (uint64_t i = 0; i < count; ++i)
      to[i * groups + group] = ofGroup[i];
  }
  return Error::success();
}

Expected<QuantisedSource::GroupNumbers>
QuantisedSource::readNumbers(const View &view, uint64_t first, uint64_t count,
                             SmallVectorImpl<char> &scratch) const {
  GroupNumbers numbers;
  numbers.scales.resize(count * view.groups);
  numbers.zeros.resize(count * view.groups);
  if (Error error =
          readScales(view, first, count, numbers.scales.data(), scratch))
    return std::move(error);
  if (Error error = unpackZeros(view, first, count, numbers.zeros.data()))
    return std::move(error);
  return numbers;
}

//===----------------------------------------------------------------------===//
// As floats
//===----------------------------------------------------------------------===//

Error QuantisedSource::readIntegerRows(const View &view, uint64_t first,
                                       uint64_t count, float *to,
                                       SmallVectorImpl<char> &scratch) const {
  uint64_t columns = view.columns;
  std::vector<uint32_t> groupOf;
  if (Error error = readGroups(view, groupOf))
    return error;
  Expected<GroupNumbers> numbers = readNumbers(view, first, count, scratch);
  if (!numbers)
    return numbers.takeError();
  std::vector<uint8_t> integers(count * columns);
  if (Error error = unpackRows(view, first, count, integers.data()))
    return error;
  const uint8_t *integer = integers.data();
  for (uint64_t i = 0; i < count; ++i)
    for (uint64_t input = 0; input < columns; ++input) {
      uint64_t at = i * view.groups + groupOf[input];
      *to++ = numbers->scales[at] *
              static_cast<float>(*integer++ - numbers->zeros[at]);
    }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// As integers
//===----------------------------------------------------------------------===//

/// The narrowest type whose integers hold q - zero wherever the zero points of
/// the matrix are: four bits with one zero point in the middle are q4, with
/// others q5. None where a scale is no f16, or of inputs that no group of 32
/// has together.
Expected<std::optional<PackedType>>
QuantisedSource::packedTypeOf(const View &view) const {
  uint64_t group = config.group ? config.group : view.columns;
  constexpr uint64_t run = PackedFormat::stepSize;
  if (view.columns % run != 0 || group % run != 0)
    return std::nullopt;
  std::vector<uint32_t> groupOf;
  if (Error error = readGroups(view, groupOf))
    return std::move(error);
  for (uint64_t input = 0; input < view.columns; ++input)
    if (groupOf[input] != input / group)
      return std::nullopt;
  int least = INT_MAX, most = 0;
  SmallVector<char, 0> scratch;
  constexpr uint64_t together = 1024;
  for (uint64_t first = 0; first < view.rows; first += together) {
    Expected<GroupNumbers> numbers = readNumbers(
        view, first, std::min(together, view.rows - first), scratch);
    if (!numbers)
      return numbers.takeError();
    if (!all_of(numbers->scales, isHalf))
      return std::nullopt;
    for (int zero : numbers->zeros) {
      least = std::min(least, zero);
      most = std::max(most, zero);
    }
  }
  for (PackedType type : {PackedType::Q4, PackedType::Q5, PackedType::Q8}) {
    int middle = kernel::formatOf(type).zeroPoint();
    if (most <= middle && (1 << config.bits) - least <= middle)
      return type;
  }
  return std::nullopt;
}

std::optional<PackedType>
QuantisedSource::integersOf(const StoredTensor &tensor) const {
  if (!isView(tensor) || config.method == Method::Fp8 || tensor.bytes == 0)
    return std::nullopt;
  const View &view = viewOf(tensor.offset);
  // A part of a tensor may begin within a row.
  if ((tensor.offset - view.begin) % (view.columns * sizeof(float)) != 0)
    return std::nullopt;
  std::lock_guard guard(packedTypesMutex);
  auto [known, isNew] = packedTypes.try_emplace(view.begin);
  if (isNew) {
    if (auto type = packedTypeOf(view))
      known->second = *type;
    else // which readFloats() says as well, to someone who can report it
      consumeError(type.takeError());
  }
  return known->second;
}

Error QuantisedSource::readIntegers(const StoredTensor &tensor, uint64_t first,
                                    uint64_t count, MutableArrayRef<uint8_t> to,
                                    MutableArrayRef<RunNumbers> numbers,
                                    SmallVectorImpl<char> &scratch) const {
  const View &view = viewOf(tensor.offset);
  uint64_t columns = view.columns, runs = columns / PackedFormat::stepSize,
           group = config.group ? config.group : columns;
  int middle = kernel::formatOf(*integersOf(tensor)).zeroPoint();
  assert(to.size() == count * columns && numbers.size() == count * runs);
  first += (tensor.offset - view.begin) / sizeof(float) / columns;
  Expected<GroupNumbers> found = readNumbers(view, first, count, scratch);
  if (!found)
    return found.takeError();
  if (Error error = unpackRows(view, first, count, to.data()))
    return error;
  for (uint64_t i = 0; i < count * runs; ++i) {
    uint64_t k = i % runs * PackedFormat::stepSize;
    uint64_t at = i / runs * view.groups + k / group;
    int shift = middle - found->zeros[at];
    for (uint8_t &integer :
         to.slice(i * PackedFormat::stepSize, PackedFormat::stepSize))
      integer = static_cast<uint8_t>(integer + shift);
    numbers[i] = {};
    numbers[i].scales[0] = toHalf(found->scales[at]);
  }
  return Error::success();
}

} // namespace heddle::checkpoint
