//===- Build.cpp - the commands that compile ------------------------------===//

#include "compiler/driver/Build.h"
#include "compiler/codegen/Interface.h"
#include "compiler/codegen/Object.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Draft.h"
#include "compiler/driver/LoadedProgram.h"
#include "compiler/driver/Outputs.h"
#include "compiler/driver/Process.h"
#include "compiler/driver/Weights.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using codegen::Linkage;
using files::OutputFile;
using llvm::LogicalResult;
using pipeline::Stage;

//===----------------------------------------------------------------------===//
// Stages that are one stream of bytes
//===----------------------------------------------------------------------===//

static LogicalResult writeStream(Compilation &compilation, Stage stage,
                                 llvm::raw_pwrite_stream &os) {
  bool showsPlaces = compilation.hasDebugInfo();
  switch (stage) {
  case Stage::Ll:
    compilation.code().module->print(os, nullptr);
    break;
  case Stage::Asm:
    codegen::emitMachineCode(compilation.code(), codegen::MachineCode::Assembly,
                             os);
    break;
  case Stage::Obj:
    codegen::emitMachineCode(compilation.code(), codegen::MachineCode::Object,
                             os);
    break;
  case Stage::Header:
    codegen::writeHeader(compilation.program(), os);
    break;
  default:
    compilation.module()->print(
        os, mlir::OpPrintingFlags().enableDebugInfo(showsPlaces));
    os << "\n";
  }
  return llvm::success();
}

static LogicalResult emitStream(Compilation &compilation, Stage stage,
                                llvm::StringRef path, Outputs &outputs) {
  if (!path.empty() && path != "-")
    return llvm::success(outputs.write(path, [&](llvm::raw_pwrite_stream &os) {
      return writeStream(compilation, stage, os);
    }) != nullptr);
  // Standard output may be a pipe, which cannot be written out of order.
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  if (failed(writeStream(compilation, stage, os)))
    return llvm::failure();
  llvm::outs() << os.str();
  return llvm::success();
}

static LogicalResult emitAst(Compilation &compilation, llvm::StringRef path,
                             Outputs &outputs) {
  if (failed(compilation.findInputs()))
    return llvm::failure();
  compilation.noteShards();
  auto tree = language::printTree(compilation.modelOptions(), llvm::errs());
  if (!tree)
    return llvm::failure();
  auto write = [&](llvm::raw_ostream &os) {
    os << tree->text;
    return llvm::success();
  };
  return path.empty() || path == "-"
             ? write(llvm::outs())
             : llvm::success(outputs.write(path, write) != nullptr);
}

/// The pipeline, which --passes reads.
static LogicalResult emitPasses(Compilation &compilation, Stage stage,
                                llvm::StringRef path, Outputs &outputs) {
  llvm::FailureOr<std::string> passes = compilation.passesTo(stage);
  if (failed(passes))
    return llvm::failure();
  auto write = [&](llvm::raw_ostream &os) {
    os << *passes;
    return llvm::success();
  };
  return path.empty() || path == "-"
             ? write(llvm::outs())
             : llvm::success(outputs.write(path, write) != nullptr);
}

//===----------------------------------------------------------------------===//
// Linked artifacts
//===----------------------------------------------------------------------===//

static Linkage linkageOf(Stage stage) {
  switch (stage) {
  case Stage::Lib:
    return Linkage::StaticLibrary;
  case Stage::So:
    return Linkage::SharedLibrary;
  default:
    return Linkage::Executable;
  }
}

static codegen::MainKind mainOf(Stage stage, const Arguments &arguments) {
  using codegen::MainKind;
  return stage != Stage::Exe ? MainKind::None
         : arguments.serves  ? MainKind::Server
                             : MainKind::CommandLine;
}

/// A checkpoint's program is named after its directory or its file, any other
/// after the model.
static std::string outputName(const Compilation &compilation,
                              llvm::StringRef model) {
  if (!checkpoint::isCheckpoint(model))
    return compilation.program().name;
  std::string name = nameOfPath(model);
  for (char &c : name)
    if (!llvm::isAlnum(c) && !llvm::StringRef("._-+").contains(c))
      c = '_';
  if (name.empty() || name.front() == '-' || name.front() == '.' || name == "/")
    name.insert(0, "_");
  return name;
}

/// `minilm`, where that is the checkpoint's directory itself: `minilm.out`.
static std::string executableName(llvm::StringRef name) {
  if (!llvm::sys::fs::is_directory(name))
    return name.str();
  std::string other = (name + ".out").str();
  llvm::WithColor::note() << name << " is a directory: the program is " << other
                          << "\n";
  return other;
}

static std::string defaultOutput(Stage stage, llvm::StringRef name) {
  switch (stage) {
  case Stage::Obj:
    return (name + ".o").str();
  case Stage::Lib:
    return ("lib" + name + ".a").str();
  case Stage::So:
    return ("lib" + name + ".so").str();
  case Stage::Exe:
    return executableName(name);
  default:
    return "";
  }
}

/// OUT.weights: two programs in one folder have each their own. Standard output
/// and devices give no name, so the model does.
static std::string weightsPath(llvm::StringRef output,
                               const codegen::Program &program) {
  namespace fs = llvm::sys::fs;
  bool isFile =
      output != "-" && (!fs::exists(output) || fs::is_regular_file(output));
  return (isFile ? output : llvm::StringRef(program.name)).str() + ".weights";
}

/// Objects and archives are copied into something else: nothing can be appended
/// to them.
static bool canCarryWeights(Stage stage) {
  return stage == Stage::So || stage == Stage::Exe;
}

static LogicalResult packBeside(llvm::StringRef path, Weights &weights,
                                Outputs &outputs) {
  OutputFile *file = outputs.create(path);
  return llvm::success(file &&
                       succeeded(weights.writeTo(file->temporaryPath(), path)));
}

static LogicalResult emitLinked(Compilation &compilation, Stage stage,
                                llvm::StringRef path, Weights *appended,
                                Outputs &outputs) {
  auto linked =
      compilation.link(linkageOf(stage), llvm::sys::path::filename(path));
  if (failed(linked))
    return llvm::failure();
  OutputFile *file = outputs.write(path, [&](llvm::raw_ostream &os) {
    os << (*linked)->getBuffer();
    return llvm::success();
  });
  if (!file)
    return llvm::failure();
  if (stage != Stage::Lib)
    if (llvm::Error error = file->makeExecutable())
      return fail(std::move(error));
  if (!appended)
    return llvm::success();
  mlir::TimingScope scope = compilation.time("pack");
  return appended->appendTo(file->temporaryPath(), path);
}

static LogicalResult buildArtifact(Compilation &compilation, Stage stage,
                                   const Arguments &arguments,
                                   Outputs &outputs) {
  if (failed(compilation.lowerTo(Stage::Llvm)) ||
      failed(compilation.readProgram()) ||
      failed(compilation.readSpecialTokens()))
    return llvm::failure();
  std::string output =
      arguments.output.empty()
          ? defaultOutput(stage, outputName(compilation, arguments.model))
          : arguments.output;
  if (stage == Stage::Header)
    return emitStream(compilation, stage, output, outputs);
  bool isLinked =
      stage == Stage::Lib || stage == Stage::So || stage == Stage::Exe;
  if (isLinked && output == "-")
    return fail("-o: found -, needed a file for a program or library");

  Draft draft;
  if (failed(draft.compile(arguments, compilation)))
    return llvm::failure();
  std::optional<Weights> weights;
  if ((isLinked || stage == Stage::Obj) &&
      failed(bindWeights(compilation, arguments, weights)))
    return llvm::failure();
  if (failed(draft.packBehind(weights)))
    return llvm::failure();
  bool append = weights && canCarryWeights(stage) &&
                arguments.weightsFile == WeightsFile::Appended;
  std::string beside = weightsPath(output, compilation.program());
  if (weights && !append)
    compilation.setWeightsFile(llvm::sys::path::filename(beside));
  if (failed(compilation.translate(mainOf(stage, arguments))))
    return llvm::failure();
  if (!arguments.header.empty() &&
      failed(emitStream(compilation, Stage::Header, arguments.header, outputs)))
    return llvm::failure();
  if (weights && !append && failed(packBeside(beside, *weights, outputs)))
    return llvm::failure();
  if (isLinked)
    return emitLinked(compilation, stage, output, append ? &*weights : nullptr,
                      outputs);
  return emitStream(compilation, stage, output, outputs);
}

static LogicalResult buildStage(Compilation &compilation,
                                const Arguments &arguments, Outputs &outputs) {
  Stage stage = arguments.emit.value_or(Stage::Exe);
  if (stage == Stage::Ast)
    return emitAst(compilation, arguments.output, outputs);
  if (failed(compilation.load()))
    return llvm::failure();
  if (arguments.printPasses)
    return emitPasses(compilation, std::min(stage, Stage::Llvm),
                      arguments.output, outputs);
  if (stage > Stage::Llvm)
    return buildArtifact(compilation, stage, arguments, outputs);
  if (failed(compilation.lowerTo(stage)))
    return llvm::failure();
  compilation.noteShards();
  return emitStream(compilation, stage, arguments.output, outputs);
}

int driver::build(const Arguments &arguments) {
  Compilation compilation(arguments);
  Outputs outputs(compilation);
  return succeeded(buildStage(compilation, arguments, outputs)) &&
                 succeeded(outputs.commit())
             ? 0
             : 1;
}

int driver::run(const Arguments &arguments) {
  llvm::FailureOr<LoadedProgram> program = LoadedProgram::compile(arguments);
  if (failed(program))
    return 1;
  int code = program->call(arguments.programArguments);
  noteOutcome(code);
  return code;
}
