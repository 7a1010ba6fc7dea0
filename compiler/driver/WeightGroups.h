//===- WeightGroups.h - weights that share their type -----------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_WEIGHTGROUPS_H
#define HEDDLE_COMPILER_DRIVER_WEIGHTGROUPS_H

#include "compiler/pipeline/Options.h"
#include "dialects/kernel/PackedFormat.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/LogicalResult.h"
#include <map>
#include <optional>

namespace heddle::driver {

/// The weights that one product reads in all layers.
struct WeightGroup {
  struct Weight {
    /// As the options have it; f32 where it is computed so, and the type that
    /// holds it exactly, as the checkpoint does.
    kernel::PackedType type;
    int64_t elements;
    kernel::PackedType held;
  };

  /// Their paths, numbers between dots being `*`.
  std::vector<std::string> patterns;
  std::map<std::string, Weight> weights; ///< by path

  /// `layers.*.mlp.up.weight`, and of several patterns the first and how many.
  std::string name() const;
  int64_t elements() const;
  /// Of all of them, the type of fewest bits, and how many elements have it.
  kernel::PackedType narrowest() const;
  int64_t narrowestElements() const;
  /// What they take where each is at least as wide as `least`.
  double bits(kernel::PackedType least) const;
  double bits() const { return bits(narrowest()); }

  /// What stands before the number of a layer in all paths; none: not all have
  /// such a number, or they differ.
  std::optional<std::string> stack() const;
  /// The layer that a path is of: the first number in it, 0 where there is
  /// none.
  static int64_t layerOf(llvm::StringRef path);
  /// Rules of --quant that give those of some successive layers this type.
  std::vector<std::string> rulesToSet(kernel::PackedType type, int64_t first,
                                      int64_t last) const;

  /// Rules of --quant that give all of them this type.
  std::vector<std::string> rulesToSet(kernel::PackedType type) const;
  /// Rules that give it to all that are narrower.
  std::vector<std::string> rulesToWiden(kernel::PackedType type) const;
  /// Rules that give each the type it has.
  std::vector<std::string> ownRules() const;

private:
  bool isUniform() const;
};

/// The factors of products of an nn module, as the language made it. Fails
/// after a diagnostic.
llvm::FailureOr<std::vector<WeightGroup>>
weightGroups(mlir::ModuleOp module, const pipeline::Options &options);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_WEIGHTGROUPS_H
