// A model file and a config.json, with a zero byte between them → nn module.
// What comes out is a verified module, or nothing and at least one error.
#include "compiler/checkpoint/Json.h"
#include "compiler/language/Language.h"
#include "mlir/IR/MLIRContext.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle;

/// Whether a line says that the fault is ours. A line of the model that a
/// message shows, which stands below the message, may say anything.
static bool blamesHeddle(llvm::StringRef diagnostics) {
  llvm::StringRef before, line;
  while (!diagnostics.empty()) {
    before = line;
    std::tie(line, diagnostics) = diagnostics.split('\n');
    if (line.starts_with("error: the compiler built a faulty program") &&
        !before.contains(": error: ") && !before.contains(": note: "))
      return true;
  }
  return false;
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  fuzz::MemoryFile model(fuzz::nextPart(rest));
  checkpoint::Problems problems;
  auto config = checkpoint::parseJson(llvm::StringRef(rest.data(), rest.size()),
                                      "config.json", problems);
  language::ModelOptions options;
  options.modelFile = model.path;
  options.config = config ? config->getAsObject() : nullptr;
  options.configFile = "config.json";

  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  std::string diagnostics;
  llvm::raw_string_ostream stream(diagnostics);
  language::LoadedModel loaded =
      language::loadModel(context, options, stream);
  bool told = diagnostics.find("error: ") != std::string::npos;
  if (told == static_cast<bool>(loaded.module) || blamesHeddle(diagnostics))
    abort();
  return 0;
}
