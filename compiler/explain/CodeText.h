//===- CodeText.h - LLVM IR and assembly, line by line --------------------===//
//
// Debug information tells the lines of the model that code is of. Where it has
// none, as in a micro-kernel that ops of several lines share, those count of
// all ops that the function works for.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_CODETEXT_H
#define HEDDLE_COMPILER_EXPLAIN_CODETEXT_H

#include "compiler/explain/SiteFunctions.h"
#include "compiler/explain/StageText.h"

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::explain {

/// The text that `--emit=ll -g` prints, with what each line came of.
StageText printLlvm(const llvm::Module &module,
                    const PlacesOfFunctions &functions, Places &places);

/// The model lines of each line of the assembly that `--emit=asm -g` prints.
std::vector<unsigned> placesOfAssembly(llvm::StringRef assembly,
                                       const PlacesOfFunctions &functions,
                                       Places &places);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_CODETEXT_H
