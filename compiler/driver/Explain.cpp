//===- Explain.cpp - heddle explain ---------------------------------------===//

#include "compiler/driver/Explain.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Flags.h"
#include "compiler/driver/Outputs.h"
#include "compiler/explain/MeasuredCalls.h"
#include "compiler/explain/ProfileFile.h"
#include "compiler/explain/Recorder.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using explain::Recorder;
using llvm::LogicalResult;
using llvm::StringRef;
using pipeline::Stage;

static constexpr Stage stagesOfModules[] = {
    Stage::Nn, Stage::NnFused, Stage::Kernel, Stage::Vector, Stage::Llvm};

/// What the page shows beside each stage: the model file before what it
/// imports, or the module that came in a file.
static LogicalResult addFiles(Compilation &compilation, Recorder &recorder) {
  for (const std::string &name : llvm::reverse(compilation.modelFiles())) {
    auto text = files::readFile(name, files::limits::module);
    if (!text)
      return fail(text.takeError());
    recorder.addFile(name, (*text)->getBuffer());
  }
  return llvm::success();
}

/// A module has no tree.
static LogicalResult recordTree(Compilation &compilation, Recorder &recorder) {
  StringRef file = compilation.modelFiles().back();
  if (file.ends_with(".mlir"))
    return llvm::success();
  auto tree = language::printTree(compilation.modelOptions(), llvm::errs());
  if (!tree)
    return llvm::failure();
  recorder.addTree(nameOf(Stage::Ast), file, tree->text, tree->lines);
  return llvm::success();
}

static LogicalResult recordModules(Compilation &compilation,
                                   Recorder &recorder) {
  for (Stage stage : stagesOfModules) {
    if (stage < compilation.moduleStage())
      continue;
    recorder.goTo(nameOf(stage));
    if (failed(compilation.lowerTo(stage)))
      return llvm::failure();
    recorder.addStage(nameOf(stage), compilation.module());
  }
  recorder.addProgram(compilation.module());
  return llvm::success();
}

/// As `build --emit=ll -g` and `--emit=asm -g`.
static LogicalResult recordCode(Compilation &compilation, Recorder &recorder) {
  if (failed(compilation.readProgram()) ||
      failed(compilation.readSpecialTokens()) ||
      failed(compilation.translate(codegen::MainKind::None)))
    return llvm::failure();
  // Making machine code of it changes it.
  recorder.addLlvm(nameOf(Stage::Ll), *compilation.code().module);
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream os(text);
  codegen::emitMachineCode(compilation.code(), codegen::MachineCode::Assembly,
                           os);
  recorder.addAssembly(nameOf(Stage::Asm), text);
  recorder.setFact("model", compilation.program().name);
  recorder.setFact("cpu", compilation.code().machine->getTargetCPU().str());
  return llvm::success();
}

/// Nothing where none is given.
static llvm::FailureOr<std::optional<explain::ProfileFile>>
readProfile(StringRef path) {
  if (path.empty())
    return std::optional<explain::ProfileFile>();
  llvm::Expected<explain::ProfileFile> profile = explain::readProfile(path);
  if (!profile)
    return fail(profile.takeError());
  return std::optional(std::move(*profile));
}

/// Once it is known what the program has.
static LogicalResult recordProfile(StringRef path,
                                   std::optional<explain::ProfileFile> profile,
                                   Recorder &recorder) {
  if (!profile)
    return llvm::success();
  const llvm::json::Object &facts = recorder.known();
  if (llvm::Error error = explain::matchProfile(path, profile->totals, facts))
    return fail(std::move(error));
  recorder.setFact("measured", explain::measuredCalls(profile->events, facts));
  recorder.setFact("profile", std::move(profile->totals));
  return llvm::success();
}

/// A name that is no path into somebody's home.
static std::string nameOfSource(StringRef path) {
  return explain::jsonText(llvm::sys::path::filename(path.rtrim('/')));
}

/// NAME.html, unless there is an -o.
static std::string pathOfPage(const Arguments &arguments) {
  if (!arguments.output.empty())
    return arguments.output;
  return nameOfPath(arguments.model) + ".html";
}

static LogicalResult writePage(Compilation &compilation,
                               const Arguments &arguments,
                               explain::Chunks chunks) {
  std::string page = explain::writePage(
      compilation.program().name + " · heddle explain", chunks);
  std::string output = pathOfPage(arguments);
  if (output == "-") {
    llvm::outs() << page;
    return llvm::success();
  }
  compilation.noteShards();
  Outputs outputs(compilation);
  auto write = [&](llvm::raw_pwrite_stream &file) {
    file << page;
    return llvm::success();
  };
  return llvm::success(outputs.write(output, write) &&
                       succeeded(outputs.commit()));
}

int driver::explainModel(const Arguments &given) {
  Arguments arguments = given;
  arguments.debugInfo = true; // assembly tells its lines
  Compilation compilation(arguments);
  Recorder recorder(compilation.mlirContext());
  compilation.watchPasses(
      [&](mlir::PassManager &passes) { recorder.watch(passes); });
  recorder.setFact("source", nameOfSource(arguments.model));
  recorder.setFact("version", HEDDLE_VERSION);
  if (failed(compilation.load()) || failed(addFiles(compilation, recorder)))
    return 1;
  auto profile = readProfile(arguments.profile);
  if (failed(profile) || failed(recordTree(compilation, recorder)) ||
      failed(recordModules(compilation, recorder)) ||
      failed(recordCode(compilation, recorder)) ||
      failed(recordProfile(arguments.profile, std::move(*profile), recorder)))
    return 1;
  return failed(writePage(compilation, arguments, recorder.finish()));
}
