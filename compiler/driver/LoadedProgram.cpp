//===- LoadedProgram.cpp - a program that runs in this process ------------===//

#include "compiler/driver/LoadedProgram.h"
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

LoadedProgram::LoadedProgram(files::ScratchFile library,
                             codegen::Program program, void *handle)
    : library(std::move(library)), program_(std::move(program)),
      handle(handle) {}

LoadedProgram::LoadedProgram(LoadedProgram &&other)
    : library(std::move(other.library)), program_(std::move(other.program_)),
      handle(std::exchange(other.handle, nullptr)) {}

LoadedProgram::~LoadedProgram() {
  if (handle)
    dlclose(handle);
}

llvm::FailureOr<LoadedProgram>
LoadedProgram::compile(const Arguments &arguments, bool withSpecialTokens) {
  Compilation compilation(arguments);
  if (failed(compilation.load()) ||
      failed(compilation.lowerTo(pipeline::Stage::Llvm)) ||
      failed(compilation.readProgram()) ||
      (withSpecialTokens && failed(compilation.readSpecialTokens())))
    return llvm::failure();
  if (!compilation.weightSource() && !arguments.randomWeights &&
      !compilation.program().weightBytes.empty())
    return fail("found neither --weights nor --random-weights, needed one of "
                "them to run the model");
  std::optional<Weights> weights;
  if (failed(bindWeights(compilation, arguments, weights)) ||
      failed(compilation.translate(/*withMain=*/true)))
    return llvm::failure();
  // What ProgramSession calls; the interface has a name for all the rest.
  auto linked = compilation.link(
      codegen::Linkage::SharedLibrary, "",
      {"heddle_entry_named", "heddle_session_open", "heddle_call"});
  if (failed(linked))
    return llvm::failure();
  auto library = files::ScratchFile::create((*linked)->getBuffer());
  if (!library)
    return fail(library.takeError());
  if (weights && failed(weights->appendTo(library->path(), library->path())))
    return llvm::failure();
  void *handle = dlopen(library->path().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return fail(llvm::Twine("loading the program: ") + dlerror());
  return LoadedProgram(std::move(*library), compilation.program(), handle);
}

void *LoadedProgram::function(llvm::StringRef name) const {
  return dlsym(handle, name.str().c_str());
}

int LoadedProgram::call(llvm::ArrayRef<std::string> arguments) {
  auto *main = reinterpret_cast<int (*)(int, char **)>(function("main"));
  assert(main && "translate(withMain) made main");
  std::vector<std::string> words = {program_.name};
  llvm::append_range(words, arguments);
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  RunsProgram runs;
  return main(words.size(), argv.data());
}
