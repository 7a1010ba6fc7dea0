//===- Formatting.cpp - A text in the one style ---------------------------===//

#include "compiler/lsp/Features.h"

#include "compiler/language/Format.h"
#include "llvm/ADT/STLExtras.h"

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

/// Of the tokens of a text, in order: where its line begins, if it is the first
/// thing on it; else null.
static std::vector<const char *> lineBegins(StringRef text) {
  language::Diagnostics ignored(nulls());
  std::vector<const char *> begins;
  for (const language::Token &token : language::lex(text, ignored)) {
    StringRef before(text.begin(), token.text.begin() - text.begin());
    StringRef indent = before.rtrim(" \t\r");
    bool isFirst = indent.empty() || indent.back() == '\n';
    begins.push_back(isFirst ? indent.end() : nullptr);
  }
  return begins;
}

namespace {
/// From one text to another that has the same tokens: only lines that change
/// are written anew, so that an editor's marks stay.
class EditWriter {
public:
  EditWriter(const Text &text, StringRef changed)
      : text(text), changed(changed), before(text.str()), after(changed) {}

  std::vector<protocol::TextEdit> write();

private:
  void addUpTo(const char *endBefore, const char *endAfter);

  const Text &text;
  StringRef changed;
  StringRef before, after; ///< what is left of either
  std::vector<protocol::TextEdit> edits;
};
} // namespace

void EditWriter::addUpTo(const char *endBefore, const char *endAfter) {
  StringRef old = before.take_front(endBefore - before.begin());
  StringRef formatted = after.take_front(endAfter - after.begin());
  before = before.drop_front(old.size());
  after = after.drop_front(formatted.size());
  if (old == formatted)
    return;
  size_t begin = commonLines(old, formatted).size();
  size_t rest =
      commonEnd(old.drop_front(begin), formatted.drop_front(begin)).size();
  protocol::TextEdit edit;
  edit.range = text.rangeOf(old.drop_front(begin).drop_back(rest));
  edit.newText = formatted.drop_front(begin).drop_back(rest).str();
  edits.push_back(std::move(edit));
}

std::vector<protocol::TextEdit> EditWriter::write() {
  std::vector<const char *> begins = lineBegins(before),
                            beginsAfter = lineBegins(changed);
  // Where a line begins with the same token in both, another edit may.
  if (begins.size() == beginsAfter.size())
    for (auto [ofOld, ofNew] : zip(begins, beginsAfter))
      if (ofOld && ofNew)
        addUpTo(ofOld, ofNew);
  addUpTo(text.str().end(), changed.end());
  return std::move(edits);
}

static Expected<std::string> formatted(const File &file) {
  std::string why;
  raw_string_ostream diagnostics(why);
  std::optional<std::string> text =
      language::format(file.text.str(), file.source->path, diagnostics);
  if (text)
    return *text;
  return make_error<protocol::LSPError>(
      json::fixUTF8(StringRef(why).split('\n').first),
      protocol::ErrorCode::RequestFailed);
}

Expected<std::vector<protocol::TextEdit>> formattingOf(const File &file) {
  Expected<std::string> text = formatted(file);
  if (!text)
    return text.takeError();
  return EditWriter(file.text, *text).write();
}

Expected<std::vector<protocol::TextEdit>> formattingOf(const File &file,
                                                       protocol::Range range) {
  auto edits = formattingOf(file);
  if (!edits)
    return edits;
  // Who marks whole lines ends at the start of the next one.
  int last = range.end.line -
             (range.end.character == 0 && range.start.line < range.end.line);
  llvm::erase_if(*edits, [&](const protocol::TextEdit &edit) {
    int end =
        edit.range.end.line - (edit.range.end.character == 0 &&
                               edit.range.start.line < edit.range.end.line);
    return end < range.start.line || last < edit.range.start.line;
  });
  return edits;
}

} // namespace heddle::lsp
