//===- Reduce.cpp - heddle reduce -----------------------------------------===//

#include "compiler/driver/Reduce.h"
#include "compiler/driver/Compilation.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/OutputFile.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/ReadModule.h"
#include "compiler/transforms/ReduceModule.h"
#include "mlir/Reducer/Tester.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;
using mlir::ModuleOp;

static std::string textOfModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  os << "\n";
  return text;
}

/// The test's program: a path, or a name as a shell finds it.
static LogicalResult findTest(llvm::StringRef name, std::string &path) {
  auto found = llvm::sys::findProgramByName(name);
  if (!found || !llvm::sys::fs::can_execute(*found))
    return fail("--test: found " + name + ", needed a program or a script");
  path = *found;
  return llvm::success();
}

/// Errors of the test itself are LLVM's, which end the process.
static LogicalResult reduceFor(mlir::OwningOpRef<ModuleOp> &module,
                               llvm::StringRef name, llvm::StringRef test) {
  mlir::Tester tester(test, {});
  auto shows = [&](ModuleOp smaller) {
    return tester.isInteresting(smaller).first ==
           mlir::Tester::Interestingness::True;
  };
  if (!shows(*module))
    return fail(name + ": the test ends with code 0, needed another one, as "
                       "where it shows what is looked for");
  transforms::reduceModule(module, shows);
  return llvm::success();
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

int driver::reduce(const Arguments &arguments) {
  std::string test;
  if (failed(findTest(arguments.test, test)))
    return 1;
  auto text = files::readFile(arguments.model, files::limits::module);
  if (!text)
    return failed(fail(text.takeError()));
  mlir::DialectRegistry registry;
  pipeline::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  DiagnosticPrinter diagnostics(context, sources);
  sources.AddNewSourceBuffer(std::move(*text), llvm::SMLoc());
  mlir::OwningOpRef<ModuleOp> module = pipeline::readModule(sources, &context);
  if (!module || failed(reduceFor(module, arguments.model, test)))
    return 1;
  return failed(writeReduced(textOfModule(*module), arguments.output));
}
