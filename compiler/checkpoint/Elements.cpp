//===- Elements.cpp - Runs of weight elements -----------------------------===//

#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <cstring>

using namespace llvm;

namespace heddle::checkpoint {

static void halfToFloat(const char *from, float *to, size_t count) {
  // Exponent and mantissa moved to their places in a float denote the value
  // times 2^-112, subnormals too; the product is exact. Infinity and NaN must
  // have their exponent set by hand.
  constexpr float rebias = 0x1p112f;
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, from + 2 * i, 2);
    uint32_t magnitude = (half & 0x7fffu) << 13;
    uint32_t bits = bit_cast<uint32_t>(bit_cast<float>(magnitude) * rebias);
    bits = magnitude >= 0x7c00u << 13 ? magnitude | 0x7f800000u : bits;
    to[i] = bit_cast<float>(bits | (half & 0x8000u) << 16);
  }
}

static void bfloatToFloat(const char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t high;
    std::memcpy(&high, from + 2 * i, 2);
    to[i] = bit_cast<float>(uint32_t{high} << 16);
  }
}

static void doubleToFloat(const char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    double wide;
    std::memcpy(&wide, from + sizeof wide * i, sizeof wide);
    to[i] = static_cast<float>(wide);
  }
}

/// Four bits of exponent with a bias of 7, three of mantissa, no infinity; a
/// NaN has all of them set. Rebiased as halves are.
static void e4m3ToFloat(const char *from, float *to, size_t count) {
  constexpr float rebias = 0x1p120f;
  for (size_t i = 0; i < count; ++i) {
    uint8_t byte = from[i];
    uint32_t magnitude = byte & 0x7fu;
    uint32_t bits =
        bit_cast<uint32_t>(bit_cast<float>(magnitude << 20) * rebias);
    bits = magnitude == 0x7f ? 0x7fc00000u : bits;
    to[i] = bit_cast<float>(bits | (byte & 0x80u) << 24);
  }
}

/// The upper bytes of halves.
static void e5m2ToFloat(const char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    char half[2] = {0, from[i]};
    halfToFloat(half, to + i, 1);
  }
}

kernel::PackedType exactFloats(DType type) {
  switch (type) {
  case DType::F16:
    return kernel::PackedType::F16;
  case DType::BF16:
  case DType::F8_E4M3:
  case DType::F8_E5M2:
    return kernel::PackedType::BF16;
  default:
    return kernel::PackedType::F32;
  }
}

void toFloat(DType type, const char *from, float *to, size_t count) {
  switch (type) {
  case DType::F32:
    std::memcpy(to, from, count * sizeof(float));
    return;
  case DType::F16:
    return halfToFloat(from, to, count);
  case DType::BF16:
    return bfloatToFloat(from, to, count);
  case DType::F64:
    return doubleToFloat(from, to, count);
  case DType::F8_E4M3:
    return e4m3ToFloat(from, to, count);
  case DType::F8_E5M2:
    return e5m2ToFloat(from, to, count);
  default:
    llvm_unreachable("binding lets only types of weights through");
  }
}

void toBF16(const float *from, uint16_t *to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits = bit_cast<uint32_t>(from[i]);
    uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1);
    uint32_t quiet = bits | 0x400000u; // rounding could make it infinite
    to[i] = ((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded) >> 16;
  }
}

/// Of what rounds to no finite f16, `beyond`.
static uint16_t toHalf(float number, uint32_t beyond) {
  uint32_t bits = bit_cast<uint32_t>(number);
  uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return sign | 0x7e00u | (magnitude >> 13 & 0x1ffu); // NaN
  if (magnitude >= 0x477ff000u)
    return sign | beyond;
  // Below 2^-14 a half counts units of 2^-24, as a float does from 0.5 on.
  if (magnitude < 0x38800000u)
    return sign | (bit_cast<uint32_t>(bit_cast<float>(magnitude) + 0.5f) -
                   bit_cast<uint32_t>(0.5f));
  uint32_t rebiased = magnitude - (112u << 23);
  return sign | (rebiased + 0xfffu + (rebiased >> 13 & 1)) >> 13;
}

uint16_t toHalf(float number) { return toHalf(number, /*65504*/ 0x7bffu); }

void toF16(const float *from, uint16_t *to, size_t count) {
  constexpr uint32_t infinite = 0x7c00u;
  for (size_t i = 0; i < count; ++i)
    to[i] = toHalf(from[i], infinite);
}

float fromHalf(uint16_t half) {
  float number;
  toFloat(DType::F16, reinterpret_cast<const char *>(&half), &number, 1);
  return number;
}

bool isHalf(float number) {
  return std::isfinite(number) && fromHalf(toHalf(number)) == number;
}

using Quad = float __attribute__((vector_size(16)));

/// A 4x4 block through registers.
static void transposeBlock(const float *from, size_t fromStride, float *to,
                           size_t toStride) {
  Quad a, b, c, d;
  std::memcpy(&a, from, sizeof a);
  std::memcpy(&b, from + fromStride, sizeof b);
  std::memcpy(&c, from + 2 * fromStride, sizeof c);
  std::memcpy(&d, from + 3 * fromStride, sizeof d);
  Quad abLow = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  Quad abHigh = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  Quad cdLow = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  Quad cdHigh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(abLow, cdLow, 0, 1, 4, 5);
  b = __builtin_shufflevector(abLow, cdLow, 2, 3, 6, 7);
  c = __builtin_shufflevector(abHigh, cdHigh, 0, 1, 4, 5);
  d = __builtin_shufflevector(abHigh, cdHigh, 2, 3, 6, 7);
  std::memcpy(to, &a, sizeof a);
  std::memcpy(to + toStride, &b, sizeof b);
  std::memcpy(to + 2 * toStride, &c, sizeof c);
  std::memcpy(to + 3 * toStride, &d, sizeof d);
}

void transpose(const float *from, size_t rows, size_t columns,
               size_t fromStride, float *to, size_t toStride) {
  // 16 columns, one cache line of each source row, at a time: rows may be so
  // far apart that their lines evict each other.
  constexpr size_t lineColumns = 16;
  for (size_t begin = 0; begin < columns; begin += lineColumns) {
    size_t end = std::min(begin + lineColumns, columns), r = 0;
    for (; r + 4 <= rows; r += 4) {
      size_t c = begin;
      for (; c + 4 <= end; c += 4)
        transposeBlock(from + r * fromStride + c, fromStride,
                       to + c * toStride + r, toStride);
      for (; c < end; ++c)
        for (size_t i = r; i < r + 4; ++i)
          to[c * toStride + i] = from[i * fromStride + c];
    }
    for (; r < rows; ++r)
      for (size_t c = begin; c < end; ++c)
        to[c * toStride + r] = from[r * fromStride + c];
  }
}

size_t countNonFinite(const float *elements, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; ++i)
    found += (bit_cast<uint32_t>(elements[i]) & 0x7f800000u) == 0x7f800000u;
  return found;
}

RandomElements::RandomElements(uint64_t seed, StringRef path,
                               program::Fill fill)
    : stream(xxh3_64bits(path) ^ seed * 0x9e3779b97f4a7c15u), kind(fill) {}

/// SplitMix64's output function (Steele, Lea, Flood: Fast splittable
/// pseudorandom number generators, 2014).
static uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

void RandomElements::fill(uint64_t first, uint64_t step, float *to,
                          size_t count) const {
  if (kind != program::Fill::Normal) {
    std::fill_n(to, count, kind == program::Fill::Ones ? 1.0f : 0.0f);
    return;
  }
  // The sum of four uniform 16-bit numbers is nearly normal (Irwin-Hall):
  // mean 2 (2^16 - 1), variance (2^32 - 1) / 3.
  constexpr float mean = 131070.0f;
  constexpr float scale = 0.02f / 37837.226f;
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits =
        mixed(stream + (first + i * step + 1) * 0x9e3779b97f4a7c15u);
    int32_t sum = (bits & 0xffff) + (bits >> 16 & 0xffff) +
                  (bits >> 32 & 0xffff) + (bits >> 48);
    to[i] = (static_cast<float>(sum) - mean) * scale;
  }
}

} // namespace heddle::checkpoint
