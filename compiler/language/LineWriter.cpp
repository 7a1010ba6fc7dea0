//===- LineWriter.cpp - A text's lines, and where they break --------------===//

#include "compiler/language/LineWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

void WrittenLines::start(size_t indent) {
  lines.push_back({std::string(indent, ' '), {}});
  column_ = indent;
  isFresh_ = true;
}

void WrittenLines::write(StringRef text) {
  lines.back().text += text;
  column_ += columnsOf(text);
  isFresh_ = false;
}

/// Between the longest line and the comments behind it.
static constexpr size_t blanksBeforeComment = 4;

std::string WrittenLines::text() const {
  std::string text;
  size_t width = 0; // of the longest line of those with comments around this
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    text += line->text;
    if (line->comment.empty()) {
      width = 0;
    } else {
      if (width == 0)
        for (auto next = line; next != lines.end() && !next->comment.empty();
             ++next)
          width = std::max(width, columnsOf(next->text));
      text.append(width - columnsOf(line->text) + blanksBeforeComment, ' ');
      text += line->comment;
    }
    text += '\n';
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Tokens and comments
//===----------------------------------------------------------------------===//

void LineWriter::writeGap(size_t index, size_t indent, bool isFirst) {
  for (const Comment &comment : tokens.commentsBefore(index)) {
    if (!comment.isAlone) {
      lines.addComment(comment.text);
      continue;
    }
    if (comment.isBelowEmptyLine && !isFirst)
      lines.addEmpty();
    lines.start(indent);
    lines.write(comment.text);
    isFirst = false;
  }
  bool isLast = index == tokens.size() || tokens[index].is("}");
  if (tokens.isBelowEmptyLine(index) && !isFirst && !isLast)
    lines.addEmpty();
  commented = index;
}

void LineWriter::writeComments(size_t index, size_t indent) {
  for (const Comment &comment : tokens.commentsBefore(index)) {
    if (comment.isAlone) {
      lines.start(indent);
      lines.write(comment.text);
    } else {
      lines.addComment(comment.text);
    }
  }
  commented = index;
}

void LineWriter::startAt(size_t index, size_t indent) {
  if (commented != index)
    writeComments(index, indent);
  lines.start(indent);
}

void LineWriter::put(size_t index, size_t indent) {
  if (commented != index && !tokens.commentsBefore(index).empty())
    startAt(index, indent);
  else if (!lines.isFresh() && tokens.hasSpaceBefore(index))
    lines.write(" ");
  lines.write(tokens[index].text);
}

//===----------------------------------------------------------------------===//
// Where lines break
//===----------------------------------------------------------------------===//

/// The larger the number, the more closely a token holds together what is on
/// both sides of it; 0: no line ends there.
static unsigned closeness(const Token &token) {
  unsigned number = llvm::StringSwitch<unsigned>(token.text)
                        .Case("when", 1)
                        .Case(",", 2)
                        .Case("->", 3)
                        .Case("|", 4)
                        .Cases({"?", ":"}, 5)
                        .Case("where", 6)
                        .Case("or", 7)
                        .Case("and", 8)
                        .Cases({"==", "!=", "<=", ">=", "<", ">"}, 9)
                        .Cases({"+", "-"}, 10)
                        .Cases({"*", "/", "%"}, 11)
                        .Default(0);
  bool isOperator = token.role == Role::Operator;
  return number < 5 || isOperator || token.is("where") ? number : 0;
}

/// The tokens that begin the second piece and those after it. Of conditions one
/// behind the other each stays with its value: `a ? x`, `: b ? y`, `: z`.
SmallVector<size_t> LineWriter::cutsOf(TokenRange range) const {
  SmallVector<size_t> cuts;
  unsigned least = ~0u, conditions = 0;
  for (size_t i = range.begin; i < range.end; i = tokens.closing(i) + 1) {
    unsigned number = closeness(tokens[i]);
    size_t cut = tokens[i].is(",") ? i + 1 : i;
    if (number == 0 || number > least || i == range.begin || cut == range.end)
      continue;
    if (number < least) {
      cuts.clear();
      conditions = 0;
    }
    least = number;
    conditions += tokens[i].is("?");
    cuts.push_back(cut);
  }
  if (conditions > 1)
    llvm::erase_if(cuts, [&](size_t cut) { return tokens[cut].is("?"); });
  return cuts;
}

bool LineWriter::fits(TokenRange range, size_t behind) const {
  size_t space = !lines.isFresh() && tokens.hasSpaceBefore(range.begin);
  return !tokens.hasCommentsWithin(range) &&
         lines.column() + space + tokens.width(range) + behind <= longestLine;
}

void LineWriter::write(TokenRange range, size_t indent, size_t behind) {
  if (range.begin == range.end)
    return;
  if (commented != range.begin && !tokens.commentsBefore(range.begin).empty())
    startAt(range.begin, indent);
  if (fits(range, behind)) {
    for (size_t i = range.begin; i < range.end; ++i)
      put(i, indent);
    return;
  }
  SmallVector<size_t> cuts = cutsOf(range);
  if (cuts.empty())
    writeBrackets(range, indent, behind);
  else
    writePieces(range, cuts, indent, behind);
}

/// Operators stand at the beginning of a line, each on one of its own. Of what
/// has commas between it, as much as there is room for shares a line.
void LineWriter::writePieces(TokenRange range, ArrayRef<size_t> cuts,
                             size_t indent, size_t behind) {
  size_t begin = range.begin;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    bool isLast = i == cuts.size();
    TokenRange piece{begin, isLast ? range.end : cuts[i]};
    size_t free = isLast ? behind : 0;
    bool isItem = i > 0 && tokens[begin - 1].is(",");
    if (i > 0 &&
        !(isItem && tokens.commentsBefore(begin).empty() && fits(piece, free)))
      startAt(begin, indent);
    write(piece, indent + 2, free);
    begin = piece.end;
  }
}

/// Nothing is loose but within brackets.
void LineWriter::writeBrackets(TokenRange range, size_t indent, size_t behind) {
  for (size_t i = range.begin; i < range.end; ++i) {
    put(i, indent);
    size_t close = tokens.closing(i);
    if (close == i || close >= range.end)
      continue;
    write({i + 1, close}, indent, close + 1 == range.end ? 1 + behind : 1);
    put(close, indent);
    i = close;
  }
}

} // namespace heddle::language
