//===- Session.h - paths, and what a session keeps --------------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_SESSION_H
#define HEDDLE_DIALECTS_NN_SESSION_H

#include "mlir/IR/ValueRange.h"

namespace heddle::nn {

/// What a call puts before the paths of its block.
struct CallPath {
  llvm::StringRef path;
  mlir::OperandRange indices;
  bool isAbsolute;
};

enum class SessionUse {
  Appends, ///< positions to those of each row
  Sets,    ///< a state, in the place of its last value
  Reads,   ///< a state
  Carries  ///< what one position hands on to the next
};

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_SESSION_H
