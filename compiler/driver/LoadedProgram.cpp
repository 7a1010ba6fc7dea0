//===- LoadedProgram.cpp - a program that runs in this process ------------===//

#include "compiler/driver/LoadedProgram.h"
#include "compiler/driver/Draft.h"
#include "compiler/driver/Process.h"
#include "compiler/driver/Weights.h"
#include "llvm/Support/WithColor.h"

#include <dlfcn.h>

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;

LogicalResult driver::bindWeights(Compilation &compilation,
                                  const Arguments &arguments,
                                  std::optional<Weights> &weights) {
  if (arguments.weightsFile == WeightsFile::None)
    return llvm::success();
  if (!compilation.weightSource() && !arguments.randomWeights) {
    if (!compilation.program().weightBytes.empty())
      llvm::WithColor::note()
          << "no weights are packed: found neither --weights nor "
             "--random-weights\n";
    return llvm::success();
  }
  mlir::TimingScope scope = compilation.time("bind weights");
  llvm::FailureOr<Weights> bound =
      Weights::bind(compilation.module(), arguments, compilation.weightSource(),
                    compilation.tokenizer());
  if (failed(bound))
    return llvm::failure();
  compilation.inputFiles().addAll(bound->files());
  weights.emplace(std::move(*bound));
  return llvm::success();
}

LinkedProgram::LinkedProgram() = default;
LinkedProgram::LinkedProgram(LinkedProgram &&other) = default;
LinkedProgram::~LinkedProgram() = default;

llvm::FailureOr<LinkedProgram>
LinkedProgram::compile(const Arguments &arguments, bool withSpecialTokens) {
  LinkedProgram result;
  result.compilation = std::make_unique<Compilation>(arguments);
  Compilation &compilation = *result.compilation;
  if (failed(compilation.load()) ||
      failed(compilation.lowerTo(pipeline::Stage::Llvm)) ||
      failed(compilation.readProgram()) ||
      (withSpecialTokens && failed(compilation.readSpecialTokens())))
    return llvm::failure();
  if (!compilation.weightSource() && !arguments.randomWeights &&
      !compilation.program().weightBytes.empty())
    return fail("found neither --weights nor --random-weights, needed one of "
                "them to run the model");
  result.draft = std::make_unique<Draft>();
  std::optional<Weights> weights;
  if (failed(result.draft->compile(arguments, compilation)) ||
      failed(bindWeights(compilation, arguments, weights)) ||
      failed(result.draft->packBehind(weights)) ||
      failed(compilation.translate(codegen::MainKind::CommandLine)))
    return llvm::failure();
  if (weights)
    result.weights_ = std::make_unique<Weights>(std::move(*weights));
  // What ProgramSession calls; the interface has a name for all the rest.
  llvm::SmallVector<llvm::StringRef> called = {
      "heddle_entry_named", "heddle_session_open", "heddle_call"};
  if (compilation.module().lookupSymbol("heddle_observe_inputs"))
    called.push_back("heddle_observe_with");
  auto linked = compilation.link(codegen::Linkage::SharedLibrary, "", called);
  if (failed(linked))
    return llvm::failure();
  result.library = std::move(*linked);
  return result;
}

llvm::FailureOr<LoadedProgram> LinkedProgram::load() {
  auto file = files::ScratchFile::create(library->getBuffer());
  if (!file)
    return fail(file.takeError());
  if (weights_ && failed(weights_->appendTo(file->path(), file->path())))
    return llvm::failure();
  // A debugger opens what it is told was loaded.
  std::string path =
      compilation->hasDebugInfo() ? file->pathForOthers() : file->path();
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return fail(llvm::Twine("loading the program: ") + dlerror());
  LoadedProgram loaded(std::move(*file), compilation->program(), handle);
  if (weights_)
    loaded.weightPaths_ = weights_->pathsOfSlots();
  return loaded;
}

LoadedProgram::LoadedProgram(files::ScratchFile library,
                             codegen::Program program, void *handle)
    : library(std::move(library)), program_(std::move(program)),
      handle(handle) {}

LoadedProgram::LoadedProgram(LoadedProgram &&other)
    : library(std::move(other.library)), program_(std::move(other.program_)),
      handle(std::exchange(other.handle, nullptr)),
      weightPaths_(std::move(other.weightPaths_)) {}

LoadedProgram::~LoadedProgram() {
  if (handle)
    dlclose(handle);
}

llvm::FailureOr<LoadedProgram>
LoadedProgram::compile(const Arguments &arguments, bool withSpecialTokens) {
  auto linked = LinkedProgram::compile(arguments, withSpecialTokens);
  if (failed(linked))
    return llvm::failure();
  return linked->load();
}

void *LoadedProgram::function(llvm::StringRef name) const {
  return dlsym(handle, name.str().c_str());
}

int LoadedProgram::call(llvm::ArrayRef<std::string> arguments) {
  auto *main = reinterpret_cast<int (*)(int, char **)>(function("main"));
  assert(main && "translate() made main");
  std::vector<std::string> words = {program_.name};
  llvm::append_range(words, arguments);
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  RunsProgram runs;
  return main(words.size(), argv.data());
}
