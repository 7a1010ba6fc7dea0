//===- EveryPass.h - a module from a file through all that may run on it --===//
//
// Enters: any text. It is refused with an error, or it is a module, and then
// each pass by itself and the pipeline from the module's stage to LLVM's
// dialect give a module or an error. Nothing else may happen, whatever the
// text is: a text that ends the process, or takes unbounded time or memory, is
// a fault of ours.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_TEST_PIPELINE_EVERYPASS_H
#define HEDDLE_TEST_PIPELINE_EVERYPASS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace heddle::test {

enum class Verdict {
  Refused, ///< is no module, or none of the pipelines comes to its end
  Lowered, ///< a pipeline made a module of LLVM's dialect of it
  Silent   ///< something failed and gave no error
};

/// Runs them all, each on its own copy of the module, and swallows what they
/// say. `begin` hears the name of each pass or pipeline before it runs.
Verdict runEveryPass(
    llvm::StringRef text,
    llvm::function_ref<void(llvm::StringRef)> begin = [](llvm::StringRef) {});

} // namespace heddle::test

#endif // HEDDLE_TEST_PIPELINE_EVERYPASS_H
