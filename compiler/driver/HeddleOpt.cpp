//===- HeddleOpt.cpp - heddle-opt: any pass alone, on any stage -----------===//

#include "compiler/pipeline/Pipeline.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

static bool asksForHelp(llvm::StringRef word) {
  return word == "--help" || word == "-help" || word == "-h";
}

int main(int argc, char **argv) {
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
  return mlir::failed(mlir::MlirOptMain(
      argc, argv, "Heddle's passes, one at a time\n", registry));
}
