//===- LoadedProgram.h - a program that runs in this process --------------===//

#ifndef HEDDLE_COMPILER_DRIVER_LOADEDPROGRAM_H
#define HEDDLE_COMPILER_DRIVER_LOADEDPROGRAM_H

#include "compiler/driver/Compilation.h"
#include "compiler/files/OutputFile.h"

namespace heddle::driver {

class Weights;

/// What there is to pack: nothing for stages that are text, or where the user
/// gives neither a checkpoint nor a seed.
llvm::LogicalResult bindWeights(Compilation &compilation,
                                const Arguments &arguments,
                                std::optional<Weights> &weights);

/// Linked as a shared library and loaded: the very code and runtime that an
/// executable has, weights included.
class LoadedProgram {
public:
  /// Fails after saying why. `withSpecialTokens`: its description names those
  /// of the checkpoint.
  static llvm::FailureOr<LoadedProgram> compile(const Arguments &arguments,
                                                bool withSpecialTokens = false);
  LoadedProgram(LoadedProgram &&other);
  ~LoadedProgram();

  /// Calls the program's `main` and returns its exit code.
  int call(llvm::ArrayRef<std::string> arguments);

  const codegen::Program &program() const { return program_; }
  /// The address of one of its functions; null if it has none of that name.
  void *function(llvm::StringRef name) const;

private:
  LoadedProgram(files::ScratchFile library, codegen::Program program,
                void *handle);

  files::ScratchFile library;
  codegen::Program program_;
  void *handle;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_LOADEDPROGRAM_H
