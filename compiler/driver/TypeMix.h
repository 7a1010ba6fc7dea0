//===- TypeMix.h - which type each group of weights is given ----*- C++ -*-===//
//
// The code of a layer is one for all layers, so that a product's weights in all
// of them are a group, and have one type. What rounding a group costs is known
// where it has been measured once, in one type; in others it is taken to go
// with the power of the rounding errors of normally distributed weights.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_TYPEMIX_H
#define HEDDLE_COMPILER_DRIVER_TYPEMIX_H

#include "dialects/kernel/PackedFormat.h"
#include <vector>

namespace heddle::driver {

/// What a weight of the type takes in the packed file, scales included.
double bitsOf(kernel::PackedType type);
/// The power of its rounding errors, as a share of that of the weights.
double noiseOf(kernel::PackedType type);

class TypeMix {
public:
  /// The loss where one group alone is of this type.
  struct Measurement {
    kernel::PackedType type;
    double loss;
  };
  struct Group {
    double elements;
    std::vector<Measurement> measured; ///< one at least
    kernel::PackedType type;           ///< as it is chosen so far
  };

  explicit TypeMix(std::vector<Group> groups) : groups_(std::move(groups)) {}

  void setAll(kernel::PackedType type) {
    for (Group &group : groups_)
      group.type = type;
  }

  /// The loss of all groups together is taken to be the sum of theirs times a
  /// factor, which is such that it was `loss` with the present types.
  void calibrate(double loss);
  double estimatedLoss() const;
  /// Bits a weight, on average.
  double bits() const;

  /// Gives the group, of those that leave the average at `mostBits` or below, a
  /// wider type for which the loss falls most for each bit. False: there is
  /// none.
  bool widen(double mostBits);

  const std::vector<Group> &groups() const { return groups_; }

private:
  static double lossAs(const Group &group, kernel::PackedType type);
  double totalElements() const;

  std::vector<Group> groups_;
  double factor = 1;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_TYPEMIX_H
