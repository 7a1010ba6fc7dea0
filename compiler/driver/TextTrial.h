//===- TextTrial.h - builds of a model, tried on a text ---------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_TEXTTRIAL_H
#define HEDDLE_COMPILER_DRIVER_TEXTTRIAL_H

#include "compiler/driver/VerifyJudge.h"
#include "compiler/driver/WeightGroups.h"
#include "compiler/driver/Weights.h"

namespace heddle::driver {

/// A build that is loaded, with a session of it.
struct OpenBuild {
  std::unique_ptr<LoadedProgram> program;
  std::unique_ptr<ProgramSession> session;
};

/// The model in f32, a text, and how far the answers of other builds lie from
/// those of it. Every step fails after it has said why.
class TextTrial {
public:
  /// `idsFlag` is how the user gives token ids.
  explicit TextTrial(const Arguments &arguments,
                     llvm::StringRef idsFlag = "--ids")
      : arguments(arguments), idsFlag(idsFlag) {}

  /// Finds what a text can judge of the model, before anything is compiled, and
  /// the groups of weights, with the types of the arguments and of `others`.
  llvm::LogicalResult plan(llvm::ArrayRef<pipeline::Options> others = {});
  /// Compiles the model in f32 and reads the text.
  llvm::LogicalResult begin(bool observingLayers);

  /// Another build of the same model; `tellsNotes` of its weights.
  llvm::FailureOr<OpenBuild> build(const pipeline::Options &options,
                                   bool tellsNotes);
  /// What it costs on a few hundred tokens: in one number, as
  /// TextJudgement::loss.
  llvm::FailureOr<double> quickLoss(const pipeline::Options &options);
  /// The same where weights alone are rounded, to the types that their paths
  /// have, and what they meet is not: without code of its own, where that can
  /// be, and else as built with `options`.
  llvm::FailureOr<double>
  roundedLoss(const llvm::StringMap<kernel::PackedType> &types,
              const pipeline::Options &options);
  /// The same as quickLoss() on all windows.
  llvm::FailureOr<TextJudgement> judge(const pipeline::Options &options);

  /// The same model in f32, by the fast kernels.
  static pipeline::Options inF32(pipeline::Options options);

  const codegen::Program &program() const { return program_; }
  bool hasTask() const { return task_.has_value(); }
  const TextTask &task() const { return *task_; }
  const TokenText &text() const { return text_; }
  ProgramSession &exact() { return *exact_.session; }
  /// Of the program in f32; null where it has none.
  const Weights *weights() { return code->weights(); }
  /// Of the program in f32 (LoadedProgram::weightPaths).
  llvm::ArrayRef<std::vector<std::string>> weightPaths() const {
    return exact_.program->weightPaths();
  }
  /// Of the options of the arguments; none where the model is a module that is
  /// beyond the choice of types.
  llvm::ArrayRef<WeightGroup> groups() const { return groupings.front(); }
  /// The same groups, with the types of others[number].
  llvm::ArrayRef<WeightGroup> groupsOfOther(size_t number) const {
    return groupings[number + 1];
  }

private:
  Arguments argumentsFor(const pipeline::Options &options,
                         bool tellsNotes) const;
  llvm::FailureOr<OpenBuild> open(llvm::FailureOr<LoadedProgram> program);
  llvm::FailureOr<double> quickLoss(llvm::FailureOr<OpenBuild> built);

  const Arguments &arguments;
  llvm::StringRef idsFlag;
  codegen::Program program_;
  std::optional<TextTask> task_;
  std::vector<std::vector<WeightGroup>> groupings;
  std::string activations; ///< of all builds, as the arguments mean
  std::optional<Arguments> exactArguments;
  std::optional<LinkedProgram> code; ///< in f32
  OpenBuild exact_;
  TokenText text_, shortText;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_TEXTTRIAL_H
