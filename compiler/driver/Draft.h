//===- Draft.h - a small model that drafts a program's texts ----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_DRAFT_H
#define HEDDLE_COMPILER_DRIVER_DRAFT_H

#include "compiler/driver/Compilation.h"
#include "compiler/driver/Weights.h"

namespace heddle::driver {

/// What --speculate names, compiled into the program of another model: a
/// descriptor of its own that the model's names, and packed weights behind the
/// model's.
class Draft {
public:
  /// Compiles it up to code for `model`, which has read its program. Refuses a
  /// model of other tokens, and one that cannot take back what it has read.
  /// Does nothing where none is asked for.
  llvm::LogicalResult compile(const Arguments &arguments, Compilation &model);

  /// Has its weights packed behind the model's.
  llvm::LogicalResult packBehind(std::optional<Weights> &model);

private:
  std::optional<Arguments> own;
  std::unique_ptr<Compilation> compilation; ///< null: none is asked for
  std::optional<Weights> weights;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_DRAFT_H
