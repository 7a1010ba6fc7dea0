//===- Build.cpp ----------------------------------------------------------===//

#include "compiler/driver/Build.h"
#include "compiler/codegen/Interface.h"
#include "compiler/codegen/Object.h"
#include "compiler/codegen/OutputFile.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/LoadedProgram.h"
#include "compiler/driver/Weights.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <deque>

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

namespace {

/// What a build writes: nothing of it is there before all of it is.
class Outputs {
public:
  /// A file that will appear as `path`; null after an error.
  OutputFile *create(llvm::StringRef path) {
    llvm::Expected<OutputFile> file = OutputFile::create(path);
    if (!file) {
      (void)fail(file.takeError());
      return nullptr;
    }
    files.push_back(std::move(*file));
    return &files.back();
  }

  template <typename Write>
  LogicalResult write(llvm::StringRef path, Write write) {
    OutputFile *file = create(path);
    if (!file)
      return llvm::failure();
    std::error_code error;
    llvm::raw_fd_ostream os(file->temporaryPath(), error);
    if (error)
      return fail(llvm::createFileError(path, error));
    if (failed(write(os)))
      return llvm::failure();
    os.close();
    if (!os.has_error())
      return llvm::success();
    error = os.error();
    os.clear_error();
    return fail(llvm::createFileError(path, error));
  }

  LogicalResult commit() {
    for (OutputFile &file : files)
      if (llvm::Error error = file.commit())
        return fail(std::move(error));
    return llvm::success();
  }

private:
  std::deque<OutputFile> files; // keeps the addresses of its elements
};

} // namespace

static LogicalResult emitStream(Compilation &compilation, Stage stage,
                                llvm::StringRef path, Outputs &outputs) {
  if (!path.empty() && path != "-")
    return outputs.write(path, [&](llvm::raw_pwrite_stream &os) {
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

static LogicalResult emitAst(Compilation &compilation, llvm::StringRef path,
                             Outputs &outputs) {
  if (failed(compilation.findInputs()))
    return llvm::failure();
  auto write = [&](llvm::raw_ostream &os) {
    return llvm::success(
        language::emitAst(compilation.modelOptions(), os, llvm::errs()));
  };
  return path.empty() || path == "-" ? write(llvm::outs())
                                     : outputs.write(path, write);
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

static LogicalResult packBeside(Compilation &compilation,
                                llvm::StringRef output, Weights &weights,
                                Outputs &outputs) {
  OutputFile *file =
      outputs.create(weightsPath(output, compilation.program().name));
  return llvm::success(file &&
                       succeeded(weights.writeTo(file->temporaryPath())));
}

static LogicalResult emitLinked(Compilation &compilation, Stage stage,
                                llvm::StringRef path, Weights *appended,
                                Outputs &outputs) {
  OutputFile *file = outputs.create(path);
  if (!file ||
      failed(compilation.link(linkageOf(stage), llvm::sys::path::filename(path),
                              file->temporaryPath())))
    return llvm::failure();
  if (!appended)
    return llvm::success();
  mlir::TimingScope scope = compilation.time("pack");
  return appended->appendTo(file->temporaryPath());
}

static LogicalResult buildArtifact(Compilation &compilation, Stage stage,
                                   const Arguments &arguments,
                                   Outputs &outputs) {
  if (failed(compilation.lowerTo(Stage::Llvm)) ||
      failed(compilation.readProgram()))
    return llvm::failure();
  std::string output = arguments.output.empty()
                           ? defaultOutput(stage, compilation.program().name)
                           : arguments.output;
  if (stage == Stage::Header)
    return emitStream(compilation, stage, output, outputs);
  bool isLinked =
      stage == Stage::Lib || stage == Stage::So || stage == Stage::Exe;
  if (isLinked && output == "-")
    return fail("-o: found -, needed a file for a program or library");

  std::optional<Weights> weights;
  if ((isLinked || stage == Stage::Obj) &&
      failed(bindWeights(compilation, arguments, weights)))
    return llvm::failure();
  bool append = weights && canCarryWeights(stage) &&
                arguments.weightsFile == WeightsFile::Appended;
  if (failed(compilation.translate(/*withMain=*/stage == Stage::Exe)))
    return llvm::failure();
  if (!arguments.header.empty() &&
      failed(emitStream(compilation, Stage::Header, arguments.header, outputs)))
    return llvm::failure();
  if (weights && !append &&
      failed(packBeside(compilation, output, *weights, outputs)))
    return llvm::failure();
  if (isLinked)
    return emitLinked(compilation, stage, output, append ? &*weights : nullptr,
                      outputs);
  return emitStream(compilation, stage, output, outputs);
}

static LogicalResult buildStage(const Arguments &arguments, Outputs &outputs) {
  Stage stage = arguments.emit.value_or(Stage::Exe);
  Compilation compilation(arguments);
  if (stage == Stage::Ast)
    return emitAst(compilation, arguments.output, outputs);
  if (failed(compilation.load()))
    return llvm::failure();
  if (stage > Stage::Llvm)
    return buildArtifact(compilation, stage, arguments, outputs);
  if (failed(compilation.lowerTo(stage)))
    return llvm::failure();
  return emitStream(compilation, stage, arguments.output, outputs);
}

int driver::build(const Arguments &arguments) {
  Outputs outputs;
  return succeeded(buildStage(arguments, outputs)) &&
                 succeeded(outputs.commit())
             ? 0
             : 1;
}

int driver::run(const Arguments &arguments) {
  llvm::FailureOr<LoadedProgram> program = LoadedProgram::compile(arguments);
  return succeeded(program) ? program->call(arguments.programArguments) : 1;
}
