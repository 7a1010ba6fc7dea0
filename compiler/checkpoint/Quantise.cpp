//===- Quantise.cpp - Runs of weights as small integers -------------------===//

#include "compiler/checkpoint/Quantise.h"
#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
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

/// In a sum with it, the last bit of the mantissa counts ones.
static constexpr float onesInMantissa = 0x1.8p23f;

/// to[i] = zero + round((from[i] − minimum) · inverse), between `least` and
/// `most`.
static void round(const float *from, float inverse, float minimum, int32_t zero,
                  int32_t least, int32_t most, uint8_t *to, size_t count) {
  auto low = static_cast<float>(least - zero),
       high = static_cast<float>(most - zero);
  for (size_t i = 0; i < count; ++i) {
    float scaled = (from[i] - minimum) * inverse;
    scaled = scaled > low ? scaled : low;
    scaled = scaled < high ? scaled : high;
    to[i] = bit_cast<int32_t>(scaled + onesInMantissa) -
            bit_cast<int32_t>(onesInMantissa) + zero;
  }
}

static float inverseOf(float scale) {
  float inverse = 1.0f / scale;
  return isFinite(inverse) ? inverse : 0.0f;
}

static constexpr uint16_t halfNaN = 0x7e00;

static uint16_t halfOf(float number) {
  return isFinite(number) ? toHalf(number) : halfNaN;
}

//===----------------------------------------------------------------------===//
// Least error
//===----------------------------------------------------------------------===//

namespace {

/// w = scale · (u − zero) + minimum: of formats without minima, minimum is 0,
/// of those with them zero.
struct Fit {
  float scale = 0, minimum = 0;
};

/// Candidates for the number of steps that weights span, in tenths about the
/// number that there are.
constexpr int nearest = -9, furthest = 9;

/// Finds the fit of one group. Weights are taken as shares of the largest, so
/// that no sum of squares leaves the range of floats.
class Fitter {
public:
  Fitter(const PackedFormat &format, const float *importance)
      : format(format), importance(importance) {}

  Fit of(const float *from, size_t count);

private:
  Fit withMinimum(size_t count);
  Fit withoutMinimum(size_t count);
  void roundShares(float inverse, float offset, float least, float most,
                   size_t count);

  const PackedFormat &format;
  const float *importance;
  float shares[PackedFormat::stepSize], integers[PackedFormat::stepSize],
      ones[PackedFormat::stepSize];
};

Fit Fitter::of(const float *from, size_t count) {
  float largest = largestMagnitude(from, count), inverse = 1 / largest;
  if (!isFinite(largest))
    return {std::numeric_limits<float>::quiet_NaN(), 0};
  if (!isFinite(inverse)) // nothing, or next to nothing
    return {};
  for (size_t i = 0; i < count; ++i)
    shares[i] = from[i] * inverse;
  if (!importance) {
    std::fill_n(ones, count, 1.0f);
    importance = ones;
  }
  Fit fit = format.hasMinima ? withMinimum(count) : withoutMinimum(count);
  return {fit.scale * largest, fit.minimum * largest};
}

/// integers = round(shares · inverse + offset), between the two.
void Fitter::roundShares(float inverse, float offset, float least, float most,
                         size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float scaled = shares[i] * inverse + offset;
    scaled = scaled > least ? scaled : least;
    scaled = scaled < most ? scaled : most;
    integers[i] = (scaled + onesInMantissa) - onesInMantissa;
  }
}

//  scale = Σ x·q / Σ q²; the error is then less by (Σ x·q)² / Σ q²
Fit Fitter::withoutMinimum(size_t count) {
  auto zero = static_cast<float>(format.zeroPoint());
  float extreme =
      *std::max_element(shares, shares + count, [](float a, float b) {
        return magnitudeBits(a) < magnitudeBits(b);
      });
  Fit best{extreme / -zero, 0};
  float most = 0;
  for (int tenths = nearest; tenths <= furthest; ++tenths) {
    float steps = zero + static_cast<float>(tenths) / 10;
    roundShares(-steps / extreme, 0, -zero, zero - 1, count);
    float xq = 0, qq = 0;
    for (size_t i = 0; i < count; ++i) {
      float q = importance[i] * integers[i];
      xq += q * shares[i];
      qq += q * integers[i];
    }
    if (qq > 0 && xq * xq > most * qq) {
      most = xq * xq / qq;
      best.scale = xq / qq;
    }
  }
  return best;
}

//  the line through (u, x) of least squares; if its minimum is to be none
//  above zero, perhaps that through 0
Fit Fitter::withMinimum(size_t count) {
  float least = *std::min_element(shares, shares + count);
  if (format.hasNarrowScales())
    least = std::min(least, 0.0f);
  float range = *std::max_element(shares, shares + count) - least;
  Fit best{0, least};
  if (range <= 0)
    return best;
  auto top = static_cast<float>((1 << format.bits()) - 1);
  best.scale = range / top;
  float error = std::numeric_limits<float>::max();
  for (int tenths = nearest; tenths <= furthest; ++tenths) {
    float inverse = (top + static_cast<float>(tenths) / 10) / range;
    roundShares(inverse, -least * inverse, 0, top, count);
    float all = 0, u = 0, uu = 0, x = 0, xu = 0, xx = 0;
    for (size_t i = 0; i < count; ++i) {
      float weight = importance[i], integer = weight * integers[i];
      all += weight;
      u += integer;
      uu += integer * integers[i];
      x += weight * shares[i];
      xu += integer * shares[i];
      xx += weight * shares[i] * shares[i];
    }
    float determinant = all * uu - u * u;
    if (!(determinant > 0))
      continue;
    float scale = (all * xu - u * x) / determinant,
          minimum = (uu * x - u * xu) / determinant;
    if (format.hasNarrowScales() && minimum > 0) {
      scale = xu / uu;
      minimum = 0;
    }
    float left = xx - scale * xu - minimum * x;
    if (left < error) {
      error = left;
      best = {scale, minimum};
    }
  }
  return best;
}

} // namespace

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// Of eight bits: the largest magnitude is met.
static float largestScale(const PackedFormat &format, const float *from,
                          size_t count) {
  return largestMagnitude(from, count) / static_cast<float>(format.steps());
}

/// Of the integer that, times `ofSpan`, comes nearest. A NaN of the span stays
/// one with any but 0.
static uint32_t bitsOfSteps(const PackedFormat &format, float number,
                            float ofSpan) {
  auto least = static_cast<float>(format.leastScale()),
       most = static_cast<float>(format.mostScale());
  float steps = isFinite(ofSpan) ? number * inverseOf(ofSpan) : 1;
  auto integer =
      static_cast<int>(std::nearbyint(std::clamp(steps, least, most)));
  return static_cast<uint32_t>(integer + format.scaleZero()) &
         ((1u << format.scaleBits()) - 1);
}

static float stepsOf(const PackedFormat &format, uint32_t bits) {
  if (!format.hasNarrowScales())
    return static_cast<int8_t>(bits);
  return static_cast<float>(static_cast<int>(bits) - format.scaleZero());
}

/// What the numbers of a group became.
static Fit fitOf(const PackedFormat &format, const RunNumbers &numbers,
                 size_t group) {
  auto number = [&](uint32_t bits, uint16_t ofSpan) {
    if (format.hasSpans())
      return stepsOf(format, bits) * fromHalf(ofSpan);
    return format.scale == PackedFormat::Scale::F32
               ? bit_cast<float>(bits)
               : fromHalf(static_cast<uint16_t>(bits));
  };
  return {number(numbers.scales[group], numbers.spanScale),
          format.hasMinima ? number(numbers.minima[group], numbers.spanMinimum)
                           : 0.0f};
}

/// What comes to lie furthest from zero becomes the last integer on its side:
/// with scales of either sign that is the one below zero, which is further off.
static uint16_t spanOf(const PackedFormat &format, float furthest) {
  int last = format.scaleZero() ? format.leastScale() : format.mostScale();
  return halfOf(furthest / static_cast<float>(last));
}

static RunNumbers numbersOf(const PackedFormat &format, ArrayRef<Fit> fits) {
  RunNumbers numbers = {};
  float scale = 0, minimum = 0;
  if (format.hasSpans()) {
    for (const Fit &fit : fits) {
      // What is no number is larger than all numbers.
      if (magnitudeBits(fit.scale) > magnitudeBits(scale))
        scale = fit.scale;
      if (magnitudeBits(fit.minimum) > magnitudeBits(minimum))
        minimum = fit.minimum;
    }
    numbers.spanScale = spanOf(format, scale);
    numbers.spanMinimum = spanOf(format, minimum);
    scale = fromHalf(numbers.spanScale);
    minimum = fromHalf(numbers.spanMinimum);
  }
  for (auto [group, fit] : enumerate(fits)) {
    if (format.hasSpans()) {
      numbers.scales[group] = bitsOfSteps(format, fit.scale, scale);
      numbers.minima[group] = bitsOfSteps(format, fit.minimum, minimum);
    } else if (format.scale == PackedFormat::Scale::F32) {
      numbers.scales[group] = bit_cast<uint32_t>(fit.scale);
    } else {
      numbers.scales[group] = halfOf(fit.scale);
      numbers.minima[group] = halfOf(fit.minimum);
    }
  }
  return numbers;
}

RunNumbers quantise(const PackedFormat &format, const float *from,
                    const float *importance, uint8_t *to, size_t count) {
  size_t size = format.isGrouped() ? format.group : std::max<size_t>(count, 1);
  assert(divideCeil(count, size) <= RunNumbers::mostGroups && "a longer run");
  SmallVector<Fit, RunNumbers::mostGroups> fits;
  for (size_t begin = 0; begin < count; begin += size) {
    size_t length = std::min(size, count - begin);
    if (format.bits() < 8)
      fits.push_back(Fitter(format, importance ? importance + begin : nullptr)
                         .of(from + begin, length));
    else
      fits.push_back({largestScale(format, from + begin, length), 0});
    if (!isFinite(fits.back().scale))
      fits.back().scale = std::numeric_limits<float>::quiet_NaN();
  }
  RunNumbers numbers = numbersOf(format, fits);
  int32_t zero = format.hasMinima ? 0 : format.zeroPoint();
  int32_t most = (1 << format.bits()) - 1;
  int32_t least = format.range == PackedFormat::Range::Symmetric ? 1 : 0;
  for (size_t group = 0; group < fits.size(); ++group) {
    size_t begin = group * size, length = std::min(size, count - begin);
    Fit fit = fitOf(format, numbers, group);
    round(from + begin, isFinite(fit.scale) ? inverseOf(fit.scale) : 0,
          fit.minimum, zero, least, most, to + begin, length);
  }
  return numbers;
}

void dequantise(const PackedFormat &format, const uint8_t *from,
                const RunNumbers &numbers, float *to, size_t count) {
  size_t size = format.isGrouped() ? format.group : std::max<size_t>(count, 1);
  int32_t zero = format.hasMinima ? 0 : format.zeroPoint();
  for (size_t i = 0; i < count; ++i) {
    Fit fit = fitOf(format, numbers, i / size);
    // Two statements: each is rounded.
    float product = fit.scale * static_cast<float>(from[i] - zero);
    to[i] = product + fit.minimum;
  }
}

float largestWeight(PackedType type) {
  constexpr float largestHalf = 65504;
  const PackedFormat &format = kernel::formatOf(type);
  if (type == PackedType::BF16)
    return 0x1.fep127f;
  if (type == PackedType::F16)
    return largestHalf;
  if (!format.isGrouped())
    return std::numeric_limits<float>::max();
  float ofGroup = format.hasSpans()
                      ? static_cast<float>(format.mostScale()) * largestHalf
                      : largestHalf;
  return static_cast<float>(format.steps()) * ofGroup;
}

void RangeLoss::addRun(const PackedFormat &format, const float *from,
                       size_t count, const uint8_t *to,
                       const RunNumbers &numbers) {
  float run = largestMagnitude(from, count);
  if (run == 0 || !isFinite(run))
    return;
  if (format.scale == PackedFormat::Scale::F32) {
    if (bit_cast<float>(numbers.scales[0]) < std::numeric_limits<float>::min())
      coarse = std::max(coarse, run);
    return;
  }
  // Normal numbers are exact enough; toHalf() gives the largest for all above.
  constexpr uint16_t smallestNormal = 0x0400, largest = 0x7bff;
  auto magnitudeOf = [&](uint32_t group, uint16_t span) {
    return static_cast<uint16_t>((format.hasSpans() ? span : group) & 0x7fff);
  };
  uint16_t scale = magnitudeOf(numbers.scales[0], numbers.spanScale),
           minimum = magnitudeOf(numbers.minima[0], numbers.spanMinimum);
  if (scale >= smallestNormal && scale < largest && minimum < largest)
    return;
  SmallVector<float, 256> became(count);
  dequantise(format, to, numbers, became.data(), count);
  float error = 0;
  for (size_t i = 0; i < count; ++i)
    error = std::max(error, std::fabs(became[i] - from[i]));
  // Half a step is what all weights may be wrong by.
  float step = run / static_cast<float>(format.steps());
  if ((scale >= largest || minimum >= largest) && error > step)
    tooLarge = std::max(tooLarge, run);
  else if (scale < smallestNormal && error > step / 2 + run / 64)
    coarse = std::max(coarse, run);
}

void RangeLoss::addHalves(const float *from, size_t count) {
  constexpr float infinite = 65520, smallestNormal = 0x1p-14f;
  for (size_t i = 0; i < count; ++i) {
    float magnitude = std::fabs(from[i]);
    if (!isFinite(magnitude))
      continue;
    if (magnitude >= infinite)
      tooLarge = std::max(tooLarge, magnitude);
    if (magnitude < smallestNormal &&
        std::fabs(fromHalf(toHalf(magnitude)) - magnitude) > magnitude / 64)
      coarse = std::max(coarse, magnitude);
  }
}

void RangeLoss::add(const RangeLoss &other) {
  largest = std::max(largest, other.largest);
  tooLarge = std::max(tooLarge, other.tooLarge);
  coarse = std::max(coarse, other.coarse);
}

} // namespace heddle::checkpoint
