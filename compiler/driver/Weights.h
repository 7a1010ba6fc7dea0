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

  /// Has those of a small model, which drafts texts, packed behind them.
  void add(Weights draft);

  /// Appends them to an executable or shared library, which `name` is called
  /// where something goes wrong.
  llvm::LogicalResult appendTo(llvm::StringRef path, llvm::StringRef name);
  /// Writes them to a file of their own.
  llvm::LogicalResult writeTo(llvm::StringRef path, llvm::StringRef name);

  /// What each of the quantised types makes of the weights that `isMeant` names
  /// (checkpoint::roundingErrors); by path.
  llvm::FailureOr<llvm::StringMap<std::vector<double>>>
  roundingErrors(llvm::ArrayRef<kernel::PackedType> types,
                 llvm::function_ref<bool(llvm::StringRef)> isMeant) const;

  /// By path, the types to which weights in panels of floats are rounded before
  /// they are packed, to try what that costs. False where one is in no panels;
  /// then all stay as they are.
  bool round(const llvm::StringMap<kernel::PackedType> &types);

  /// Of each slot, the paths of what lies there.
  std::vector<std::vector<std::string>> pathsOfSlots() const;

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
  /// What parts of the request point into; may be null.
  std::shared_ptr<const Importance> importance;
  std::vector<char> tokenizer;
  checkpoint::PackRequest request;
  std::shared_ptr<Weights> draft; ///< null: there is none
  bool remarks = false, tellsNotes = true;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_WEIGHTS_H
