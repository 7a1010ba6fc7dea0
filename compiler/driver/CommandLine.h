//===- CommandLine.h - what the user asked for ----------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_COMMANDLINE_H
#define HEDDLE_COMPILER_DRIVER_COMMANDLINE_H

#include "compiler/pipeline/Options.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace heddle::driver {

struct Importance;

enum class Command {
  Build,
  Run,
  Check,
  Verify,
  Import,
  Bench,
  Format,
  Explain,
  Reduce
};

/// Where the packed weights go.
enum class WeightsFile {
  Appended, // to the executable or shared library
  Beside,   // OUT.weights
  None      // compile only
};

/// What `verify` compares, and what it lets pass.
struct VerifyArguments {
  /// NAME=FILE.npy, taken apart.
  std::vector<std::pair<std::string, std::string>> inputs;
  /// The text, or its token ids; empty: the text that ships.
  std::string text, ids;
  /// How many of its tokens are judged at most.
  int64_t tokens = 1024;
  /// Hold the kernels against the reference, with the same types.
  bool kernels = false;
  /// Look for no worst weights and recommend nothing.
  bool quick = false;
  bool json = false;
  /// The exit code is 1 where the cost is beyond these.
  std::optional<double> maxKl, minAgreement, minCosine;
};

struct Arguments {
  Command command = Command::Build;
  /// A model file, a checkpoint directory, or a module at some stage (.mlir);
  /// of `bench`, a program.
  std::string model;
  /// Empty: named after the checkpoint or the model, or standard output for
  /// text.
  std::string output;
  /// Prefix of the C interface; empty: the model's own name.
  std::string name;
  std::optional<pipeline::Stage> emit;

  std::string config;
  /// NAME=VALUE, taken apart.
  std::vector<std::pair<std::string, std::string>> sets, dims;
  std::vector<std::string> ignoredKeys;

  /// The checkpoint directory; empty: none.
  std::string weights;
  WeightsFile weightsFile = WeightsFile::Appended;
  std::optional<uint64_t> randomWeights;
  /// Threads for packing; 0: one a core.
  unsigned threads = 0;

  pipeline::Options options;
  /// Processors as they were named; empty: nobody has.
  std::string cpu;
  /// Processors that there is code for, where they are several or may be;
  /// empty: the options' target alone.
  std::vector<codegen::TargetOptions> processors;
  /// Nobody has named them: those whose code is another's need none.
  bool areProcessorsUsual = false;
  /// --quant auto:BITS, by which rules before those of the options are to be
  /// chosen (AutoTypes.h).
  std::optional<double> autoBits;
  /// The text, or its token ids, by which roundings of weights are calibrated;
  /// empty: none. What it shows is in `importance`, once it is known
  /// (Calibration.h).
  std::string calibrationText, calibrationIds;
  std::shared_ptr<const Importance> importance;
  bool isStatic = false;
  /// The program answers over HTTP, if it is asked to.
  bool serves = false;
  /// A small model that drafts texts, what is set of its config, and its types;
  /// empty: there is none.
  std::string draft;
  std::vector<std::pair<std::string, std::string>> draftSets;
  std::vector<std::string> draftQuant;
  /// Tensors that no part of the model needs are left out: of a small model
  /// that drafts, as many layers as it was set to have.
  bool leavesTensors = false;
  std::string sysroot, runtimeDirectory;
  std::string header;

  /// Places of the model file go into the code, and are printed with a module.
  bool debugInfo = false;

  std::string printIrAfter, printIrDirectory;
  bool timePasses = false;
  /// `reduce`: what is run on a module, and ends with another code than 0 where
  /// that still shows what it is about; empty: passes are, and fail.
  std::string test;
  /// Shared libraries with passes, which the options' pipelines may name.
  std::vector<std::string> passPlugins;
  /// The pipeline is printed, and nothing compiled.
  bool printPasses = false;
  /// Where what shows a failure of a pass is written; empty: in the temporary
  /// directory, unless the user has to mend it.
  std::string reproducer;

  /// `fmt`: the model files, or `-`; and whether they are only looked at.
  std::vector<std::string> files;
  bool onlyChecks = false;
  /// Of `explain`: what the program has measured of itself.
  std::string profile;

  VerifyArguments verify;
  /// Notes about the checkpoint and its weights are told; not where another
  /// build of the same model has told them.
  bool tellsNotes = true;

  /// `run` and `bench`: what the program itself is given.
  std::vector<std::string> programArguments;
};

/// Either arguments, or the exit code of a command line that needs no more work
/// (--help, or an error, which is printed).
struct CommandLine {
  std::optional<Arguments> arguments;
  int exitCode = 0;
};

CommandLine parseCommandLine(llvm::ArrayRef<const char *> argv,
                             llvm::raw_ostream &out, llvm::raw_ostream &errors);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_COMMANDLINE_H
