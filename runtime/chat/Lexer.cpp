#include "runtime/chat/Lexer.h"
#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cstdarg>

namespace heddle::chat {

void Trouble::note(int32_t where, const char *format, ...) {
  if (any())
    return;
  line = where;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  // A character that does not fit is left out as a whole.
  message[text::wellFormedPrefix(message)] = '\0';
  if (!any())
    snprintf(message, sizeof message, "the template has raised an exception");
}

void appendLines(text::Text &out, std::string_view source) {
  for (size_t at = 0; at < source.size(); ++at) {
    bool isReturn = source[at] == '\r';
    if (isReturn && at + 1 < source.size() && source[at + 1] == '\n')
      ++at;
    out.push(isReturn ? '\n' : source[at]);
  }
  if (!out.empty() && out.back() == '\n')
    out.pop();
}

namespace {

class Lexer {
public:
  Lexer(std::string_view source, text::Buffer<Token> &tokens, Trouble &trouble)
      : source(source), tokens(tokens), trouble(trouble) {}

  void run();

private:
  void readText();
  void readTag(TokenType begin);
  void readComment();
  bool readRaw();
  bool readToken();
  void readNumber();
  void readString();
  bool readOperator();

  std::string_view rest() const { return behind(at); }
  std::string_view behind(size_t place) const {
    return text::slice(source, std::min(place, source.size()), source.size());
  }
  bool isAt(size_t place, std::string_view word) const {
    return text::startsWith(behind(place), word);
  }
  void push(TokenType type, size_t begin, size_t end);
  void pushText(size_t begin, size_t end, char sign, bool strips);
  void moveTo(size_t place) {
    line += static_cast<int32_t>(
        std::count(source.begin() + at, source.begin() + place, '\n'));
    at = place;
  }
  size_t skipSpace(size_t place) const;
  /// Behind the end `-}}` or `%}` of a tag at `place`; npos if it is not there.
  size_t endOfTag(size_t place, std::string_view end, bool trims) const;
  char signAt(size_t place) const {
    return isAt(place, "-") ? '-' : isAt(place, "+") ? '+' : '\0';
  }

  std::string_view source;
  text::Buffer<Token> &tokens;
  Trouble &trouble;
  size_t at = 0;
  int32_t line = 1;
  bool atLineStart = true;
  text::Text brackets; // that are open within a tag
};

constexpr size_t npos = std::string_view::npos;

} // namespace

void Lexer::push(TokenType type, size_t begin, size_t end) {
  tokens.push({type, line, text::slice(source, begin, end)});
}

size_t Lexer::skipSpace(size_t place) const {
  while (place < source.size()) {
    size_t behindIt = place;
    if (!isSpace(text::nextCharacter(source, behindIt)))
      break;
    place = behindIt;
  }
  return place;
}

size_t Lexer::endOfTag(size_t place, std::string_view end, bool trims) const {
  char sign = signAt(place);
  // `+}}` does not end a variable: it is a sign of arithmetic.
  if (sign == '+' && !trims)
    return npos;
  size_t behindSign = place + (sign ? 1 : 0);
  if (!isAt(behindSign, end))
    return npos;
  size_t behindEnd = behindSign + end.size();
  if (sign == '-')
    return skipSpace(behindEnd);
  return behindEnd + (trims && !sign && isAt(behindEnd, "\n"));
}

/// The text [begin, end) before a tag with `sign`. A block `strips` the white
/// space of its line.
void Lexer::pushText(size_t begin, size_t end, char sign, bool strips) {
  std::string_view text = text::slice(source, begin, end);
  if (sign == '-') {
    text = strip(text, nullptr, false, true);
  } else if (sign != '+' && strips) {
    size_t lineBegin = findLastText(text, "\n");
    lineBegin = lineBegin == npos ? 0 : lineBegin + 1;
    std::string_view last = text::slice(text, lineBegin, text.size());
    if ((lineBegin > 0 || atLineStart) &&
        strip(last, nullptr, true, false).empty())
      text = text::slice(text, 0, lineBegin);
  }
  if (!text.empty())
    tokens.push({TokenType::Data, line, text});
}

/// Up to the next tag, and into it.
void Lexer::readText() {
  size_t tag = at;
  do
    tag = findText(source, "{", tag);
  while (tag != npos && !isAt(tag, "{{") && !isAt(tag, "{%") &&
         !isAt(tag, "{#") && ++tag);
  if (tag == npos) {
    pushText(at, source.size(), '+', false);
    return moveTo(source.size());
  }
  char sign = signAt(tag + 2), kind = source[tag + 1];
  size_t begin = at;
  pushText(begin, tag, sign, kind != '{');
  moveTo(tag);
  if (kind == '#')
    return readComment();
  if (kind == '%' && readRaw())
    return;
  push(kind == '{' ? TokenType::VariableBegin : TokenType::BlockBegin, tag,
       tag + 2);
  moveTo(tag + (sign ? 3 : 2));
  readTag(kind == '{' ? TokenType::VariableBegin : TokenType::BlockBegin);
}

void Lexer::readComment() {
  size_t begin = at + (signAt(at + 2) ? 3 : 2);
  for (size_t end = begin; end < source.size(); ++end) {
    if (size_t behindIt = endOfTag(end, "#}", true); behindIt != npos) {
      moveTo(behindIt);
      atLineStart = source[at - 1] == '\n';
      return;
    }
  }
  trouble.note(line, "found a comment without an end");
}

/// `{% raw %}…{% endraw %}`: text as it stands.
bool Lexer::readRaw() {
  size_t word = skipSpace(at + (signAt(at + 2) ? 3 : 2));
  if (!isAt(word, "raw"))
    return false;
  size_t tail = skipSpace(word + 3);
  // The line end behind it stays.
  size_t begin = endOfTag(tail, "%}", false);
  if (begin == npos)
    return false;
  for (size_t end = findText(source, "{%", begin); end != npos;
       end = findText(source, "{%", end + 2)) {
    char sign = signAt(end + 2);
    size_t name = skipSpace(end + (sign ? 3 : 2));
    size_t behindIt =
        isAt(name, "endraw") ? endOfTag(skipSpace(name + 6), "%}", true) : npos;
    if (behindIt == npos)
      continue;
    atLineStart = source[begin - 1] == '\n';
    moveTo(begin);
    pushText(begin, end, sign, true);
    moveTo(behindIt);
    atLineStart = source[at - 1] == '\n';
    return true;
  }
  trouble.note(line, "found a raw block without an end");
  return true;
}

void Lexer::readTag(TokenType begin) {
  bool isVariable = begin == TokenType::VariableBegin;
  brackets.clear();
  while (!trouble.any()) {
    size_t end = brackets.empty()
                     ? endOfTag(at, isVariable ? "}}" : "%}", !isVariable)
                     : npos;
    if (end != npos) {
      push(isVariable ? TokenType::VariableEnd : TokenType::BlockEnd, at, end);
      moveTo(end);
      atLineStart = source[at - 1] == '\n';
      return;
    }
    moveTo(skipSpace(at));
    if (at == source.size())
      return trouble.note(line, "found a tag without an end");
    end = brackets.empty() ? endOfTag(at, isVariable ? "}}" : "%}", !isVariable)
                           : npos;
    if (end == npos && !readToken())
      trouble.note(line, "found `%.*s`, which is no token of Jinja's",
                   static_cast<int>(text::characterLength(source[at])),
                   source.data() + at);
  }
}

static bool isDecimal(char c) { return c >= '0' && c <= '9'; }
static bool isWord(char c) {
  return isDecimal(c) || c == '_' || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

bool Lexer::readToken() {
  char first = source[at];
  if (isDecimal(first))
    return readNumber(), true;
  if (first == '"' || first == '\'')
    return readString(), true;
  if (!isWord(first))
    return readOperator();
  size_t end = at;
  while (end < source.size() && isWord(source[end]))
    ++end;
  push(TokenType::Name, at, end);
  moveTo(end);
  return true;
}

void Lexer::readNumber() {
  size_t end = at;
  auto digits = [&] {
    while (end < source.size() &&
           (isDecimal(source[end]) || source[end] == '_'))
      ++end;
  };
  auto hasDigit = [&](size_t place) {
    return place < source.size() && isDecimal(source[place]);
  };
  bool isWhole = true;
  digits();
  // `1.x` and `a.0.1` are members, not fractions.
  bool isMember = at > 0 && source[at - 1] == '.';
  if (!isMember && isAt(end, ".") && hasDigit(end + 1)) {
    isWhole = false;
    ++end;
    digits();
  }
  if (!isMember && (isAt(end, "e") || isAt(end, "E"))) {
    size_t exponent = end + 1 + (signAt(end + 1) ? 1 : 0);
    if (hasDigit(exponent)) {
      isWhole = false;
      end = exponent;
      digits();
    }
  }
  if (end < source.size() && isWord(source[end]))
    return trouble.note(line, "found a number with `%c` in it", source[end]);
  push(isWhole ? TokenType::Integer : TokenType::Float, at, end);
  moveTo(end);
}

void Lexer::readString() {
  char quote = source[at];
  for (size_t end = at + 1; end < source.size(); ++end) {
    if (source[end] == '\\') {
      ++end;
    } else if (source[end] == quote) {
      push(TokenType::String, at + 1, end);
      return moveTo(end + 1);
    }
  }
  trouble.note(line, "found a string without an end");
}

bool Lexer::readOperator() {
  constexpr std::string_view operators[] = {
      "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
      "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ","};
  for (std::string_view sign : operators) {
    if (!isAt(at, sign))
      continue;
    constexpr std::string_view opening = "([{", closing = ")]}";
    if (findText(opening, sign, 0) != npos) {
      brackets.push(closing.data()[findText(opening, sign, 0)]);
    } else if (findText(closing, sign, 0) != npos) {
      if (brackets.empty() || brackets.back() != sign.data()[0])
        return trouble.note(line,
                            "found `%c` where nothing is open that it "
                            "closes",
                            sign.data()[0]),
               true;
      brackets.pop();
    }
    push(TokenType::Operator, at, at + sign.size());
    moveTo(at + sign.size());
    return true;
  }
  return false;
}

void Lexer::run() {
  while (at < source.size() && !trouble.any())
    readText();
  push(TokenType::End, source.size(), source.size());
}

void tokenize(std::string_view source, text::Buffer<Token> &tokens,
              Trouble &trouble) {
  Lexer(source, tokens, trouble).run();
}

} // namespace heddle::chat
