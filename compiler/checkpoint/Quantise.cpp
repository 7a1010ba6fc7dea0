//===- Quantise.cpp - Runs of weights as small integers -------------------===//

#include "compiler/checkpoint/Quantise.h"
#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <limits>

using namespace llvm;

namespace heddle::checkpoint {

/// Of floats without their sign, the order of the bits is that of the numbers;
/// infinities and NaN come last.
static uint32_t magnitudeBits(float x) {
  return bit_cast<uint32_t>(x) & 0x7fffffffu;
}

static float largestMagnitude(const float *from, size_t count) {
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

float quantiseI8(const float *from, uint8_t *to, size_t count) {
  float largest = largestMagnitude(from, count);
  bool fits = isFinite(largest);
  float scale = fits ? largest / 127 : std::numeric_limits<float>::quiet_NaN();
  round(from, fits ? inverseOf(scale) : 0, 128, 1, 255, to, count);
  return scale;
}

static constexpr uint16_t halfNaN = 0x7e00;

uint16_t quantiseQ8(const float *from, uint8_t *to, size_t count) {
  float largest = largestMagnitude(from, count);
  uint16_t scale = isFinite(largest) ? toHalf(largest / 127) : halfNaN;
  round(from, scale == halfNaN ? 0 : inverseOf(halfAsFloat(scale)), 128, 1, 255,
        to, count);
  return scale;
}

uint16_t quantiseQ4(const float *from, uint8_t *to, size_t count) {
  const float *extreme =
      std::max_element(from, from + count, [](float a, float b) {
        return magnitudeBits(a) < magnitudeBits(b);
      });
  uint16_t scale = isFinite(*extreme) ? toHalf(*extreme / -8) : halfNaN;
  round(from, scale == halfNaN ? 0 : inverseOf(halfAsFloat(scale)), 8, 0, 15,
        to, count);
  return scale;
}

} // namespace heddle::checkpoint
