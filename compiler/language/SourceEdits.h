//===- SourceEdits.h - A text with some places written anew -----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_SOURCEEDITS_H
#define HEDDLE_COMPILER_LANGUAGE_SOURCEEDITS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace heddle::language {

/// Places of a source text and what is to stand there. A place within another
/// one that is written anew counts no more.
class SourceEdits {
public:
  /// `place` is a part of the text that `applyTo` will be given.
  void replace(llvm::StringRef place, std::string text);
  /// A whole statement goes: with it its line, and the comments above it.
  void remove(llvm::StringRef place);

  std::string applyTo(llvm::StringRef source) const;

private:
  struct Edit {
    llvm::StringRef place;
    std::string text;
    bool isRemoval;
  };
  llvm::SmallVector<Edit> edits;
};

/// The lines of comments that stand right above `place` in the file that holds
/// it, which begins at `file`; and what stands behind it on its line.
llvm::StringRef commentsAbove(llvm::StringRef place, const char *file);
llvm::StringRef commentBehind(llvm::StringRef place);

/// With the indentation of its first line taken off all lines, and `indent`
/// put before the others.
std::string reindented(llvm::StringRef lines, llvm::StringRef indent);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_SOURCEEDITS_H
