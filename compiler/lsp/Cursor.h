//===- Cursor.h - What stands before a place --------------------*- C++ -*-===//
//
// What is being written is rarely a tree yet: the tokens before the place tell
// what could follow.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_CURSOR_H
#define HEDDLE_COMPILER_LSP_CURSOR_H

#include "compiler/lsp/Model.h"

namespace heddle::lsp {

class Cursor {
public:
  Cursor(const File &file, const char *place);

  bool isInComment() const;
  /// Within a string.
  bool isInText() const { return inText; }
  /// Right behind the word, or behind that and a part of another one.
  bool isAfter(llvm::StringRef word) const {
    return !tokens.empty() && tokens.back().is(word);
  }
  bool isAtLineStart() const;
  /// The innermost that is open: `(`, `[`, `{` or nothing.
  llvm::StringRef bracket() const;
  /// The word before the outermost brace: config, weights, or nothing.
  llvm::StringRef section() const;
  /// Of the innermost call around the place: `linear@a.b[l](x, |`.
  llvm::StringRef callee() const;
  /// The number of the argument in it that the place is in, from 0.
  unsigned argument() const;
  /// `linear@attn.|`, with the steps that stand already, but for numbers.
  bool isInPath(llvm::SmallVectorImpl<llvm::StringRef> &steps) const;
  /// `.rope_scaling.|`: a dot that no word stands right before.
  bool isInKey(llvm::SmallVectorImpl<llvm::StringRef> &steps) const;

private:
  bool isWord(size_t token) const;
  size_t beforePath(size_t end) const;

  const File &file;
  const char *place;
  /// Those before the word that the place is in.
  llvm::ArrayRef<language::Token> tokens;
  bool inText = false;
  std::vector<size_t> open; ///< tokens that are brackets, the outermost first
};

/// A function's text up to its body.
llvm::StringRef headOf(const language::Function &function);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_CURSOR_H
