//===- AutoTypes.cpp - a mix of types under a budget of bits --------------===//

#include "compiler/driver/AutoTypes.h"
#include "compiler/driver/TextTrial.h"
#include "compiler/driver/TypeMix.h"
#include "compiler/driver/VerifyWeights.h"
#include "compiler/files/Message.h"
#include "llvm/Support/Format.h"

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedFormat;
using kernel::PackedType;
using llvm::LogicalResult;
using pipeline::Options;

/// The quantised type of least noise that takes no more than this, if any.
static std::optional<PackedType> bestWithin(double bits) {
  std::optional<PackedType> best;
  for (const PackedFormat &format : kernel::packedFormats())
    if (format.isQuantised() && bitsOf(format.type) <= bits &&
        (!best || noiseOf(format.type) < noiseOf(*best)))
      best = format.type;
  return best;
}

/// The quantised type of fewest bits.
static PackedType narrowestType() {
  PackedType narrowest = PackedType::Q8;
  for (const PackedFormat &format : kernel::packedFormats())
    if (format.isQuantised() && bitsOf(format.type) < bitsOf(narrowest))
      narrowest = format.type;
  return narrowest;
}

namespace {

class Chooser {
public:
  Chooser(Arguments &arguments, double budget)
      : arguments(arguments), budget(budget), trial(this->arguments) {}

  LogicalResult choose();

private:
  LogicalResult plan();
  LogicalResult measure();
  /// Rules for the mix, those of the user behind them.
  Options optionsOf(const TypeMix &mix) const;
  /// Tells what is chosen, and makes it what the arguments ask for.
  LogicalResult finish(Options options, const TextJudgement &judgement,
                       double bits);

  Arguments &arguments;
  double budget;
  TextTrial trial;
  /// What the budget leaves for a weight that no rule of the user's is about.
  double freeBits = 0;
  double fixedSum = 0, total = 0;
  std::vector<const WeightGroup *> free;
  std::vector<TypeMix::Group> groups;
  PackedType uniform = PackedType::Q8; ///< the one type that is within budget
};

} // namespace

/// A group is free where the rules of the user leave it in f32 and the model
/// file does not keep it.
LogicalResult Chooser::plan() {
  // Of all builds that are tried, and of the one that is chosen.
  if (arguments.options.activations.empty())
    arguments.options.activations = "int8";
  Options asked = TextTrial::inF32(arguments.options), narrow = asked;
  asked.quant = arguments.options.quant;
  narrow.quant = {"**=" + kernel::nameOf(narrowestType()).str()};
  llvm::append_range(narrow.quant, asked.quant);
  if (failed(trial.plan({asked, narrow})))
    return llvm::failure();
  if (trial.groups().empty())
    return fail("--quant auto: found no products whose types can be chosen");
  if (!trial.hasTask())
    return fail("--quant auto: no entry of the model reads token ids alone, "
                "needed one to judge types on text");
  double freeElements = 0;
  for (auto [own, under] :
       llvm::zip_equal(trial.groupsOfOther(0), trial.groupsOfOther(1))) {
    bool isFree = own.narrowest() == PackedType::F32 &&
                  under.narrowest() == narrowestType() &&
                  under.narrowestElements() == under.elements();
    total += own.elements();
    if (isFree) {
      free.push_back(&own);
      freeElements += own.elements();
    } else {
      fixedSum += under.bits();
    }
  }
  if (free.empty())
    return fail("--quant auto: other rules leave nothing to choose");
  freeBits = (budget * total - fixedSum) / freeElements;
  // A quotient of sums may miss the bits of a type by a digit.
  std::optional<PackedType> within = bestWithin(freeBits + 1e-9);
  if (!within)
    return fail(llvm::Twine("--quant auto: found a budget of ") +
                llvm::formatv("{0:f2}", freeBits).str() +
                " bits for a weight that can be chosen, needed " +
                llvm::formatv("{0:f2}", bitsOf(narrowestType())).str() +
                " at least, as " + kernel::nameOf(narrowestType()) + " takes");
  uniform = *within;
  return llvm::success();
}

/// Each group by itself: in the type that the budget allows for all of them,
/// and in the next narrower one, with which others may get wider ones.
LogicalResult Chooser::measure() {
  std::vector<PackedType> types = {uniform};
  if (auto narrower = bestWithin(bitsOf(uniform) - 1e-6))
    types.push_back(*narrower);
  // Where nothing can be widened, nothing is to be known either.
  for (const WeightGroup *group : free)
    groups.push_back({double(group->elements()), {{uniform, 1}}, types.back()});
  if (!TypeMix(groups).widen(freeBits))
    return llvm::success();
  groups.clear();
  for (const WeightGroup *group : free) {
    TypeMix::Group measured{double(group->elements()), {}, types.back()};
    for (PackedType type : types) {
      Options alone = TextTrial::inF32(arguments.options);
      alone.quant = group->rulesToSet(type);
      auto loss = trial.quickLoss(alone);
      if (failed(loss))
        return llvm::failure();
      measured.measured.push_back({type, *loss});
    }
    groups.push_back(std::move(measured));
  }
  return llvm::success();
}

Options Chooser::optionsOf(const TypeMix &mix) const {
  Options options = arguments.options;
  options.quant = {"**=" + kernel::nameOf(uniform).str()};
  for (auto [group, of] : llvm::zip_equal(mix.groups(), free))
    if (group.type != uniform)
      llvm::append_range(options.quant, of->rulesToSet(group.type));
  llvm::append_range(options.quant, arguments.options.quant);
  return options;
}

LogicalResult Chooser::finish(Options options, const TextJudgement &judgement,
                              double bits) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "--quant auto: " << llvm::format("%.2f bits a weight, ", bits)
     << (trial.task().givesLogits() ? "KL" : "1 - cosine")
     << llvm::format(" %.3g on ", judgement.loss(trial.task()))
     << judgement.places << " tokens of " << trial.text().name << ": "
     << flagsOf(options);
  files::printMessage(llvm::errs(), files::Severity::Note, text);
  arguments.options = std::move(options);
  arguments.autoBits.reset();
  return llvm::success();
}

LogicalResult Chooser::choose() {
  if (failed(plan()) || failed(trial.begin(/*observingLayers=*/false)) ||
      failed(measure()))
    return llvm::failure();
  TypeMix mix(groups), plain(groups);
  while (mix.widen(freeBits)) {
  }
  plain.setAll(uniform);
  Options best = optionsOf(mix);
  auto judged = trial.judge(best);
  if (failed(judged))
    return llvm::failure();
  double freeElements = 0;
  for (const WeightGroup *group : free)
    freeElements += group->elements();
  double bits = (mix.bits() * freeElements + fixedSum) / total;
  // The sum of what groups cost is an estimate of what they cost together.
  Options one = optionsOf(plain);
  if (one.quant == best.quant)
    return finish(std::move(best), *judged, bits);
  auto judgedOne = trial.judge(one);
  if (failed(judgedOne))
    return llvm::failure();
  const TextTask &task = trial.task();
  if (!(judged->loss(task) <= judgedOne->loss(task))) {
    best = one;
    judged = std::move(judgedOne);
    bits = (plain.bits() * freeElements + fixedSum) / total;
  }
  return finish(std::move(best), *judged, bits);
}

LogicalResult driver::chooseTypes(Arguments &arguments) {
  return Chooser(arguments, *arguments.autoBits).choose();
}
