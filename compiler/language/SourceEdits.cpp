//===- SourceEdits.cpp - A text with some places written anew -------------===//

#include "compiler/language/SourceEdits.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace heddle::language {

void SourceEdits::replace(StringRef place, std::string text) {
  edits.push_back({place, std::move(text), false});
}

void SourceEdits::remove(StringRef place) {
  edits.push_back({place, "", true});
}

/// A word or number needs no brackets.
static bool isAtom(StringRef text) {
  return !text.empty() && all_of(text, [](char c) {
    return isAlnum(c) || c == '_' || c == '.';
  });
}

/// Whether the place stands in brackets of its own, which no call has.
static bool isBracketed(StringRef source, StringRef place) {
  if (place.begin() <= source.begin() + 1 || place.end() >= source.end())
    return false;
  char before = place.begin()[-2];
  return place.begin()[-1] == '(' && *place.end() == ')' && !isAlnum(before) &&
         before != '_' && before != ')' && before != ']' && before != '"';
}

/// The whole lines of a statement that goes; without the line, where others
/// share it.
static StringRef widened(StringRef source, StringRef place) {
  const char *begin = place.begin(), *end = place.end();
  while (begin > source.begin() && begin[-1] == ' ')
    --begin;
  bool isFirst = begin == source.begin() || begin[-1] == '\n';
  StringRef behind(end, source.end() - end);
  StringRef line = behind.take_until([](char c) { return c == '\n'; });
  bool isLast = line.trim().empty() || line.trim().starts_with("#");
  if (!isFirst || !isLast)
    return place;
  end = line.end() + (line.end() < source.end() ? 1 : 0);
  StringRef comments = commentsAbove(place, source.begin());
  begin = comments.empty() ? begin : comments.begin();
  return {begin, static_cast<size_t>(end - begin)};
}

std::string SourceEdits::applyTo(StringRef source) const {
  SmallVector<Edit> sorted(edits.begin(), edits.end());
  for (Edit &edit : sorted) {
    if (edit.isRemoval)
      edit.place = widened(source, edit.place);
    else if (isAtom(edit.text) && isBracketed(source, edit.place))
      edit.place = {edit.place.begin() - 1, edit.place.size() + 2};
  }
  // Of two that begin together the longer one counts.
  llvm::sort(sorted, [](const Edit &a, const Edit &b) {
    return std::pair(a.place.begin(), b.place.end()) <
           std::pair(b.place.begin(), a.place.end());
  });
  std::string text;
  const char *done = source.begin();
  for (const Edit &edit : sorted) {
    if (edit.place.begin() < done || edit.place.end() > source.end())
      continue;
    text.append(done, edit.place.begin());
    text += edit.text;
    done = edit.place.end();
  }
  text.append(done, source.end());
  return text;
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

/// The line before the one that begins at `begin`; empty at the file's front.
static StringRef lineBefore(const char *begin, const char *file) {
  if (begin <= file)
    return {begin, 0};
  const char *start = begin - 1;
  while (start > file && start[-1] != '\n')
    --start;
  return {start, static_cast<size_t>(begin - start)};
}

StringRef commentsAbove(StringRef place, const char *file) {
  const char *begin = place.begin();
  while (begin > file && begin[-1] != '\n')
    --begin;
  const char *end = begin;
  while (true) {
    StringRef line = lineBefore(begin, file);
    if (line.empty() || !line.trim().starts_with("#"))
      return {begin, static_cast<size_t>(end - begin)};
    begin = line.begin();
  }
}

StringRef commentBehind(StringRef place) {
  // Source texts end with a zero byte.
  StringRef line(place.end(), strcspn(place.end(), "\n"));
  line = line.trim();
  return line.starts_with("#") ? line : "";
}

std::string reindented(StringRef lines, StringRef indent) {
  lines = lines.drop_while([](char c) { return c == '\n'; }).rtrim();
  size_t own = lines.find_first_not_of(' ');
  std::string text;
  for (StringRef rest = lines; !rest.empty();) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    size_t blanks = std::min(line.find_first_not_of(' '), own);
    if (!text.empty())
      text += line.trim().empty() ? "\n" : "\n" + indent.str();
    text += line.drop_front(std::min(blanks, line.size())).rtrim();
  }
  return text;
}

} // namespace heddle::language
