//===- Compilation.cpp ----------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "compiler/codegen/Interface.h"
#include "compiler/codegen/Object.h"
#include "compiler/pipeline/Observe.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using pipeline::Stage;

llvm::LogicalResult driver::fail(const llvm::Twine &message) {
  llvm::WithColor::error() << message << "\n";
  return llvm::failure();
}

llvm::LogicalResult driver::fail(llvm::Error error) {
  return fail(llvm::toString(std::move(error)));
}

Compilation::Compilation(const Arguments &arguments)
    : arguments(arguments), context(mlir::MLIRContext::Threading::DISABLED) {
  timing.setEnabled(arguments.timePasses);
  rootTiming = timing.getRootScope();
  mlir::DialectRegistry registry;
  pipeline::registerDialects(registry);
  context.appendDialectRegistry(registry);
  diagnostics =
      std::make_unique<mlir::SourceMgrDiagnosticHandler>(sources, &context);
  if (!arguments.options.remarks)
    remarkFilter = std::make_unique<mlir::ScopedDiagnosticHandler>(
        &context, [](mlir::Diagnostic &diagnostic) {
          return llvm::success(diagnostic.getSeverity() ==
                               mlir::DiagnosticSeverity::Remark);
        });
}

Compilation::~Compilation() = default;

llvm::LogicalResult Compilation::load() {
  mlir::TimingScope scope = rootTiming.nest("load");
  if (!llvm::sys::fs::exists(arguments.model))
    return fail(arguments.model + ": no such file");
  if (llvm::StringRef(arguments.model).ends_with(".mlir"))
    return loadMlir();
  return fail(arguments.model + ": needed a model file (.heddle), a checkpoint "
                                "directory or a module (.mlir)");
}

llvm::LogicalResult Compilation::loadMlir() {
  auto buffer = llvm::MemoryBuffer::getFile(arguments.model);
  if (!buffer)
    return fail(llvm::createFileError(arguments.model, buffer.getError()));
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  module_ = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module_)
    return llvm::failure();
  stage = pipeline::stageOf(*module_);
  return llvm::success();
}

llvm::LogicalResult Compilation::lowerTo(Stage target) {
  assert(target <= Stage::Llvm && "later stages are no modules");
  mlir::TimingScope scope = rootTiming.nest("passes");
  mlir::PassManager passes(&context);
  pipeline::buildPipeline(passes, arguments.options, stage, target);
  if (!arguments.printIrAfter.empty())
    if (llvm::Error error =
            pipeline::printIrAfter(passes, arguments.printIrAfter))
      return fail(std::move(error));
  if (!arguments.printIrDirectory.empty())
    if (llvm::Error error =
            pipeline::printIrToDirectory(passes, arguments.printIrDirectory))
      return fail(std::move(error));
  passes.enableTiming(scope);
  if (failed(passes.run(*module_)))
    return llvm::failure();
  stage = std::max(stage, target);
  return llvm::success();
}

llvm::LogicalResult Compilation::translate(bool withMain) {
  machine_ =
      codegen::createTargetMachine(arguments.options.target, llvm::errs());
  if (!machine_)
    return llvm::failure();
  llvm::FailureOr<codegen::Program> program =
      codegen::getProgramAttribute(*module_);
  if (failed(program))
    return llvm::failure();
  program_ = std::move(*program);
  {
    mlir::TimingScope scope = rootTiming.nest("translate");
    llvmModule_ = codegen::translateToLlvm(
        *module_, program_, *machine_,
        codegen::tuneCpu(arguments.options.target), withMain, llvmContext);
  }
  if (!llvmModule_)
    return llvm::failure();
  mlir::TimingScope scope = rootTiming.nest("optimise");
  codegen::optimise(*llvmModule_, *machine_);
  return llvm::success();
}

llvm::LogicalResult Compilation::link(codegen::Linkage linkage,
                                      llvm::StringRef soname,
                                      llvm::StringRef path) {
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  {
    mlir::TimingScope scope = rootTiming.nest("machine code");
    codegen::emitMachineCode(*llvmModule_, *machine_,
                             codegen::MachineCode::Object, os);
  }
  codegen::LinkOptions options;
  options.linkage = linkage;
  options.triple = machine_->getTargetTriple();
  options.isStatic = arguments.isStatic;
  options.sysroot = arguments.sysroot;
  options.runtimeDirectory = arguments.runtimeDirectory;
  options.exports = codegen::interfaceSymbols(program_);
  if (llvmModule_->getFunction("main"))
    options.exports.push_back("main");
  options.soname = soname.str();
  mlir::TimingScope scope = rootTiming.nest("link");
  if (llvm::Error error = codegen::link(
          llvm::StringRef(object.data(), object.size()), options, path))
    return fail(std::move(error));
  return llvm::success();
}
