//===- SpacedTokens.h - Tokens, and what is between them --------*- C++ -*-===//
//
// For who writes a text anew: its tokens with the comments and empty lines that
// stood between them, and with the space that is to stand there.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_SPACEDTOKENS_H
#define HEDDLE_COMPILER_LANGUAGE_SPACEDTOKENS_H

#include "compiler/language/Lexer.h"
#include "llvm/ADT/ArrayRef.h"

namespace heddle::language {

struct Comment {
  llvm::StringRef text; ///< from its `#` on, without blanks at the end
  bool isAlone;         ///< on a line of its own
  bool isBelowEmptyLine;
};

/// Tokens from `begin` to the one before `end`.
struct TokenRange {
  size_t begin, end;
};

class SpacedTokens {
public:
  /// `tokens` are all of `source`, as the parser leaves them.
  SpacedTokens(llvm::StringRef source, std::vector<Token> tokens);

  const Token &operator[](size_t index) const { return tokens[index]; }
  /// Without the one at the end of the file, which has its number.
  size_t size() const { return tokens.size() - 1; }

  llvm::ArrayRef<Comment> commentsBefore(size_t index) const {
    return llvm::ArrayRef(comments).slice(
        firstComment[index], firstComment[index + 1] - firstComment[index]);
  }
  /// Whether there is one between two of these tokens.
  bool hasCommentsWithin(TokenRange range) const {
    return range.end - range.begin > 1 &&
           firstComment[range.begin + 1] != firstComment[range.end];
  }
  bool isBelowEmptyLine(size_t index) const { return belowEmptyLine[index]; }

  /// The bracket that closes the one at `index`; of others, `index`.
  size_t closing(size_t index) const { return closings[index]; }

  /// Whether there is to be space between this token and the one before it.
  bool hasSpaceBefore(size_t index) const;
  /// How many columns these take on one line.
  size_t width(TokenRange range) const;

private:
  void readGap(llvm::StringRef gap, bool isFirst);
  void matchBrackets();

  std::vector<Token> tokens;
  std::vector<Comment> comments;
  std::vector<uint32_t> firstComment; ///< of each token
  std::vector<bool> belowEmptyLine;
  std::vector<uint32_t> closings;
  /// Where each token would begin, were the file one line.
  std::vector<uint32_t> columns;
};

/// How many columns a text takes.
size_t columnsOf(llvm::StringRef text);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_SPACEDTOKENS_H
