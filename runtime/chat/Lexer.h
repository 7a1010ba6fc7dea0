// A template's text → tokens.
//
// As Jinja's lexer with trim_blocks and lstrip_blocks, which transformers sets:
// a block or a comment takes the white space of its line before it and one line
// end behind it along, `-` all white space on its side, `+` none. The last line
// end of a template does not count.
#ifndef HEDDLE_RUNTIME_CHAT_LEXER_H
#define HEDDLE_RUNTIME_CHAT_LEXER_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::chat {

enum class TokenType : uint8_t {
  Data, // text between the tags
  VariableBegin,
  VariableEnd,
  BlockBegin,
  BlockEnd,
  Name,
  Integer,
  Float,
  String, // without its quotes
  Operator,
  End
};

struct Token {
  TokenType type = TokenType::End;
  int32_t line = 0;
  std::string_view text;

  bool is(std::string_view sign) const {
    return type == TokenType::Operator && text == sign;
  }
  bool isName(std::string_view name) const {
    return type == TokenType::Name && text == name;
  }
};

/// What is wrong with a template, or with what it was given.
struct Trouble {
  char message[400] = "";
  int32_t line = 0;

  bool any() const { return message[0]; }
  /// The first one counts.
  [[gnu::format(printf, 3, 4)]] void note(int32_t line, const char *format,
                                          ...);
};

/// `source` with "\n" for every line end, and without the last one.
void appendLines(text::Text &out, std::string_view source);

/// The tokens of a source that appendLines() made, the last of them End.
/// `source` must outlive them.
void tokenize(std::string_view source, text::Buffer<Token> &tokens,
              Trouble &trouble);

} // namespace heddle::chat

#endif // HEDDLE_RUNTIME_CHAT_LEXER_H
