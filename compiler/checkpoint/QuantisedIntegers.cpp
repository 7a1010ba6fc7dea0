//===- QuantisedIntegers.cpp - GPTQ and AWQ as floats ---------------------===//
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

#include "compiler/checkpoint/QuantisedSource.h"

using namespace llvm;

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

/// Integers of a row that is packed along its columns.
Error QuantisedSource::unpackIntegers(const StoredTensor &tensor, uint64_t row,
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

Error QuantisedSource::readPackedRows(const View &view, uint64_t first,
                                      uint64_t count, float *to,
                                      SmallVectorImpl<char> &scratch) const {
  unsigned bits = config.bits, mask = (1u << bits) - 1;
  uint64_t columns = view.columns;
  std::vector<uint32_t> groupOf;
  if (Error error = readGroups(view, groupOf))
    return error;
  std::vector<float> scales(view.groups * count), zeros(view.groups * count);
  std::vector<uint8_t> integers(count);
  for (uint64_t group = 0; group < view.groups; ++group) {
    if (Error error = stored->readFloats(
            view.scales, group * view.rows + first,
            MutableArrayRef(scales).slice(group * count, count), scratch))
      return error;
    if (Error error =
            unpackIntegers(*view.zeros, group, first, count, integers.data()))
      return error;
    for (uint64_t i = 0; i < count; ++i) {
      // One more is 0 to some readers and 16 to others.
      if (config.storesZerosLessOne && integers[i] == mask)
        return createStringError(
            fileOf(*view.zeros) + ": tensor " + view.zeros->name +
            ": found a zero point of " + Twine(mask) +
            " in the first format of GPTQ, which its readers take for " +
            Twine(mask + 1) + " or 0, needed at most " + Twine(mask - 1));
      zeros[group * count + i] = integers[i] + config.storesZerosLessOne;
    }
  }
  auto set = [&](uint64_t output, uint64_t input, unsigned integer) {
    uint64_t at = groupOf[input] * count + output;
    to[output * columns + input] =
        scales[at] * (static_cast<float>(integer) - zeros[at]);
  };
  if (config.method == Method::Awq) {
    for (uint64_t input = 0; input < columns; ++input) {
      if (Error error = unpackIntegers(view.weights, input, first, count,
                                       integers.data()))
        return error;
      for (uint64_t output = 0; output < count; ++output)
        set(output, input, integers[output]);
    }
    return Error::success();
  }
  unsigned together = 32 / bits;
  std::vector<uint32_t> words(count);
  for (uint64_t input = 0; input < columns; input += together) {
    if (Error error = stored->read(
            view.weights,
            (input / together * view.rows + first) * sizeof(uint32_t),
            {reinterpret_cast<char *>(words.data()), count * sizeof(uint32_t)}))
      return error;
    for (uint64_t output = 0; output < count; ++output)
      for (unsigned i = 0; i < together; ++i)
        set(output, input + i, words[output] >> i * bits & mask);
  }
  return Error::success();
}

Error QuantisedSource::readCompressedRows(
    const View &view, uint64_t first, uint64_t count, float *to,
    SmallVectorImpl<char> &scratch) const {
  unsigned bits = config.bits, mask = (1u << bits) - 1, together = 32 / bits;
  uint64_t columns = view.columns, groups = view.groups;
  std::vector<uint32_t> groupOf;
  if (Error error = readGroups(view, groupOf))
    return error;
  std::vector<float> scales(groups);
  std::vector<uint32_t> zeros(groups, 1u << (bits - 1));
  std::vector<uint8_t> integers(columns);
  for (uint64_t row = first; row < first + count; ++row, to += columns) {
    if (Error error =
            stored->readFloats(view.scales, row * groups, scales, scratch))
      return error;
    if (Error error =
            unpackIntegers(view.weights, row, 0, columns, integers.data()))
      return error;
    if (view.zeros) {
      if (Error error = stored->read(*view.zeros,
                                     row / together * groups * sizeof(uint32_t),
                                     {reinterpret_cast<char *>(zeros.data()),
                                      groups * sizeof(uint32_t)}))
        return error;
      for (uint32_t &zero : zeros)
        zero = zero >> row % together * bits & mask;
    }
    for (uint64_t i = 0; i < columns; ++i) {
      int integer = integers[i], zero = zeros[groupOf[i]];
      to[i] = scales[groupOf[i]] * static_cast<float>(integer - zero);
    }
  }
  return Error::success();
}

} // namespace heddle::checkpoint
