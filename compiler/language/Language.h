//===- Language.h - Model file to nn module ---------------------*- C++ -*-===//
//
// The room's interface: a model file and a config.json enter, a checked nn
// module leaves.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_LANGUAGE_H
#define HEDDLE_COMPILER_LANGUAGE_LANGUAGE_H

#include "dialects/nn/WeightRules.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace heddle::language {

/// Paths of a checkpoint's tensors, by the rules of a model file.
using TensorPaths =
    std::function<const llvm::StringSet<> &(const nn::WeightRules &)>;

struct ModelOptions {
  /// The model file, such as llama.heddle.
  std::string modelFile;
  /// What config.json holds; without it every key is absent.
  const llvm::json::Object *config = nullptr;
  std::string configFile; ///< its path, for messages
  /// `--ignore-config KEY`: keys that nobody needs to read.
  std::vector<std::string> ignoredKeys;
  /// Keys that are for others than the model, such as how text is sampled.
  std::function<bool(llvm::StringRef key)> isReadElsewhere;
  /// Null: there is no checkpoint.
  TensorPaths tensorPaths;
  /// `--set NAME=VALUE`: takes the place of a config value.
  std::vector<std::pair<std::string, std::string>> values;
  /// What a size is taken for that nothing gives a value, `key` being the first
  /// that would; null: that is an error. Of other values that nothing gives,
  /// what they decide is then left unchecked.
  std::function<int64_t(llvm::StringRef size, llvm::StringRef key)> standIn;
  /// `--dim NAME=1,16..512`: narrows the range of a dyn size.
  std::vector<std::pair<std::string, std::string>> dims;
  /// Where imports are looked for, after the importing file's own directory.
  std::vector<std::string> importPaths;
};

/// What becomes of the keys of config.json, each list in order: `hidden_size`,
/// `hidden_act = "silu"`.
struct KeyUses {
  std::vector<std::string> read, assumed, ignored;
};

struct LoadedModel {
  /// Null after errors.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KeyUses keys;
  std::vector<std::string> files; ///< the model file and what it imports
};

/// The checked module. Errors, and notes on what is left out, are written to
/// `diagnostics`.
LoadedModel loadModel(mlir::MLIRContext &context, const ModelOptions &options,
                      llvm::raw_ostream &diagnostics);

/// Writes the model file with what this config.json decides decided: one file
/// without imports, whose first line says that it is of `source`. False after
/// errors.
bool writeModelFor(mlir::MLIRContext &context, const ModelOptions &options,
                   llvm::StringRef source, llvm::raw_ostream &os,
                   llvm::raw_ostream &diagnostics);

/// A model file's tree, one node a line.
struct TreeText {
  std::string text;
  /// Of each of its lines the first and the last one of the file that it is of;
  /// 0: it is of none.
  std::vector<std::pair<unsigned, unsigned>> lines;
};

/// Nothing after errors.
std::optional<TreeText> printTree(const ModelOptions &options,
                                  llvm::raw_ostream &diagnostics);

/// The model file in `directories` whose `for` list names the architecture that
/// `config` gives; empty, after an error about `configFile`, if there is none.
std::string findModelFor(const llvm::json::Object &config,
                         llvm::StringRef configFile,
                         llvm::ArrayRef<std::string> directories,
                         llvm::raw_ostream &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_LANGUAGE_H
