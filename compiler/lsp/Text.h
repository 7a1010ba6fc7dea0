//===- Text.h - Places in a text as editors count them ----------*- C++ -*-===//
//
// The protocol counts lines from 0 and columns in units of UTF-16; the compiler
// points into bytes of UTF-8. Both ways lead through here.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_TEXT_H
#define HEDDLE_COMPILER_LSP_TEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/LSP/Protocol.h"
#include <vector>

namespace heddle::lsp {

namespace protocol = llvm::lsp;

class Text {
public:
  /// The text must outlive this.
  explicit Text(llvm::StringRef text);

  llvm::StringRef str() const { return text; }
  bool contains(const char *place) const {
    return text.begin() <= place && place <= text.end();
  }

  /// Of a place within the text or at its end.
  protocol::Position positionOf(const char *place) const;
  protocol::Range rangeOf(llvm::StringRef part) const {
    return {positionOf(part.begin()), positionOf(part.end())};
  }
  /// The other way round; what lies beyond a line's end, or the text's, is the
  /// end.
  const char *placeAt(protocol::Position position) const;

  /// A line without the break that ends it.
  llvm::StringRef line(size_t number) const;
  size_t lineCount() const { return starts.size(); }

private:
  llvm::StringRef text;
  std::vector<size_t> starts; ///< of lines
};

/// The same with texts of its own: LLVM's library makes URIs of the protocol
/// point into what they were made of.
llvm::json::Value withOwnTexts(const llvm::json::Value &value);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_TEXT_H
