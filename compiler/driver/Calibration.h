//===- Calibration.h - how large the inputs of weights are ------*- C++ -*-===//
//
// A product's error is Σ_k x[k] · (ŵ[n, k] − w[n, k]). Where errors of weights
// are independent its square is, on average, Σ_k x[k]² · (ŵ − w)²: what rounds
// a row of weights best minimises that, with the mean of x[k]² over a text for
// the importance of input k.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_CALIBRATION_H
#define HEDDLE_COMPILER_DRIVER_CALIBRATION_H

#include "compiler/driver/CommandLine.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// What a text shows of a model's weights.
struct Importance {
  /// Of each input of a weight the mean square, as a share of their mean; by
  /// the weight's path. What the text did not reach has none.
  llvm::StringMap<std::vector<float>> ofPath;
  /// The file, how many tokens of it the model was given, and a hash of all
  /// that it has.
  std::string text;
  int64_t tokens = 0;
  uint64_t hash = 0;

  llvm::ArrayRef<float> of(llvm::StringRef path) const {
    auto found = ofPath.find(path);
    return found == ofPath.end() ? llvm::ArrayRef<float>()
                                 : llvm::ArrayRef<float>(found->second);
  }
};

/// Of a text's tokens: whether two texts are one.
uint64_t hashOf(llvm::ArrayRef<int32_t> tokens);

/// Runs the model in f32 over the text of --calibrate, or the ids of
/// --calibrate-ids, and gives the arguments what it shows. Fails after saying
/// why.
llvm::LogicalResult calibrate(Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_CALIBRATION_H
