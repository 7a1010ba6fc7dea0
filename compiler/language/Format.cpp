//===- Format.cpp - A model file in the one style -------------------------===//
//
// Goes through the lines that the parser has seen, declarations, statements and
// what else stands within braces, and hands each to the LineWriter.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Format.h"

#include "compiler/language/LineWriter.h"
#include "compiler/language/Parser.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace heddle::language {

namespace {
class Formatter {
public:
  explicit Formatter(const SpacedTokens &tokens)
      : tokens(tokens), writer(tokens) {}

  std::string run() {
    writeLines({0, tokens.size()}, 0);
    return writer.lines.text();
  }

private:
  void writeLines(TokenRange range, size_t indent);
  void writeLine(TokenRange line, size_t indent);
  void writeBodies(TokenRange line, size_t indent);
  void writeAssignment(TokenRange line, size_t equals, size_t indent);
  void alignFields(TokenRange body);
  size_t endOfLine(size_t begin, size_t end) const;
  size_t find(StringRef symbol, TokenRange range) const;
  bool staysOnOneLine(TokenRange line, size_t indent) const;
  size_t wordsBeforeList(TokenRange line) const;

  const SpacedTokens &tokens;
  LineWriter writer;
  /// Blanks before the `=` of fields.
  llvm::DenseMap<size_t, size_t> blanks;
};
} // namespace

//===----------------------------------------------------------------------===//
// What is where
//===----------------------------------------------------------------------===//

/// Where the line that starts at `begin` ends, in a body that ends at `end`.
size_t Formatter::endOfLine(size_t begin, size_t end) const {
  size_t next = tokens.closing(begin) + 1;
  while (next < end && !tokens[next].startsLine)
    next = tokens.closing(next) + 1;
  return next;
}

/// The first that is within no brackets; if there is none, the end.
size_t Formatter::find(StringRef symbol, TokenRange range) const {
  size_t index = range.begin;
  while (index < range.end && !tokens[index].is(symbol))
    index = tokens.closing(index) + 1;
  return index;
}

/// Bodies of one statement that somebody has written on one line stay there.
bool Formatter::staysOnOneLine(TokenRange line, size_t indent) const {
  if (tokens.hasCommentsWithin(line) ||
      indent + tokens.width(line) > longestLine)
    return false;
  for (size_t i = line.begin + 1; i < line.end; ++i) {
    bool isBehindBrace = tokens[i - 1].is("{");
    if (tokens[i].startsLine && (!isBehindBrace || tokens[i].afterLineBreak))
      return false;
  }
  return true;
}

/// Of a list that goes on below its first item, the words in front of it; else
/// 0.
size_t Formatter::wordsBeforeList(TokenRange line) const {
  StringRef word = tokens[line.begin].text;
  if (word == "model" || word == "assume")
    return find(word == "model" ? "for" : "in", line) + 1 - line.begin;
  return llvm::StringSwitch<size_t>(word)
      .Cases({"ignore", "generate"}, 1)
      .Cases({"drop", "keep"}, 2)
      .Default(0);
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

void Formatter::writeLines(TokenRange range, size_t indent) {
  size_t begin = range.begin;
  while (begin < range.end) {
    writer.writeGap(begin, indent, begin == range.begin);
    writer.lines.start(indent);
    size_t end = endOfLine(begin, range.end);
    writeLine({begin, end}, indent);
    begin = end;
  }
  writer.writeGap(range.end, indent, range.begin == range.end);
}

void Formatter::writeLine(TokenRange line, size_t indent) {
  if (find("{", line) != line.end)
    return writeBodies(line, indent);
  size_t equals = find("=", line);
  if (equals != line.end)
    return writeAssignment(line, equals, indent);
  size_t words = wordsBeforeList(line);
  if (words == 0 || words >= line.end - line.begin)
    return writer.write(line, indent + 2);
  size_t item = line.begin + words;
  writer.write({line.begin, item}, indent + 2);
  writer.write({item, line.end}, writer.lines.column() + 1);
}

/// What goes on begins below the `=`, so that what an operator of one character
/// is in front of stands below the value.
void Formatter::writeAssignment(TokenRange line, size_t equals, size_t indent) {
  writer.write({line.begin, equals}, indent + 2);
  if (tokens.commentsBefore(equals).empty())
    writer.lines.writeBlanks(blanks.lookup(equals));
  writer.put(equals, indent + 2);
  writer.write({equals + 1, line.end}, writer.lines.column() - 1);
}

void Formatter::writeBodies(TokenRange line, size_t indent) {
  if (staysOnOneLine(line, indent))
    return writer.write(line, indent);
  for (size_t begin = line.begin; begin < line.end;) {
    size_t open = find("{", {begin, line.end}), close = tokens.closing(open);
    if (begin != line.begin && !tokens.commentsBefore(begin).empty())
      writer.startAt(begin, indent);
    writer.write({begin, open + 1}, indent + 4);
    if (tokens[line.begin].is("config"))
      alignFields({open + 1, close});
    if (open + 1 != close || !tokens.commentsBefore(close).empty()) {
      writeLines({open + 1, close}, indent + 2);
      writer.lines.start(indent);
    }
    writer.put(close, indent);
    begin = close + 1;
  }
}

/// Fields that follow each other have their `=` in one column. Names of one or
/// two letters, which others would push away from it, stand apart.
void Formatter::alignFields(TokenRange body) {
  SmallVector<size_t> run;
  size_t width = 0;
  auto endRun = [&] {
    for (size_t field : run)
      blanks[field + 1] = width - tokens[field].text.size();
    run.clear();
    width = 0;
  };
  for (size_t begin = body.begin; begin < body.end;
       begin = endOfLine(begin, body.end)) {
    ArrayRef<Comment> above = tokens.commentsBefore(begin);
    bool isField = begin + 1 < body.end && tokens[begin + 1].is("=") &&
                   tokens[begin].text.size() > 2;
    if (!isField || tokens.isBelowEmptyLine(begin) ||
        (!above.empty() && above.back().isAlone))
      endRun();
    if (!isField)
      continue;
    run.push_back(begin);
    width = std::max(width, tokens[begin].text.size());
  }
  endRun();
}

//===----------------------------------------------------------------------===//

/// Lines end as the first one of `before` does.
static std::string withLineEndsOf(StringRef before, std::string text) {
  if (!before.take_until([](char c) { return c == '\n'; }).ends_with("\r"))
    return text;
  std::string ended;
  for (char c : text) {
    if (c == '\n')
      ended += '\r';
    ended += c;
  }
  return ended;
}

std::optional<std::string> format(StringRef text, StringRef file,
                                  raw_ostream &os) {
  Diagnostics diagnostics(os);
  StringRef source =
      diagnostics.addFile(MemoryBuffer::getMemBufferCopy(text, file));
  std::vector<Token> tokens = parseTokens(source, diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  SpacedTokens spaced(source, std::move(tokens));
  return withLineEndsOf(source, Formatter(spaced).run());
}

} // namespace heddle::language
