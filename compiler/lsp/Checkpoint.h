//===- Checkpoint.h - What a model file is checked against ------*- C++ -*-===//
//
// A config.json, by itself or with the tensors beside it, or a GGUF file that
// has both. What is wrong with it is a message, and what could be read counts.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_CHECKPOINT_H
#define HEDDLE_COMPILER_LSP_CHECKPOINT_H

#include "compiler/checkpoint/Source.h"
#include "compiler/language/Language.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include <optional>

namespace heddle::lsp {

class Checkpoint {
public:
  /// A config.json, a directory or a GGUF file.
  explicit Checkpoint(llvm::StringRef path);

  llvm::StringRef path() const { return given; }
  /// Null: there is none, or none that can be read.
  const llvm::json::Object *config() const {
    return json ? json->getAsObject() : nullptr;
  }
  /// As messages call it.
  const std::string &configName() const { return document.name(); }
  const checkpoint::Problems &problems() const { return faults; }
  /// Whether the files are those that were read.
  bool isCurrent() const;

  /// What the language reads of it; valid as long as this lives.
  void addTo(language::ModelOptions &options);

  /// The checkpoint's tensors by the paths that the rules make of their names.
  using Tensors = llvm::StringMap<const checkpoint::StoredTensor *>;
  const Tensors &tensors(const nn::WeightRules &rules);
  llvm::StringRef typeOf(const checkpoint::StoredTensor &tensor) const {
    return source->typeOf(tensor);
  }
  llvm::StringRef fileOf(const checkpoint::StoredTensor &tensor) const {
    return source->fileOf(tensor);
  }

private:
  void open();
  void readConfig();

  std::string given;
  std::unique_ptr<checkpoint::Source> source;
  checkpoint::Document document;
  checkpoint::Problems faults;
  std::optional<llvm::json::Value> json;
  /// Of the files that were read.
  std::string stamp;
  /// Those that tensors were read by; splitting tensors changes the source.
  std::string rulesRead;
  Tensors byPath;
  llvm::StringSet<> paths;
};

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_CHECKPOINT_H
