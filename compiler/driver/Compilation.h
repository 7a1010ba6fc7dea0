//===- Compilation.h - one model on its way through the stages ------------===//
//
// Everything that `build` and `run` have in common: the module, what is known
// of the program, the machine it is for, and how long each step took. Each step
// returns failure after it has said why on standard error.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_COMPILATION_H
#define HEDDLE_COMPILER_DRIVER_COMPILATION_H

#include "compiler/checkpoint/SentenceTransformers.h"
#include "compiler/codegen/Link.h"
#include "compiler/codegen/Object.h"
#include "compiler/codegen/Program.h"
#include "compiler/driver/CommandLine.h"
#include "compiler/driver/DiagnosticPrinter.h"
#include "compiler/driver/InputFiles.h"
#include "compiler/language/Language.h"
#include "compiler/pipeline/Reproduce.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/SourceMgr.h"
#include <functional>

namespace mlir {
class OpPassManager;
class PassManager;
} // namespace mlir

namespace heddle::driver {

class Compilation {
public:
  explicit Compilation(const Arguments &arguments);
  ~Compilation();

  /// What the language needs to read the model; valid after findInputs, and
  /// as long as this lives.
  language::ModelOptions modelOptions();

  /// Finds model file, config.json and checkpoint.
  llvm::LogicalResult findInputs();

  /// Reads the model and finds the stage that it is in.
  llvm::LogicalResult load();

  /// The model file for this checkpoint alone; after findInputs.
  llvm::LogicalResult writeModel(llvm::StringRef source, llvm::raw_ostream &os);

  /// Runs the passes that describe program and weights, and no further.
  llvm::LogicalResult describe();

  /// Runs passes until the module is at `stage`, Llvm at most.
  llvm::LogicalResult lowerTo(pipeline::Stage stage);

  /// The passes that do so, as --passes reads them.
  llvm::FailureOr<std::string> passesTo(pipeline::Stage stage);

  /// From the LLVM dialect to optimised LLVM IR, of every processor; with the
  /// `main` of its kind.
  llvm::LogicalResult translate(codegen::MainKind main);

  /// Links an executable or a library: its bytes. A library exports the
  /// model's interface, and of the runtime's own what `exports` names.
  llvm::FailureOr<std::unique_ptr<llvm::MemoryBuffer>>
  link(codegen::Linkage linkage, llvm::StringRef soname,
       llvm::ArrayRef<llvm::StringRef> exports = {});

  /// Reads the program's descriptor from the module, and what belongs to it
  /// from the files beside config.json.
  llvm::LogicalResult readProgram();

  mlir::ModuleOp module() { return *module_; }
  mlir::MLIRContext &mlirContext() { return context; }
  /// The stage that the module is at.
  pipeline::Stage moduleStage() const { return stage; }
  /// The model file behind what it imports, or the file that the module is in;
  /// once loaded.
  llvm::ArrayRef<std::string> modelFiles() const { return modelFiles_; }
  /// Has `watch` look at all passes before they run.
  void watchPasses(std::function<void(mlir::PassManager &)> watch) {
    watch_ = std::move(watch);
  }
  /// Those of the arguments; once loaded, with what the checkpoint says.
  const pipeline::Options &options() const { return options_; }
  /// Whether places of the model file are kept.
  bool hasDebugInfo() const { return arguments.debugInfo; }
  /// Whether the module is as the language made it.
  bool isAtNn() const { return stage == pipeline::Stage::Nn; }
  /// What the build reads, as far as it has.
  InputFiles &inputFiles() { return inputs; }
  const InputFiles &inputFiles() const { return inputs; }
  /// Counts the checkpoint's files to it although nothing of them is used.
  void noteShards();

  /// The name under which the program looks for its weights beside itself.
  void setWeightsFile(llvm::StringRef name) {
    program_.weightsFile = name.str();
  }

  /// The program has this one's as well, which drafts its texts. It must live
  /// as long.
  void setDraft(Compilation &other);
  /// The program is one that drafts the texts of another, and needs nothing
  /// that only hosts or users ask for.
  void becomeDraft();

  /// Finds the special tokens that the header names.
  llvm::LogicalResult readSpecialTokens();

  /// Where the weights are; null: there is no checkpoint.
  checkpoint::Source *weightSource() { return weights.get(); }
  /// What the model does with the keys of config.json.
  const language::KeyUses &configKeys() const { return keys; }
  const codegen::Program &program() const { return program_; }
  /// The tables of the checkpoint's tokenizer; empty: the program has none.
  llvm::ArrayRef<char> tokenizer() const { return tokenizer_; }
  /// The code of the processor that can do least; of the only one, where the
  /// result is no linked file.
  codegen::Code &code() { return codes.front(); }

  /// Counts what follows, until the scope ends, as `what` in --time-passes.
  mlir::TimingScope time(llvm::StringRef what) { return rootTiming.nest(what); }

private:
  /// What has the texts of the checkpoint, or those beside config.json.
  const checkpoint::Source &texts() const {
    return weights ? *weights : *besideConfig;
  }
  llvm::LogicalResult chooseProcessors();
  llvm::LogicalResult runOnModules(
      llvm::function_ref<void(mlir::OpPassManager &, const codegen::Code &)>
          build);
  llvm::LogicalResult lowerModules(pipeline::Stage from, pipeline::Stage upTo);
  void dropTwins();
  llvm::LogicalResult lowerForProcessors();
  void addPasses(mlir::OpPassManager &passes, pipeline::Stage upTo);
  llvm::LogicalResult checkPasses();
  llvm::LogicalResult runGivenPasses(pipeline::Stage target);
  llvm::LogicalResult runGivenForProcessors();
  void forEachCode(llvm::function_ref<void(codegen::Code &)> work);
  void emitObjects(std::vector<llvm::SmallVector<char, 0>> &objects);
  llvm::LogicalResult openTexts(llvm::StringRef path,
                                std::unique_ptr<checkpoint::Source> &source);
  llvm::LogicalResult findConfig(bool isCheckpoint);
  llvm::LogicalResult readConfig();
  llvm::LogicalResult findModelFile();
  llvm::LogicalResult loadMlir();
  void rename();
  const llvm::StringSet<> &tensorPaths(const nn::WeightRules &rules);
  llvm::LogicalResult run(mlir::ModuleOp module,
                          llvm::function_ref<void(mlir::OpPassManager &)> build,
                          pipeline::Origin *origin = nullptr);

  void keepStoredTypes();

  const Arguments &arguments;
  /// Those of the arguments, and what the checkpoint says.
  pipeline::Options options_;
  mlir::DefaultTimingManager timing;
  mlir::TimingScope rootTiming;
  /// What the command line means: its files, found.
  std::string modelFile;
  std::vector<std::string> modelFiles_;
  std::function<void(mlir::PassManager &)> watch_;
  checkpoint::Document configFile;
  std::unique_ptr<checkpoint::Source> weights, besideConfig;
  InputFiles inputs;
  std::optional<llvm::json::Value> config;
  std::optional<checkpoint::SentenceTransformer> sentences;
  std::optional<llvm::StringSet<>> paths; ///< of the checkpoint's tensors
  language::KeyUses keys;
  mlir::MLIRContext context;
  llvm::SourceMgr sources;
  std::unique_ptr<DiagnosticPrinter> diagnostics;
  pipeline::Stage stage = pipeline::Stage::Nn;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  codegen::Program program_;
  std::vector<char> tokenizer_;
  Compilation *draft = nullptr; ///< null: there is none
  /// One a processor, those that can do least first.
  std::vector<codegen::Code> codes;
  /// What each but the first is made from, where they are several, and how it
  /// has come from what they have in common.
  struct LoweredModule {
    mlir::OwningOpRef<mlir::ModuleOp> module;
    pipeline::Origin origin;
  };
  std::vector<LoweredModule> modules;
};

/// What a file or a directory is called, without links and endings.
std::string nameOfPath(llvm::StringRef path);

/// Prints `error: …`, in one line, and returns failure.
llvm::LogicalResult fail(const llvm::Twine &message);
llvm::LogicalResult fail(llvm::Error error);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_COMPILATION_H
