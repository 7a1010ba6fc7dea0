//===- VerifyReport.h - what verify tells the user --------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFYREPORT_H
#define HEDDLE_COMPILER_DRIVER_VERIFYREPORT_H

#include "compiler/driver/VerifyEntries.h"
#include "compiler/driver/VerifyJudge.h"
#include "compiler/driver/VerifyLayers.h"
#include "compiler/driver/VerifyWeights.h"
#include "llvm/Support/JSON.h"

namespace heddle::driver {

/// Prints each part as it is known or, with --json, all of them as one object
/// when it is finished.
class VerifyReport {
public:
  explicit VerifyReport(bool json) : json(json) {}

  void addEntries(llvm::StringRef model, llvm::StringRef comparedWith,
                  llvm::ArrayRef<EntryComparison> entries);
  /// `around` is the text about the place of the largest KL, if it is known.
  void addText(llvm::StringRef model, const TextTask &task,
               const TokenText &text, const TextJudgement &judgement,
               bool isNarrow, llvm::StringRef around);
  /// By what text the weights were calibrated, and whether it is the one
  /// judged.
  void addCalibration(const Importance &importance, bool isSame);
  void addLayers(llvm::ArrayRef<LayerProfile> profiles);
  void addWeights(const TextTask &task, const WeightCosts &costs);
  /// What is beyond a limit, as `--max-kl`.
  void addFailure(llvm::StringRef limit, double found, double needed);
  void finish();

private:
  void printLogits(const TextTask &task, const TextJudgement &judgement,
                   bool isNarrow, llvm::StringRef around);

  bool json;
  llvm::json::Object object;
};

/// JSON knows no NaN and no infinity: null.
llvm::json::Value jsonNumber(double number);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFYREPORT_H
