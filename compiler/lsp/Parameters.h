//===- Parameters.h - What requests say, beside LLVM's library --*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LSP_PARAMETERS_H
#define HEDDLE_COMPILER_LSP_PARAMETERS_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/LSP/Protocol.h"

namespace heddle::lsp {

struct InitializeParams {
  std::string root; ///< a path, or empty
  llvm::json::Object settings;
};

struct SettingsParams {
  llvm::json::Object settings;
};

struct RenameParams : llvm::lsp::TextDocumentPositionParams {
  std::string newName;
};

bool fromJSON(const llvm::json::Value &value, InitializeParams &params,
              llvm::json::Path path);
bool fromJSON(const llvm::json::Value &value, SettingsParams &params,
              llvm::json::Path path);
bool fromJSON(const llvm::json::Value &value, RenameParams &params,
              llvm::json::Path path);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_PARAMETERS_H
