//===- LayerMix.h - types of weights that differ by layer -------*- C++ -*-===//
//
// Layers of the same types are one code and one loop. Types may differ by
// layer where a loop is cut: into few pieces, since each is code of its own.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_LAYERMIX_H
#define HEDDLE_COMPILER_DRIVER_LAYERMIX_H

#include "compiler/driver/TypeMix.h"
#include "llvm/ADT/ArrayRef.h"
#include <map>
#include <set>

namespace heddle::driver {

/// A group of weights, layer by layer.
struct LayeredGroup {
  struct Layer {
    double elements = 0;
    std::vector<double> losses; ///< by type
  };
  /// Groups of one stack are in the same layers; of none, in one layer.
  static constexpr int none = -1;
  int stack = none;
  std::map<int64_t, Layer> layers; ///< by number
};

struct LayerMix {
  /// By group, and by layer in the order of their numbers.
  std::vector<std::vector<kernel::PackedType>> types;
  double bits = 0, loss = 0;
};

/// Types for the groups that take `mostBits` a weight at most, each stack in as
/// many pieces as are worth it, `mostPieces` of them at most. The budget is no
/// less than the narrowest type takes.
LayerMix mixLayers(llvm::ArrayRef<LayeredGroup> groups, double mostBits,
                   unsigned mostPieces);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_LAYERMIX_H
