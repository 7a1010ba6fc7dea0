//===- Verify.cpp - what a build's types cost in accuracy -----------------===//

#include "compiler/driver/Verify.h"
#include "compiler/driver/Calibration.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/VerifyReport.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;
using pipeline::Options;

/// The same model in f32, by the fast kernels.
static Arguments inF32(const Arguments &arguments) {
  Arguments exact = arguments;
  exact.options = TextTrial::inF32(arguments.options);
  return exact;
}

static bool isNarrow(const Options &options) {
  return options.defaultType() != "f32" || !options.quant.empty() ||
         !options.stored.empty() ||
         (!options.cache.empty() && options.cache != "f32");
}

/// Whether only a judgement on text can be meant.
static bool asksForText(const VerifyArguments &asked) {
  return !asked.text.empty() || !asked.ids.empty() || asked.maxKl ||
         asked.minAgreement || asked.minCosine;
}

static LogicalResult reportEntries(const Arguments &arguments,
                                   const Arguments &expected,
                                   llvm::StringRef comparedWith,
                                   VerifyReport &report) {
  std::string model;
  auto comparisons = compareEntries(expected, arguments, model);
  if (failed(comparisons))
    return llvm::failure();
  report.addEntries(model, comparedWith, *comparisons);
  return llvm::success();
}

//===----------------------------------------------------------------------===//
// On text
//===----------------------------------------------------------------------===//

/// Some tokens up to this one, and itself behind a bar.
static std::string textAround(int64_t token, const TokenText &text,
                              ProgramSession &session) {
  constexpr int64_t tokensBefore = 8;
  llvm::ArrayRef<int32_t> tokens = text.tokens;
  int64_t first = std::max<int64_t>(token - tokensBefore, 0);
  std::string before = session.textOf(tokens.slice(first, token - first)),
              itself = session.textOf(tokens.slice(token, 1));
  return itself.empty() ? "" : before + "|" + itself;
}

/// A limit has to be one of what the model gives.
static LogicalResult checkKinds(const TextTask &task,
                                const VerifyArguments &asked) {
  if (task.givesLogits() ? asked.minCosine.has_value()
                         : asked.maxKl || asked.minAgreement)
    return fail(
        llvm::Twine("found a limit of ") +
        (task.givesLogits() ? "cosines" : "KL or agreement") +
        ", needed one of what the model gives: " +
        (task.givesLogits() ? "--max-kl or --min-agreement" : "--min-cosine"));
  return llvm::success();
}

/// Whether the cost is within the limits; what is not is told.
static LogicalResult checkLimits(const TextTask &task,
                                 const VerifyArguments &asked,
                                 const TextJudgement &judgement,
                                 VerifyReport &report) {
  bool isWithin = true;
  auto check = [&](llvm::StringRef limit, std::optional<double> needed,
                   double found, bool isMost) {
    // What is no number is within no limit.
    if (!needed || (isMost ? found <= *needed : found >= *needed))
      return;
    isWithin = false;
    report.addFailure(limit, found, *needed);
  };
  check("--max-kl", asked.maxKl, judgement.meanKl, /*isMost=*/true);
  check("--min-agreement", asked.minAgreement, judgement.agreement, false);
  check("--min-cosine", asked.minCosine, 1 - judgement.loss(task), false);
  return llvm::success(isWithin);
}

/// What the types of the arguments cost, and where.
static LogicalResult judgeBuild(TextTrial &trial, const Arguments &arguments,
                                VerifyReport &report,
                                TextJudgement &judgement) {
  const TextTask &task = trial.task();
  Options options = arguments.options;
  options.observed = observedEntries(task);
  auto built = trial.build(options, /*tellsNotes=*/true);
  if (failed(built))
    return llvm::failure();
  auto judged =
      judge(task, trial.text().windows, trial.exact(), built->session.get());
  if (failed(judged))
    return llvm::failure();
  judgement = std::move(*judged);
  std::string around;
  if (task.givesLogits())
    around = textAround(judgement.mostKlAt, trial.text(), trial.exact());
  report.addText(trial.program().name, task, trial.text(), judgement,
                 /*isNarrow=*/true, around);
  if (const Importance *importance = arguments.importance.get())
    report.addCalibration(*importance,
                          importance->hash == hashOf(trial.text().tokens));
  auto profiles = profileLayers(task, trial.text().windows.front(),
                                trial.exact(), *built->session);
  if (failed(profiles))
    return llvm::failure();
  report.addLayers(*profiles);
  return llvm::success();
}

static LogicalResult verifyOnText(const Arguments &arguments, bool narrow,
                                  VerifyReport &report) {
  TextTrial trial(arguments);
  const VerifyArguments &asked = arguments.verify;
  if (failed(trial.plan()))
    return llvm::failure();
  if (!trial.hasTask() && asksForText(asked))
    return fail("no entry of the model reads token ids alone, needed one to "
                "judge it on text");
  if (!trial.hasTask())
    return reportEntries(arguments, inF32(arguments), "f32", report);
  if (failed(checkKinds(trial.task(), asked)) ||
      failed(trial.begin(/*observingLayers=*/narrow)))
    return llvm::failure();
  if (!narrow) {
    auto judged = judge(trial.task(), trial.text().windows, trial.exact(),
                        /*built=*/nullptr);
    if (failed(judged))
      return llvm::failure();
    report.addText(trial.program().name, trial.task(), trial.text(), *judged,
                   /*isNarrow=*/false, "");
    return llvm::success();
  }
  TextJudgement judgement;
  if (failed(judgeBuild(trial, arguments, report, judgement)))
    return llvm::failure();
  if (!asked.quick && !trial.groups().empty()) {
    auto costs = weighGroups(trial, arguments, judgement);
    if (failed(costs))
      return llvm::failure();
    report.addWeights(trial.task(), *costs);
  }
  return checkLimits(trial.task(), asked, judgement, report);
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

int driver::verify(const Arguments &arguments) {
  VerifyReport report(arguments.verify.json);
  // What the checkpoint stores counts too.
  Compilation compilation(arguments);
  if (failed(compilation.load()))
    return 1;
  bool narrow = isNarrow(compilation.options()),
       onText = asksForText(arguments.verify);
  LogicalResult result = llvm::success();
  if (arguments.verify.kernels || (!narrow && !onText)) {
    Arguments reference = arguments;
    reference.options.reference = true;
    reference.options.passesAfter.clear(); // what they do is what is compared
    result = reportEntries(arguments, reference, "the reference", report);
  } else if (!arguments.verify.inputs.empty()) {
    result = reportEntries(arguments, inF32(arguments), "f32", report);
  } else {
    result = verifyOnText(arguments, narrow, report);
  }
  report.finish();
  return failed(result);
}
