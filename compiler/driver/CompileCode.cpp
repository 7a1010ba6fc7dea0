//===- CompileCode.cpp - from a module to code, for every processor -------===//
//
// Up to kernel ops a program is the same for all processors of an architecture,
// weights and memory included. From there on each has a module of its own, and
// of LLVM IR, so that threads may work on them side by side.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Interface.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Flags.h"
#include "compiler/pipeline/PassText.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>

using namespace heddle;
using namespace heddle::driver;
using pipeline::Stage;

llvm::LogicalResult Compilation::chooseProcessors() {
  if (!codes.empty())
    return llvm::success();
  std::vector<codegen::TargetOptions> targets = arguments.processors;
  if (!targets.empty() && pipeline::hasVectorCode(*module_)) {
    if (!arguments.areProcessorsUsual)
      return fail(modelFile + ": is code for one processor, needed one --cpu");
    targets.clear();
  }
  if (targets.empty())
    targets.push_back(options_.target);
  for (const codegen::TargetOptions &target : targets) {
    codegen::Code &code = codes.emplace_back();
    code.target = target;
    code.machine = codegen::createTargetMachine(target, llvm::errs());
    if (!code.machine)
      return llvm::failure();
  }
  auto canDo = [](const codegen::Code &code) {
    std::string beyond = codegen::cpuFeatures(*code.machine);
    return std::pair(codegen::cpuLevel(*code.machine),
                     beyond.empty() ? 0 : 1 + llvm::count(beyond, ','));
  };
  llvm::stable_sort(codes, [&](const codegen::Code &a, const codegen::Code &b) {
    return canDo(a) < canDo(b);
  });
  options_.target = codes.front().target;
  return llvm::success();
}

/// A part of the user's pipeline, for one processor.
static void addGivenPasses(mlir::OpPassManager &passes, llvm::StringRef text,
                           const codegen::TargetOptions &target) {
  std::string unit = pipeline::vectorUnit(target);
  [[maybe_unused]] bool parsed = succeeded(pipeline::parsePasses(
      pipeline::forVectorUnit(text, unit), "--passes", passes, llvm::errs()));
  assert(parsed && "they have been read before (Passes.h)");
}

/// Those of the user, else ours.
void Compilation::addPasses(mlir::OpPassManager &passes, Stage upTo) {
  if (options_.passes.empty())
    return pipeline::buildPipeline(passes, options_, stage, upTo);
  addGivenPasses(passes, options_.passes, options_.target);
}

/// Whether other passes will find the ones that they are to run behind.
llvm::LogicalResult Compilation::checkPasses() {
  Stage upTo = std::min(arguments.emit.value_or(Stage::Llvm), Stage::Llvm);
  if (llvm::Error error = pipeline::checkInsertions(options_, stage, upTo))
    return fail(std::move(error));
  return llvm::success();
}

llvm::FailureOr<std::string> Compilation::passesTo(Stage target) {
  if (target >= Stage::Vector && failed(chooseProcessors()))
    return llvm::failure();
  mlir::OpPassManager passes;
  options_.isForEachProcessor = codes.size() > 1;
  addPasses(passes, target);
  return pipeline::textOf(passes);
}

/// What is to become code needs to have come as far as our own passes take it.
llvm::LogicalResult Compilation::runGivenPasses(Stage target) {
  auto runAll = [&](mlir::OpPassManager &passes) { addPasses(passes, target); };
  if (failed(codes.size() > 1 ? runGivenForProcessors()
                              : run(*module_, runAll)))
    return llvm::failure();
  stage = pipeline::stageOf(*module_);
  if (target == Stage::Llvm && stage != Stage::Llvm)
    return fail("--passes: found a module at the stage " + nameOf(stage) +
                " behind them, needed llvm, where those of --print-passes end");
  return llvm::success();
}

llvm::LogicalResult Compilation::lowerTo(Stage target) {
  assert(target <= Stage::Llvm && "later stages are no modules");
  if (target >= Stage::Vector && failed(chooseProcessors()))
    return llvm::failure();
  if (!options_.passes.empty())
    return runGivenPasses(target);
  if (codes.size() > 1 && stage < Stage::Vector)
    return lowerForProcessors();
  if (failed(run(*module_, [&](mlir::OpPassManager &passes) {
        addPasses(passes, target);
      })))
    return llvm::failure();
  stage = std::max(stage, target);
  return llvm::success();
}

/// Runs passes on the modules of all codes, side by side.
llvm::LogicalResult Compilation::runOnModules(
    llvm::function_ref<void(mlir::OpPassManager &, const codegen::Code &)>
        build) {
  std::atomic<bool> failed = false;
  auto lower = [&](size_t i) {
    auto buildOne = [&](mlir::OpPassManager &passes) {
      build(passes, codes[i]);
    };
    if (llvm::failed(run(*modules[i].module, buildOne, &modules[i].origin)))
      failed = true;
  };
  if (timing.isEnabled()) { // scopes are of one thread
    for (size_t i = 0; i < codes.size(); ++i)
      lower(i);
  } else {
    context.loadAllAvailableDialects(); // which threads may not
    context.enableMultithreading();
    llvm::parallelFor(0, codes.size(), lower);
    context.disableMultithreading();
  }
  return llvm::failure(failed);
}

llvm::LogicalResult Compilation::lowerModules(Stage from, Stage upTo) {
  return runOnModules(
      [&](mlir::OpPassManager &passes, const codegen::Code &code) {
        pipeline::Options options = options_;
        options.target = code.target;
        pipeline::buildPipeline(passes, options, from, upTo);
      });
}

/// A processor whose vector code is that of one which can do less needs none of
/// its own where nobody has asked for it by name.
void Compilation::dropTwins() {
  auto drop = [&](size_t i) {
    codes.erase(codes.begin() + i);
    modules.erase(modules.begin() + i);
  };
  for (size_t i = 1; i < codes.size();) {
    if (!mlir::OperationEquivalence::isEquivalentTo(
            *modules[i - 1].module, *modules[i].module,
            mlir::OperationEquivalence::Flags::IgnoreLocations)) {
      ++i;
      continue;
    }
    codes[i - 1].target.isForTwins = false;
    if (std::string tune = codegen::tuneCpu(codes[i].target); !tune.empty())
      codes[i - 1].target.tune = tune;
    drop(i);
  }
  for (size_t i = codes.size(); i--;)
    if (codes[i].target.isForTwins)
      drop(i);
}

llvm::LogicalResult Compilation::lowerForProcessors() {
  if (failed(run(*module_, [&](mlir::OpPassManager &passes) {
        pipeline::buildPipeline(passes, options_, stage, Stage::Kernel);
      })))
    return llvm::failure();
  for (size_t i = 0; i < codes.size(); ++i)
    modules.push_back({module_->clone(), {*module_, ""}});
  if (failed(lowerModules(Stage::Kernel, Stage::Vector)))
    return llvm::failure();
  if (arguments.areProcessorsUsual)
    dropTwins();
  if (failed(lowerModules(Stage::Vector, Stage::Llvm)))
    return llvm::failure();
  module_ = std::move(modules.front().module);
  stage = Stage::Llvm;
  return llvm::success();
}

/// The user's pipeline, which kernel-to-vector parts as a stage parts ours.
llvm::LogicalResult Compilation::runGivenForProcessors() {
  pipeline::PassParts parts = pipeline::partsOf(options_.passes);
  auto runPart = [&](llvm::StringRef part) {
    return runOnModules(
        [&](mlir::OpPassManager &passes, const codegen::Code &code) {
          addGivenPasses(passes, part, code.target);
        });
  };
  if (failed(run(*module_, [&](mlir::OpPassManager &passes) {
        addGivenPasses(passes, parts.common, options_.target);
      })))
    return llvm::failure();
  for (size_t i = 0; i < codes.size(); ++i)
    modules.push_back({module_->clone(), {*module_, ""}});
  if (failed(runPart(parts.vector)))
    return llvm::failure();
  if (arguments.areProcessorsUsual)
    dropTwins();
  if (failed(runPart(parts.behind)))
    return llvm::failure();
  module_ = std::move(modules.front().module);
  return llvm::success();
}

void Compilation::forEachCode(llvm::function_ref<void(codegen::Code &)> work) {
  llvm::parallelForEach(codes.begin(), codes.end(), work);
}

llvm::LogicalResult Compilation::translate(codegen::MainKind main) {
  if (failed(chooseProcessors()))
    return llvm::failure();
  {
    mlir::TimingScope scope = time("translate");
    for (auto [i, code] : llvm::enumerate(codes))
      if (failed(codegen::translateToLlvm(i ? *modules[i].module : *module_,
                                          program_, arguments.debugInfo, code)))
        return llvm::failure();
    codegen::addProgram(codes, program_, main);
  }
  mlir::TimingScope scope = time("optimise");
  forEachCode([](codegen::Code &code) {
    codegen::optimise(*code.module, *code.machine);
  });
  return llvm::success();
}

/// One a processor.
void Compilation::emitObjects(
    std::vector<llvm::SmallVector<char, 0>> &objects) {
  mlir::TimingScope scope = time("machine code");
  size_t first = objects.size();
  objects.resize(first + codes.size());
  forEachCode([&](codegen::Code &code) {
    llvm::raw_svector_ostream os(objects[first + (&code - codes.data())]);
    codegen::emitMachineCode(code, codegen::MachineCode::Object, os);
  });
}

void Compilation::setDraft(Compilation &other) {
  draft = &other;
  program_.draft = other.program_.name;
}

void Compilation::becomeDraft() {
  program_.isDraft = true;
  program_.hasTokenizer = false;
  program_.generation.reset();
  program_.sentences.reset();
  program_.chat.reset();
  program_.answer.reset();
  program_.specialTokens.clear();
  tokenizer_.clear();
}

llvm::FailureOr<std::unique_ptr<llvm::MemoryBuffer>>
Compilation::link(codegen::Linkage linkage, llvm::StringRef soname,
                  llvm::ArrayRef<llvm::StringRef> exports) {
  std::vector<llvm::SmallVector<char, 0>> bytes;
  emitObjects(bytes);
  if (draft)
    draft->emitObjects(bytes);
  codegen::LinkOptions options;
  options.linkage = linkage;
  options.triple = code().machine->getTargetTriple();
  options.isStatic = arguments.isStatic;
  options.serves = arguments.serves;
  options.sysroot = arguments.sysroot;
  options.runtimeDirectory = arguments.runtimeDirectory;
  options.exports = codegen::interfaceSymbols(program_);
  if (linkage == codegen::Linkage::SharedLibrary)
    options.exports.push_back(codegen::libraryInterface.str());
  if (code().module->getFunction("main"))
    options.exports.push_back("main");
  for (llvm::StringRef name : exports)
    options.exports.push_back(name.str());
  options.soname = soname.str();
  mlir::TimingScope scope = time("link");
  auto objects = llvm::map_to_vector(bytes, [](const auto &object) {
    return llvm::StringRef(object.data(), object.size());
  });
  auto linked = codegen::link(objects, options);
  if (!linked)
    return fail(linked.takeError());
  return std::move(*linked);
}
