//===- WeightTypes.h - which type a weight is stored in ---------*- C++ -*-===//
//
// Three voices decide about a weight, by its path in the model: `dtype` for
// all, the last of the `quant` rules that fits it, and `keep` of the model
// file, which no rule gets below.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H
#define HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H

#include "dialects/nn/NN.h"
#include "llvm/ADT/DenseSet.h"
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

class WeightTypes {
public:
  /// `dtype` is f32 or bf16, a rule PATTERN=TYPE with any of
  /// PackedFormat.h; fails, with a diagnostic, on others.
  static llvm::FailureOr<WeightTypes> read(mlir::ModuleOp module,
                                           llvm::StringRef dtype,
                                           llvm::ArrayRef<std::string> quant);

  bool areAllF32() const {
    return defaultType == kernel::PackedType::F32 && rules.empty();
  }

  /// Rules are for the factors of products; a table is of the dtype.
  kernel::PackedType typeFor(llvm::StringRef path, Role role);

  /// Pattern of a rule that no factor asked for so far fits.
  std::optional<llvm::StringRef> unfitting() const;

private:
  struct Rule {
    std::string glob;
    kernel::PackedType type;
  };

  static llvm::LogicalResult readRule(mlir::ModuleOp module,
                                      llvm::StringRef glob,
                                      llvm::StringRef type,
                                      std::vector<Rule> &into);

  kernel::PackedType defaultType = kernel::PackedType::F32;
  std::vector<Rule> rules, keeps;
  llvm::SmallDenseSet<size_t> fitting; ///< numbers of rules
};

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H
