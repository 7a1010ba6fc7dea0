//===- Quantise.cpp - Runs of weights as small integers -------------------===//

#include "compiler/checkpoint/Quantise.h"
#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace llvm;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedType;

namespace heddle::checkpoint {

/// Of floats without their sign, the order of the bits is that of the numbers;
/// infinities and NaN come last.
static uint32_t magnitudeBits(float x) {
  return bit_cast<uint32_t>(x) & 0x7fffffffu;
}

float largestMagnitude(const float *from, size_t count) {
  uint32_t largest = 0;
  for (size_t i = 0; i < count; ++i)
    largest = std::max(largest, magnitudeBits(from[i]));
  return bit_cast<float>(largest);
}

static bool isFinite(float x) { return magnitudeBits(x) < 0x7f800000u; }

static float halfAsFloat(uint16_t half) {
  float result;
  toFloat(DType::F16, reinterpret_cast<const char *>(&half), &result, 1);
  return result;
}

/// to[i] = zero + round(from[i] * inverse), between `least` and `most`.
static void round(const float *from, float inverse, int32_t zero, int32_t least,
                  int32_t most, uint8_t *to, size_t count) {
  // In the sum, the last bit of the mantissa counts ones.
  constexpr float ones = 0x1.8p23f;
  float low = least - zero, high = most - zero;
  for (size_t i = 0; i < count; ++i) {
    float scaled = from[i] * inverse;
    scaled = scaled > low ? scaled : low;
    scaled = scaled < high ? scaled : high;
    to[i] = bit_cast<int32_t>(scaled + ones) - bit_cast<int32_t>(ones) + zero;
  }
}

static float inverseOf(float scale) {
  float inverse = 1.0f / scale;
  return isFinite(inverse) ? inverse : 0.0f;
}

static constexpr uint16_t halfNaN = 0x7e00;

/// The element that becomes the last step of the scale.
static float extremeOf(const PackedFormat &format, const float *from,
                       size_t count) {
  if (format.range == PackedFormat::Range::Symmetric)
    return largestMagnitude(from, count);
  return *std::max_element(from, from + count, [](float a, float b) {
    return magnitudeBits(a) < magnitudeBits(b);
  });
}

uint32_t quantise(const PackedFormat &format, const float *from, uint8_t *to,
                  size_t count) {
  bool isWhole = format.range == PackedFormat::Range::Whole;
  float extreme = extremeOf(format, from, count);
  bool fits = isFinite(extreme);
  float scale = extreme / (isWhole ? -format.steps() : format.steps());
  uint32_t bits;
  if (format.scale == PackedFormat::Scale::F16) {
    bits = fits ? toHalf(scale) : halfNaN;
    scale = halfAsFloat(bits);
  } else {
    scale = fits ? scale : std::numeric_limits<float>::quiet_NaN();
    bits = bit_cast<uint32_t>(scale);
  }
  int32_t zero = format.zeroPoint();
  round(from, fits ? inverseOf(scale) : 0, zero, zero - format.steps(),
        2 * zero - 1, to, count);
  return bits;
}

float largestWeight(PackedType type) {
  constexpr float largestHalf = 65504;
  const PackedFormat &format = kernel::formatOf(type);
  if (type == PackedType::BF16)
    return 0x1.fep127f;
  return format.scale == PackedFormat::Scale::F16
             ? format.steps() * largestHalf
             : std::numeric_limits<float>::max();
}

void RangeLoss::addRun(const PackedFormat &format, const float *from,
                       size_t count, uint32_t scale) {
  if (format.scale == PackedFormat::Scale::F32)
    return addRow(from, count, bit_cast<float>(scale));
  // Normal numbers are exact enough; toHalf() gives the largest for all above.
  constexpr uint16_t smallestNormal = 0x0400, largest = 0x7bff;
  uint16_t magnitude = scale & 0x7fff;
  if (magnitude >= smallestNormal && magnitude < largest)
    return;
  float run = largestMagnitude(from, count);
  if (run == 0 || !isFinite(run))
    return;
  float exact = run / format.steps();
  float error = std::fabs(halfAsFloat(magnitude) - exact);
  if (magnitude >= largest && error > exact / 1024)
    tooLarge = std::max(tooLarge, run);
  else if (magnitude < smallestNormal && error > exact / 64)
    coarse = std::max(coarse, run);
}

void RangeLoss::addRow(const float *from, size_t count, float scale) {
  if (scale < std::numeric_limits<float>::min())
    coarse = std::max(coarse, largestMagnitude(from, count));
}

void RangeLoss::add(const RangeLoss &other) {
  largest = std::max(largest, other.largest);
  tooLarge = std::max(tooLarge, other.tooLarge);
  coarse = std::max(coarse, other.coarse);
}

} // namespace heddle::checkpoint
