//===- TypeMix.h - which type each group of weights is given ----*- C++ -*-===//
//
// Groups of weights that share their type, and what rounding each of them to
// each type is taken to cost. Costs of groups add up: errors of their products
// are independent.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_TYPEMIX_H
#define HEDDLE_COMPILER_DRIVER_TYPEMIX_H

#include "dialects/kernel/PackedFormat.h"
#include <vector>

namespace heddle::driver {

/// What a weight of the type takes in the packed file, scales included.
double bitsOf(kernel::PackedType type);
/// The power of its rounding errors, as a share of that of the weights, where
/// these are normally distributed.
double noiseOf(kernel::PackedType type);

/// By type, where it has been measured in one of them: it is taken to go with
/// the power of the rounding errors.
std::vector<double> lossesFrom(kernel::PackedType measured, double loss);

class TypeMix {
public:
  struct Group {
    double elements;
    std::vector<double> losses; ///< where it is of a type, by type
    kernel::PackedType type;    ///< as it is chosen so far
  };

  explicit TypeMix(std::vector<Group> groups) : groups_(std::move(groups)) {}

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

  /// The types of least loss that leave the average at `mostBits` or below, but
  /// for what the last group that is widened leaves of it. False: there are
  /// none.
  bool balance(double mostBits);

  const std::vector<Group> &groups() const { return groups_; }

private:
  void chooseAtPrice(double ofBit);
  double totalElements() const;

  std::vector<Group> groups_;
  double factor = 1;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_TYPEMIX_H
