//===- Json.cpp - JSON that somebody else wrote ---------------------------===//

#include "compiler/checkpoint/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <cstdlib>

using namespace llvm;

namespace heddle::checkpoint {
namespace {

constexpr size_t deepestNesting = 64;
/// Values in memory take some hundred times the bytes of `0,`. The tokenizer of
/// a vocabulary of 262,144 has two millions.
constexpr size_t mostValues = 8'000'000;

struct Fault {
  size_t position;
  std::string what;
};

/// Walks the brackets, strings and numbers of a text that need not be well
/// formed, and finds the first key given twice in an object, bracket nested too
/// deeply or number beyond the largest. Everything else is left to the parser.
class BracketWalk {
public:
  explicit BracketWalk(StringRef text) : text(text) {}

  std::optional<Fault> run() {
    while (at < text.size()) {
      switch (text[at]) {
      case '"':
        if (std::optional<Fault> fault = string())
          return fault;
        continue;
      case '{':
      case '[':
        if (open.size() == deepestNesting)
          return Fault{
              at,
              ("brackets nested deeper than " + Twine(deepestNesting)).str()};
        open.emplace_back();
        ++values;
        break;
      case ',':
        ++values;
        break;
      case '}':
      case ']':
        if (!open.empty())
          open.pop_back();
        break;
      default:
        if (isDigit(text[at])) {
          if (std::optional<Fault> fault = number())
            return fault;
          continue;
        }
      }
      if (values > mostValues)
        return Fault{at, ("more than " + Twine(mostValues) + " values").str()};
      ++at;
    }
    return std::nullopt;
  }

private:
  /// What strtod makes infinite was no infinity. Few digits are no large
  /// number.
  std::optional<Fault> number() {
    size_t begin = at;
    StringRef literal = text.substr(at).take_while(
        [](char c) { return isAlnum(c) || StringRef("+-.").contains(c); });
    at += literal.size();
    if (!literal.contains_insensitive('e') && literal.size() < 300)
      return std::nullopt;
    if (!std::isinf(std::strtod(literal.str().c_str(), nullptr)))
      return std::nullopt;
    constexpr size_t shown = 40;
    return Fault{begin,
                 ("the number " + literal.take_front(shown) +
                  (literal.size() > shown ? "..." : "") + " is out of range")
                     .str()};
  }

  /// A string followed by a colon is a key of the innermost bracket.
  std::optional<Fault> string() {
    size_t begin = at++;
    while (at < text.size() && text[at] != '"')
      at += text[at] == '\\' ? 2 : 1;
    at = std::min(at + 1, text.size());
    StringRef literal = text.slice(begin, at);
    if (open.empty() || !text.substr(at).ltrim(" \t\r\n").starts_with(":"))
      return std::nullopt;
    std::string key = literal.drop_front().drop_back().str();
    if (literal.contains('\\')) {
      // The same name may be spelled with different escapes.
      if (Expected<json::Value> value = json::parse(literal))
        key = value->getAsString()->str();
      else
        consumeError(value.takeError());
    }
    if (!open.back().insert(key).second)
      return Fault{begin, "the key \"" + key + "\" is given twice"};
    return std::nullopt;
  }

  StringRef text;
  size_t at = 0, values = 0;
  std::vector<StringSet<>> open;
};

std::string lineAndColumn(StringRef text, size_t position) {
  StringRef before = text.take_front(position);
  size_t lineBegin = before.rfind('\n');
  size_t column =
      lineBegin == StringRef::npos ? position : position - lineBegin - 1;
  return (Twine(before.count('\n') + 1) + ":" + Twine(column + 1)).str();
}

/// llvm::json says `[line:column, byte=n]: What is wrong`, where n counts the
/// offending character as read for the kinds of fault that begin as below.
Fault faultOf(Error error) {
  std::string message = toString(std::move(error));
  auto [place, what] = StringRef(message).split("]: ");
  size_t position = 0;
  if (what.empty() || place.split("byte=").second.getAsInteger(10, position))
    return {0, message};
  bool isRead =
      what.starts_with("Expected") || what.starts_with("Invalid JSON value");
  if (isRead && position > 0)
    --position;
  return {position, what.lower()};
}

/// The four digits of an escape `\uXXXX` at the front of `text`, or nothing.
std::optional<uint32_t> escapedUnit(StringRef text) {
  uint32_t unit;
  if (!text.starts_with("\\u") || text.size() < 6 ||
      text.substr(2, 4).getAsInteger(16, unit))
    return std::nullopt;
  return unit;
}

/// Python escapes a character beyond U+FFFF as a surrogate pair; llvm::json 22
/// joins the pair with `0x10000 |` where it should add, which is wrong from
/// U+20000 on. So pairs are replaced by the characters they stand for.
std::string withoutSurrogatePairs(StringRef text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t plain = std::min(text.find('\\'), text.size());
    out += text.take_front(plain);
    text = text.drop_front(plain);
    std::optional<uint32_t> high = escapedUnit(text);
    std::optional<uint32_t> low =
        escapedUnit(text.drop_front(std::min<size_t>(text.size(), 6)));
    if (high && low && (*high & 0xfc00) == 0xd800 &&
        (*low & 0xfc00) == 0xdc00) {
      uint32_t c = 0x10000 + ((*high & 0x3ff) << 10) + (*low & 0x3ff);
      for (uint32_t byte : {0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f),
                            0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f)})
        out += static_cast<char>(byte);
      text = text.drop_front(12);
      continue;
    }
    out += text.take_front(2);
    text = text.drop_front(std::min<size_t>(text.size(), 2));
  }
  return out;
}

/// Python writes an infinite number as a word that JSON does not have. A number
/// too large for a double is as long and means the same. NaN stays malformed:
/// no setting means it.
std::string withNumbersForInfinity(StringRef text) {
  constexpr StringLiteral word = "Infinity", number = "1e999999";
  static_assert(word.size() == number.size(), "positions must not move");
  std::string out = text.str();
  bool inString = false;
  for (size_t at = 0; at < out.size(); ++at) {
    if (out[at] == '"')
      inString = !inString;
    else if (out[at] == '\\')
      ++at;
    else if (!inString && StringRef(out).substr(at).starts_with(word))
      out.replace(at, word.size(), number);
  }
  return out;
}

} // namespace

std::optional<json::Value> parseJson(StringRef text, const Twine &where,
                                     Problems &problems) {
  std::optional<Fault> fault = BracketWalk(text).run();
  std::string finite;
  if (text.contains("Infinity"))
    text = finite = withNumbersForInfinity(text);
  if (!fault) {
    Expected<json::Value> value = text.contains_insensitive("\\ud")
                                      ? json::parse(withoutSurrogatePairs(text))
                                      : json::parse(text);
    if (value)
      return std::move(*value);
    fault = faultOf(value.takeError());
    fault->what = "malformed JSON: " + fault->what;
  }
  Problems::Topic topic(problems, "json");
  problems.add(where + ":" + lineAndColumn(text, fault->position), fault->what);
  return std::nullopt;
}

std::optional<json::Value> parseJson(const Document &document,
                                     Problems &problems, uint64_t mostBytes) {
  return document.text()
             ? parseJson(*document.text(), document.name(), problems)
             : parseJsonFile(document.name(), problems, mostBytes);
}

std::optional<json::Value> parseJsonFile(StringRef path, Problems &problems,
                                         uint64_t mostBytes) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer =
      files::readFile(path, mostBytes);
  if (!buffer) {
    problems.add(buffer.takeError());
    return std::nullopt;
  }
  return parseJson((*buffer)->getBuffer(), path, problems);
}

} // namespace heddle::checkpoint
