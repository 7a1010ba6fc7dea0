//===- Text.cpp - Places in a text as editors count them ------------------===//

#include "compiler/lsp/Text.h"

#include <algorithm>

using namespace llvm;

namespace heddle::lsp {

/// How many units of UTF-16 the byte begins: none where it continues a
/// character, two where that needs a pair. A byte that is no UTF-8 is shown as
/// one character.
static int unitsOf(char byte) {
  auto bits = static_cast<unsigned char>(byte);
  return (bits & 0xC0) == 0x80 ? 0 : bits >= 0xF0 ? 2 : 1;
}

Text::Text(StringRef text) : text(text), starts{0} {
  for (size_t at = text.find('\n'); at != StringRef::npos;
       at = text.find('\n', at + 1))
    starts.push_back(at + 1);
}

protocol::Position Text::positionOf(const char *place) const {
  size_t offset = place - text.begin();
  size_t line =
      std::upper_bound(starts.begin(), starts.end(), offset) - starts.begin();
  int column = 0;
  for (char byte : text.slice(starts[line - 1], offset))
    column += unitsOf(byte);
  return {static_cast<int>(line - 1), column};
}

StringRef Text::line(size_t number) const {
  size_t end = number + 1 < starts.size() ? starts[number + 1] : text.size();
  StringRef line = text.slice(starts[number], end);
  line.consume_back("\n");
  line.consume_back("\r");
  return line;
}

const char *Text::placeAt(protocol::Position position) const {
  if (position.line < 0)
    return text.begin();
  if (static_cast<size_t>(position.line) >= starts.size())
    return text.end();
  StringRef rest = line(position.line);
  int column = 0;
  while (!rest.empty() && column < position.character) {
    column += unitsOf(rest.front());
    rest = rest.drop_front();
    while (!rest.empty() && unitsOf(rest.front()) == 0)
      rest = rest.drop_front();
  }
  return rest.data();
}

json::Value withOwnTexts(const json::Value &value) {
  if (std::optional<StringRef> text = value.getAsString())
    return text->str();
  if (const json::Array *array = value.getAsArray()) {
    json::Array copy;
    for (const json::Value &element : *array)
      copy.push_back(withOwnTexts(element));
    return copy;
  }
  if (const json::Object *object = value.getAsObject()) {
    json::Object copy;
    for (const auto &[key, member] : *object)
      copy[StringRef(key).str()] = withOwnTexts(member);
    return copy;
  }
  return value;
}

} // namespace heddle::lsp
