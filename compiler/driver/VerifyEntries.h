//===- VerifyEntries.h - every entry of two programs, compared --*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFYENTRIES_H
#define HEDDLE_COMPILER_DRIVER_VERIFYENTRIES_H

#include "compiler/driver/CommandLine.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// One answer. Errors are of the root mean square of what is expected.
struct EntryComparison {
  std::string entry, output;
  double rmsError = 0, largestError = 0, cosine = 0;
  /// Of logits: how many rows there are, and in how many the likeliest token is
  /// the same; 0: it is no logits.
  int64_t rows = 0, sameLikeliest = 0;
};

/// Runs every entry of the model as compiled with either arguments on the same
/// inputs: those of --in, else invented ones. `model` is its name then.
llvm::FailureOr<std::vector<EntryComparison>>
compareEntries(const Arguments &expectedOf, const Arguments &foundOf,
               std::string &model);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFYENTRIES_H
