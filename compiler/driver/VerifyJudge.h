//===- VerifyJudge.h - two answers to a text, compared ----------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFYJUDGE_H
#define HEDDLE_COMPILER_DRIVER_VERIFYJUDGE_H

#include "compiler/driver/VerifyText.h"

namespace heddle::driver {

/// How far the vectors of one entry lie apart.
struct VectorComparison {
  std::string entry;
  int64_t vectors = 0;
  double meanCosine = 0, leastCosine = 1;
  /// Of every two windows' vectors, how much their cosine changes at most;
  /// none: the vectors are of tokens.
  std::optional<double> mostChangeOfPairs;
};

/// With p what the program in f32 says of a token and q what the other one
/// does, over all places that are judged:
///
///   perplexity   exp(mean −ln p[target])
///   KL           mean Σ p ln(p / q), in nats
///   agreement    how often the likeliest token is the same
struct TextJudgement {
  int64_t places = 0;
  double perplexity = 0, builtPerplexity = 0;
  double meanKl = 0, klOf99 = 0, mostKl = 0;
  /// The token of the text where KL is largest.
  int64_t mostKlAt = 0;
  double agreement = 0;
  std::vector<VectorComparison> vectors;

  /// The mean KL or, of vectors, what is lacking of cosine 1, at worst: what
  /// rounding costs, in one number.
  double loss(const TextTask &task) const;
};

/// Gives every window to both programs. `built` may be null: then what needs
/// two is as if they were the same.
llvm::FailureOr<TextJudgement> judge(const TextTask &task,
                                     llvm::ArrayRef<TextWindow> windows,
                                     ProgramSession &exact,
                                     ProgramSession *built);

/// A session of a program that has room for every window.
llvm::FailureOr<ProgramSession> openFor(const TextTask &task,
                                        const LoadedProgram &program);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFYJUDGE_H
