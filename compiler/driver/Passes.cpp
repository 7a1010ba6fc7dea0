//===- Passes.cpp - passes that the user brings ---------------------------===//

#include "compiler/driver/Passes.h"
#include "compiler/driver/Compilation.h"
#include "compiler/pipeline/PassText.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;

LogicalResult driver::preparePasses(const Arguments &arguments) {
  const pipeline::Options &options = arguments.options;
  if (arguments.passPlugins.empty() && options.passes.empty() &&
      options.passesAfter.empty())
    return llvm::success();
  pipeline::registerPasses();
  for (const std::string &file : arguments.passPlugins)
    if (llvm::Error error = pipeline::loadPassPlugin(file))
      return fail(std::move(error));
  mlir::OpPassManager passes;
  if (failed(pipeline::parsePasses(options.passes, "--passes", passes,
                                   llvm::errs())))
    return llvm::failure();
  for (const auto &[after, inserted] : options.passesAfter)
    if (failed(pipeline::parsePasses(inserted, "--passes-after", passes,
                                     llvm::errs())))
      return llvm::failure();
  return llvm::success();
}
