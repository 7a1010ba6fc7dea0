//===- HeddleLsp.cpp - heddle-lsp: what editors ask of model files --------===//

#include "compiler/files/Message.h"
#include "compiler/files/SharedFiles.h"
#include "compiler/lsp/Server.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

static int printHelp() {
  llvm::outs() << "heddle-lsp: a language server for model files (.heddle)\n\n"
                  "An editor starts it and speaks to it over standard input "
                  "and output. It takes\nno flags but --help and --version; "
                  "--stdio, which some editors pass, changes\nnothing.\n";
  return 0;
}

int main(int argc, char **argv) {
  for (llvm::StringRef word : llvm::ArrayRef(argv + 1, argc - 1)) {
    if (word == "--help" || word == "-h")
      return printHelp();
    if (word == "--version") {
      llvm::outs() << "heddle-lsp " HEDDLE_VERSION "\n";
      return 0;
    }
    if (word != "--stdio") {
      heddle::files::printMessage(llvm::errs(), heddle::files::Severity::Error,
                                  "found " + word +
                                      ", needed no flag; see heddle-lsp "
                                      "--help");
      return 1;
    }
  }
  llvm::lsp::JSONTransport transport(stdin, llvm::outs());
  return llvm::failed(heddle::lsp::serve(
      transport, heddle::files::modelsDirectory(), HEDDLE_VERSION));
}
