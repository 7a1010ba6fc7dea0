//===- TypeMix.cpp - which type each group of weights is given ------------===//

#include "compiler/driver/TypeMix.h"
#include "compiler/checkpoint/Elements.h"
#include "compiler/checkpoint/Quantise.h"
#include <array>
#include <cmath>

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedFormat;
using kernel::PackedType;

double driver::bitsOf(PackedType type) {
  return kernel::formatOf(type).bitsPerWeight();
}

/// What rounding leaves of rows of normally distributed weights.
static double measuredNoise(const PackedFormat &format) {
  constexpr size_t rows = 16, length = 256;
  double errors = 0, squares = 0;
  std::array<float, length> row, rounded;
  std::array<uint8_t, length> integers;
  checkpoint::RandomElements random(/*seed=*/0, "noise", program::Fill::Normal);
  size_t run = format.run() ? format.run() : length;
  for (size_t r = 0; r < rows; ++r) {
    random.fill(r * length, 1, row.data(), length);
    for (size_t k = 0; k < length; k += run) {
      checkpoint::RunNumbers numbers = checkpoint::quantise(
          format, &row[k], /*importance=*/nullptr, &integers[k], run);
      checkpoint::dequantise(format, &integers[k], numbers, &rounded[k], run);
    }
    for (size_t k = 0; k < length; ++k) {
      errors += std::pow(rounded[k] - row[k], 2);
      squares += std::pow(row[k], 2);
    }
  }
  return errors / squares;
}

double driver::noiseOf(PackedType type) {
  static const std::vector<double> noises = [] {
    std::vector<double> noises;
    for (const PackedFormat &format : kernel::packedFormats()) {
      // Half a unit in the last place at most, evenly distributed. Of f16 as
      // of bf16, which is computed in less time: f16 has more bits, but no
      // large numbers, and of small ones fewer.
      constexpr double bitsOfBf16 = 9, bitsOfF32 = 25;
      double bits = format.type == PackedType::F32 ? bitsOfF32 : bitsOfBf16;
      noises.push_back(format.isQuantised() ? measuredNoise(format)
                                            : std::exp2(-2 * bits) / 3);
    }
    return noises;
  }();
  return noises[static_cast<size_t>(type)];
}

std::vector<double> driver::lossesFrom(PackedType measured, double loss) {
  std::vector<double> losses;
  for (const PackedFormat &format : kernel::packedFormats())
    losses.push_back(loss * noiseOf(format.type) / noiseOf(measured));
  return losses;
}

static double lossAs(const TypeMix::Group &group, PackedType type) {
  return group.losses[static_cast<size_t>(type)];
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

/// Each group the type for which loss + price · bits is least; of two, the one
/// of fewer bits, so that a price means the same however it was reached.
void TypeMix::chooseAtPrice(double ofBit) {
  for (Group &group : groups_) {
    auto cost = [&](PackedType type) {
      double bits = bitsOf(type);
      return std::pair(lossAs(group, type) + ofBit * group.elements * bits,
                       bits);
    };
    for (const PackedFormat &format : kernel::packedFormats())
      if (cost(format.type) < cost(group.type))
        group.type = format.type;
  }
}

/// What is best at a price is best for the bits that it takes. The price is
/// found that takes just as many as there are; what is left of them goes where
/// it saves most.
bool TypeMix::balance(double mostBits) {
  constexpr int steps = 60;
  double within = mostBits + 1e-9, low = -60, high = 60;
  for (int step = 0; step < steps; ++step) {
    double middle = (low + high) / 2;
    chooseAtPrice(std::exp(middle));
    (bits() <= within ? high : low) = middle;
  }
  chooseAtPrice(std::exp(high));
  if (bits() > within)
    return false;
  while (widen(mostBits)) {
  }
  return true;
}
