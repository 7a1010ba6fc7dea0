//===- StageText.h - a module as text, line by line -----------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_STAGETEXT_H
#define HEDDLE_COMPILER_EXPLAIN_STAGETEXT_H

#include "compiler/explain/Places.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::explain {

struct StageText {
  std::string text;
  /// The set of model lines of each line; 0: of none.
  std::vector<unsigned> places;
};

/// The text that `--emit` prints, with what each line came of.
StageText printStage(mlir::ModuleOp module, Places &places);

/// Numbers of which many that follow each other are equal, as pairs of how
/// often and which: `[12, 0, 3, 7]`.
llvm::json::Value runLengths(llvm::ArrayRef<unsigned> numbers);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_STAGETEXT_H
