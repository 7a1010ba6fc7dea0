//===- Formatting.cpp - A text in the one style ---------------------------===//

#include "compiler/lsp/Features.h"

#include "compiler/language/Format.h"

using namespace llvm;

namespace heddle::lsp {

/// The lines that two texts begin with, both.
static StringRef commonLines(StringRef a, StringRef b) {
  size_t end = 0;
  for (size_t at = 0; at < std::min(a.size(), b.size()) && a[at] == b[at]; ++at)
    if (a[at] == '\n')
      end = at + 1;
  return a.take_front(end);
}

/// From the start of a line on, what two texts end with, both.
static StringRef commonEnd(StringRef a, StringRef b) {
  size_t length = 0;
  for (size_t at = 1; at <= std::min(a.size(), b.size()); ++at) {
    if (a[a.size() - at] != b[b.size() - at])
      break;
    if (a[a.size() - at] == '\n')
      length = at - 1;
  }
  return a.take_back(length);
}

/// Only lines that change are written anew, so that an editor's marks stay.
Expected<std::vector<protocol::TextEdit>> formattingOf(const File &file) {
  std::string why;
  raw_string_ostream diagnostics(why);
  StringRef text = file.text.str();
  std::optional<std::string> formatted =
      language::format(text, file.source->path, diagnostics);
  if (!formatted)
    return make_error<protocol::LSPError>(
        json::fixUTF8(StringRef(why).split('\n').first),
        protocol::ErrorCode::RequestFailed);
  StringRef changed = *formatted;
  if (changed == text)
    return std::vector<protocol::TextEdit>();
  size_t begin = commonLines(text, changed).size();
  size_t rest =
      commonEnd(text.drop_front(begin), changed.drop_front(begin)).size();
  protocol::TextEdit edit;
  edit.range = file.text.rangeOf(text.drop_front(begin).drop_back(rest));
  edit.newText = changed.drop_front(begin).drop_back(rest).str();
  return std::vector<protocol::TextEdit>{edit};
}

} // namespace heddle::lsp
