//===- WeightTypes.h - which type a weight is stored in ---------*- C++ -*-===//
//
// Four voices decide about a weight, by its path in the model: `dtype` for all,
// `stored` for one that the checkpoint holds in fewer bits, the last of the
// `quant` rules that fits it, and `keep` of the model file, which no rule gets
// below.
//
// Floats that are `stored`, and f16 in any case, are only stored so: products
// widen them and compute in f32. Of other types, they multiply.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H
#define HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H

#include "dialects/nn/NN.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>
#include <vector>

namespace heddle::transforms {

/// What a weight is to the ops that read it.
enum class Role {
  Factor, ///< of products with tokens; rows of it may be picked too
  Table,  ///< only rows of it are picked
  Other
};

Role roleOf(nn::WeightOp weight);

/// The type of a weight, and whether products multiply in it: rows of x become
/// as narrow.
struct WeightType {
  kernel::PackedType packed = kernel::PackedType::F32;
  bool narrowsRows = false;

  bool operator==(const WeightType &) const = default;
};

class WeightTypes {
public:
  /// `dtype` is f32 or bf16, one of `stored` PATH=TYPE and a rule PATTERN=TYPE
  /// with any of PackedFormat.h; fails, with a diagnostic, on others.
  static llvm::FailureOr<WeightTypes> read(mlir::ModuleOp module,
                                           llvm::StringRef dtype,
                                           llvm::ArrayRef<std::string> stored,
                                           llvm::ArrayRef<std::string> quant);

  bool areAllF32() const {
    return defaultType == kernel::PackedType::F32 && rules.empty() &&
           storedTypes.empty();
  }

  /// What is no factor and no table is f32.
  WeightType typeFor(llvm::StringRef path, Role role);

  /// Pattern of a rule that no weight asked for so far fits.
  std::optional<llvm::StringRef> unfitting() const;

private:
  struct Rule {
    std::string glob;
    kernel::PackedType type;
  };

  static llvm::FailureOr<Rule>
  readRule(mlir::ModuleOp module, llvm::StringRef glob, llvm::StringRef type);

  kernel::PackedType defaultType = kernel::PackedType::F32;
  std::vector<Rule> rules, keeps;
  llvm::StringMap<kernel::PackedType> storedTypes; ///< by path
  llvm::SmallDenseSet<size_t> fitting;             ///< numbers of rules
};

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H
