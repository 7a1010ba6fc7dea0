//===- SpacedTokens.cpp - Tokens, and what is between them ----------------===//

#include "compiler/language/SpacedTokens.h"

#include "llvm/Support/Unicode.h"

using namespace llvm;

namespace heddle::language {

size_t columnsOf(StringRef text) {
  int width = sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : width;
}

//===----------------------------------------------------------------------===//
// Between tokens
//===----------------------------------------------------------------------===//

SpacedTokens::SpacedTokens(StringRef source, std::vector<Token> ofSource)
    : tokens(std::move(ofSource)) {
  const char *end = source.begin();
  uint32_t column = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    StringRef text = tokens[i].text;
    firstComment.push_back(comments.size());
    readGap(StringRef(end, text.begin() - end), i == 0);
    end = text.end();
    columns.push_back(column += i > 0 && hasSpaceBefore(i));
    column += columnsOf(text);
  }
  firstComment.push_back(comments.size());
  matchBrackets();
}

/// Nothing but blanks and comments. Its first line is the last token's, its
/// last one the next token's.
void SpacedTokens::readGap(StringRef gap, bool isFirst) {
  bool isAlone = isFirst, isBelow = false;
  while (true) {
    size_t end = gap.find('\n');
    StringRef line = gap.take_front(end).trim();
    if (!line.empty())
      comments.push_back({line, isAlone, isBelow});
    if (end == StringRef::npos)
      break;
    isBelow = line.empty() && isAlone;
    isAlone = true;
    gap = gap.drop_front(end + 1);
  }
  belowEmptyLine.push_back(isBelow);
}

void SpacedTokens::matchBrackets() {
  SmallVector<size_t> open;
  for (size_t i = 0; i < tokens.size(); ++i) {
    closings.push_back(i);
    const Token &token = tokens[i];
    if (token.is("(") || token.is("[") || token.is("{")) {
      open.push_back(i);
    } else if (token.is(")") || token.is("]") || token.is("}")) {
      closings[open.pop_back_val()] = i;
    }
  }
}

//===----------------------------------------------------------------------===//
// Space
//===----------------------------------------------------------------------===//

/// Ends what a call's bracket, an index or a step of a path may follow.
static bool endsOperand(const Token &token) {
  switch (token.kind) {
  case TokenKind::Name:
    return token.role != Role::Keyword && token.role != Role::Operator &&
           !isReserved(token.text);
  case TokenKind::Size:
  case TokenKind::Number:
  case TokenKind::String:
    return true;
  default:
    return token.is(")") || token.is("]");
  }
}

/// Holds what is on both sides of it together.
static bool isTight(const Token &token) {
  return token.role == Role::AxisOperator || token.is("@") || token.is("^") ||
         (token.is(".") && token.role != Role::Key) ||
         (token.is("..") && token.role != Role::Axis);
}

static bool hasSpaceBetween(const Token &left, const Token &right) {
  if (left.is("(") || left.is("[") || right.is(")") || right.is("]") ||
      right.is(",") || (left.is("{") && right.is("}")))
    return false;
  if (left.role == Role::Key || (left.role == Role::Prefix && left.is("-")))
    return false;
  if (right.role == Role::Axis || right.role == Role::Key)
    return true;
  if (isTight(left) || isTight(right))
    return false;
  if (right.is("(") || right.is("["))
    return !endsOperand(left);
  return !(right.is(":") && right.role != Role::Operator);
}

bool SpacedTokens::hasSpaceBefore(size_t index) const {
  return hasSpaceBetween(tokens[index - 1], tokens[index]);
}

size_t SpacedTokens::width(TokenRange range) const {
  if (range.begin == range.end)
    return 0;
  size_t last = range.end - 1;
  return columns[last] + columnsOf(tokens[last].text) - columns[range.begin];
}

} // namespace heddle::language
