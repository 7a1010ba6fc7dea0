//===- Remarks.h - what passes say of what they did -----------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_REMARKS_H
#define HEDDLE_COMPILER_EXPLAIN_REMARKS_H

#include "compiler/explain/Places.h"
#include "llvm/Support/JSON.h"

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace heddle::explain {

/// From now on, what passes of this context did, and did not do and why, is
/// added to `remarks`: `{"made", "pass", "text", "at", "places"}`. Both must
/// live as long as the context.
void collectRemarks(mlir::MLIRContext &context, Places &places,
                    llvm::json::Array &remarks);

/// `llama.heddle:37:12`, as a message has it; "": the location is in no file.
std::string placeText(mlir::Location location);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_REMARKS_H
