// The splitter stage (Hugging Face: pre-tokenizer): one text in, the pieces
// that the model sees one by one out.
#include "runtime/text/Origins.h"
#include "runtime/text/Pipeline.h"
#include "runtime/text/Unicode.h"

namespace heddle::text {

namespace {

/// Takes the segments of one piece, alternately (or not) matches and what lies
/// between, and leaves the spans which the behavior makes of them at the end of
/// `spans`.
class Collector {
public:
  Collector(Behavior behavior, Buffer<Span> &spans)
      : behavior(behavior), spans(spans), first(spans.size()) {}

  void add(size_t begin, size_t end, bool isMatch) {
    switch (behavior) {
    case Behavior::Removed:
      if (!isMatch)
        spans.push({begin, end});
      break;
    case Behavior::Isolated:
      spans.push({begin, end});
      break;
    case Behavior::Contiguous:
      joinLastIf(isMatch == previousMatch, begin, end);
      break;
    case Behavior::MergedWithPrevious:
      joinLastIf(isMatch && !previousMatch, begin, end);
      break;
    case Behavior::MergedWithNext:
      joinLastIf(!isMatch && previousMatch, begin, end);
      break;
    }
    previousMatch = isMatch;
  }

  /// Empty spans took part in the merging; now they go.
  void finish() {
    size_t kept = first;
    for (size_t i = first; i < spans.size(); ++i)
      if (spans[i].begin < spans[i].end)
        spans[kept++] = spans[i];
    spans.shrink(kept);
  }

private:
  void joinLastIf(bool join, size_t begin, size_t end) {
    if (join && spans.size() > first)
      spans.back().end = end;
    else
      spans.push({begin, end});
  }

  Behavior behavior;
  Buffer<Span> &spans;
  size_t first;
  bool previousMatch = false;
};

/// All occurrences of a string.
class StringMatches {
public:
  StringMatches(std::string_view pattern, std::string_view text)
      : pattern(pattern), text(text) {}
  bool next(Span &match) {
    const void *found = memmem(text.data() + from, text.size() - from,
                               pattern.data(), pattern.size());
    if (!found)
      return false;
    size_t at =
        static_cast<size_t>(static_cast<const char *>(found) - text.data());
    match = {at, from = at + pattern.size()};
    return true;
  }

private:
  std::string_view pattern, text;
  size_t from = 0;
};

/// All single characters of a class.
class ClassMatches {
public:
  ClassMatches(bool (*isMember)(uint32_t), std::string_view text)
      : isMember(isMember), text(text) {}
  bool next(Span &match) {
    while (from < text.size()) {
      size_t begin = from;
      if (isMember(nextCharacter(text, from))) {
        match = {begin, from};
        return true;
      }
    }
    return false;
  }

private:
  bool (*isMember)(uint32_t);
  std::string_view text;
  size_t from = 0;
};

bool (*classMember(uint32_t characterClass))(uint32_t) {
  switch (CharacterClass(characterClass)) {
  case CharacterClass::Whitespace:
    return isWhitespace;
  case CharacterClass::Punctuation:
    return isPunctuation;
  case CharacterClass::Word:
    return isWordCharacter;
  case CharacterClass::Numeric:
    break;
  }
  return isNumeric;
}

} // namespace

/// Cuts every piece at its matches; matchesOf(piece) walks over them.
template <typename Matches>
void Pieces::cut(const OpenStep &step, Matches matchesOf) {
  bool invert = step.flags & SplitInvert;
  nextSpans.clear();
  for (Span span : spans) {
    std::string_view piece = slice(text, span.begin, span.end);
    Collector collector(Behavior(step.a), nextSpans);
    size_t done = 0;
    Span match;
    for (auto matches = matchesOf(piece); matches.next(match);
         done = match.end) {
      if (done != match.begin)
        collector.add(span.begin + done, span.begin + match.begin, invert);
      collector.add(span.begin + match.begin, span.begin + match.end, !invert);
    }
    if (done != piece.size())
      collector.add(span.begin + done, span.end, invert);
    collector.finish();
  }
  spans.swap(nextSpans);
}

/// Replaces the text by what rewriteOne(index, piece, out) appends for each
/// piece.
template <typename Rewrite>
void Pieces::rewrite(const OpenStep &step, Rewrite rewriteOne) {
  next.clear();
  nextOrigins.clear();
  for (size_t i = 0; i < spans.size(); ++i) {
    Span to = {next.size(), 0};
    rewriteOne(i, slice(text, spans[i].begin, spans[i].end), next);
    to.end = next.size();
    if (aligns && trouble == Trouble::None)
      align(step, spans[i], to);
    spans[i] = to;
  }
  current.swap(next);
  origins.swap(nextOrigins);
  text = current.view();
}

/// Where the bytes `to` of the next text come from, which were `from` of this
/// one.
void Pieces::align(const OpenStep &step, Span from, Span to) {
  AlignedText before = {slice(text, from.begin, from.end),
                        origins.data() + from.begin};
  size_t grown = to.end - to.begin;
  switch (SplitterKind(step.kind)) {
  case SplitterKind::Replace:
    return alignReplaced(before, step.pattern, step.text, nextOrigins);
  case SplitterKind::Prepend:
    return alignPrepended(before, grown - before.text.size(),
                          /*isSpace=*/step.text == " ", nextOrigins);
  default:
    return alignMappedBytes(before, nextOrigins);
  }
}

void Pieces::run(const OpenStep &step, bool atStart) {
  switch (SplitterKind(step.kind)) {
  case SplitterKind::SplitRegex:
    return cut(step, [&](std::string_view piece) {
      return RegexMatches(matcher, *step.regex, piece);
    });
  case SplitterKind::SplitString:
    return cut(step, [&](std::string_view piece) {
      return StringMatches(step.pattern, piece);
    });
  case SplitterKind::SplitClass:
    return cut(step, [&](std::string_view piece) {
      return ClassMatches(classMember(step.b), piece);
    });
  case SplitterKind::Replace:
    return rewrite(step, [&](size_t, std::string_view piece, Text &out) {
      appendReplaced(out, piece, step.pattern, step.text);
    });
  case SplitterKind::Prepend:
    return rewrite(step, [&](size_t index, std::string_view piece, Text &out) {
      bool wanted = !(step.flags & PrependFirstOnly) || (atStart && index == 0);
      if (wanted && !startsWith(piece, step.text))
        out.append(step.text);
      out.append(piece);
    });
  case SplitterKind::MapBytes:
    return rewrite(step, [](size_t, std::string_view piece, Text &out) {
      appendMappedBytes(out, piece);
    });
  }
}

void Pieces::split(const Tables &tables, std::string_view input, bool atStart,
                   const Span *inputOrigins) {
  text = input;
  aligns = inputOrigins;
  origins.clear();
  if (aligns)
    origins.append(inputOrigins, input.size());
  spans.clear();
  if (!input.empty())
    spans.push({0, input.size()});
  for (const OpenStep &step : tables.splitters)
    if (trouble == Trouble::None)
      run(step, atStart);
}

} // namespace heddle::text
