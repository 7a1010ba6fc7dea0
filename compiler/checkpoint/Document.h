//===- Document.h - A text of a checkpoint ----------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_DOCUMENT_H
#define HEDDLE_COMPILER_CHECKPOINT_DOCUMENT_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace heddle::checkpoint {

/// config.json, say: a file, or a text that a format makes of its own file.
class Document {
public:
  /// There is none.
  Document() = default;
  /// A file; an empty path: none.
  Document(std::string path) : called(std::move(path)) {}
  Document(llvm::StringRef path) : called(path.str()) {}
  Document(const char *path) : called(path) {}
  /// `name` is what messages call it.
  static Document ofText(llvm::StringRef name, std::string text) {
    Document document(name);
    document.content = std::move(text);
    return document;
  }

  bool isThere() const { return !called.empty(); }
  const std::string &name() const { return called; }
  /// None: what the file holds that has the name for its path.
  const std::optional<std::string> &text() const { return content; }

  bool operator==(const Document &other) const = default;

private:
  std::string called;
  std::optional<std::string> content;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_DOCUMENT_H
