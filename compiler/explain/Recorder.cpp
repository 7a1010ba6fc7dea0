//===- Recorder.cpp - all that a page tells of one compilation ------------===//

#include "compiler/explain/Recorder.h"
#include "compiler/explain/CodeText.h"
#include "compiler/explain/Costs.h"
#include "compiler/explain/Graph.h"
#include "compiler/explain/HotLoops.h"
#include "compiler/explain/MemoryPlan.h"
#include "compiler/explain/Remarks.h"
#include "compiler/explain/StageText.h"
#include "dialects/program/Program.h"
#include "llvm/Support/FormatVariadic.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;

static std::string jsonOf(llvm::json::Value value) {
  return llvm::formatv("{0}", std::move(value)).str();
}

Recorder::Recorder(mlir::MLIRContext &context) {
  collectRemarks(context, places, remarks);
}

void Recorder::addFile(StringRef name, StringRef text) {
  places.addFile(name, text);
}

void Recorder::watch(mlir::PassManager &manager) {
  passes.watch(manager, [this](StringRef pass, mlir::ModuleOp module) {
    afterPass(pass, module);
  });
}

void Recorder::afterPass(StringRef pass, mlir::ModuleOp module) {
  // Only here are the ops still those of the model, and have their places.
  if (pass == "describe-program") {
    describe(module);
    facts["memory"] = memoryPlanOf(module, places);
    graphs["nn-fused"] = graphsOf(module, places);
  }
  // Only here are parallel regions functions, and marks still ops.
  if (pass == "kernel-outline-parallel")
    functions = sitesOfFunctions(module);
}

void Recorder::describe(mlir::ModuleOp module) {
  program::DescriptionOp description = program::descriptionOf(module);
  if (!description)
    return;
  isDescribed = true;
  for (auto site : description.getOps<program::SiteOp>()) {
    size_t number = site.getNumber();
    if (placesOfSites.size() <= number)
      placesOfSites.resize(number + 1);
    placesOfSites[number] = places.of(site.getLoc());
  }
  facts["sizes"] = sizesOf(description);
  facts["entries"] = entriesOf(description);
  facts["caches"] = cachesOf(description);
  facts["weights"] = weightsOf(description);
  facts["sites"] = sitesOf(description, countRuns(module), places);
}

void Recorder::addText(StringRef name, StringRef text,
                       llvm::ArrayRef<unsigned> lines) {
  stages.push_back(Object{
      {"name", name}, {"lines", lines.size()}, {"places", runLengths(lines)}});
  chunks.emplace_back(("text-" + name).str(), jsonText(text));
}

void Recorder::addTree(StringRef name, StringRef file, StringRef text,
                       llvm::ArrayRef<std::pair<unsigned, unsigned>> lines) {
  int number = places.fileNamed(file);
  std::vector<unsigned> sets;
  for (auto [first, last] : lines) {
    std::vector<ModelLine> of;
    for (unsigned line = first; line && line <= last && number >= 0; ++line)
      of.emplace_back(number, line);
    sets.push_back(places.of(std::move(of)));
  }
  addText(name, text, sets);
}

void Recorder::addStage(StringRef name, mlir::ModuleOp module) {
  StageText text = printStage(module, places);
  addText(name, text.text, text.places);
  if (name == "nn")
    graphs["nn"] = graphsOf(module, places);
}

void Recorder::addProgram(mlir::ModuleOp module) {
  if (!isDescribed)
    describe(module);
}

void Recorder::addLlvm(StringRef name, const llvm::Module &module) {
  StageText text = printLlvm(module, linesOfFunctions(), places);
  addText(name, text.text, text.places);
}

void Recorder::addAssembly(StringRef name, StringRef text) {
  facts["loops"] = loopsAsJson(hotLoopsOf(text), functions);
  addText(name, text, placesOfAssembly(text, linesOfFunctions(), places));
}

Chunks Recorder::finish() {
  for (StringRef list : {"sizes", "entries", "caches", "weights", "sites",
                         "memory", "loops", "measured"})
    if (!facts.get(list))
      facts[list] = Array();
  std::vector<llvm::json::Value> diffs = passes.takeDiffs();
  for (size_t number = 0; number < diffs.size(); ++number)
    if (diffs[number].getAsArray())
      chunks.emplace_back("pass-" + std::to_string(number),
                          jsonOf(std::move(diffs[number])));
  facts["stages"] = std::move(stages);
  facts["passes"] = passes.takeSummaries();
  facts["remarks"] = std::move(remarks);
  facts["graphs"] = std::move(graphs);
  facts["files"] = places.filesAsJson();
  facts["places"] = places.setsAsJson();
  chunks.emplace(chunks.begin(), "facts", jsonOf(std::move(facts)));
  return std::move(chunks);
}
