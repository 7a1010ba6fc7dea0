//===- VerifyWeights.h - which weights cost most ----------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFYWEIGHTS_H
#define HEDDLE_COMPILER_DRIVER_VERIFYWEIGHTS_H

#include "compiler/driver/TextTrial.h"

namespace heddle::driver {

struct GroupCost {
  std::string name;
  /// Its type; of several in one group, the narrowest.
  kernel::PackedType type;
  /// Of all weights of products.
  double share;
  /// TextTrial::quickLoss where this group alone is as built, and all else is
  /// in f32.
  double loss;
};

struct Recommendation {
  std::string flags;
  double bits = 0; ///< a weight of products, on average
  TextJudgement judgement;
  /// Whether the loss is within the bound.
  bool isWithin = false;
};

struct WeightCosts {
  std::vector<GroupCost> groups; ///< the most costly first
  double bits = 0;               ///< as built
  double bound = 0;              ///< that a recommendation has to keep
  std::optional<Recommendation> recommendation;
};

/// Measures what each group costs and, where `judgement`, of the build that the
/// arguments ask for, is beyond the bound, a mix of types that is within it.
llvm::FailureOr<WeightCosts> weighGroups(TextTrial &trial,
                                         const Arguments &arguments,
                                         const TextJudgement &judgement);

/// The loss that a recommendation has to keep: that of the limits given, else
/// 0.1 nats or a cosine of 0.99.
double boundOf(const TextTask &task, const VerifyArguments &asked);

/// `--dtype bf16 --quant q4 --quant 'h.*.up.weight=q8'`
std::string flagsOf(const pipeline::Options &options);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFYWEIGHTS_H
