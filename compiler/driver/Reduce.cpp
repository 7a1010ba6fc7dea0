//===- Reduce.cpp - heddle reduce -----------------------------------------===//

#include "compiler/driver/Reduce.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Passes.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/Message.h"
#include "compiler/files/OutputFile.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/ReadModule.h"
#include "compiler/pipeline/Reproduce.h"
#include "compiler/pipeline/TryPasses.h"
#include "compiler/transforms/ReduceModule.h"
#include "mlir/Reducer/Tester.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;
using mlir::ModuleOp;
using pipeline::PassEnd;

/// Passes that take longer hang: of the module as it is given, and of one that
/// is smaller than one that hangs.
constexpr unsigned mostSeconds = 10, mostSecondsOfSmaller = 2;

namespace {

/// What is looked for in a module: by the test, by how passes end, or by the
/// test in what passes make of it.
class Search {
public:
  Search(const Arguments &arguments, std::string passes)
      : arguments(arguments), passes(std::move(passes)) {}

  /// Whether the whole module shows it; fails after an error.
  LogicalResult begin(ModuleOp module);
  bool shows(ModuleOp smaller);
  /// The module as a file, with the pipeline where there is one.
  std::string textOf(ModuleOp module) const;

private:
  LogicalResult findTest();
  llvm::Expected<PassEnd> tryOn(ModuleOp module, llvm::StringRef output = "");
  llvm::Expected<bool> showsToTest(ModuleOp module);
  bool runsPasses() const { return test.empty() || givenPasses(); }
  bool givenPasses() const { return !arguments.options.passes.empty(); }

  const Arguments &arguments;
  std::string passes; ///< of the command line or of the file; empty: none
  std::string test;   ///< its path; empty: there is none
  unsigned seconds = mostSeconds;
  PassEnd wanted;
};

} // namespace

std::string Search::textOf(ModuleOp module) const {
  if (!passes.empty())
    return pipeline::textOfReproducer(module, passes);
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  os << "\n";
  return text;
}

/// The test's program: a path, or a name as a shell finds it.
LogicalResult Search::findTest() {
  auto found = llvm::sys::findProgramByName(arguments.test);
  if (!found || !llvm::sys::fs::can_execute(*found))
    return fail("--test: found " + arguments.test +
                ", needed a program or a script");
  test = *found;
  return llvm::success();
}

llvm::Expected<PassEnd> Search::tryOn(ModuleOp module, llvm::StringRef output) {
  return pipeline::tryPasses(module, passes, seconds, output);
}

/// The test's arguments are what the passes made of the module, where they run,
/// and the module. Errors of the test itself are LLVM's, which end the process.
llvm::Expected<bool> Search::showsToTest(ModuleOp module) {
  auto file = files::ScratchFile::createNamed("mlir"),
       made = files::ScratchFile::createNamed("mlir");
  if (!file || !made)
    return llvm::joinErrors(file.takeError(), made.takeError());
  if (llvm::Error error = files::writeFile(file->path(), textOf(module)))
    return std::move(error);
  std::vector<std::string> before;
  if (runsPasses()) {
    llvm::Expected<PassEnd> end = tryOn(module, made->path());
    if (!end)
      return end.takeError();
    if (end->kind != PassEnd::Succeeds)
      return false;
    before.push_back(made->path());
  }
  return mlir::Tester(test, before).isInteresting(file->path()) ==
         mlir::Tester::Interestingness::True;
}

LogicalResult Search::begin(ModuleOp module) {
  if (!arguments.test.empty()) {
    if (failed(findTest()))
      return llvm::failure();
    llvm::Expected<bool> found = showsToTest(module);
    if (!found)
      return fail(found.takeError());
    if (*found)
      return llvm::success();
    return fail(arguments.model +
                ": the test ends with code 0, needed another one, as where it "
                "shows what is looked for");
  }
  if (passes.empty())
    return fail(arguments.model + ": found no pipeline in it, needed --passes, "
                                  "--test or a reproducer");
  llvm::Expected<PassEnd> end = tryOn(module);
  if (!end)
    return fail(end.takeError());
  wanted = std::move(*end);
  if (wanted.kind == PassEnd::Succeeds)
    return fail(arguments.model + ": all passes succeed on it, needed one that "
                                  "fails, or --test");
  files::printMessage(llvm::errs(), files::Severity::Note, wanted.text());
  if (wanted.kind == PassEnd::Hangs)
    seconds = mostSecondsOfSmaller;
  return llvm::success();
}

bool Search::shows(ModuleOp smaller) {
  if (!test.empty()) {
    llvm::Expected<bool> found = showsToTest(smaller);
    if (found)
      return *found;
    (void)fail(found.takeError());
    return false;
  }
  llvm::Expected<PassEnd> end = tryOn(smaller);
  if (end)
    return end->isLike(wanted);
  (void)fail(end.takeError());
  return false;
}

static LogicalResult writeReduced(llvm::StringRef text,
                                  const std::string &path) {
  if (path.empty() || path == "-") {
    llvm::outs() << text;
    return llvm::success();
  }
  if (llvm::Error error = files::writeFile(path, text))
    return fail(std::move(error));
  return llvm::success();
}

static size_t countOps(ModuleOp module) {
  size_t count = 0;
  module.walk([&](mlir::Operation *op) { count += op != module; });
  return count;
}

/// Reads the module and the passes that are to run on it.
static mlir::OwningOpRef<ModuleOp> readInput(const Arguments &arguments,
                                             llvm::SourceMgr &sources,
                                             mlir::MLIRContext &context,
                                             std::string &passes) {
  auto text = files::readFile(arguments.model, files::limits::module);
  if (!text) {
    (void)fail(text.takeError());
    return {};
  }
  sources.AddNewSourceBuffer(std::move(*text), llvm::SMLoc());
  auto module = pipeline::readModule(sources, &context, &passes);
  if (!arguments.options.passes.empty())
    passes = arguments.options.passes;
  return module && succeeded(readPasses(passes, arguments.model))
             ? std::move(module)
             : mlir::OwningOpRef<ModuleOp>();
}

int driver::reduce(const Arguments &arguments) {
  mlir::DialectRegistry registry;
  pipeline::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  DiagnosticPrinter diagnostics(context, sources);
  std::string passes;
  auto module = readInput(arguments, sources, context, passes);
  if (!module)
    return 1;
  Search search(arguments, passes);
  if (failed(search.begin(*module)))
    return 1;
  size_t before = countOps(*module);
  transforms::reduceModule(
      module, [&](ModuleOp smaller) { return search.shows(smaller); });
  files::printMessage(llvm::errs(), files::Severity::Note,
                      std::to_string(countOps(*module)) + " of " +
                          std::to_string(before) + " operations are left");
  return failed(writeReduced(search.textOf(*module), arguments.output));
}
