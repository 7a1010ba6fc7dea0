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

class LoadedProgram;

class Draft;

/// Compiled and linked as a shared library, to be loaded with its weights: more
/// than once, where these are to be rounded in several ways.
class LinkedProgram {
public:
  /// Fails after saying why. `withSpecialTokens`: its description names those
  /// of the checkpoint. The arguments must outlive it.
  static llvm::FailureOr<LinkedProgram> compile(const Arguments &arguments,
                                                bool withSpecialTokens = false);
  LinkedProgram(LinkedProgram &&other);
  ~LinkedProgram();

  /// Packs the weights and loads both.
  llvm::FailureOr<LoadedProgram> load();

  /// Null where the program has none.
  Weights *weights() { return weights_.get(); }

private:
  LinkedProgram();

  std::unique_ptr<Compilation> compilation;
  std::unique_ptr<Draft> draft;
  std::unique_ptr<Weights> weights_;
  std::unique_ptr<llvm::MemoryBuffer> library;
};

/// A shared library that is loaded: the very code and runtime that an
/// executable has, weights included.
class LoadedProgram {
public:
  static llvm::FailureOr<LoadedProgram> compile(const Arguments &arguments,
                                                bool withSpecialTokens = false);
  LoadedProgram(LoadedProgram &&other);
  ~LoadedProgram();

  /// Calls the program's `main` and returns its exit code.
  int call(llvm::ArrayRef<std::string> arguments);

  const codegen::Program &program() const { return program_; }
  /// Of each slot of weights, the paths of the tensors that lie there together.
  llvm::ArrayRef<std::vector<std::string>> weightPaths() const {
    return weightPaths_;
  }
  /// The address of one of its functions; null if it has none of that name.
  void *function(llvm::StringRef name) const;

private:
  friend class LinkedProgram;
  LoadedProgram(files::ScratchFile library, codegen::Program program,
                void *handle);

  files::ScratchFile library;
  codegen::Program program_;
  void *handle;
  std::vector<std::vector<std::string>> weightPaths_;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_LOADEDPROGRAM_H
