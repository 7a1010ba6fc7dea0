// The normalizer stage: one text in, one text out.
#include "runtime/text/Charsmap.h"
#include "runtime/text/Pipeline.h"
#include "runtime/text/Unicode.h"

#include <cassert>

namespace heddle::text {

/// BertNormalizer: clean text, space around ideographs, strip accents (of the
/// decomposed text), lower case, each where its flag asks for it. Runs of
/// ASCII, nearly all of most texts, need none of the tables.
class BertNormalizer {
public:
  BertNormalizer(uint32_t flags, Text &out) : flags(flags), out(out) {}

  void run(std::string_view text) {
    for (size_t position = 0; position < text.size();) {
      auto byte = static_cast<uint8_t>(text[position]);
      if (byte < 0x80)
        ascii(byte), ++position;
      else
        position = special(text, position);
    }
  }

private:
  bool has(uint32_t flag) const { return flags & flag; }

  void ascii(uint8_t byte) {
    if (has(BertCleanText) && (byte < ' ' || byte == 0x7f)) {
      if (!isWhitespace(byte) || isControl(byte))
        return;
      byte = ' ';
    }
    if (has(BertLowercase) && byte >= 'A' && byte <= 'Z')
      byte += 32;
    out.push(static_cast<char>(byte));
  }

  /// A run of characters beyond ASCII, from `position`; returns where it ends.
  /// Controls that are dropped do not end a run: what stands on both sides of
  /// one comes together before it is decomposed.
  size_t special(std::string_view text, size_t position) {
    run_.clear();
    while (position < text.size()) {
      size_t after = position;
      uint32_t c = nextCharacter(text, after);
      bool dropped =
          has(BertCleanText) && (c == 0 || c == 0xfffd || isControl(c));
      if (c < 0x80 && !dropped)
        break;
      position = after;
      if (dropped)
        continue;
      if (has(BertCleanText) && isWhitespace(c))
        run_.push(' ');
      else if (has(BertSpaceAroundChinese) && isChinese(c))
        run_.push(' '), appendCharacter(run_, c), run_.push(' ');
      else
        appendCharacter(run_, c);
    }
    if (has(BertStripAccents)) {
      decomposed.clear();
      appendNormalized(decomposed, run_.view(), NormalForm::D);
      run_.swap(decomposed);
    }
    for (size_t at = 0; at < run_.size();) {
      uint32_t c = nextCharacter(run_.view(), at);
      if (has(BertStripAccents) && isNonspacingMark(c))
        continue;
      if (has(BertLowercase))
        appendLowercase(out, c);
      else
        appendCharacter(out, c);
    }
    return position;
  }

  uint32_t flags;
  Text &out;
  Text run_, decomposed;
};

void appendMappedBytes(Text &out, std::string_view text) {
  out.reserve(out.size() + text.size() + text.size() / 2);
  for (char c : text) {
    uint32_t character = byteAlphabet(static_cast<uint8_t>(c));
    if (character < 0x80) {
      out.push(static_cast<char>(character));
      continue;
    }
    // Both at once, so that no text ever ends within a character.
    const char two[] = {static_cast<char>(0xc0 | character >> 6),
                        static_cast<char>(0x80 | (character & 0x3f))};
    out.append({two, 2});
  }
}

void appendReplaced(Text &out, std::string_view text, std::string_view pattern,
                    std::string_view replacement) {
  assert(!pattern.empty() && "the compiler refuses empty patterns");
  size_t copied = 0;
  while (const void *found = memmem(text.data() + copied, text.size() - copied,
                                    pattern.data(), pattern.size())) {
    size_t at =
        static_cast<size_t>(static_cast<const char *>(found) - text.data());
    out.append(slice(text, copied, at));
    out.append(replacement);
    copied = at + pattern.size();
  }
  out.append(slice(text, copied, text.size()));
}

void appendReplaced(Text &out, std::string_view text, const Regex &regex,
                    std::string_view replacement, Matcher &matcher) {
  size_t copied = 0;
  Span match;
  // An empty text has no match, not even of an expression that matches nothing.
  for (RegexMatches matches(matcher, regex, text);
       !text.empty() && matches.next(match); copied = match.end) {
    out.append(slice(text, copied, match.begin));
    out.append(replacement);
  }
  out.append(slice(text, copied, text.size()));
}

static std::string_view stripped(std::string_view text, uint32_t flags) {
  size_t begin = 0, end = text.size();
  for (size_t after = 0; flags & StripLeft && begin < end &&
                         isWhitespace(nextCharacter(text, after));)
    begin = after;
  while (flags & StripRight && end > begin) {
    size_t before = previousCharacter(text, end), after = before;
    if (!isWhitespace(nextCharacter(text, after)))
      break;
    end = before;
  }
  return slice(text, begin, end);
}

/// What Nmt drops, and what it makes a space.
static bool isDroppedByNmt(uint32_t c) {
  return (c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) ||
         c == 0x7f || c == 0x8f || c == 0x9f;
}
static bool isSpaceOfNmt(uint32_t c) {
  return c == 0x9 || c == 0xa || c == 0xc || c == 0xd || c == 0x1680 ||
         (c >= 0x200b && c <= 0x200f) || c == 0x2028 || c == 0x2029 ||
         c == 0x2581 || c == 0xfeff || c == 0xfffd;
}

static void appendNmt(Text &out, std::string_view text) {
  for (size_t position = 0; position < text.size();) {
    uint32_t c = nextCharacter(text, position);
    if (!isDroppedByNmt(c))
      appendCharacter(out, isSpaceOfNmt(c) ? ' ' : c);
  }
}

void runStep(const OpenStep &step, std::string_view text, Text &out,
             Matcher &matcher) {
  switch (NormalizerKind(step.kind)) {
  case NormalizerKind::Bert:
    return BertNormalizer(step.flags, out).run(text);
  case NormalizerKind::Compose:
    return appendNormalized(out, text, NormalForm(step.a));
  case NormalizerKind::Lowercase:
    for (size_t position = 0; position < text.size();)
      appendLowercase(out, nextCharacter(text, position));
    return;
  case NormalizerKind::StripAccents:
    for (size_t position = 0; position < text.size();)
      if (uint32_t c = nextCharacter(text, position); !isMark(c))
        appendCharacter(out, c);
    return;
  case NormalizerKind::Prepend:
    if (!text.empty())
      out.append(step.text);
    return out.append(text);
  case NormalizerKind::Replace:
    return appendReplaced(out, text, step.pattern, step.text);
  case NormalizerKind::ReplaceRegex:
    return appendReplaced(out, text, *step.regex, step.text, matcher);
  case NormalizerKind::Strip:
    return out.append(stripped(text, step.flags));
  case NormalizerKind::MapBytes:
    return appendMappedBytes(out, text);
  case NormalizerKind::Nmt:
    return appendNmt(out, text);
  case NormalizerKind::Charsmap:
    return step.flags & CharsmapLongest
               ? Charsmap(step.pattern, step.text).appendLongest(out, text)
               : Charsmap(step.pattern, step.text).append(out, text);
  }
}

void normalize(const Tables &tables, std::string_view text, Text &out,
               Matcher &matcher, size_t most) {
  size_t count = tables.normalizers.size();
  if (count == 0)
    out.append(text);
  Text passed, passing;
  passed.limit(most);
  passing.limit(most);
  for (size_t i = 0; i < count && trouble == Trouble::None; ++i) {
    if (i + 1 == count) {
      runStep(tables.normalizers[i], text, out, matcher);
      break;
    }
    passing.clear();
    runStep(tables.normalizers[i], text, passing, matcher);
    passed.swap(passing);
    text = passed.view();
  }
}

} // namespace heddle::text
