//===- Lexer.h - Model file to tokens ---------------------------*- C++ -*-===//
//
// Text enters, a list of tokens leaves, the last of them EndOfFile. Comments
// (`#` to the end of the line) are dropped. Whether a line break ends a
// statement is for the parser to say; a token only knows whether one lies
// before it.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_LEXER_H
#define HEDDLE_COMPILER_LANGUAGE_LEXER_H

#include "compiler/language/Diagnostics.h"
#include <cstdint>
#include <vector>

namespace heddle::language {

enum class TokenKind {
  EndOfFile,
  Name, ///< starts with a small letter or `_`; words of the language are names
        ///< too
  Size, ///< starts with a capital
  Number, ///< 12, 1.5, 1e-6
  String, ///< "in double quotes", without escapes
  Symbol, ///< -> .. == != <= >= + - * / ^ < > = @ ( ) { } [ ] , : | ? .
};

/// What the parser takes a token for, where its text does not say. The lexer
/// leaves it at Plain.
enum class Role : uint8_t {
  Plain,
  Keyword,      ///< a word of the grammar here, and no name: `in`, `step`
  Operator,     ///< between two expressions: + or, and ? :
  Prefix,       ///< before one: - not
  Key,          ///< the dot that a key of config.json begins with
  Axis,         ///< begins an axis
  AxisOperator, ///< between the factors and terms of an axis
};

struct Token {
  TokenKind kind = TokenKind::EndOfFile;
  llvm::StringRef text; ///< as written; a string's includes its quotes
  bool afterSpace = false;
  bool afterLineBreak = false;
  Role role = Role::Plain;
  /// Begins a declaration, a statement or another line within braces; said by
  /// the parser as well.
  bool startsLine = false;

  llvm::SMLoc place() const { return llvm::SMLoc::getFromPointer(text.data()); }
  bool is(llvm::StringRef word) const {
    return kind != TokenKind::String && text == word;
  }
  llvm::StringRef unquoted() const { return text.drop_front().drop_back(); }
};

/// Whether a word is part of the grammar wherever it stands, and so no name.
bool isReserved(llvm::StringRef word);

/// Characters that start no token are reported and skipped.
std::vector<Token> lex(llvm::StringRef source, Diagnostics &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_LEXER_H
