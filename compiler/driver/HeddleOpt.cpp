//===- HeddleOpt.cpp - heddle-opt: any pass alone, on any stage -----------===//

#include "compiler/files/InputFile.h"
#include "compiler/pipeline/PassText.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/ReadModule.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

static mlir::LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error() << message << "\n";
  return mlir::failure();
}

static bool asksForHelp(llvm::StringRef word) {
  return word == "--help" || word == "-help" || word == "-h";
}

/// The text of a file, or of standard input where that is `-`.
static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readInput(llvm::StringRef path) {
  if (path == "-")
    return llvm::errorOrToExpected(llvm::MemoryBuffer::getSTDIN());
  return heddle::files::readFile(path, heddle::files::limits::module);
}

namespace {

/// Stands before the passes asked for, in the place of the parser's verifier.
class VerifyReadPass
    : public mlir::PassWrapper<VerifyReadPass, mlir::OperationPass<>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifyReadPass)

  void runOnOperation() override {
    if (mlir::failed(heddle::pipeline::verifyRead(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace

/// A reproducer says which passes run, and nothing stands before them: there
/// the parser's verifier has to do.
static void verifyBeforePasses(mlir::MlirOptMainConfig &config) {
  if (!config.shouldVerifyOnParsing() || config.shouldRunReproducer())
    return;
  config.verifyOnParsing(false);
  config.setPassPipelineSetupFn([asked = config](mlir::PassManager &passes) {
    passes.addPass(std::make_unique<VerifyReadPass>());
    return asked.setupPassPipeline(passes);
  });
}

/// As mlir-opt does, of a text that its parser is equal to.
static mlir::LogicalResult run(llvm::StringRef input, llvm::StringRef output,
                               mlir::DialectRegistry &registry,
                               const mlir::MlirOptMainConfig &config) {
  auto read = readInput(input);
  if (!read)
    return fail(llvm::toString(read.takeError()));
  std::unique_ptr<llvm::MemoryBuffer> text = std::move(*read);
  mlir::MLIRContext context;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(*text),
                             llvm::SMLoc());
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);
  if (mlir::failed(heddle::pipeline::checkText(*text, &context)))
    return mlir::failure();
  std::string error;
  auto file = mlir::openOutputFile(output, &error);
  if (!file)
    return fail(error);
  if (mlir::failed(
          mlir::MlirOptMain(file->os(), std::move(text), registry, config)))
    return mlir::failure();
  file->keep();
  return mlir::success();
}

/// Before MLIR reads the command line, which then has a flag for each of their
/// passes. It is left what else there is: of plugins it asks less than we do.
static mlir::LogicalResult loadPlugins(llvm::SmallVectorImpl<char *> &words) {
  llvm::SmallVector<char *> others;
  for (size_t i = 0; i < words.size(); ++i) {
    llvm::StringRef flag = llvm::StringRef(words[i]).ltrim('-'), file;
    if (flag == "load-pass-plugin" && i + 1 < words.size()) {
      file = words[++i];
    } else if (flag.consume_front("load-pass-plugin=")) {
      file = flag;
    } else {
      others.push_back(words[i]);
      continue;
    }
    if (llvm::Error error = heddle::pipeline::loadPassPlugin(file))
      return fail(llvm::toString(std::move(error)));
  }
  words = std::move(others);
  return mlir::success();
}

int main(int argc, char **argv) {
  llvm::SmallVector<char *> words(argv, argv + argc);
  if (mlir::failed(loadPlugins(words)))
    return 1;
  argc = words.size();
  words.push_back(nullptr);
  argv = words.data();
  // MLIR's help lists hundreds of options; what is ours stands before it.
  if (llvm::any_of(llvm::ArrayRef(argv + 1, argc - 1), asksForHelp)) {
    heddle::pipeline::registerHeddlePasses();
    llvm::outs() << "Heddle's passes: heddle-opt FILE.mlir --PASS …\n\n";
    mlir::printRegisteredPasses();
    llvm::outs() << "\nAll options, MLIR's passes and tools among them:\n\n";
    llvm::outs().flush();
  }
  mlir::DialectRegistry registry;
  heddle::pipeline::registerDialects(registry);
  heddle::pipeline::registerPasses();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "Heddle's passes, one at a time\n", registry);
  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  verifyBeforePasses(config);
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::failed(mlir::MlirOptMain(argc, argv, input, output, registry));
  return mlir::failed(run(input, output, registry, config));
}
