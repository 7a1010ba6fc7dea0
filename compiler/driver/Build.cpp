//===- Build.cpp ----------------------------------------------------------===//

#include "compiler/driver/Build.h"
#include "compiler/codegen/Interface.h"
#include "compiler/codegen/Object.h"
#include "compiler/codegen/OutputFile.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Weights.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

using namespace heddle;
using namespace heddle::driver;
using codegen::Linkage;
using codegen::OutputFile;
using llvm::LogicalResult;
using pipeline::Stage;

//===----------------------------------------------------------------------===//
// Stages that are one stream of bytes
//===----------------------------------------------------------------------===//

static LogicalResult writeStream(Compilation &compilation, Stage stage,
                                 llvm::raw_pwrite_stream &os) {
  switch (stage) {
  case Stage::Ll:
    compilation.llvmModule().print(os, nullptr);
    break;
  case Stage::Asm:
    codegen::emitMachineCode(compilation.llvmModule(), compilation.machine(),
                             codegen::MachineCode::Assembly, os);
    break;
  case Stage::Obj:
    codegen::emitMachineCode(compilation.llvmModule(), compilation.machine(),
                             codegen::MachineCode::Object, os);
    break;
  case Stage::Header:
    codegen::writeHeader(compilation.program(), os);
    break;
  default:
    compilation.module()->print(os);
    os << "\n";
  }
  return llvm::success();
}

/// Writes to a file that appears whole or not at all.
template <typename Write>
static LogicalResult writeFile(llvm::StringRef path, Write write) {
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return fail(file.takeError());
  std::error_code error;
  llvm::raw_fd_ostream os(file->temporaryPath(), error);
  if (error)
    return fail(llvm::createFileError(path, error));
  if (failed(write(os)))
    return llvm::failure();
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return fail(llvm::createFileError(path, error));
  }
  if (llvm::Error error = file->commit())
    return fail(std::move(error));
  return llvm::success();
}

static LogicalResult emitStream(Compilation &compilation, Stage stage,
                                llvm::StringRef path) {
  if (!path.empty() && path != "-")
    return writeFile(path, [&](llvm::raw_pwrite_stream &os) {
      return writeStream(compilation, stage, os);
    });
  // Standard output may be a pipe, which cannot be written out of order.
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  if (failed(writeStream(compilation, stage, os)))
    return llvm::failure();
  llvm::outs() << os.str();
  return llvm::success();
}

static LogicalResult emitAst(Compilation &compilation, llvm::StringRef path) {
  if (failed(compilation.findInputs()))
    return llvm::failure();
  auto write = [&](llvm::raw_ostream &os) {
    return llvm::success(
        language::emitAst(compilation.modelOptions(), os, llvm::errs()));
  };
  return path.empty() || path == "-" ? write(llvm::outs())
                                     : writeFile(path, write);
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

static std::string defaultOutput(Stage stage, llvm::StringRef name) {
  switch (stage) {
  case Stage::Obj:
    return (name + ".o").str();
  case Stage::Lib:
    return ("lib" + name + ".a").str();
  case Stage::So:
    return ("lib" + name + ".so").str();
  case Stage::Exe:
    return name.str();
  default:
    return "";
  }
}

/// Beside the program or library, where the runtime looks for it.
static std::string weightsPath(llvm::StringRef output, llvm::StringRef name) {
  llvm::SmallString<128> path(llvm::sys::path::parent_path(output));
  llvm::sys::path::append(path, name + ".weights");
  return std::string(path);
}

/// Objects and archives are copied into something else: nothing can be appended
/// to them.
static bool canCarryWeights(Stage stage) {
  return stage == Stage::So || stage == Stage::Exe;
}

/// Links, and packs the weights where there are any. Everything that can fail
/// has been done when the program appears.
static LogicalResult emitLinked(Compilation &compilation, Stage stage,
                                llvm::StringRef path,
                                std::optional<Weights> &weights,
                                WeightsFile where) {
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return fail(file.takeError());
  if (failed(compilation.link(linkageOf(stage), llvm::sys::path::filename(path),
                              file->temporaryPath())))
    return llvm::failure();
  if (weights) {
    bool append = canCarryWeights(stage) && where == WeightsFile::Appended;
    if (failed(append ? weights->appendTo(file->temporaryPath())
                      : weights->writeTo(
                            weightsPath(path, compilation.program().name))))
      return llvm::failure();
  }
  if (llvm::Error error = file->commit())
    return fail(std::move(error));
  return llvm::success();
}

/// What there is to pack: nothing for stages that are text, or where the user
/// gives neither a checkpoint nor a seed.
static LogicalResult bindWeights(Compilation &compilation,
                                 const Arguments &arguments,
                                 std::optional<Weights> &weights) {
  bool given =
      !compilation.checkpointDirectory().empty() || arguments.randomWeights;
  if (!given || arguments.weightsFile == WeightsFile::None)
    return llvm::success();
  llvm::FailureOr<Weights> bound =
      Weights::bind(compilation.module(), compilation.program(), arguments,
                    compilation.checkpointDirectory());
  if (failed(bound))
    return llvm::failure();
  weights.emplace(std::move(*bound));
  return llvm::success();
}

static LogicalResult buildArtifact(Compilation &compilation, Stage stage,
                                   const Arguments &arguments) {
  if (failed(compilation.lowerTo(Stage::Llvm)) ||
      failed(compilation.readProgram()))
    return llvm::failure();
  const std::string &name = compilation.program().name;
  std::string output =
      arguments.output.empty() ? defaultOutput(stage, name) : arguments.output;
  bool isLinked =
      stage == Stage::Lib || stage == Stage::So || stage == Stage::Exe;
  std::optional<Weights> weights;
  if ((isLinked || stage == Stage::Obj) &&
      failed(bindWeights(compilation, arguments, weights)))
    return llvm::failure();
  if (stage == Stage::Header)
    return emitStream(compilation, stage, arguments.output);
  if (failed(compilation.translate(/*withMain=*/stage == Stage::Exe)))
    return llvm::failure();
  if (stage == Stage::Obj && weights &&
      failed(weights->writeTo(weightsPath(output, name))))
    return llvm::failure();
  LogicalResult written = isLinked ? emitLinked(compilation, stage, output,
                                                weights, arguments.weightsFile)
                                   : emitStream(compilation, stage, output);
  if (failed(written) || arguments.header.empty())
    return written;
  return emitStream(compilation, Stage::Header, arguments.header);
}

static LogicalResult buildStage(const Arguments &arguments) {
  Stage stage = arguments.emit.value_or(Stage::Exe);
  Compilation compilation(arguments);
  if (stage == Stage::Ast)
    return emitAst(compilation, arguments.output);
  if (failed(compilation.load()))
    return llvm::failure();
  if (stage > Stage::Llvm)
    return buildArtifact(compilation, stage, arguments);
  if (failed(compilation.lowerTo(stage)))
    return llvm::failure();
  return emitStream(compilation, stage, arguments.output);
}

int driver::build(const Arguments &arguments) {
  return succeeded(buildStage(arguments)) ? 0 : 1;
}

//===----------------------------------------------------------------------===//
// Running in process
//===----------------------------------------------------------------------===//

// The program is linked as a shared library and loaded: the very code and
// runtime that an executable has.
static llvm::FailureOr<int> compileAndCall(const Arguments &arguments) {
  Compilation compilation(arguments);
  if (failed(compilation.load()) || failed(compilation.lowerTo(Stage::Llvm)) ||
      failed(compilation.readProgram()))
    return llvm::failure();
  std::optional<Weights> weights;
  if (failed(bindWeights(compilation, arguments, weights)) ||
      failed(compilation.translate(/*withMain=*/true)))
    return llvm::failure();
  auto library = codegen::ScratchFile::create("so", "");
  if (!library)
    return fail(library.takeError());
  if (failed(compilation.link(Linkage::SharedLibrary, "", library->path())) ||
      (weights && failed(weights->appendTo(library->path()))))
    return llvm::failure();

  void *handle = dlopen(library->path().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return fail(llvm::Twine("loading the program: ") + dlerror());
  auto *main = reinterpret_cast<int (*)(int, char **)>(dlsym(handle, "main"));
  assert(main && "translate(withMain) made main");
  std::vector<std::string> words = {compilation.program().name};
  llvm::append_range(words, arguments.programArguments);
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  return main(words.size(), argv.data());
}

int driver::run(const Arguments &arguments) {
  llvm::FailureOr<int> exitCode = compileAndCall(arguments);
  return succeeded(exitCode) ? *exitCode : 1;
}
