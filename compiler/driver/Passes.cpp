//===- Passes.cpp - passes that the user brings, and passes that fail -----===//

#include "compiler/driver/Passes.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Process.h"
#include "compiler/files/Message.h"
#include "compiler/files/OutputFile.h"
#include "compiler/pipeline/PassText.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <mutex>

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;

/// A pipeline may say for which processor it is.
static LogicalResult chooseProcessor(mlir::OpPassManager &passes,
                                     Arguments &arguments) {
  std::string unit = pipeline::namedVectorUnit(passes);
  if (unit.empty() || arguments.processors.empty())
    return llvm::success();
  if (!arguments.areProcessorsUsual)
    return fail("--passes: found kernel-to-vector{target=" + unit +
                "} and several processors in --cpu, needed {target=" +
                pipeline::eachProcessor + "}");
  arguments.processors.clear();
  arguments.areProcessorsUsual = false;
  return llvm::success();
}

LogicalResult driver::preparePasses(Arguments &arguments) {
  const pipeline::Options &options = arguments.options;
  if (arguments.passPlugins.empty() && options.passes.empty() &&
      options.passesAfter.empty())
    return llvm::success();
  pipeline::registerPasses();
  for (const std::string &file : arguments.passPlugins)
    if (llvm::Error error = pipeline::loadPassPlugin(file))
      return fail(std::move(error));
  mlir::OpPassManager passes;
  if (failed(pipeline::parsePasses(options.passes, "--passes", passes,
                                   llvm::errs())) ||
      failed(chooseProcessor(passes, arguments)))
    return llvm::failure();
  for (const auto &[after, inserted] : options.passesAfter)
    if (failed(pipeline::parsePasses(inserted, "--passes-after", passes,
                                     llvm::errs())))
      return llvm::failure();
  return llvm::success();
}

LogicalResult driver::readPasses(llvm::StringRef text, llvm::StringRef name) {
  pipeline::registerPasses();
  mlir::OpPassManager passes;
  return pipeline::parsePasses(text, name, passes, llvm::errs());
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

/// In the temporary directory, under a name that says which pass it is about.
static llvm::Expected<std::string> writeTemporary(llvm::StringRef pass,
                                                  llvm::StringRef text) {
  llvm::SmallString<128> path;
  int file;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "heddle-" + pass, "mlir", file, path))
    return llvm::createFileError("the temporary directory", error);
  llvm::raw_fd_ostream os(file, /*shouldClose=*/false);
  os << text;
  os.flush();
  bool isWhole = !os.has_error();
  os.clear_error();
  llvm::Error closed = files::closeWritten(file, path);
  if (isWhole && !closed)
    return std::string(path);
  llvm::sys::fs::remove(path);
  if (closed)
    return std::move(closed);
  return llvm::createStringError(path + ": cannot be written");
}

static llvm::Expected<std::string>
writeReproducer(const pipeline::PassFailure &failure,
                const Arguments &arguments) {
  if (arguments.reproducer.empty())
    return writeTemporary(failure.pass, failure.reproducer);
  if (llvm::Error error =
          files::writeFile(arguments.reproducer, failure.reproducer))
    return std::move(error);
  return arguments.reproducer;
}

/// What the pass has not said itself, by the place of the model file that it
/// was at work on.
static void tellWhy(const pipeline::PassFailure &failure,
                    const std::string &pass) {
  std::string why;
  if (failure.interruptedAfter)
    why = " had run for " + std::to_string(failure.interruptedAfter) +
          " s when it was interrupted";
  else if (failure.crash == pipeline::PassFailure::fatal)
    return; // LLVM has told why
  else if (failure.crash)
    why = std::string(" crashed: ") + strsignal(failure.crash - 128);
  else if (!failure.saidWhy)
    why = " failed and does not say why";
  if (why.empty())
    return;
  if (!failure.place)
    return (void)fail(pass + why);
  const auto &[file, line, column] = *failure.place;
  files::printMessage(llvm::errs(), {file, line, column},
                      files::Severity::Error, pass + why);
}

/// The commands that show it again, and on a smaller module.
static void tellHow(const pipeline::PassFailure &failure,
                    const std::string &pass, const std::string &file,
                    const Arguments &arguments) {
  std::string plugins;
  for (const std::string &plugin : arguments.passPlugins)
    plugins += " --load-pass-plugin=" + plugin;
  auto note = [](const llvm::Twine &text) {
    files::printMessage(llvm::errs(), files::Severity::Note, text);
  };
  note((failure.leftNoModule ? pass + " has left what is no module; what it"
                             : "what " + pass) +
       " was given is written down: heddle-opt" + plugins +
       " --run-reproducer " + file);
  note("heddle reduce" + plugins + " " + file +
       " makes it as small as it fails on");
}

LogicalResult driver::reportFailure(const pipeline::PassFailure &failure,
                                    const Arguments &arguments) {
  // Several modules may be at work, one a processor.
  static std::mutex oneAtATime;
  static bool isWritten = false;
  std::lock_guard<std::mutex> lock(oneAtATime);
  std::string pass = failure.pass.empty() ? "a pass" : failure.pass;
  tellWhy(failure, pass);
  if (!failure.reproducer.empty() && !isWritten) {
    isWritten = true;
    auto file = writeReproducer(failure, arguments);
    if (!file)
      (void)fail(file.takeError());
    else
      tellHow(failure, pass, *file, arguments);
  }
  if (failure.crash)
    stopAfterCrash();
  return llvm::failure();
}
