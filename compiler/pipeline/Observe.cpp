//===- Observe.cpp - looking at a module between passes -------------------===//

#include "compiler/pipeline/Observe.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

/// Argument names in the order of the pipeline, read from its text:
/// `builtin.module(canonicalize{…},func.func(cse))`.
static llvm::SetVector<StringRef> passNames(StringRef pipeline) {
  llvm::SetVector<StringRef> names;
  int depth = 0; // of option braces
  size_t start = 0;
  for (size_t i = 0; i <= pipeline.size(); ++i) {
    char c = i < pipeline.size() ? pipeline[i] : ',';
    if (c == '{' && depth++ == 0)
      names.insert(pipeline.slice(start, i));
    else if (c == '}')
      --depth;
    if (depth > 0 || !StringRef("(),}").contains(c))
      continue;
    // What stands before `(` is the kind of op that a nested pipeline works on.
    if (c == ',' || c == ')')
      names.insert(pipeline.slice(start, i));
    start = i + 1;
  }
  names.remove("");
  return names;
}

llvm::Error heddle::pipeline::printIrAfter(PassManager &passes,
                                           StringRef pass) {
  std::string text;
  llvm::raw_string_ostream os(text);
  passes.printAsTextualPipeline(os);
  llvm::SetVector<StringRef> names = passNames(text);
  if (pass != "all" && !names.contains(pass))
    return llvm::createStringError("--print-ir-after: found `" + pass +
                                   "`, needed all or one of " +
                                   llvm::join(names, ", "));
  passes.enableIRPrinting(
      /*shouldPrintBeforePass=*/nullptr,
      [wanted = pass.str()](Pass *pass, Operation *) {
        return wanted == "all" || pass->getArgument() == wanted;
      },
      /*printModuleScope=*/false, /*printAfterOnlyOnChange=*/false);
  return llvm::Error::success();
}

namespace {

class DirectoryPrinter : public PassInstrumentation {
public:
  DirectoryPrinter(StringRef directory, bool &failed)
      : directory(directory), failed(failed) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (failed ||
        pass->getArgument().empty()) // the adaptor that runs nested pipelines
      return;
    auto [entry, isNew] = numbers.insert({pass, numbers.size() + 1});
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(
        path,
        llvm::formatv("{0,0+2}-{1}.mlir", entry->second, pass->getArgument())
            .str());
    std::error_code error;
    llvm::raw_fd_ostream os(
        path, error,
        isNew ? llvm::sys::fs::CD_CreateAlways : llvm::sys::fs::CD_OpenAlways,
        llvm::sys::fs::FA_Write,
        isNew ? llvm::sys::fs::OF_None : llvm::sys::fs::OF_Append);
    if (!error) {
      op->print(os, OpPrintingFlags().useLocalScope());
      os << "\n";
      os.close();
      error = os.error();
      os.clear_error();
    }
    if (!error)
      return;
    failed = true;
    llvm::sys::fs::remove(path);
    llvm::WithColor::error()
        << path << ": " << llvm::toLower(error.message().front())
        << StringRef(error.message()).drop_front() << "\n";
  }

private:
  std::string directory;
  bool &failed;
  llvm::MapVector<Pass *, size_t> numbers;
};

} // namespace

llvm::Error heddle::pipeline::printIrToDirectory(PassManager &passes,
                                                 StringRef directory,
                                                 bool &failed) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return llvm::createFileError(directory, error);
  if (!llvm::sys::fs::is_directory(directory))
    return llvm::createFileError(
        directory, std::make_error_code(std::errc::not_a_directory));
  if (std::error_code error =
          llvm::sys::fs::access(directory, llvm::sys::fs::AccessMode::Write))
    return llvm::createFileError(directory, error);
  passes.addInstrumentation(
      std::make_unique<DirectoryPrinter>(directory, failed));
  return llvm::Error::success();
}
