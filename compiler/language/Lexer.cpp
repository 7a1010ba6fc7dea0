//===- Lexer.cpp - Model file to tokens -----------------------------------===//

#include "compiler/language/Lexer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"

using namespace llvm;

namespace heddle::language {

bool isReserved(StringRef word) {
  return llvm::StringSwitch<bool>(word)
      .Cases({"and", "or", "as", "where", "if", "else", "for", "scan"}, true)
      .Cases({"return", "yield", "not", "when"}, true)
      .Default(false);
}

static bool isNameCharacter(char c) { return isAlnum(c) || c == '_'; }

/// 12, 1.5, 1e-6, 1.5e-6; but `0..L` starts with the number 0.
static size_t lengthOfNumber(StringRef rest) {
  auto digitsFrom = [&](size_t start) {
    size_t end = start;
    while (end < rest.size() && isDigit(rest[end]))
      ++end;
    return end;
  };
  size_t end = digitsFrom(0);
  if (end + 1 < rest.size() && rest[end] == '.' && isDigit(rest[end + 1]))
    end = digitsFrom(end + 1);
  if (end < rest.size() && (rest[end] == 'e' || rest[end] == 'E')) {
    size_t exponent = end + 1;
    if (exponent < rest.size() &&
        (rest[exponent] == '-' || rest[exponent] == '+'))
      ++exponent;
    if (exponent < rest.size() && isDigit(rest[exponent]))
      end = digitsFrom(exponent);
  }
  return end;
}

static size_t lengthOfSymbol(StringRef rest) {
  for (StringRef pair : {"->", "..", "==", "!=", "<=", ">="})
    if (rest.starts_with(pair))
      return 2;
  return StringRef("-+*/%^<>=@(){}[],:|?.").contains(rest.front()) ? 1 : 0;
}

namespace {
class Lexer {
public:
  Lexer(StringRef source, Diagnostics &diagnostics)
      : rest(source), diagnostics(diagnostics) {}

  std::vector<Token> run() {
    while (true) {
      skipBlanks();
      if (rest.empty())
        break;
      lexToken();
    }
    add(TokenKind::EndOfFile, 0);
    return std::move(tokens);
  }

private:
  void skipBlanks() {
    while (!rest.empty()) {
      if (rest.front() == '#') {
        skipLine();
      } else if (isSpace(rest.front())) {
        afterLineBreak |= rest.front() == '\n';
        rest = rest.drop_front();
      } else {
        return;
      }
      afterSpace = true;
    }
  }

  void lexToken() {
    char first = rest.front();
    if (isAlpha(first) || first == '_')
      return add(isUpper(first) ? TokenKind::Size : TokenKind::Name,
                 rest.take_while(isNameCharacter).size());
    if (isDigit(first))
      return add(TokenKind::Number, lengthOfNumber(rest));
    if (first == '"')
      return lexString();
    if (size_t length = lengthOfSymbol(rest))
      return add(TokenKind::Symbol, length);
    reportCharacter();
  }

  void lexString() {
    size_t end = rest.find_first_of("\"\n", 1);
    SMLoc place = SMLoc::getFromPointer(rest.data());
    if (end == StringRef::npos || rest[end] != '"') {
      diagnostics.error(place, "string without its closing quote");
      return skipLine();
    }
    if (!isLegalUTF8(rest.take_front(end)))
      diagnostics.error(place, "found a string that is not UTF-8, needs UTF-8");
    add(TokenKind::String, end + 1);
  }

  void reportCharacter() {
    size_t length = std::min<size_t>(
        std::max(1u, getNumBytesForUTF8(rest.front())), rest.size());
    diagnostics.error(SMLoc::getFromPointer(rest.data()),
                      "found the character '" +
                          printable(rest.take_front(length)) +
                          "', which the language does not use");
    skipLine();
  }

  /// The rest of a line with such a mistake would be read as what nobody meant.
  void skipLine() {
    rest = rest.drop_until([](char c) { return c == '\n'; });
  }

  static bool isLegalUTF8(StringRef text) {
    const UTF8 *start = reinterpret_cast<const UTF8 *>(text.data());
    return isLegalUTF8String(&start, start + text.size());
  }

  static std::string printable(StringRef character) {
    if (isLegalUTF8(character) &&
        (character.size() > 1 || isPrint(character.front())))
      return character.str();
    std::string code = "\\x";
    return code + toHex(character.take_front(1));
  }

  void add(TokenKind kind, size_t length) {
    Token token;
    token.kind = kind;
    token.text = rest.take_front(length);
    token.afterSpace = afterSpace;
    token.afterLineBreak = afterLineBreak;
    tokens.push_back(token);
    rest = rest.drop_front(length);
    afterSpace = afterLineBreak = false;
  }

  StringRef rest;
  Diagnostics &diagnostics;
  std::vector<Token> tokens;
  bool afterSpace = false;
  bool afterLineBreak = true;
};
} // namespace

std::vector<Token> lex(StringRef source, Diagnostics &diagnostics) {
  return Lexer(source, diagnostics).run();
}

} // namespace heddle::language
