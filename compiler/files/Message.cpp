//===- Message.cpp - errors that quote what strangers wrote ---------------===//

#include "compiler/files/Message.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;

namespace heddle::files {

/// Columns of an echoed line, and how many of them stand before the place.
static constexpr size_t widest = 200, before = 120, tab = 8;

/// Bytes of the character at the front, which is not empty; 0: it is none that
/// can be shown.
static size_t lengthOfCharacter(StringRef text) {
  auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80)
    return isPrint(text.front());
  size_t length = getNumBytesForUTF8(first);
  if (length > text.size())
    return 0;
  const UTF8 *at = reinterpret_cast<const UTF8 *>(text.data());
  if (!isLegalUTF8Sequence(at, at + length))
    return 0;
  // U+0080 .. U+009F are control characters as well.
  bool isControl = first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return isControl ? 0 : length;
}

/// Moves the front character of `text` to `to`; returns its columns.
static size_t takeCharacter(StringRef &text, std::string &to) {
  if (size_t length = lengthOfCharacter(text)) {
    to += text.take_front(length);
    text = text.drop_front(length);
    return 1;
  }
  to += "\\x" + toHex(text.take_front(1), /*LowerCase=*/true);
  text = text.drop_front();
  return 4;
}

std::string printable(StringRef text) {
  std::string result;
  while (!text.empty())
    takeCharacter(text, result);
  return result;
}

static raw_ostream &label(raw_ostream &os, Severity severity) {
  switch (severity) {
  case Severity::Error:
    return WithColor::error(os);
  case Severity::Warning:
    return WithColor::warning(os);
  case Severity::Note:
    return WithColor::note(os);
  case Severity::Remark:
    return WithColor::remark(os);
  }
  llvm_unreachable("all severities are listed");
}

void printMessage(raw_ostream &os, Severity severity, const Twine &message) {
  label(os, severity) << printable(message.str()) << '\n';
}

/// A line around a byte of it, and a caret below.
static void printLine(raw_ostream &os, StringRef line, size_t at) {
  line = line.rtrim('\r');
  at = std::min(at, line.size());
  size_t begin = at > before ? at - before : 0;
  // Not within a character.
  while (begin > 0 && begin < at &&
         (static_cast<unsigned char>(line[begin]) & 0xc0) == 0x80)
    ++begin;
  StringRef rest = line.drop_front(begin);
  std::string shown = begin ? "…" : "";
  size_t column = begin ? 1 : 0, caret = column;
  while (!rest.empty() && column < widest) {
    if (static_cast<size_t>(rest.data() - line.data()) <= at)
      caret = column;
    if (rest.front() == '\t') {
      size_t blanks = tab - column % tab;
      shown.append(blanks, ' ');
      column += blanks;
      rest = rest.drop_front();
    } else {
      column += takeCharacter(rest, shown);
    }
  }
  if (at == line.size() && rest.empty())
    caret = column;
  os << shown << (rest.empty() ? "" : "…") << '\n';
  WithColor(os, raw_ostream::GREEN, /*Bold=*/true)
      << std::string(caret, ' ') << "^";
  os << '\n';
}

void printMessage(raw_ostream &os, const TextPlace &place, Severity severity,
                  const Twine &message) {
  WithColor(os, raw_ostream::SAVEDCOLOR, /*Bold=*/true)
      << printable(place.file) << ':' << place.line << ':' << place.column
      << ": ";
  label(os, severity);
  WithColor(os, raw_ostream::SAVEDCOLOR, /*Bold=*/true)
      << printable(message.str());
  os << '\n';
  if (place.text)
    printLine(os, *place.text, place.column ? place.column - 1 : 0);
}

} // namespace heddle::files
