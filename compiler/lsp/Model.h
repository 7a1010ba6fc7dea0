//===- Model.h - One model file as it stands in an editor -------*- C++ -*-===//
//
// Texts enter, of a model file and those that it imports; what leaves is what
// the compiler has to say of them, what every name means and, as far as the
// text can be elaborated, what it is worth. A text with mistakes has all of it
// but what the mistakes hide.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_MODEL_H
#define HEDDLE_COMPILER_LSP_MODEL_H

#include "compiler/language/Configuration.h"
#include "compiler/language/Datum.h"
#include "compiler/lsp/Checkpoint.h"
#include "compiler/lsp/Symbols.h"
#include "compiler/lsp/Text.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace heddle::lsp {

/// What the compiler says, and where.
struct Message {
  files::Severity severity;
  llvm::SMLoc place; ///< invalid: of no place in a text
  std::string text;
  llvm::StringRef topic; ///< a heading of the language's reference, or empty
  std::vector<std::pair<llvm::SMLoc, std::string>> notes;
};

/// What stands at a place is worth, as messages describe it: `real[B T D]`.
struct Worth {
  std::string text;
  bool isTensor = false;

  bool operator==(const Worth &) const = default;
};

/// A weight of the whole program.
struct Weight {
  std::string path, shape;
  llvm::SMLoc place; ///< of the operation that reads it
};

/// One text of a program.
struct File {
  const language::SourceFile *source;
  std::string path; ///< without links and dots
  Text text;
  std::vector<language::Token> tokens;

  /// The token at a place, or that ends there; null: none.
  const language::Token *tokenAt(const char *place) const;
  /// Of the token at a place; where there is none, the place alone.
  protocol::Range rangeAt(llvm::SMLoc place) const;
};

class Model {
public:
  /// Reads the texts, and what every name of them means.
  Model(llvm::StringRef path, language::ReadFile readFile,
        llvm::ArrayRef<std::string> importPaths);

  /// Evaluates and elaborates them. Without a checkpoint sizes that nothing
  /// gives a value stand for some number. `values` are as of `--set`. Whether
  /// each path has one shape takes long where there are many, and may be left
  /// out. The context must outlive this.
  void check(mlir::MLIRContext &context, Checkpoint *checkpoint,
             std::vector<std::pair<std::string, std::string>> values,
             bool checksPaths);

  const language::Program &program() const { return program_; }
  /// Whether no mistake hides a part of the texts.
  bool isReadWhole() const { return isWhole; }
  const Symbols &symbols() const { return *symbols_; }
  llvm::ArrayRef<Message> messages() const { return messages_; }
  /// None where there are mistakes.
  llvm::ArrayRef<Weight> weights() const;
  /// Sizes that stand for some number.
  const std::vector<std::string> &sizesStoodIn() const { return stoodIn; }
  /// Null: there is none, or its fields were not evaluated.
  language::Configuration *configuration() const {
    return configuration_.get();
  }
  Checkpoint *checkpoint() const { return checkpoint_; }
  /// What a name, a parameter or a call is worth, for each kind of arguments.
  llvm::ArrayRef<Worth> worthAt(const char *place) const;

  llvm::ArrayRef<File> files() const { return files_; }
  /// The file that a place is in, or that has a path; null: none.
  const File *fileOf(const char *place) const;
  const File *fileNamed(llvm::StringRef path) const;
  /// The file that a file's import means, by the name it has there.
  std::string pathOfImport(const File &importing, llvm::StringRef name) const;

private:
  void elaborate(mlir::MLIRContext &context, bool checksPaths);
  void tellStoodIn();

  std::vector<std::string> importPaths;
  std::vector<Message> messages_;
  /// What follows from a mistake that was told is not.
  bool isMuted = false;
  bool isWhole = false;
  std::unique_ptr<language::Diagnostics> diagnostics;
  language::Program program_;
  std::vector<File> files_;
  std::unique_ptr<Symbols> symbols_;
  language::ModelOptions options;
  Checkpoint *checkpoint_ = nullptr;
  std::unique_ptr<language::Configuration> configuration_;
  std::vector<std::string> stoodIn;
  llvm::DenseMap<const char *, std::vector<Worth>> worths;
  /// Null: its weights have been collected, or it is faulty.
  mutable mlir::OwningOpRef<mlir::ModuleOp> module;
  mutable std::vector<Weight> weights_;
};

/// A path without links and dots, where that can be known.
std::string canonicalPath(llvm::StringRef path);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_MODEL_H
