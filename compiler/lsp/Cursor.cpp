//===- Cursor.cpp - What stands before a place ----------------------------===//

#include "compiler/lsp/Cursor.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

StringRef headOf(const Function &function) {
  return function.source.split('{').first.trim();
}

Cursor::Cursor(const File &file, const char *place) : file(file), place(place) {
  size_t count = 0;
  while (count < file.tokens.size() &&
         file.tokens[count].text.begin() < place &&
         file.tokens[count].kind != TokenKind::EndOfFile)
    ++count;
  if (count > 0) {
    const Token &last = file.tokens[count - 1];
    bool isOfWord =
        last.kind == TokenKind::Name || last.kind == TokenKind::Size;
    inText = last.kind == TokenKind::String && place < last.text.end();
    // The word that is being written is not before itself.
    if ((isOfWord && place <= last.text.end()) || inText)
      --count;
  }
  tokens = ArrayRef(file.tokens).take_front(count);
  for (auto [index, token] : enumerate(tokens)) {
    if (token.is("(") || token.is("[") || token.is("{"))
      open.push_back(index);
    if ((token.is(")") || token.is("]") || token.is("}")) && !open.empty())
      open.pop_back();
  }
}

bool Cursor::isInComment() const {
  if (inText)
    return false;
  const char *line = place;
  while (line > file.text.str().begin() && line[-1] != '\n')
    --line;
  // A # within a string of the line is none.
  const char *end =
      tokens.empty() ? line : std::max(line, tokens.back().text.end());
  return end <= place && StringRef(end, place - end).contains('#');
}

bool Cursor::isAtLineStart() const {
  if (tokens.empty() || isAfter("{"))
    return true;
  const char *end = tokens.back().text.end();
  return end <= place && StringRef(end, place - end).contains('\n');
}

StringRef Cursor::bracket() const {
  return open.empty() ? "" : tokens[open.back()].text;
}

StringRef Cursor::section() const {
  if (open.empty() || open.front() == 0 || !tokens[open.front()].is("{"))
    return "";
  const Token &word = tokens[open.front() - 1];
  return word.is("config") || word.is("weights") ? word.text : "";
}

bool Cursor::isWord(size_t token) const {
  return tokens[token].kind == TokenKind::Name ||
         tokens[token].kind == TokenKind::Size;
}

/// The token before `@path`, where that ends before `end`; else `end` - 1.
size_t Cursor::beforePath(size_t end) const {
  unsigned depth = 0;
  for (size_t at = end; at-- > 0;) {
    const Token &token = tokens[at];
    if (token.is("]") || token.is(")"))
      ++depth;
    else if (depth)
      depth -= token.is("[") || token.is("(");
    else if (token.is("@"))
      return at == 0 ? 0 : at - 1;
    else if (token.kind == TokenKind::Symbol && !token.is("."))
      break;
    if (depth == 0 && token.afterSpace)
      break;
  }
  return end - 1;
}

StringRef Cursor::callee() const {
  if (bracket() != "(" || open.back() == 0)
    return "";
  size_t word = beforePath(open.back());
  return isWord(word) ? tokens[word].text : "";
}

unsigned Cursor::argument() const {
  unsigned depth = 0, commas = 0;
  for (const Token &token : tokens.drop_front(open.back() + 1)) {
    depth += token.is("(") || token.is("[") || token.is("{");
    depth -= token.is(")") || token.is("]") || token.is("}");
    commas += depth == 0 && token.is(",");
  }
  return commas;
}

bool Cursor::isInPath(SmallVectorImpl<StringRef> &steps) const {
  if (tokens.empty() || !(isAfter("@") || isAfter(".")))
    return false;
  SmallVector<StringRef> found;
  unsigned depth = 0;
  for (size_t at = tokens.size(); at-- > 0;) {
    const Token &token = tokens[at];
    if (token.is("]"))
      ++depth;
    else if (depth)
      depth -= token.is("[");
    else if (token.is("@")) {
      steps.assign(found.rbegin(), found.rend());
      return true;
    } else if (isWord(at))
      found.push_back(token.text);
    else if (!token.is(".") && token.kind != TokenKind::Number)
      return false;
    if (depth == 0 && token.afterSpace)
      return false;
  }
  return false;
}

bool Cursor::isInKey(SmallVectorImpl<StringRef> &steps) const {
  SmallVector<StringRef> found;
  for (size_t at = tokens.size(); at > 0 && tokens[at - 1].is(".");) {
    --at;
    bool goesOn = at > 0 && !tokens[at].afterSpace && isWord(at - 1);
    if (!goesOn) {
      steps.assign(found.rbegin(), found.rend());
      return true;
    }
    found.push_back(tokens[--at].text);
  }
  return false;
}

} // namespace heddle::lsp
