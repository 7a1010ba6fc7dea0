//===- Import.cpp - heddle import -----------------------------------------===//

#include "compiler/driver/Import.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Outputs.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// The last part of the path of what is imported, without links.
static std::string sourceName(const Arguments &arguments) {
  llvm::StringRef given =
      !arguments.weights.empty() ? arguments.weights : arguments.model;
  llvm::SmallString<128> real;
  if (fs::real_path(given, real))
    real = given;
  return path::filename(real).str();
}

/// NAME.heddle, unless there is an -o.
static std::string outputOf(const Arguments &arguments,
                            llvm::StringRef source) {
  if (!arguments.output.empty())
    return arguments.output;
  return ((source.ends_with(".gguf") ? path::stem(source) : source) + ".heddle")
      .str();
}

/// A model file may have been edited, or others may import it: none is ever
/// written over.
static LogicalResult checkOutput(llvm::StringRef output) {
  if (output == "-")
    return llvm::success();
  if (!output.ends_with(".heddle"))
    return fail(output + ": needed a name that ends in .heddle to write to");
  if (fs::exists(output))
    return fail(output + ": is there already, needed another name (-o)");
  return llvm::success();
}

int driver::importModel(const Arguments &arguments) {
  Compilation compilation(arguments);
  if (failed(compilation.findInputs()))
    return 1;
  std::string source = sourceName(arguments);
  std::string output = outputOf(arguments, source);
  if (failed(checkOutput(output)))
    return 1;
  std::string text;
  llvm::raw_string_ostream os(text);
  if (failed(compilation.writeModel(source, os)))
    return 1;
  if (output == "-") {
    llvm::outs() << text;
    return 0;
  }
  Outputs outputs(compilation);
  auto write = [&](llvm::raw_pwrite_stream &file) {
    file << text;
    return llvm::success();
  };
  return outputs.write(output, write) && succeeded(outputs.commit()) ? 0 : 1;
}
