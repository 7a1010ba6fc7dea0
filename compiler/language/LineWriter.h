//===- LineWriter.h - A text's lines, and where they break ------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_LINEWRITER_H
#define HEDDLE_COMPILER_LANGUAGE_LINEWRITER_H

#include "compiler/language/SpacedTokens.h"

namespace heddle::language {

/// The columns that a line may have, comments behind it left out.
constexpr size_t longestLine = 128;

/// Lines that are written from left to right.
class WrittenLines {
public:
  /// Begins a line.
  void start(size_t indent);
  void addEmpty() { lines.emplace_back(); }
  void write(llvm::StringRef text);
  void writeBlanks(size_t count) { write(std::string(count, ' ')); }
  /// Puts a comment behind the line.
  void addComment(llvm::StringRef text) { lines.back().comment = text; }

  bool isEmpty() const { return lines.empty(); }
  size_t column() const { return column_; }
  /// Nothing is on the line but its indentation.
  bool isFresh() const { return isFresh_; }

  /// All of it. Comments behind lines that follow each other begin in one
  /// column.
  std::string text() const;

private:
  struct Line {
    std::string text;
    llvm::StringRef comment;
  };
  std::vector<Line> lines;
  size_t column_ = 0;
  bool isFresh_ = true;
};

/// Writes tokens, on as few lines as hold them. One that is too long is cut
/// where its parts hold together the loosest.
class LineWriter {
public:
  explicit LineWriter(const SpacedTokens &tokens) : tokens(tokens) {}

  /// From the current column on; what goes on further lines begins at `indent`,
  /// and `behind` columns have to be free at the end.
  void write(TokenRange range, size_t indent, size_t behind = 0);
  void put(size_t index, size_t indent);
  /// Begins a line for a token, below the comments before it.
  void startAt(size_t index, size_t indent);
  /// What stands before a token that begins a statement or the like, or behind
  /// the last one: comments, and empty lines but at the beginning of a body.
  void writeGap(size_t index, size_t indent, bool isFirst);

  WrittenLines lines;

private:
  bool fits(TokenRange range, size_t behind) const;
  llvm::SmallVector<size_t> cutsOf(TokenRange range) const;
  void writePieces(TokenRange range, llvm::ArrayRef<size_t> cuts, size_t indent,
                   size_t behind);
  void writeBrackets(TokenRange range, size_t indent, size_t behind);
  void writeComments(size_t index, size_t indent);

  const SpacedTokens &tokens;
  /// The token whose comments have been written.
  size_t commented = ~size_t(0);
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_LINEWRITER_H
