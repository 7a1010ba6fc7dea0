//===- Server.h - The protocol's requests and their answers -----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LSP_SERVER_H
#define HEDDLE_COMPILER_LSP_SERVER_H

#include "llvm/Support/LSP/Transport.h"
#include "llvm/Support/LogicalResult.h"
#include <string>

namespace heddle::lsp {

/// Answers until the editor says `exit`; fails where it has not said `shutdown`
/// before. Imports are looked for in the directory of shipped models too.
llvm::LogicalResult serve(llvm::lsp::JSONTransport &transport,
                          std::string modelsDirectory, llvm::StringRef version);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_SERVER_H
