//===- Program.h - A model file together with what it imports ---*- C++ -*-===//
//
// Files are read and their declarations merged: what an importing file declares
// again takes the place of the imported declaration. Nothing is evaluated yet.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_PROGRAM_H
#define HEDDLE_COMPILER_LANGUAGE_PROGRAM_H

#include "compiler/language/AST.h"
#include "compiler/language/Diagnostics.h"
#include "dialects/nn/WeightRules.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"

namespace heddle::language {

/// One file. `default` holds for the blocks and entries of its own file only.
struct SourceFile {
  std::string path;
  llvm::StringRef text;
  ModelFile ast;
  /// Operation → its default options.
  llvm::StringMap<llvm::SmallVector<const Option *>> defaults;
};

/// A block or entry and the file it is written in.
struct FunctionInFile {
  const Function *function = nullptr;
  const SourceFile *file = nullptr;
};

struct Program {
  /// Imported files before those which import them.
  std::vector<std::unique_ptr<SourceFile>> files;

  Word model;
  std::vector<std::string> architectures;
  llvm::MapVector<llvm::StringRef, const ConfigField *> config;
  llvm::MapVector<llvm::StringRef, const Assumption *> assumptions;
  llvm::StringSet<> ignoredKeys;
  llvm::MapVector<llvm::StringRef, const DynDecl *> dyns;
  llvm::MapVector<llvm::StringRef, const StateDecl *> states;
  llvm::MapVector<llvm::StringRef, FunctionInFile> blocks;
  llvm::MapVector<llvm::StringRef, FunctionInFile> entries;
  std::vector<const WeightsRule *> weights;
  std::vector<Word> generate;
  Word tokenizer;

  /// How names of tensors become paths.
  nn::WeightRules weightRules() const;
};

/// Gives the text of a file, such as one that an editor has not saved yet.
using ReadFile =
    llvm::function_ref<llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>(
        llvm::StringRef path)>;

/// Imports are looked for beside the importing file, then in `importPaths`.
/// Mistakes are reported. Without `readFile` texts are what files hold.
Program loadProgram(llvm::StringRef path,
                    llvm::ArrayRef<std::string> importPaths,
                    Diagnostics &diagnostics, ReadFile readFile = nullptr);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_PROGRAM_H
