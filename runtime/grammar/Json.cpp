#include "runtime/grammar/Json.h"
#include "runtime/text/JsonEscape.h"
#include "runtime/text/Tokenizer.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::grammar {

/// Levels of lists and objects.
static constexpr int deepest = 64;

Node Json::add(Node parent) {
  auto node = static_cast<Node>(nodes.size());
  Item item = {};
  item.first = item.last = item.next = noNode;
  item.parent = parent;
  nodes.push(item);
  if (nodes.size() == node)
    return noNode;
  if (parent == noNode)
    return node;
  Item &above = nodes[parent];
  nodes[node].place = above.count++;
  (above.first == noNode ? above.first : nodes[above.last].next) = node;
  above.last = node;
  return node;
}

void Json::skipSpace() {
  while (at < source.size() && (source[at] == ' ' || source[at] == '\n' ||
                                source[at] == '\t' || source[at] == '\r'))
    ++at;
}

bool Json::take(char wanted) {
  skipSpace();
  if (at == source.size() || source[at] != wanted)
    return false;
  ++at;
  return true;
}

bool Json::takeWord(std::string_view word) {
  if (!text::startsWith(text::slice(source, at, source.size()), word))
    return false;
  at += word.size();
  return true;
}

const char *Json::read(std::string_view text) {
  source = text;
  if (text::wellFormedPrefix(text) != text.size()) {
    at = text::wellFormedPrefix(text);
    return "bytes that are not UTF-8";
  }
  if (const char *wrong = readValue(noNode, 0))
    return wrong;
  skipSpace();
  return at == source.size() ? nullptr : "something behind the JSON value";
}

const char *Json::readValue(Node parent, int depth) {
  if (depth > deepest)
    return "more levels than 64";
  Node node = add(parent);
  if (node == noNode)
    return text::outOfMemory;
  skipSpace();
  if (take('"')) {
    nodes[node].kind = String;
    uint32_t begin, bytes;
    const char *wrong = readString(begin, bytes);
    nodes[node].text = begin, nodes[node].bytes = bytes;
    return wrong;
  }
  bool isList = take('[');
  if (isList || take('{')) {
    nodes[node].kind = isList ? List : Object;
    return readParts(node, depth);
  }
  constexpr std::string_view words[] = {"null", "false", "true"};
  for (int i = 0; i < 3; ++i)
    if (takeWord(words[i]))
      return nodes[node].kind = Kind(i), nullptr;
  return readNumber(node);
}

const char *Json::readParts(Node node, int depth) {
  bool isList = is(node, List);
  for (char end = isList ? ']' : '}'; !take(end);) {
    if (countOf(node) && !take(','))
      return isList ? "a list without an end" : "an object without an end";
    if (const char *wrong =
            isList ? readValue(node, depth + 1) : readMember(node, depth))
      return wrong;
  }
  return nullptr;
}

const char *Json::readMember(Node node, int depth) {
  uint32_t begin, bytes;
  if (!take('"'))
    return "an object's key that is no string";
  if (const char *wrong = readString(begin, bytes))
    return wrong;
  if (!take(':'))
    return "a key without a value";
  const char *wrong = readValue(node, depth + 1);
  if (Node member = nodes[node].last; member != noNode)
    nodes[member].name = begin, nodes[member].nameBytes = bytes;
  return wrong;
}

const char *Json::readString(uint32_t &begin, uint32_t &bytes) {
  begin = static_cast<uint32_t>(texts.size());
  bytes = 0;
  while (at < source.size() && source[at] != '"') {
    if (static_cast<uint8_t>(source[at]) < 0x20)
      return "a control character in a string";
    if (source[at] != '\\') {
      texts.push(source[at++]);
      continue;
    }
    ++at;
    if (const char *wrong = text::readJsonEscape(source, at, texts))
      return wrong;
  }
  if (at == source.size())
    return "a string without an end";
  ++at;
  bytes = static_cast<uint32_t>(texts.size()) - begin;
  return nullptr;
}

static bool isDigit(char c) { return c >= '0' && c <= '9'; }

const char *Json::readNumber(Node node) {
  size_t begin = at;
  auto here = [&] { return at < source.size() ? source[at] : '\0'; };
  auto takeDigits = [&] {
    size_t first = at;
    while (isDigit(here()))
      ++at;
    return at > first;
  };
  at += here() == '-';
  bool beginsWithZero = here() == '0';
  size_t digits = at;
  if (!takeDigits() || (beginsWithZero && at > digits + 1))
    return "no JSON value";
  if (here() == '.' && (++at, !takeDigits()))
    return "no JSON value";
  if (here() == 'e' || here() == 'E') {
    ++at;
    at += here() == '+' || here() == '-';
    if (!takeDigits())
      return "no JSON value";
  }
  Item &item = nodes[node];
  item.kind = Number;
  item.text = static_cast<uint32_t>(texts.size());
  item.bytes = static_cast<uint32_t>(at - begin);
  texts.append(text::slice(source, begin, at));
  texts.push('\0'); // for strtod()
  return nullptr;
}

Node Json::member(Node node, std::string_view name) const {
  Node found = noNode;
  if (is(node, Object))
    for (Node part = firstOf(node); part != noNode; part = nextOf(part))
      if (nameOf(part) == name)
        found = part; // the last one, as for Python
  return found;
}

void Json::appendPointer(text::Text &out, Node node) const {
  Node above = parentOf(node);
  if (above == noNode)
    return out.push('#');
  appendPointer(out, above);
  out.push('/');
  if (is(above, List)) {
    char number[16];
    snprintf(number, sizeof number, "%u", nodes[node].place);
    return out.append(std::string_view(number));
  }
  for (char c : nameOf(node))
    if (c == '~' || c == '/')
      out.append(c == '~' ? "~0" : "~1");
    else
      out.push(c);
}

/// The next part of a pointer, without its escapes.
static void takePart(std::string_view pointer, size_t &at, text::Text &part) {
  auto digitOf = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  text::Text plain; // without those of URIs
  for (; at < pointer.size() && pointer[at] != '/'; ++at) {
    bool isEscape = pointer[at] == '%' && at + 2 < pointer.size() &&
                    digitOf(pointer[at + 1]) >= 0 &&
                    digitOf(pointer[at + 2]) >= 0;
    if (!isEscape) {
      plain.push(pointer[at]);
      continue;
    }
    plain.push(static_cast<char>(digitOf(pointer[at + 1]) * 16 +
                                 digitOf(pointer[at + 2])));
    at += 2;
  }
  for (size_t i = 0; i < plain.size(); ++i) {
    bool isEscape = plain[i] == '~' && i + 1 < plain.size() &&
                    (plain[i + 1] == '0' || plain[i + 1] == '1');
    part.push(!isEscape ? plain[i] : plain[++i] == '0' ? '~' : '/');
  }
}

Node Json::resolve(std::string_view pointer) const {
  if (pointer.empty() || pointer[0] != '#')
    return noNode;
  Node node = 0;
  for (size_t at = 1; at < pointer.size();) {
    if (pointer[at++] != '/')
      return noNode;
    text::Text part;
    takePart(pointer, at, part);
    if (is(node, Object)) {
      node = member(node, part.view());
    } else {
      Node item = is(node, List) ? firstOf(node) : noNode;
      for (char number[16]; item != noNode; item = nextOf(item)) {
        snprintf(number, sizeof number, "%u", nodes[item].place);
        if (part.view() == number)
          break;
      }
      node = item;
    }
    if (node == noNode)
      return noNode;
  }
  return node;
}

bool Json::areEqual(Node left, Node right) const {
  if (kindOf(left) != kindOf(right) || countOf(left) != countOf(right))
    return false;
  if (is(left, String))
    return textOf(left) == textOf(right);
  if (is(left, Number)) // 1 and 1.0 are equal as well
    return textOf(left) == textOf(right) ||
           strtod(textOf(left).data(), nullptr) ==
               strtod(textOf(right).data(), nullptr);
  bool isObject = is(left, Object);
  Node other = firstOf(right);
  for (Node part = firstOf(left); part != noNode; part = nextOf(part)) {
    if (isObject)
      other = member(right, nameOf(part));
    if (other == noNode || !areEqual(part, other))
      return false;
    other = isObject ? other : nextOf(other);
  }
  return true;
}

} // namespace heddle::grammar
