//===- Recorder.h - all that a page tells of one compilation --------------===//
//
// Whoever compiles tells the recorder of each stage; it looks at the module
// between the passes by itself.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_RECORDER_H
#define HEDDLE_COMPILER_EXPLAIN_RECORDER_H

#include "compiler/explain/Page.h"
#include "compiler/explain/PassLog.h"
#include "compiler/explain/Places.h"
#include "compiler/explain/SiteFunctions.h"

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::explain {

class Recorder {
public:
  /// From now on, remarks of this context are collected.
  explicit Recorder(mlir::MLIRContext &context);

  /// The model file, or one that it imports.
  void addFile(llvm::StringRef name, llvm::StringRef text);

  /// Looks at what these passes do.
  void watch(mlir::PassManager &passes);

  /// The passes from here on lead to `stage`.
  void goTo(llvm::StringRef stage) { passes.setStage(stage); }

  /// The model file's tree as text, and of each of its lines the first and the
  /// last one of that file; 0: none.
  void addTree(llvm::StringRef name, llvm::StringRef file, llvm::StringRef text,
               llvm::ArrayRef<std::pair<unsigned, unsigned>> lines);

  /// The module is at this stage.
  void addStage(llvm::StringRef name, mlir::ModuleOp module);

  /// The description at the end, where no pass has made one.
  void addProgram(mlir::ModuleOp module);

  /// The last two stages.
  void addLlvm(llvm::StringRef name, const llvm::Module &module);
  void addAssembly(llvm::StringRef name, llvm::StringRef text);

  /// How the page is headed: model, source, machine.
  void setFact(llvm::StringRef name, llvm::json::Value value) {
    facts[name] = std::move(value);
  }

  const llvm::json::Object &known() const { return facts; }

  /// What the page holds; nothing can be added after.
  Chunks finish();

private:
  void afterPass(llvm::StringRef pass, mlir::ModuleOp module);
  void describe(mlir::ModuleOp module);
  PlacesOfFunctions linesOfFunctions() {
    return placesOfFunctions(functions, placesOfSites, places);
  }
  void addText(llvm::StringRef name, llvm::StringRef text,
               llvm::ArrayRef<unsigned> lines);

  Places places;
  PassLog passes;
  llvm::json::Array remarks, stages;
  llvm::json::Object facts, graphs;
  SitesOfFunctions functions;
  std::vector<unsigned> placesOfSites;
  bool isDescribed = false;
  Chunks chunks;
};

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_RECORDER_H
