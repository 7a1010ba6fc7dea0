//===- Compilation.cpp - one model on its way through the stages ----------===//

#include "compiler/driver/Compilation.h"
#include "compiler/checkpoint/Answers.h"
#include "compiler/checkpoint/Generation.h"
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/Tokenizer.h"
#include "compiler/codegen/Interface.h"
#include "compiler/codegen/Object.h"
#include "compiler/driver/FilesBeside.h"
#include "compiler/driver/Passes.h"
#include "compiler/driver/Weights.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/Message.h"
#include "compiler/files/SharedFiles.h"
#include "compiler/pipeline/Observe.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/ReadModule.h"
#include "dialects/program/Program.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using pipeline::Stage;

std::string driver::nameOfPath(llvm::StringRef path) {
  llvm::SmallString<128> real;
  if (llvm::sys::fs::real_path(path, real))
    real = path;
  return (llvm::sys::fs::is_directory(real) ? llvm::sys::path::filename(real)
                                            : llvm::sys::path::stem(real))
      .str();
}

llvm::LogicalResult driver::fail(const llvm::Twine &message) {
  files::printMessage(llvm::errs(), files::Severity::Error, message);
  return llvm::failure();
}

llvm::LogicalResult driver::fail(llvm::Error error) {
  // LLVM quotes a path and begins a reason of the system with a capital.
  error = llvm::handleErrors(
      std::move(error),
      [](std::unique_ptr<llvm::FileError> error) -> llvm::Error {
        std::string reason = error->messageWithoutFileInfo();
        reason[0] = llvm::toLower(reason[0]);
        return llvm::createStringError(error->getFileName() + ": " + reason);
      });
  return fail(llvm::toString(std::move(error)));
}

Compilation::Compilation(const Arguments &arguments)
    : arguments(arguments), options_(arguments.options),
      context(mlir::MLIRContext::Threading::DISABLED) {
  timing.setEnabled(arguments.timePasses);
  rootTiming = timing.getRootScope();
  mlir::DialectRegistry registry;
  pipeline::registerDialects(registry);
  context.appendDialectRegistry(registry);
  // A mistake is told in one line; the op may be as long as the module.
  context.printOpOnDiagnostic(false);
  diagnostics = std::make_unique<DiagnosticPrinter>(context, sources);
  if (options_.remarks)
    printRemarks(context);
}

Compilation::~Compilation() = default;

llvm::LogicalResult Compilation::findInputs() {
  namespace fs = llvm::sys::fs;
  for (llvm::StringRef path :
       {arguments.model, arguments.weights, arguments.config}) {
    fs::file_status status;
    if (path.empty())
      continue;
    if (std::error_code error = fs::status(path, status))
      return fail(llvm::createFileError(path, error));
  }
  modelFile = arguments.model;
  bool isCheckpoint = checkpoint::isCheckpoint(arguments.model);
  std::string weightsPath = arguments.weights;
  if (isCheckpoint && weightsPath.empty() && !arguments.randomWeights)
    weightsPath = arguments.model;
  if (!weightsPath.empty()) {
    inputs.addCheckpoint(weightsPath);
    if (failed(openTexts(weightsPath, weights)))
      return llvm::failure();
  }
  if (failed(findConfig(isCheckpoint)))
    return llvm::failure();
  if (isCheckpoint)
    return findModelFile();
  inputs.add(modelFile);
  llvm::StringRef name = modelFile;
  if (!name.ends_with(".heddle") && !name.ends_with(".mlir"))
    return fail(name + ": needed a model file (.heddle), a checkpoint "
                       "(a directory or a GGUF file) or a module (.mlir)");
  return llvm::success();
}

/// The source of a path, from which texts may be asked.
llvm::LogicalResult
Compilation::openTexts(llvm::StringRef path,
                       std::unique_ptr<checkpoint::Source> &source) {
  source = checkpoint::createSource(path);
  checkpoint::Problems problems;
  if (source->holdsItsTexts() && !source->open(problems))
    problems.print(llvm::errs());
  return llvm::success(problems.empty());
}

/// The one that is given, else the one of the checkpoint.
llvm::LogicalResult Compilation::findConfig(bool isCheckpoint) {
  std::unique_ptr<checkpoint::Source> ofModel;
  bool hasOthers = isCheckpoint && !(weights && arguments.weights.empty());
  if (!arguments.config.empty()) {
    configFile = arguments.config;
  } else if (hasOthers) {
    if (failed(openTexts(arguments.model, ofModel)))
      return llvm::failure();
    configFile = ofModel->document("config.json");
  } else if (weights) {
    configFile = weights->document("config.json");
  }
  if (!weights &&
      failed(openTexts(configFile.text() ? arguments.model : configFile.name(),
                       besideConfig)))
    return llvm::failure();
  if (!configFile.isThere())
    return llvm::success();
  inputs.addConfig(configFile.name());
  return readConfig();
}

/// The example that is for the architecture which config.json names.
llvm::LogicalResult Compilation::findModelFile() {
  if (!config)
    return fail(arguments.model +
                ": found no config.json, needed one to know the architecture");
  modelFile = language::findModelFor(*config->getAsObject(), configFile.name(),
                                     {files::modelsDirectory()}, llvm::errs());
  return llvm::failure(modelFile.empty());
}

llvm::LogicalResult Compilation::readConfig() {
  checkpoint::Problems problems;
  config = checkpoint::parseJson(configFile, problems);
  if (config && !config->getAsObject())
    problems.add(configFile.name(), "found no object, needed { … }");
  if (problems.empty() && texts().document("modules.json").isThere()) {
    llvm::json::Object &object = *config->getAsObject();
    sentences = checkpoint::readSentenceTransformer(texts(), object, problems);
    if (sentences)
      object["sentence_transformers"] = sentences->forModelFile();
  }
  problems.print(llvm::errs());
  return llvm::success(problems.empty());
}

/// A checkpoint without tensors to find has its error when they are bound.
const llvm::StringSet<> &
Compilation::tensorPaths(const nn::WeightRules &rules) {
  if (paths)
    return *paths;
  paths.emplace();
  checkpoint::Problems ignored;
  if (!weights->open(ignored) || !weights->split(rules, ignored))
    return *paths;
  for (const checkpoint::StoredTensor &tensor : weights->tensors())
    if (std::optional<std::string> path = rules.pathOf(tensor.name))
      paths->insert(*path);
  return *paths;
}

void Compilation::noteShards() {
  checkpoint::Problems ignored;
  if (weights && weights->open(ignored))
    inputs.addAll(weights->filePaths());
}

language::ModelOptions Compilation::modelOptions() {
  language::ModelOptions options;
  options.modelFile = modelFile;
  options.config = config ? config->getAsObject() : nullptr;
  options.configFile = configFile.name();
  options.ignoredKeys = arguments.ignoredKeys;
  options.isReadElsewhere = [this](llvm::StringRef key) {
    return checkpoint::isGenerationKey(key) || checkpoint::isAnswerKey(key) ||
           (weights && weights->readsKey(key) &&
            weights->document("config.json") == configFile);
  };
  if (weights)
    options.tensorPaths =
        [this](const nn::WeightRules &rules) -> const llvm::StringSet<> & {
      return tensorPaths(rules);
    };
  options.values = arguments.sets;
  options.dims = arguments.dims;
  options.importPaths = {files::modelsDirectory()};
  return options;
}

llvm::LogicalResult Compilation::load() {
  mlir::TimingScope scope = time("load");
  if (failed(findInputs()))
    return llvm::failure();
  if (llvm::StringRef(modelFile).ends_with(".mlir")) {
    if (failed(loadMlir()))
      return llvm::failure();
    modelFiles_ = {modelFile};
  } else {
    language::LoadedModel model =
        language::loadModel(context, modelOptions(), llvm::errs());
    module_ = std::move(model.module);
    keys = std::move(model.keys);
    inputs.addAll(model.files);
    modelFiles_ = std::move(model.files);
    if (!module_)
      return llvm::failure();
  }
  if (weights && !arguments.randomWeights)
    keepStoredTypes();
  if (!arguments.name.empty())
    rename();
  return checkPasses();
}

/// Lists the weights that the checkpoint holds as integers, or as floats of
/// fewer bits than f32. One without tensors to find has its error when they are
/// bound.
void Compilation::keepStoredTypes() {
  nn::WeightRules rules = weightRules(*module_);
  checkpoint::Problems ignored;
  if (!weights->open(ignored) || !weights->split(rules, ignored))
    return;
  for (const checkpoint::StoredTensor &tensor : weights->tensors()) {
    std::optional<std::string> path = rules.pathOf(tensor.name);
    if (!path)
      continue;
    auto rule = [&](kernel::PackedType type) {
      return *path + "=" + kernel::nameOf(type).str();
    };
    if (auto type = weights->integersOf(tensor)) {
      if (options_.keepIntegers)
        options_.stored.push_back(rule(*type));
    } else if (kernel::PackedType type = weights->floatsOf(tensor);
               type != kernel::PackedType::F32 && options_.dtype == "stored") {
      options_.storedFloats.push_back(rule(type));
    }
  }
}

llvm::LogicalResult Compilation::writeModel(llvm::StringRef source,
                                            llvm::raw_ostream &os) {
  if (llvm::StringRef(modelFile).ends_with(".mlir"))
    return fail(modelFile + ": is a module, needed a model file or a "
                            "checkpoint");
  inputs.add(modelFile);
  return llvm::success(language::writeModelFor(context, modelOptions(), source,
                                               os, llvm::errs()));
}

/// Gives the module the name of --name, wherever its stage keeps it.
void Compilation::rename() {
  if (auto description = program::descriptionOf(*module_))
    description.setName(arguments.name);
  else
    (*module_)->setAttr(nn::NNDialect::kModelAttr,
                        mlir::StringAttr::get(&context, arguments.name));
}

llvm::LogicalResult Compilation::loadMlir() {
  auto buffer = files::readFile(modelFile, files::limits::module);
  if (!buffer)
    return fail(buffer.takeError());
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  module_ = pipeline::readModule(sources, &context);
  if (!module_)
    return llvm::failure();
  stage = pipeline::stageOf(*module_);
  return llvm::success();
}

llvm::LogicalResult
Compilation::run(mlir::ModuleOp module,
                 llvm::function_ref<void(mlir::OpPassManager &)> build,
                 pipeline::Origin *origin) {
  mlir::TimingScope scope = time("passes");
  mlir::PassManager passes(&context);
  build(passes);
  if (!arguments.printIrAfter.empty())
    if (llvm::Error error =
            pipeline::printIrAfter(passes, arguments.printIrAfter))
      return fail(std::move(error));
  bool cannotPrint = false;
  if (!arguments.printIrDirectory.empty() &&
      llvm::StringRef(modelFile).ends_with(".mlir") &&
      inputs.anyIn(arguments.printIrDirectory))
    return fail(arguments.printIrDirectory +
                ": is where the module lies that this build reads, needed "
                "another directory to print to");
  if (!arguments.printIrDirectory.empty())
    if (llvm::Error error = pipeline::printIrToDirectory(
            passes, arguments.printIrDirectory, cannotPrint))
      return fail(std::move(error));
  if (watch_)
    watch_(passes);
  passes.enableTiming(scope);
  auto tell = [&](const pipeline::PassFailure &failure) {
    (void)reportFailure(failure, arguments);
  };
  if (auto failure = pipeline::runPasses(passes, module, origin,
                                         !arguments.reproducer.empty(), tell))
    return reportFailure(*failure, arguments);
  return llvm::failure(cannotPrint);
}

llvm::LogicalResult Compilation::describe() {
  if (stage != Stage::Nn && stage != Stage::NnFused)
    return llvm::success();
  return run(*module_, [&](mlir::OpPassManager &passes) {
    pipeline::buildDescription(passes, options_);
  });
}

llvm::LogicalResult Compilation::readProgram() {
  llvm::FailureOr<codegen::Program> program = codegen::readProgram(*module_);
  if (failed(program))
    return llvm::failure();
  program_ = std::move(*program);
  const llvm::json::Object *object = config ? config->getAsObject() : nullptr;
  if (failed(readPreprocessor(texts(), object, program_)) ||
      failed(readAnswer(texts(), object, configFile.name(), program_)))
    return llvm::failure();
  return readFilesBeside(arguments, configFile, texts(), weights != nullptr,
                         sentences, program_, tokenizer_);
}

llvm::LogicalResult Compilation::readSpecialTokens() {
  checkpoint::Problems problems;
  for (checkpoint::SpecialToken &token :
       checkpoint::readSpecialTokens(texts(), problems))
    if (llvm::isInt<32>(token.id))
      program_.specialTokens.emplace_back(std::move(token.name), token.id);
  problems.print(llvm::errs());
  return llvm::success(problems.empty());
}
