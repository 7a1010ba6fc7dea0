// JSON of values, as Python's json module writes it, and values of JSON.
#include "runtime/chat/Value.h"
#include "runtime/text/JsonEscape.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace heddle::chat {

/// Levels of lists and objects.
static constexpr int deepest = 64;

//===-- Writing --===//

static void appendEscape(text::Text &out, uint32_t unit) {
  char escape[8];
  snprintf(escape, sizeof escape, "\\u%04x", unit);
  out.append(std::string_view(escape));
}

static void appendQuoted(text::Text &out, std::string_view string,
                         bool escapesUnicode) {
  out.push('"');
  for (size_t at = 0; at < string.size();) {
    size_t begin = at;
    uint32_t c = text::nextCharacter(string, at);
    constexpr char letters[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
    if (const char *letter =
            c && c < 0x80 ? strchr(letters, static_cast<int>(c)) : nullptr) {
      out.push('\\');
      out.push(names[letter - letters]);
    } else if (c < 0x20 || (escapesUnicode && c > 0x7e && c < 0x10000)) {
      appendEscape(out, c);
    } else if (escapesUnicode && c >= 0x10000) {
      appendEscape(out, 0xd800 + ((c - 0x10000) >> 10));
      appendEscape(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      out.append(text::slice(string, begin, at));
    }
  }
  out.push('"');
}

static void appendNumber(text::Text &out, const Value &value) {
  if (value.is(Kind::Float) && !std::isfinite(value.number))
    return out.append(std::isnan(value.number) ? "NaN"
                      : value.number < 0       ? "-Infinity"
                                               : "Infinity");
  appendString(out, value);
}

static void beginLine(text::Text &out, const JsonStyle &style, int depth) {
  if (!style.breaksLines)
    return;
  out.push('\n');
  for (int i = 0; i < depth; ++i)
    out.append(style.indent);
}

static bool appendAtom(text::Text &out, const Value &value,
                       const JsonStyle &style) {
  switch (value.kind) {
  case Kind::None:
    out.append("null");
    return true;
  case Kind::Boolean:
    out.append(value.integer ? "true" : "false");
    return true;
  case Kind::Integer:
  case Kind::Float:
    appendNumber(out, value);
    return true;
  case Kind::String:
    appendQuoted(out, value.view(), style.escapesUnicode);
    return true;
  default:
    return false;
  }
}

static const char *appendObject(text::Text &out, const Dict &dict,
                                const JsonStyle &style, int depth) {
  text::Buffer<const Dict::Entry *> entries;
  for (int64_t i = 0; i < dict.count; ++i)
    entries.push(dict.entries + i);
  bool areOrdered = true;
  if (style.sortsKeys)
    std::sort(entries.begin(), entries.end(), [&](auto *left, auto *right) {
      int order = 0;
      areOrdered &= compare(left->key, right->key, order);
      return order < 0;
    });
  if (!areOrdered)
    return "keys of several types, which have no order";
  out.push('{');
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i)
      out.append(style.itemSeparator);
    beginLine(out, style, depth + 1);
    const Value &key = entries[i]->key;
    bool isQuoted = !key.is(Kind::String);
    if (isQuoted)
      out.push('"');
    if (!appendAtom(out, key, style))
      return "a key that is no string and no number";
    if (isQuoted)
      out.push('"');
    out.append(style.keySeparator);
    if (const char *wrong =
            appendJson(out, entries[i]->value, style, depth + 1))
      return wrong;
  }
  if (!entries.empty())
    beginLine(out, style, depth);
  out.push('}');
  return nullptr;
}

const char *appendJson(text::Text &out, const Value &value,
                       const JsonStyle &style, int depth) {
  if (depth > deepest)
    return "more levels than 64";
  if (appendAtom(out, value, style))
    return nullptr;
  if (value.is(Kind::Dict))
    return appendObject(out, *value.dict, style, depth);
  if (!value.is(Kind::Sequence) || value.sequence->form > Sequence::Tuple)
    return typeName(value);
  const Sequence &sequence = *value.sequence;
  out.push('[');
  for (int64_t i = 0; i < sequence.count; ++i) {
    if (i)
      out.append(style.itemSeparator);
    beginLine(out, style, depth + 1);
    if (const char *wrong =
            appendJson(out, sequence.items[i], style, depth + 1))
      return wrong;
  }
  if (sequence.count)
    beginLine(out, style, depth);
  out.push(']');
  return nullptr;
}

//===-- Reading --===//

namespace {

class JsonReader {
public:
  JsonReader(std::string_view text, Heap &heap) : text(text), heap(heap) {}

  const char *readAll(Value &value) {
    const char *wrong = read(value, 0);
    skipSpace();
    if (!wrong && at != text.size())
      wrong = "something behind the JSON value";
    return wrong ? wrong : heap.isExhausted() ? "no memory" : nullptr;
  }

private:
  const char *read(Value &value, int depth);
  const char *readString(Value &value);
  const char *readNumber(Value &value);
  const char *readList(Value &value, int depth);
  const char *readObject(Value &value, int depth);

  void skipSpace() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' ||
                                text[at] == '\t' || text[at] == '\r'))
      ++at;
  }
  bool take(char wanted) {
    skipSpace();
    if (at == text.size() || text[at] != wanted)
      return false;
    ++at;
    return true;
  }
  bool takeWord(std::string_view word) {
    if (!text::startsWith(text::slice(text, at, text.size()), word))
      return false;
    at += word.size();
    return true;
  }

  std::string_view text;
  size_t at = 0;
  Heap &heap;
};

} // namespace

const char *JsonReader::read(Value &value, int depth) {
  if (depth > deepest)
    return "more levels than 64";
  skipSpace();
  if (take('"'))
    return readString(value);
  if (take('['))
    return readList(value, depth);
  if (take('{'))
    return readObject(value, depth);
  if (takeWord("null"))
    return value = none(), nullptr;
  if (takeWord("true"))
    return value = boolean(true), nullptr;
  if (takeWord("false"))
    return value = boolean(false), nullptr;
  return readNumber(value);
}

const char *JsonReader::readString(Value &value) {
  text::Text out;
  while (at < text.size() && text[at] != '"') {
    if (static_cast<uint8_t>(text[at]) < 0x20)
      return "a control character in a string";
    if (text[at] == '\\') {
      ++at;
      if (const char *wrong = text::readJsonEscape(text, at, out))
        return wrong;
      continue;
    }
    size_t begin = at;
    while (at < text.size() && text[at] != '"' && text[at] != '\\' &&
           static_cast<uint8_t>(text[at]) >= 0x20)
      ++at;
    text::appendRepaired(out, text::slice(text, begin, at));
  }
  if (!take('"'))
    return "a string without an end";
  value = heap.string(out.view());
  return nullptr;
}

const char *JsonReader::readNumber(Value &value) {
  size_t begin = at;
  bool isWhole = true;
  while (at < text.size() && text[at] && strchr("+-.eE0123456789", text[at]))
    isWhole &= !strchr(".eE", text[at++]);
  char digits[64];
  if (at == begin || at - begin >= sizeof digits)
    return "no JSON value";
  memcpy(digits, text.data() + begin, at - begin);
  digits[at - begin] = '\0';
  char *stop;
  errno = 0;
  if (isWhole)
    value = integer(strtoll(digits, &stop, 10));
  if (!isWhole || errno)
    value = floating(strtod(digits, &stop));
  return *stop || digits[0] == '+' ? "no JSON value" : nullptr;
}

const char *JsonReader::readList(Value &value, int depth) {
  Values items;
  while (!take(']')) {
    if (!items.empty() && !take(','))
      return "a list without an end";
    Value item;
    if (const char *wrong = read(item, depth + 1))
      return wrong;
    items.push(item);
  }
  value = heap.sequence(Sequence::List, items);
  return nullptr;
}

const char *JsonReader::readObject(Value &value, int depth) {
  value = heap.dict();
  if (!value.is(Kind::Dict))
    return "no memory";
  while (!take('}')) {
    if (value.dict->count && !take(','))
      return "an object without an end";
    Value key, item;
    if (!take('"'))
      return "an object's key that is no string";
    if (const char *wrong = readString(key))
      return wrong;
    if (!take(':'))
      return "a key without a value";
    if (const char *wrong = read(item, depth + 1))
      return wrong;
    heap.set(*value.dict, key, item);
  }
  return nullptr;
}

const char *readJson(std::string_view text, Heap &heap, Value &value) {
  return JsonReader(text, heap).readAll(value);
}

} // namespace heddle::chat
