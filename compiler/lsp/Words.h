//===- Words.h - What the reference says of the operations ------*- C++ -*-===//
//
// The table of REFERENCE.md is part of this library, so that what editors show
// is what the reference says.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_WORDS_H
#define HEDDLE_COMPILER_LSP_WORDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace heddle::lsp {

/// A line of the table: `linear@path(x, D -> H K, bias = no)`, and what comes
/// of it.
struct OperationText {
  llvm::StringRef name;
  std::string signature, result;
};

/// Several of one name follow each other.
llvm::ArrayRef<OperationText> operationTexts();

/// A word of the language, with what it is: `for`, `config`.
struct KeywordText {
  llvm::StringLiteral name, meaning;
};

/// Those that begin a declaration, a statement, or a rule of `weights { }`.
llvm::ArrayRef<KeywordText> declarationWords();
llvm::ArrayRef<KeywordText> statementWords();
llvm::ArrayRef<KeywordText> ruleWords();
/// What config's expressions can call.
llvm::ArrayRef<KeywordText> configFunctions();

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_WORDS_H
