// Methods of strings.
#include "runtime/chat/Interpreter.h"
#include "runtime/chat/Strings.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::chat {

static constexpr size_t npos = std::string_view::npos;

/// A string, or fails.
static bool needString(Interpreter &run, const Value &value) {
  if (!value.is(Kind::String))
    run.fail("found a %s, needed a string", typeName(value));
  return !run.failed();
}

static Value inCase(Interpreter &run, const Value &self, Case wanted) {
  text::Text text;
  if (run.spend(self.bytes / 4))
    appendInCase(text, self.view(), wanted);
  return run.heap.string(text.view(), self.markup);
}
static Value lower(Interpreter &run, const Value &self, const Bound &) {
  return inCase(run, self, Case::Lower);
}
static Value upper(Interpreter &run, const Value &self, const Bound &) {
  return inCase(run, self, Case::Upper);
}
static Value title(Interpreter &run, const Value &self, const Bound &) {
  return inCase(run, self, Case::Title);
}
static Value capitalize(Interpreter &run, const Value &self, const Bound &) {
  return inCase(run, self, Case::Capital);
}
static Value swapcase(Interpreter &run, const Value &self, const Bound &) {
  return inCase(run, self, Case::Swapped);
}

static Value stripped(Interpreter &run, const Value &self, const Bound &bound,
                      bool left, bool right) {
  bool hasCharacters = bound.has(0) && !bound[0].is(Kind::None);
  if (hasCharacters && !needString(run, bound[0]))
    return undefined();
  std::string_view unwanted =
      hasCharacters ? bound[0].view() : std::string_view();
  run.spend((self.bytes / 16 + 1) * (unwanted.size() / 8 + 1));
  return stringOf(
      strip(self.view(), hasCharacters ? &unwanted : nullptr, left, right),
      self.markup);
}
static Value stripBoth(Interpreter &run, const Value &self,
                       const Bound &bound) {
  return stripped(run, self, bound, true, true);
}
static Value stripLeft(Interpreter &run, const Value &self,
                       const Bound &bound) {
  return stripped(run, self, bound, true, false);
}
static Value stripRight(Interpreter &run, const Value &self,
                        const Bound &bound) {
  return stripped(run, self, bound, false, true);
}

/// At white space, of which there may be any amount between the parts.
static void splitAtSpace(Interpreter &run, const Value &self, int64_t most,
                         Values &parts) {
  std::string_view rest = strip(self.view(), nullptr, true, false);
  while (!rest.empty() && run.spend()) {
    size_t end = 0, at = 0;
    bool isLast = most == 0;
    while (at < rest.size() && !isLast) {
      end = at;
      if (isSpace(text::nextCharacter(rest, at)))
        break;
      end = at;
    }
    if (isLast) {
      parts.push(stringOf(rest, self.markup));
      return;
    }
    parts.push(stringOf(text::slice(rest, 0, end), self.markup));
    rest = strip(text::slice(rest, end, rest.size()), nullptr, true, false);
    most -= most > 0;
  }
}

static int64_t wholeOr(Interpreter &run, const Bound &bound, int index,
                       int64_t otherwise) {
  if (!bound.has(index))
    return otherwise;
  if (!bound[index].isWhole())
    run.fail("found a %s, needed a whole number", typeName(bound[index]));
  return bound[index].integer;
}

static Value split(Interpreter &run, const Value &self, const Bound &bound) {
  Values parts;
  int64_t most = wholeOr(run, bound, 1, -1);
  run.spend(self.bytes / 4);
  if (!bound.has(0) || bound[0].is(Kind::None)) {
    splitAtSpace(run, self, most, parts);
    return run.heap.sequence(Sequence::List, parts);
  }
  if (!needString(run, bound[0]))
    return undefined();
  std::string_view text = self.view(), separator = bound[0].view();
  if (separator.empty())
    return run.fail("split: found an empty separator"), undefined();
  size_t begin = 0;
  for (; most != 0 && run.spend(); most -= most > 0) {
    size_t end = findText(text, separator, begin);
    if (end == npos)
      break;
    parts.push(stringOf(text::slice(text, begin, end), self.markup));
    begin = end + separator.size();
  }
  parts.push(stringOf(text::slice(text, begin, text.size()), self.markup));
  return run.heap.sequence(Sequence::List, parts);
}

static Value splitRight(Interpreter &run, const Value &self,
                        const Bound &bound) {
  int64_t most = wholeOr(run, bound, 1, -1);
  if (most < 0)
    return split(run, self, bound);
  if (!bound.has(0) || !needString(run, bound[0]) || bound[0].bytes == 0)
    return run.fail("rsplit: needed a separator where there is a limit"),
           undefined();
  std::string_view text = self.view(), separator = bound[0].view();
  Values parts;
  for (; most > 0 && run.spend(text.size() / 4); --most) {
    size_t at = findLastText(text, separator);
    if (at == npos)
      break;
    parts.push(stringOf(text::slice(text, at + separator.size(), text.size()),
                        self.markup));
    text = text::slice(text, 0, at);
  }
  parts.push(stringOf(text, self.markup));
  std::reverse(parts.begin(), parts.end());
  return run.heap.sequence(Sequence::List, parts);
}

static Value splitLines(Interpreter &run, const Value &self,
                        const Bound &bound) {
  Values lines;
  bool keeps = bound.has(0) && isTrue(bound[0]);
  std::string_view text = self.view();
  run.spend(text.size() / 4);
  for (size_t at = 0; at < text.size() && run.spend();) {
    size_t begin = at;
    std::string_view line = nextLine(text, at);
    lines.push(
        stringOf(keeps ? text::slice(text, begin, at) : line, self.markup));
  }
  return run.heap.sequence(Sequence::List, lines);
}

static Value partition(Interpreter &run, const Value &self,
                       const Bound &bound) {
  if (!needString(run, bound[0]) || bound[0].bytes == 0)
    return run.fail("partition: needed a separator"), undefined();
  std::string_view text = self.view();
  size_t at = findText(text, bound[0].view(), 0);
  size_t end = at == npos ? text.size() : at;
  size_t behind = at == npos ? text.size() : at + bound[0].bytes;
  const Value parts[] = {stringOf(text::slice(text, 0, end)),
                         stringOf(text::slice(text, end, behind)),
                         stringOf(text::slice(text, behind, text.size()))};
  return run.heap.sequence(Sequence::Tuple, parts, 3);
}

/// Whether the string begins, or ends, with one of the strings.
static Value hasAffix(Interpreter &run, const Value &self, const Bound &bound,
                      bool atEnd) {
  const Value *affixes = &bound[0];
  int64_t count = 1;
  if (bound[0].is(Kind::Sequence) && bound[0].sequence->form == Sequence::Tuple)
    affixes = bound[0].sequence->items, count = bound[0].sequence->count;
  std::string_view text = self.view();
  for (int64_t i = 0; i < count; ++i) {
    if (!needString(run, affixes[i]))
      return undefined();
    std::string_view affix = affixes[i].view();
    if (affix.size() > text.size())
      continue;
    std::string_view end =
        text::slice(text, text.size() - affix.size(), text.size());
    if (text::startsWith(atEnd ? end : text, affix))
      return boolean(true);
  }
  return boolean(false);
}
static Value startsWith(Interpreter &run, const Value &self,
                        const Bound &bound) {
  return hasAffix(run, self, bound, false);
}
static Value endsWith(Interpreter &run, const Value &self, const Bound &bound) {
  return hasAffix(run, self, bound, true);
}
static Value removePrefix(Interpreter &run, const Value &self,
                          const Bound &bound) {
  size_t begin = isTrue(startsWith(run, self, bound)) ? bound[0].bytes : 0;
  return stringOf(text::slice(self.view(), begin, self.bytes), self.markup);
}
static Value removeSuffix(Interpreter &run, const Value &self,
                          const Bound &bound) {
  size_t cut = isTrue(endsWith(run, self, bound)) ? bound[0].bytes : 0;
  return stringOf(text::slice(self.view(), 0, self.bytes - cut), self.markup);
}

Value replaceIn(Interpreter &run, std::string_view text, std::string_view old,
                std::string_view fresh, int64_t most, bool markup) {
  text::Text out;
  size_t at = 0;
  run.spend(text.size() / 4);
  for (; most != 0 && run.spend(1 + fresh.size() / 4); most -= most > 0) {
    size_t found = findText(text, old, at);
    if (found == npos)
      break;
    out.append(text::slice(text, at, found));
    out.append(fresh);
    at = found + old.size();
    if (!old.empty())
      continue;
    // Between all characters, and at both ends.
    if (at == text.size())
      break;
    size_t end = at + text::characterLength(text[at]);
    out.append(text::slice(text, at, end));
    at = end;
  }
  out.append(text::slice(text, at, text.size()));
  return run.heap.string(out.view(), markup);
}

static Value replace(Interpreter &run, const Value &self, const Bound &bound) {
  int64_t most = wholeOr(run, bound, 2, -1);
  if (!needString(run, bound[0]) || !needString(run, bound[1]))
    return undefined();
  text::Text escaped;
  std::string_view fresh = bound[1].view();
  if (self.markup && !bound[1].markup)
    appendEscaped(escaped, fresh), fresh = escaped.view();
  return replaceIn(run, self.view(), bound[0].view(), fresh, most, self.markup);
}

static Value join(Interpreter &run, const Value &self, const Bound &bound) {
  const Sequence *items = run.iterate(bound[0]);
  text::Text out;
  for (int64_t i = 0; items && i < items->count; ++i) {
    if (!needString(run, items->items[i]) ||
        !run.spend(1 + (self.bytes + items->items[i].bytes) / 4))
      return undefined();
    if (i)
      out.append(self.view());
    out.append(items->items[i].view());
  }
  return run.heap.string(out.view(), self.markup);
}

static Value placeFound(Interpreter &run, const Value &self, const Bound &bound,
                        bool last) {
  if (!needString(run, bound[0]))
    return undefined();
  run.spend(self.bytes / 4);
  size_t at = last ? findLastText(self.view(), bound[0].view())
                   : findText(self.view(), bound[0].view(), 0);
  return integer(at == npos ? -1
                            : countCharacters(text::slice(self.view(), 0, at)));
}
static Value findFirst(Interpreter &run, const Value &self,
                       const Bound &bound) {
  return placeFound(run, self, bound, false);
}
static Value findFromRight(Interpreter &run, const Value &self,
                           const Bound &bound) {
  return placeFound(run, self, bound, true);
}
static Value index(Interpreter &run, const Value &self, const Bound &bound) {
  Value place = placeFound(run, self, bound, false);
  if (place.integer < 0)
    run.fail("index: the string is not found");
  return place;
}

static Value count(Interpreter &run, const Value &self, const Bound &bound) {
  if (!needString(run, bound[0]))
    return undefined();
  std::string_view text = self.view(), wanted = bound[0].view();
  if (wanted.empty())
    return integer(countCharacters(text) + 1);
  run.spend(text.size() / 4);
  int64_t found = 0;
  for (size_t at = findText(text, wanted, 0); at != npos;
       at = findText(text, wanted, at + wanted.size()))
    ++found;
  return integer(found);
}

static Value format(Interpreter &run, const Value &self,
                    const Arguments &arguments) {
  if (self.markup)
    return run.fail("format of a safe string is not supported"), undefined();
  return run.format(self.view(), arguments);
}

template <typename Holds>
static Value allAre(Interpreter &run, const Value &self, Holds holds) {
  run.spend(self.bytes / 4);
  for (size_t at = 0; at < self.bytes;)
    if (!holds(text::nextCharacter(self.view(), at)))
      return boolean(false);
  return boolean(self.bytes > 0);
}
static Value isAllDigits(Interpreter &run, const Value &self, const Bound &) {
  return allAre(run, self, isDigit);
}
static Value isAllLetters(Interpreter &run, const Value &self, const Bound &) {
  return allAre(run, self, isLetter);
}
static Value isAllAlphanumeric(Interpreter &run, const Value &self,
                               const Bound &) {
  return allAre(run, self,
                [](uint32_t c) { return isLetter(c) || text::isNumeric(c); });
}
static Value isAllSpace(Interpreter &run, const Value &self, const Bound &) {
  return allAre(run, self, isSpace);
}
static Value isLower(Interpreter &run, const Value &self, const Bound &) {
  run.spend(self.bytes / 4);
  return boolean(isAllOf(self.view(), Case::Lower));
}
static Value isUpper(Interpreter &run, const Value &self, const Bound &) {
  run.spend(self.bytes / 4);
  return boolean(isAllOf(self.view(), Case::Upper));
}

static constexpr MethodEntry methods[] = {
    {"capitalize", "", capitalize, nullptr},
    {"count", "sub", count, nullptr},
    {"endswith", "suffix", endsWith, nullptr},
    {"find", "sub", findFirst, nullptr},
    {"format", nullptr, nullptr, format},
    {"index", "sub", index, nullptr},
    {"isalnum", "", isAllAlphanumeric, nullptr},
    {"isalpha", "", isAllLetters, nullptr},
    {"isdigit", "", isAllDigits, nullptr},
    {"islower", "", isLower, nullptr},
    {"isspace", "", isAllSpace, nullptr},
    {"isupper", "", isUpper, nullptr},
    {"join", "iterable", join, nullptr},
    {"lower", "", lower, nullptr},
    {"lstrip", "chars", stripLeft, nullptr},
    {"partition", "sep", partition, nullptr},
    {"removeprefix", "prefix", removePrefix, nullptr},
    {"removesuffix", "suffix", removeSuffix, nullptr},
    {"replace", "old new count", replace, nullptr},
    {"rfind", "sub", findFromRight, nullptr},
    {"rsplit", "sep maxsplit", splitRight, nullptr},
    {"rstrip", "chars", stripRight, nullptr},
    {"split", "sep maxsplit", split, nullptr},
    {"splitlines", "keepends", splitLines, nullptr},
    {"startswith", "prefix", startsWith, nullptr},
    {"strip", "chars", stripBoth, nullptr},
    {"swapcase", "", swapcase, nullptr},
    {"title", "", title, nullptr},
    {"upper", "", upper, nullptr},
};

const MethodEntry *findStringMethod(std::string_view name) {
  for (const MethodEntry &entry : methods)
    if (name == entry.name)
      return &entry;
  return nullptr;
}

} // namespace heddle::chat
