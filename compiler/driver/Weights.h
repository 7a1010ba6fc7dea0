//===- Weights.h - from a checkpoint to the packed weights of a program ---===//

#ifndef HEDDLE_COMPILER_DRIVER_WEIGHTS_H
#define HEDDLE_COMPILER_DRIVER_WEIGHTS_H

#include "compiler/checkpoint/Binding.h"
#include "compiler/checkpoint/Packer.h"
#include "compiler/driver/CommandLine.h"
#include "dialects/program/Program.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// The rules of `weights { … }`, which the language left on the module.
nn::WeightRules weightRules(mlir::ModuleOp module);

/// The tensors that a description lists, of which nothing is found yet.
std::vector<checkpoint::PackedTensor>
packedTensors(program::DescriptionOp description);

/// Everything there is to pack, found and checked before the code is compiled,
/// so that a wrong checkpoint costs no time.
class Weights {
public:
  /// Binds the module's weights to the tensors of `source`, or to the random
  /// seed of `arguments`. Prints every mistake in the checkpoint and fails.
  /// `tokenizer` are the tables to pack, if there are any.
  static llvm::FailureOr<Weights> bind(mlir::ModuleOp module,
                                       const Arguments &arguments,
                                       checkpoint::Source *source,
                                       llvm::ArrayRef<char> tokenizer);

  /// Appends them to an executable or shared library, which `name` is called
  /// where something goes wrong.
  llvm::LogicalResult appendTo(llvm::StringRef path, llvm::StringRef name);
  /// Writes them to a file of their own.
  llvm::LogicalResult writeTo(llvm::StringRef path, llvm::StringRef name);

  /// Of the checkpoint, those that are read.
  std::vector<std::string> files() const {
    return source ? source->filePaths() : std::vector<std::string>();
  }

private:
  Weights() = default;
  using Write = llvm::Expected<checkpoint::PackResult> (*)(
      llvm::StringRef, const checkpoint::PackRequest &);
  llvm::LogicalResult pack(Write write, llvm::StringRef path,
                           llvm::StringRef name);

  const checkpoint::Source *source = nullptr;
  std::vector<char> tokenizer;
  checkpoint::PackRequest request;
  bool remarks = false, tellsNotes = true;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_WEIGHTS_H
