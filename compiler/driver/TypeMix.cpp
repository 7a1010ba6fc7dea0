//===- TypeMix.cpp - which type each group of weights is given ------------===//

#include "compiler/driver/TypeMix.h"
#include <cmath>

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedFormat;
using kernel::PackedType;

double driver::bitsOf(PackedType type) {
  const PackedFormat &format = kernel::formatOf(type);
  double scales =
      format.isGrouped() ? 8.0 * format.scaleBytes() / format.group : 0;
  return format.bits() + scales;
}

/// The power of the rounding errors, up to a factor that all share.
static double noiseOf(PackedType type) {
  const PackedFormat &format = kernel::formatOf(type);
  if (!format.isQuantised()) {
    // Of significant bits, which the largest of a group has as well.
    constexpr double bitsOfBf16 = 9, bitsOfF32 = 25;
    return std::exp2(-2 * (format.bits() == 16 ? bitsOfBf16 : bitsOfF32));
  }
  // The largest of a whole row is some twice the largest of a group.
  return std::exp2(-2.0 * (format.bits() - (format.isGrouped() ? 0 : 1)));
}

/// From the measurement in the type that is nearest.
double TypeMix::lossAs(const Group &group, PackedType type) {
  double noise = noiseOf(type);
  auto distance = [&](const Measurement &measured) {
    return std::fabs(std::log(noiseOf(measured.type) / noise));
  };
  const Measurement *nearest = &group.measured.front();
  for (const Measurement &measured : group.measured)
    if (distance(measured) < distance(*nearest))
      nearest = &measured;
  return nearest->loss * noise / noiseOf(nearest->type);
}

double TypeMix::totalElements() const {
  double total = 0;
  for (const Group &group : groups_)
    total += group.elements;
  return total;
}

double TypeMix::estimatedLoss() const {
  double sum = 0;
  for (const Group &group : groups_)
    sum += lossAs(group, group.type);
  return factor * sum;
}

void TypeMix::calibrate(double loss) {
  factor = 1;
  if (double sum = estimatedLoss(); sum > 0)
    factor = loss / sum;
}

double TypeMix::bits() const {
  double sum = 0;
  for (const Group &group : groups_)
    sum += group.elements * bitsOf(group.type);
  return sum / totalElements();
}

bool TypeMix::widen(double mostBits) {
  Group *best = nullptr;
  PackedType type = PackedType::F32;
  double bestGain = 0, room = (mostBits - bits()) * totalElements();
  for (Group &group : groups_)
    for (const PackedFormat &format : kernel::packedFormats()) {
      double more = group.elements * (bitsOf(format.type) - bitsOf(group.type));
      // Sums of fractions: what fits to the last digit fits.
      if (more <= 0 || more > room + 1e-9 * totalElements())
        continue;
      double gain =
          (lossAs(group, group.type) - lossAs(group, format.type)) / more;
      if (gain > bestGain) {
        bestGain = gain;
        best = &group;
        type = format.type;
      }
    }
  if (best)
    best->type = type;
  return best;
}
