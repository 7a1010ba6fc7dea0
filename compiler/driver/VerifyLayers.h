//===- VerifyLayers.h - how far layers drift from those in f32 --*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFYLAYERS_H
#define HEDDLE_COMPILER_DRIVER_VERIFYLAYERS_H

#include "compiler/driver/VerifyText.h"

namespace heddle::driver {

/// Of layers under one path: by how much what each hands on differs from the
/// same in f32, ‖x − x₃₂‖ / ‖x₃₂‖, mean over the tokens of a window.
struct LayerProfile {
  /// Where the layers are: `layers`, `encoder_block`.
  std::string name;
  std::vector<double> errors;

  /// The first layer that differs by more than this.
  static constexpr double drifted = 0.1;
  std::optional<size_t> firstDrifted() const;
};

/// Entries that answer with what the layers of a task's entries hand on, to be
/// compiled along (pipeline::Options::observed).
std::vector<std::string> observedEntries(const TextTask &task);

/// Gives the window to both programs, of which it takes so many tokens as are
/// enough. Empty where the model's layers are no loop.
llvm::FailureOr<std::vector<LayerProfile>>
profileLayers(const TextTask &task, const TextWindow &window,
              ProgramSession &exact, ProgramSession &built);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFYLAYERS_H
