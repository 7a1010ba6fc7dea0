//===- Message.h - errors that quote what strangers wrote -------*- C++ -*-===//
//
//   gpt2.heddle:12:7: error: found D, needed a string
//   for D
//       ^
//
// Names, values and lines of somebody else's files may hold what a terminal
// obeys, or be as long as the file.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_FILES_MESSAGE_H
#define HEDDLE_COMPILER_FILES_MESSAGE_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace heddle::files {

enum class Severity { Error, Warning, Note, Remark };

/// Text of one line: control characters and bytes that are no UTF-8 become
/// `\x1b`. Other characters stay as they are.
std::string printable(llvm::StringRef text);

/// `error: MESSAGE`
void printMessage(llvm::raw_ostream &os, Severity severity,
                  const llvm::Twine &message);

/// A place in a text, counted from 1, with the line that it is in.
struct TextPlace {
  llvm::StringRef file;
  unsigned line, column;
  /// Null: the line is not shown.
  const llvm::StringRef *text = nullptr;
};

/// The same, with the place before and the line below; of a long line, the 200
/// columns around the place.
void printMessage(llvm::raw_ostream &os, const TextPlace &place,
                  Severity severity, const llvm::Twine &message);

} // namespace heddle::files

#endif // HEDDLE_COMPILER_FILES_MESSAGE_H
