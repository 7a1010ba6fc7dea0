//===- VerifyWeights.cpp - which weights cost most ------------------------===//

#include "compiler/driver/VerifyWeights.h"
#include "compiler/driver/TypeMix.h"

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedType;
using pipeline::Options;

/// How often a mix is built and judged to find one within the bound.
static constexpr int mostTries = 4;
/// An estimate is aimed below the bound by this factor: it is one.
static constexpr double aim = 0.9;

double driver::boundOf(const TextTask &task, const VerifyArguments &asked) {
  return task.givesLogits() ? asked.maxKl.value_or(0.1)
                            : 1 - asked.minCosine.value_or(0.99);
}

std::string driver::flagsOf(const Options &options) {
  std::string flags;
  if (options.dtype != Options().dtype)
    flags += "--dtype " + options.dtype + " ";
  if (!options.cache.empty())
    flags += "--cache " + options.cache + " ";
  if (options.activations == "int16")
    flags += "--activations int16 ";
  for (llvm::StringRef rule : options.quant) {
    bool isForAll = rule.consume_front("**=");
    flags += isForAll ? "--quant " + rule.str() + " "
                      : "--quant '" + rule.str() + "' ";
  }
  return llvm::StringRef(flags).rtrim().str();
}

namespace {

class Weigher {
public:
  Weigher(TextTrial &trial, const Arguments &arguments)
      : trial(trial), arguments(arguments) {
    for (const WeightGroup &group : trial.groups())
      total += group.elements();
  }

  /// Of each group that is narrow, by itself.
  llvm::LogicalResult weigh();
  llvm::LogicalResult recommend(const TextJudgement &judgement);

  WeightCosts costs;

private:
  Options optionsOf(const TypeMix &mix) const;
  double bitsOf(const TypeMix &mix) const;

  TextTrial &trial;
  const Arguments &arguments;
  double total = 0;
  std::vector<const WeightGroup *> weighed;
  std::vector<TypeMix::Group> mixed;
};

} // namespace

llvm::LogicalResult Weigher::weigh() {
  double bits = 0;
  for (const WeightGroup &group : trial.groups()) {
    PackedType type = group.narrowest();
    bits += group.bits();
    if (type == PackedType::F32)
      continue;
    Options alone = TextTrial::inF32(arguments.options);
    alone.quant = group.ownRules();
    auto loss = trial.quickLoss(alone);
    if (failed(loss))
      return llvm::failure();
    costs.groups.push_back(
        {group.name(), type, group.elements() / total, *loss});
    weighed.push_back(&group);
    mixed.push_back(
        {double(group.narrowestElements()), lossesFrom(type, *loss), type});
  }
  costs.bits = bits / total;
  llvm::sort(costs.groups, [](const GroupCost &a, const GroupCost &b) {
    return std::tie(b.loss, a.name) < std::tie(a.loss, b.name);
  });
  return llvm::success();
}

/// The user's flags, and a rule for each group whose type is another.
Options Weigher::optionsOf(const TypeMix &mix) const {
  Options options = arguments.options;
  for (auto [group, of] : llvm::zip_equal(mix.groups(), weighed))
    if (group.type != of->narrowest())
      llvm::append_range(options.quant, of->rulesToWiden(group.type));
  return options;
}

/// Of all weights of products, on average.
double Weigher::bitsOf(const TypeMix &mix) const {
  double bits = costs.bits * total;
  for (auto [group, of] : llvm::zip_equal(mix.groups(), weighed))
    bits += of->bits(group.type) - of->bits();
  return bits / total;
}

llvm::LogicalResult Weigher::recommend(const TextJudgement &judgement) {
  const TextTask &task = trial.task();
  costs.bound = boundOf(task, arguments.verify);
  if (judgement.loss(task) <= costs.bound || mixed.empty())
    return llvm::success();
  TypeMix mix(mixed);
  mix.calibrate(judgement.loss(task));
  for (int attempt = 0; attempt < mostTries; ++attempt) {
    bool isWider = false;
    while (!(mix.estimatedLoss() <= aim * costs.bound) &&
           mix.widen(/*mostBits=*/32))
      isWider = true;
    if (!isWider && !mix.widen(/*mostBits=*/32))
      break;
    Recommendation found;
    Options options = optionsOf(mix);
    auto judged = trial.judge(options);
    if (failed(judged))
      return llvm::failure();
    found.flags = flagsOf(options);
    found.bits = bitsOf(mix);
    found.judgement = std::move(*judged);
    double loss = found.judgement.loss(task);
    found.isWithin = loss <= costs.bound;
    costs.recommendation = std::move(found);
    if (costs.recommendation->isWithin)
      break;
    mix.calibrate(loss);
  }
  return llvm::success();
}

llvm::FailureOr<WeightCosts>
driver::weighGroups(TextTrial &trial, const Arguments &arguments,
                    const TextJudgement &judgement) {
  Weigher weigher(trial, arguments);
  if (failed(weigher.weigh()) || failed(weigher.recommend(judgement)))
    return llvm::failure();
  return std::move(weigher.costs);
}
