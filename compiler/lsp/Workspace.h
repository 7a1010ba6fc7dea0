//===- Workspace.h - The model files that an editor has open ----*- C++ -*-===//
//
// Each open text is checked as a model of its own, together with what it
// imports, whether that is open or not. What an editor has is what counts; what
// it does not have is read from files.
//
// Settings, of `initializationOptions`:
//
//   {"configs": {"llama.heddle": "smollm2/config.json", "*": "tiny.gguf"},
//    "values": {"llama.heddle": {"L": 2}}}
//
// A key is the end of a model file's path, or * for all others.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_WORKSPACE_H
#define HEDDLE_COMPILER_LSP_WORKSPACE_H

#include "compiler/lsp/Model.h"
#include <map>
#include <set>

namespace heddle::lsp {

struct Document {
  protocol::URIForFile uri;
  int64_t version = 0;
  std::string text;
  std::unique_ptr<Model> model;
  /// To look at each of them takes longer than a keystroke may.
  bool hasManyWeights = false;
};

class Workspace {
public:
  explicit Workspace(std::string modelsDirectory);

  /// Where relative paths of settings begin; empty: at the model file.
  void setRoot(llvm::StringRef path) { root = path.str(); }
  void setSettings(llvm::json::Object given) { settings = std::move(given); }

  /// A text was opened, or is another one now.
  void update(const protocol::URIForFile &uri, int64_t version,
              std::string text);
  void close(const protocol::URIForFile &uri);
  /// Files beside the open ones may have changed.
  void checkAll();

  /// Null where it is not open.
  const Document *find(const protocol::URIForFile &uri) const;
  /// Models that are open or lie beside one that is, and have the file in them.
  /// Those that are not open are read, not checked.
  std::vector<std::shared_ptr<const Model>> modelsWith(llvm::StringRef path);
  /// The names of model files that the text of a path could import.
  std::vector<std::string> importable(llvm::StringRef path) const;
  /// Whether it is one of the model files that ship.
  bool isShipped(llvm::StringRef path) const;

  protocol::URIForFile uriOf(llvm::StringRef path) const;
  /// By path, what is to be shown of every file since the last call.
  std::map<std::string, std::vector<llvm::json::Value>> takeDiagnostics();

private:
  std::unique_ptr<Model> readModel(llvm::StringRef path) const;
  void check(const std::string &path, Document &document,
             bool isTyping = false);
  Checkpoint *checkpointFor(llvm::StringRef path);
  std::vector<std::pair<std::string, std::string>>
  valuesFor(llvm::StringRef path) const;
  const llvm::json::Value *settingFor(llvm::StringRef name,
                                      llvm::StringRef path) const;

  std::string modelsDirectory, root;
  llvm::json::Object settings;
  std::unique_ptr<mlir::MLIRContext> context;
  unsigned checks = 0; ///< by this context
  std::map<std::string, std::unique_ptr<Checkpoint>> checkpoints;
  std::map<std::string, Document> documents; ///< by path
  /// What each open model says of each file.
  std::map<std::string, std::map<std::string, std::vector<llvm::json::Value>>>
      said;
  std::set<std::string> changed;
};

/// What a model says of each of its files, as the protocol has it.
std::map<std::string, std::vector<llvm::json::Value>>
diagnosticsOf(const Model &model, const Workspace &workspace);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_WORKSPACE_H
