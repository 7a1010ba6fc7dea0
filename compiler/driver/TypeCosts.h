//===- TypeCosts.h - what each type costs each weight -----------*- C++ -*-===//
//
// That a kind of weights (a product's, in all layers) is of a type in a layer
// is taken to cost
//
//   factor of the kind · factor of the layer's block · error,
//
// where the error is the share that rounding to the type changes of these
// weights, which is computed, and the factors are such that sums over a kind's
// layers, and over a block's kinds, are what a text shows of either.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_TYPECOSTS_H
#define HEDDLE_COMPILER_DRIVER_TYPECOSTS_H

#include "compiler/driver/LayerMix.h"
#include "compiler/driver/TextTrial.h"

namespace heddle::driver {

class TypeCosts {
public:
  /// The groups must outlive this.
  explicit TypeCosts(llvm::ArrayRef<const WeightGroup *> groups);

  /// Computes errors. Fails after saying why.
  llvm::LogicalResult findErrors(const Weights &weights);
  /// The types of so many bits at most that err least where all weights have
  /// them, the best first.
  std::vector<kernel::PackedType> bestTypes(double mostBits) const;
  /// Finds the factors, by trials of `type`.
  llvm::LogicalResult measure(TextTrial &trial,
                              const pipeline::Options &options,
                              kernel::PackedType type);

  /// By group.
  std::vector<LayeredGroup> costs() const;
  /// Rules of --quant for types by group and layer (LayerMix::types): the one
  /// that most weights have, for all, and what differs from it.
  std::vector<std::string>
  rulesOf(llvm::ArrayRef<std::vector<kernel::PackedType>> types) const;

private:
  struct Layer {
    double elements = 0;
    std::vector<double> errors; ///< by type
  };
  struct Kind {
    const WeightGroup *group;
    int stack = LayeredGroup::none;
    std::map<int64_t, Layer> layers;
    double loss = 0, factor = 1;
  };
  /// Successive layers of a stack.
  struct Block {
    int stack;
    int64_t first, last;
    double loss = 0, factor = 1;

    bool holds(const Kind &kind, int64_t layer) const {
      return kind.stack == stack && first <= layer && layer <= last;
    }
  };
  struct Trial;

  static int64_t layerOf(const Kind &kind, llvm::StringRef path);
  void cutBlocks();
  void fit(kernel::PackedType type);
  double factorOf(const Kind &kind, int64_t layer) const;

  std::vector<Kind> kinds;
  std::vector<Block> blocks;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_TYPECOSTS_H
