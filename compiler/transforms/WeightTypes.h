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

/// A type that weights are stored in; none: f32.
using WeightType = std::optional<nn::Storage>;

llvm::StringRef nameOf(WeightType type);

/// What a weight is to the ops that read it.
enum class Role {
  Factor, ///< of products with tokens; rows of it may be picked too
  Table,  ///< only rows of it are picked
  Other
};

Role roleOf(nn::WeightOp weight);

class WeightTypes {
public:
  /// `dtype` is f32 or bf16, a rule PATTERN=TYPE with f32, bf16, i8, q8 or q4;
  /// fails, with a diagnostic, on others.
  static llvm::FailureOr<WeightTypes> read(mlir::ModuleOp module,
                                           llvm::StringRef dtype,
                                           llvm::ArrayRef<std::string> quant);

  bool areAllF32() const { return !defaultType && rules.empty(); }

  /// Rules are for the factors of products; a table is of the dtype.
  WeightType typeFor(llvm::StringRef path, Role role);

  /// Pattern of a rule that no factor asked for so far fits.
  std::optional<llvm::StringRef> unfitting() const;

private:
  struct Rule {
    std::string glob;
    WeightType type;
  };

  static llvm::LogicalResult readRule(mlir::ModuleOp module,
                                      llvm::StringRef glob,
                                      llvm::StringRef type,
                                      std::vector<Rule> &into);

  WeightType defaultType;
  std::vector<Rule> rules, keeps;
  llvm::SmallDenseSet<size_t> fitting; ///< numbers of rules
};

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_WEIGHTTYPES_H
