//===- HeddleOpt.cpp - heddle-opt: any pass alone, on any stage -----------===//

#include "compiler/pipeline/Pipeline.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  heddle::pipeline::registerDialects(registry);
  heddle::pipeline::registerPasses();
  return mlir::failed(mlir::MlirOptMain(
      argc, argv, "Heddle's passes, one at a time\n", registry));
}
