//===- AutoTypes.cpp - a mix of types under a budget of bits --------------===//

#include "compiler/driver/AutoTypes.h"
#include "compiler/driver/TypeCosts.h"
#include "compiler/driver/VerifyWeights.h"
#include "compiler/files/Message.h"
#include "llvm/Support/Format.h"

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedFormat;
using kernel::PackedType;
using llvm::LogicalResult;
using pipeline::Options;

/// Pieces that a stack of layers is cut into at most: each is code of its own.
static constexpr unsigned mostPieces = 3;
/// Single types that are tried beside the mixes.
static constexpr size_t mostSingle = 2;

/// The quantised type of fewest bits.
static PackedType narrowestType() {
  PackedType narrowest = PackedType::Q8;
  for (const PackedFormat &format : kernel::packedFormats())
    if (format.isQuantised() && bitsOf(format.type) < bitsOf(narrowest))
      narrowest = format.type;
  return narrowest;
}

namespace {

/// Types that are tried on the whole text.
struct Candidate {
  std::vector<std::string> rules; ///< those of the user follow
  double bits;                    ///< of a weight that can be chosen
};

class Chooser {
public:
  Chooser(Arguments &arguments, double budget)
      : arguments(arguments), budget(budget), trial(this->arguments) {}

  LogicalResult choose();

private:
  LogicalResult plan();
  /// Estimates choose what is tried.
  llvm::FailureOr<std::vector<Candidate>> findCandidates();
  Options optionsOf(const Candidate &candidate) const;
  /// Tells what is chosen, and makes it what the arguments ask for.
  LogicalResult finish(const Candidate &best, const TextJudgement &judgement);

  Arguments &arguments;
  double budget;
  TextTrial trial;
  /// What the budget leaves for a weight that no rule of the user's is about.
  double freeBits = 0, freeElements = 0;
  double fixedSum = 0, total = 0;
  std::vector<const WeightGroup *> free;
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
  // A quotient of sums may miss the bits of a type by a digit.
  freeBits = (budget * total - fixedSum) / freeElements + 1e-9;
  if (bitsOf(narrowestType()) > freeBits)
    return fail(llvm::Twine("--quant auto: found a budget of ") +
                llvm::formatv("{0:f2}", freeBits).str() +
                " bits for a weight that can be chosen, needed " +
                llvm::formatv("{0:f2}", bitsOf(narrowestType())).str() +
                " at least, as " + kernel::nameOf(narrowestType()) + " takes");
  return llvm::success();
}

/// The single types that err least, and the best mixes, of which one has no
/// loop of layers cut.
llvm::FailureOr<std::vector<Candidate>> Chooser::findCandidates() {
  TypeCosts costs(free);
  if (failed(costs.findErrors(*trial.weights())))
    return llvm::failure();
  std::vector<Candidate> candidates;
  std::vector<PackedType> single = costs.bestTypes(freeBits);
  single.resize(std::min(single.size(), mostSingle));
  for (PackedType type : single)
    candidates.push_back({{"**=" + kernel::nameOf(type).str()}, bitsOf(type)});
  if (failed(costs.measure(trial, arguments.options, single.front())))
    return llvm::failure();
  for (unsigned pieces : {1u, mostPieces}) {
    LayerMix mix = mixLayers(costs.costs(), freeBits, pieces);
    Candidate candidate{costs.rulesOf(mix.types), mix.bits};
    if (llvm::none_of(candidates, [&](const Candidate &other) {
          return other.rules == candidate.rules;
        }))
      candidates.push_back(std::move(candidate));
  }
  return candidates;
}

Options Chooser::optionsOf(const Candidate &candidate) const {
  Options options = arguments.options;
  options.quant = candidate.rules;
  llvm::append_range(options.quant, arguments.options.quant);
  return options;
}

LogicalResult Chooser::finish(const Candidate &best,
                              const TextJudgement &judgement) {
  Options options = optionsOf(best);
  double bits = (best.bits * freeElements + fixedSum) / total;
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

/// What is taken has been measured.
LogicalResult Chooser::choose() {
  if (failed(plan()) || failed(trial.begin(/*observingLayers=*/false)))
    return llvm::failure();
  auto candidates = findCandidates();
  if (failed(candidates))
    return llvm::failure();
  const Candidate *best = nullptr;
  std::optional<TextJudgement> judgement;
  for (const Candidate &candidate : *candidates) {
    auto judged = trial.judge(optionsOf(candidate));
    if (failed(judged))
      return llvm::failure();
    if (best && !(judged->loss(trial.task()) < judgement->loss(trial.task())))
      continue;
    best = &candidate;
    judgement = std::move(*judged);
  }
  return finish(*best, *judgement);
}

LogicalResult driver::chooseTypes(Arguments &arguments) {
  return Chooser(arguments, *arguments.autoBits).choose();
}
