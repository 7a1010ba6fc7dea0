//===- GgufBlocks.cpp - How GGUF stores weights ---------------------------===//

#include "compiler/checkpoint/GgufBlocks.h"
#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedType;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// Blocks of 32
//===----------------------------------------------------------------------===//

static float half(const uint8_t *at) {
  float number;
  toFloat(DType::F16, reinterpret_cast<const char *>(at), &number, 1);
  return number;
}

/// Elements 0 to n/2 - 1 are the lower halves of the bytes, the others the
/// upper ones.
static void unpackNibbles(const uint8_t *from, unsigned n, int8_t *to) {
  for (unsigned i = 0; i < n / 2; ++i) {
    to[i] = static_cast<int8_t>(from[i] & 15);
    to[i + n / 2] = static_cast<int8_t>(from[i] >> 4);
  }
}

static void shift(int8_t *integers, unsigned n, int by) {
  for (unsigned i = 0; i < n; ++i)
    integers[i] = static_cast<int8_t>(integers[i] + by);
}

static void addFifthBits(const uint8_t *bits, int8_t *integers) {
  uint32_t high = support::endian::read32le(bits);
  for (unsigned i = 0; i < 32; ++i)
    integers[i] = static_cast<int8_t>(integers[i] | (high >> i & 1) << 4);
}

static void unpackQ4_0(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block);
  unpackNibbles(block + 2, 32, parts.integers);
  shift(parts.integers, 32, -8);
}

static void unpackQ4_1(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block);
  parts.minima[0] = -half(block + 2);
  unpackNibbles(block + 4, 32, parts.integers);
}

static void unpackQ5_0(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block);
  unpackNibbles(block + 6, 32, parts.integers);
  addFifthBits(block + 2, parts.integers);
  shift(parts.integers, 32, -16);
}

static void unpackQ5_1(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block);
  parts.minima[0] = -half(block + 2);
  unpackNibbles(block + 8, 32, parts.integers);
  addFifthBits(block + 4, parts.integers);
}

static void unpackQ8_0(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block);
  std::memcpy(parts.integers, block + 2, 32);
}

/// What four bits stand for in IQ4_NL and IQ4_XS.
static constexpr int8_t unevenLevels[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
/// Twice the numbers of an E2M1 float.
static constexpr int8_t e2m1Levels[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                          0, -1, -2, -3, -4, -6, -8, -12};

static void lookUp(const int8_t (&levels)[16], int8_t *integers, unsigned n) {
  for (unsigned i = 0; i < n; ++i)
    integers[i] = levels[integers[i]];
}

static void unpackIQ4_NL(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block);
  unpackNibbles(block + 2, 32, parts.integers);
  lookUp(unevenLevels, parts.integers, 32);
}

/// OCP Microscaling Formats 1.0: the scale is a power of two, here halved as
/// the levels are doubled.
static void unpackMXFP4(const uint8_t *block, GgufBlock &parts) {
  uint32_t exponent = block[0];
  parts.scales[0] = bit_cast<float>(exponent < 2 ? 0x00200000u << exponent
                                                 : (exponent - 1) << 23);
  unpackNibbles(block + 1, 32, parts.integers);
  lookUp(e2m1Levels, parts.integers, 32);
}

//===----------------------------------------------------------------------===//
// Blocks of 256, whose scales are small integers themselves
//===----------------------------------------------------------------------===//

/// 128 bytes hold 256 elements of four bits: 32 lower halves, then the 32 upper
/// halves of the same bytes, and so on.
static void unpackNibblesBy32(const uint8_t *from, int8_t *to) {
  for (unsigned run = 0; run < 4; ++run)
    unpackNibbles(from + 32 * run, 64, to + 64 * run);
}

/// 64 bytes hold 256 elements of two bits: bits 0 and 1 of 32 bytes, bits 2 and
/// 3 of the same, and so on.
static void unpackPairsBy32(const uint8_t *from, int8_t *to) {
  for (unsigned i = 0; i < 256; ++i)
    to[i] = static_cast<int8_t>(
        from[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3);
}

/// From steps and what they are multiplied with.
static void setScale(GgufBlock &parts, unsigned group, int steps) {
  parts.scaleSteps[group] = static_cast<int8_t>(steps);
  parts.scales[group] = parts.ofScales * static_cast<float>(steps);
}

static void setMinimum(GgufBlock &parts, unsigned group, int steps) {
  parts.minimumSteps[group] = static_cast<int8_t>(steps);
  parts.minima[group] = parts.ofMinima * static_cast<float>(steps);
}

static void unpackQ2_K(const uint8_t *block, GgufBlock &parts) {
  parts.ofScales = half(block + 80);
  parts.ofMinima = half(block + 82);
  for (unsigned g = 0; g < 16; ++g) {
    setScale(parts, g, block[g] & 15);
    setMinimum(parts, g, block[g] >> 4);
  }
  unpackPairsBy32(block + 16, parts.integers);
}

/// The third bit of element i is bit i / 32 of byte i % 32; where it is not
/// set, the element is less by 4. Scales have six bits: the lower four of two
/// of them in a byte, the upper two of four in a byte.
static void unpackQ3_K(const uint8_t *block, GgufBlock &parts) {
  const uint8_t *scales = block + 96;
  parts.ofScales = half(block + 108);
  for (unsigned g = 0; g < 16; ++g) {
    int low = scales[g % 8] >> g / 8 * 4 & 15;
    int high = scales[8 + g % 4] >> g / 4 * 2 & 3;
    setScale(parts, g, (low | high << 4) - 32);
  }
  unpackPairsBy32(block + 32, parts.integers);
  for (unsigned i = 0; i < 256; ++i)
    if (!(block[i % 32] >> i / 32 & 1))
      parts.integers[i] = static_cast<int8_t>(parts.integers[i] - 4);
}

/// Eight scales and eight minima of six bits in 12 bytes: of the first four
/// groups whole in bytes 0 to 7, whose two upper bits are those of the last
/// four groups.
static void unpackScalesAndMinima(const uint8_t *block, GgufBlock &parts) {
  parts.ofScales = half(block);
  parts.ofMinima = half(block + 2);
  const uint8_t *packed = block + 4;
  for (unsigned g = 0; g < 8; ++g) {
    unsigned a = packed[g % 4], b = packed[4 + g % 4], c = packed[8 + g % 4];
    unsigned s = g < 4 ? a & 63 : (c & 15) | (a >> 6) << 4;
    unsigned m = g < 4 ? b & 63 : c >> 4 | (b >> 6) << 4;
    setScale(parts, g, static_cast<int>(s));
    setMinimum(parts, g, static_cast<int>(m));
  }
}

static void unpackQ4_K(const uint8_t *block, GgufBlock &parts) {
  unpackScalesAndMinima(block, parts);
  unpackNibblesBy32(block + 16, parts.integers);
}

/// The fifth bit of element i is bit i / 32 of byte i % 32.
static void unpackQ5_K(const uint8_t *block, GgufBlock &parts) {
  unpackScalesAndMinima(block, parts);
  unpackNibblesBy32(block + 48, parts.integers);
  for (unsigned i = 0; i < 256; ++i)
    parts.integers[i] = static_cast<int8_t>(
        parts.integers[i] | (block[16 + i % 32] >> i / 32 & 1) << 4);
}

/// Of each half of the block 64 bytes with the lower four bits and 32 with the
/// upper two, in the same order of elements.
static void unpackQ6_K(const uint8_t *block, GgufBlock &parts) {
  parts.ofScales = half(block + 208);
  for (unsigned g = 0; g < 16; ++g)
    setScale(parts, g, static_cast<int8_t>(block[192 + g]));
  for (unsigned run = 0; run < 2; ++run)
    unpackNibbles(block + 64 * run, 128, parts.integers + 128 * run);
  int8_t high[256];
  unpackPairsBy32(block + 128, high);
  for (unsigned i = 0; i < 256; ++i)
    parts.integers[i] =
        static_cast<int8_t>((parts.integers[i] | high[i] << 4) - 32);
}

static void unpackIQ4_XS(const uint8_t *block, GgufBlock &parts) {
  float scale = half(block);
  unsigned high = support::endian::read16le(block + 2);
  for (unsigned g = 0; g < 8; ++g) {
    int low = block[4 + g / 2] >> g % 2 * 4 & 15;
    int s = low | static_cast<int>(high >> 2 * g & 3) << 4;
    parts.scales[g] = scale * static_cast<float>(s - 32);
    unpackNibbles(block + 8 + 16 * g, 32, parts.integers + 32 * g);
  }
  lookUp(unevenLevels, parts.integers, 256);
}

/// Digits to base three, as the upper part of a byte: of 5 elements in a byte
/// (of the last four bytes, 4).
static void unpackTQ1_0(const uint8_t *block, GgufBlock &parts) {
  static constexpr uint8_t powers[] = {1, 3, 9, 27, 81};
  parts.scales[0] = half(block + 52);
  int8_t *to = parts.integers;
  auto unpackRun = [&](const uint8_t *from, unsigned bytes, unsigned digits) {
    for (unsigned digit = 0; digit < digits; ++digit)
      for (unsigned i = 0; i < bytes; ++i) {
        auto shifted = static_cast<uint8_t>(from[i] * powers[digit]);
        *to++ = static_cast<int8_t>((shifted * 3 >> 8) - 1);
      }
  };
  unpackRun(block, 32, 5);
  unpackRun(block + 32, 16, 5);
  unpackRun(block + 48, 4, 4);
}

static void unpackTQ2_0(const uint8_t *block, GgufBlock &parts) {
  parts.scales[0] = half(block + 64);
  unpackPairsBy32(block, parts.integers);
  shift(parts.integers, 256, -1);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

// clang-format off
static constexpr GgufBlockFormat blockFormats[] = {
    // id  name     elements bytes group minima
    // Levels of IQ4_NL and doubled ones of MXFP4 are integers like others.
    {0,  "F32",        1,   4,   0, false, nullptr},
    {1,  "F16",        1,   2,   0, false, nullptr},
    {2,  "Q4_0",      32,  18,  32, false, unpackQ4_0, PackedType::Q4},
    {3,  "Q4_1",      32,  20,  32, true,  unpackQ4_1, PackedType::Q4_1},
    {6,  "Q5_0",      32,  22,  32, false, unpackQ5_0, PackedType::Q5},
    {7,  "Q5_1",      32,  24,  32, true,  unpackQ5_1, PackedType::Q5_1},
    {8,  "Q8_0",      32,  34,  32, false, unpackQ8_0, PackedType::Q8},
    {9,  "Q8_1",      32,  36,   0, false, nullptr},
    {10, "Q2_K",     256,  84,  16, true,  unpackQ2_K, PackedType::Q2_K},
    {11, "Q3_K",     256, 110,  16, false, unpackQ3_K, PackedType::Q3_K},
    {12, "Q4_K",     256, 144,  32, true,  unpackQ4_K, PackedType::Q4_K},
    {13, "Q5_K",     256, 176,  32, true,  unpackQ5_K, PackedType::Q5_K},
    {14, "Q6_K",     256, 210,  16, false, unpackQ6_K, PackedType::Q6_K},
    {15, "Q8_K",     256, 292,   0, false, nullptr},
    {16, "IQ2_XXS",  256,  66,   0, false, nullptr},
    {17, "IQ2_XS",   256,  74,   0, false, nullptr},
    {18, "IQ3_XXS",  256,  98,   0, false, nullptr},
    {19, "IQ1_S",    256,  50,   0, false, nullptr},
    {20, "IQ4_NL",    32,  18,  32, false, unpackIQ4_NL, PackedType::Q8},
    {21, "IQ3_S",    256, 110,   0, false, nullptr},
    {22, "IQ2_S",    256,  82,   0, false, nullptr},
    {23, "IQ4_XS",   256, 136,  32, false, unpackIQ4_XS},
    {24, "I8",         1,   1,   0, false, nullptr},
    {25, "I16",        1,   2,   0, false, nullptr},
    {26, "I32",        1,   4,   0, false, nullptr},
    {27, "I64",        1,   8,   0, false, nullptr},
    {28, "F64",        1,   8,   0, false, nullptr},
    {29, "IQ1_M",    256,  56,   0, false, nullptr},
    {30, "BF16",       1,   2,   0, false, nullptr},
    {34, "TQ1_0",    256,  54, 256, false, unpackTQ1_0, PackedType::Q4},
    {35, "TQ2_0",    256,  66, 256, false, unpackTQ2_0, PackedType::Q4},
    {39, "MXFP4",     32,  17,  32, false, unpackMXFP4, PackedType::Q5},
    {40, "NVFP4",     64,  36,   0, false, nullptr},
};
// clang-format on

const GgufBlockFormat *ggufBlockFormat(uint32_t id) {
  const auto *format = find_if(
      blockFormats, [&](const GgufBlockFormat &f) { return f.id == id; });
  return format == std::end(blockFormats) ? nullptr : format;
}

std::string readableGgufFormats() {
  std::string names;
  for (const GgufBlockFormat &format : blockFormats)
    if (format.isReadable())
      names += (names.empty() ? "" : ", ") + format.name.str();
  return names;
}

bool GgufBlockFormat::isFloat() const {
  return name == "F32" || name == "F16" || name == "BF16" || name == "F64";
}

void GgufBlockFormat::toFloats(const uint8_t *blocks, float *to,
                               uint64_t count) const {
  assert(isReadable() && "the reader of the header refuses the others");
  if (name == "F64") {
    for (uint64_t i = 0; i < count; ++i)
      to[i] = static_cast<float>(
          bit_cast<double>(support::endian::read64le(blocks + 8 * i)));
    return;
  }
  if (!unpack)
    return toFloat(*dtypeNamed(name), reinterpret_cast<const char *>(blocks),
                   to, count);
  GgufBlock parts;
  std::fill(std::begin(parts.minima), std::end(parts.minima), 0.0f);
  for (; count > 0; --count, blocks += bytes, to += elements) {
    unpack(blocks, parts);
    for (unsigned i = 0; i < elements; ++i) {
      // Two statements, which no compiler may fuse: each is rounded. Without
      // a minimum nothing changes, not even a zero's sign.
      float product =
          parts.scales[i / group] * static_cast<float>(parts.integers[i]);
      to[i] = product - parts.minima[i / group];
    }
  }
}

/// The bits of an f16 that a block had.
static uint16_t bitsOfHalf(float number) {
  if (std::isfinite(number))
    return toHalf(number);
  uint16_t sign = std::signbit(number) ? 0x8000 : 0;
  return sign | (std::isnan(number) ? 0x7e00 : 0x7c00);
}

bool GgufBlockFormat::toIntegers(const uint8_t *blocks, uint8_t *to,
                                 RunNumbers *numbers, uint64_t count) const {
  const PackedFormat &format = kernel::formatOf(packed);
  assert(format.isGrouped() && "no type holds the same numbers");
  int zero = format.hasMinima ? 0 : format.zeroPoint();
  auto run = static_cast<unsigned>(format.run());
  GgufBlock parts;
  for (; count > 0; --count, blocks += bytes, to += elements) {
    unpack(blocks, parts);
    for (unsigned i = 0; i < elements; ++i)
      to[i] = static_cast<uint8_t>(parts.integers[i] + zero);
    for (unsigned begin = 0; begin < elements; begin += run, ++numbers) {
      *numbers = {};
      if (format.hasSpans()) {
        for (unsigned g = 0; g < run / group; ++g) {
          numbers->scales[g] =
              static_cast<uint8_t>(parts.scaleSteps[g] + format.scaleZero());
          numbers->minima[g] = static_cast<uint8_t>(parts.minimumSteps[g]);
        }
        numbers->spanScale = bitsOfHalf(parts.ofScales);
        if (hasMinima)
          numbers->spanMinimum = bitsOfHalf(-parts.ofMinima);
        continue;
      }
      float scale = parts.scales[begin / group];
      if (std::isfinite(scale) && !isHalf(scale))
        return false;
      numbers->scales[0] = bitsOfHalf(scale);
      if (hasMinima)
        numbers->minima[0] = bitsOfHalf(-parts.minima[begin / group]);
    }
  }
  return true;
}

} // namespace heddle::checkpoint
