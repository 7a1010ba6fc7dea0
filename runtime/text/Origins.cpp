#include "runtime/text/Origins.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::text {

void beginOrigins(std::string_view text, size_t shift, Origins &origins) {
  origins.clear();
  if (!origins.reserve(text.size()))
    return;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    nextCharacter(text, end);
    for (size_t i = begin; i < end; ++i)
      origins.push({shift + begin, shift + end});
  }
}

static void repeat(Span origin, size_t times, Origins &after) {
  while (times-- > 0)
    after.push(origin);
}

/// What is put at the place of a match comes from the match's last character.
static void alignMatch(AlignedText before, Span match, size_t bytes,
                       Origins &after) {
  repeat(match.end > 0 ? before.origins[match.end - 1] : Span{0, 0}, bytes,
         after);
}

void alignReplaced(AlignedText before, std::string_view pattern,
                   std::string_view replacement, Origins &after) {
  std::string_view text = before.text;
  size_t copied = 0;
  while (const void *found = memmem(text.data() + copied, text.size() - copied,
                                    pattern.data(), pattern.size())) {
    auto at =
        static_cast<size_t>(static_cast<const char *>(found) - text.data());
    after.append(before.origins + copied, at - copied);
    copied = at + pattern.size();
    alignMatch(before, {at, copied}, replacement.size(), after);
  }
  after.append(before.origins + copied, text.size() - copied);
}

void alignPrepended(AlignedText before, size_t bytes, bool isSpace,
                    Origins &after) {
  Span first = before.text.empty() ? Span{0, 0} : before.origins[0];
  repeat(isSpace ? Span{first.begin, first.begin} : first, bytes, after);
  after.append(before.origins, before.text.size());
}

void alignMappedBytes(AlignedText before, Origins &after) {
  for (size_t i = 0; i < before.text.size(); ++i)
    repeat(before.origins[i],
           byteAlphabet(static_cast<uint8_t>(before.text[i])) < 0x80 ? 1 : 2,
           after);
}

static void alignMatches(AlignedText before, const OpenStep &step,
                         Matcher &matcher, Origins &after) {
  size_t copied = 0;
  Span match;
  for (RegexMatches matches(matcher, *step.regex, before.text);
       !before.text.empty() && matches.next(match); copied = match.end) {
    after.append(before.origins + copied, match.begin - copied);
    alignMatch(before, match, step.text.size(), after);
  }
  after.append(before.origins + copied, before.text.size() - copied);
}

/// Where a stretch of a text ends that normal forms look at by itself: before
/// any character that is no mark, joins no syllable of Hangul and ends no
/// line.
static size_t endOfStretch(std::string_view text, size_t begin) {
  size_t end = begin;
  nextCharacter(text, end);
  while (end < text.size()) {
    size_t after = end;
    uint32_t c = nextCharacter(text, after);
    bool joins = isMark(c) || (c == '\n' && text[end - 1] == '\r') ||
                 (c >= 0x1160 && c <= 0x11ff) || c == 0xff9e || c == 0xff9f;
    if (!joins)
      break;
    end = after;
  }
  return end;
}

/// Of what nobody can tell more exactly: what both texts begin and end with
/// stays, and all between them comes from all that was there.
static void alignCoarsely(AlignedText before, std::string_view made,
                          Origins &after) {
  size_t shorter = std::min(before.text.size(), made.size());
  size_t front = 0, back = 0;
  while (front < shorter && before.text[front] == made[front])
    ++front;
  while (front + back < shorter && before.text[before.text.size() - 1 - back] ==
                                       made[made.size() - 1 - back])
    ++back;
  after.append(before.origins, front);
  size_t end = before.text.size() - back;
  Span between = front < end ? Span{before.origins[front].begin,
                                    before.origins[end - 1].end}
                             : Span{0, 0};
  repeat(between, made.size() - front - back, after);
  after.append(before.origins + end, back);
}

/// Of a stretch whose characters became `made` each by itself; false where they
/// did not.
static bool alignCharacters(AlignedText before, Span stretch,
                            std::string_view made, const OpenStep &step,
                            Matcher &matcher, Origins &after) {
  size_t origins = after.size(), done = 0;
  Text part;
  for (size_t begin = stretch.begin, end = begin; begin < stretch.end;
       begin = end) {
    nextCharacter(before.text, end);
    part.clear();
    runStep(step, slice(before.text, begin, end), part, matcher);
    if (!startsWith(slice(made, done, made.size()), part.view()))
      return after.shrink(origins), false;
    repeat(before.origins[begin], part.size(), after);
    done += part.size();
  }
  if (done == made.size())
    return true;
  after.shrink(origins);
  return false;
}

/// Of a step that looks at one stretch at a time.
static void alignStretches(AlignedText before, std::string_view made,
                           const OpenStep &step, Matcher &matcher,
                           Origins &after) {
  size_t done = 0, origins = after.size();
  bool same = true;
  Text part;
  for (size_t begin = 0, end = 0; begin < before.text.size() && same;
       begin = end) {
    end = endOfStretch(before.text, begin);
    part.clear();
    runStep(step, slice(before.text, begin, end), part, matcher);
    same = made.size() - done >= part.size() &&
           startsWith(slice(made, done, made.size()), part.view());
    if (!alignCharacters(before, {begin, end}, part.view(), step, matcher,
                         after))
      repeat(before.origins[begin], part.size(), after);
    done += part.size();
  }
  if (same && done == made.size())
    return;
  after.shrink(origins);
  alignCoarsely(before, made, after);
}

static void alignStep(const OpenStep &step, AlignedText before,
                      std::string_view made, Matcher &matcher, Origins &after) {
  switch (NormalizerKind(step.kind)) {
  case NormalizerKind::Prepend:
    return alignPrepended(before, made.size() - before.text.size(),
                          /*isSpace=*/false, after);
  case NormalizerKind::Replace:
    return alignReplaced(before, step.pattern, step.text, after);
  case NormalizerKind::ReplaceRegex:
    return alignMatches(before, step, matcher, after);
  case NormalizerKind::MapBytes:
    return alignMappedBytes(before, after);
  case NormalizerKind::Strip: {
    size_t begin = 0;
    for (size_t next = 0; step.flags & StripLeft && next < before.text.size();
         begin = next)
      if (!isWhitespace(nextCharacter(before.text, next)))
        break;
    return after.append(before.origins + begin, made.size());
  }
  default:
    return alignStretches(before, made, step, matcher, after);
  }
}

void normalizeAligned(const Tables &tables, std::string_view text, Text &out,
                      Matcher &matcher, size_t most, Origins &origins) {
  Text next;
  next.limit(most);
  Origins after;
  out.append(text);
  for (const OpenStep &step : tables.normalizers) {
    if (trouble != Trouble::None)
      return;
    next.clear();
    after.clear();
    runStep(step, out.view(), next, matcher);
    alignStep(step, {out.view(), origins.data()}, next.view(), matcher, after);
    out.swap(next);
    origins.swap(after);
  }
}

Span originOf(const Origins &origins, Span place) {
  if (place.begin == place.end)
    return {0, 0};
  return {origins[place.begin].begin, origins[place.end - 1].end};
}

/// The text of a token without what only marks its place in a word; empty: it
/// stands for whatever is there.
static std::string_view textOf(const Tables &tables, int32_t id) {
  const Header &header = *tables.header;
  std::string_view token = tables.token(id);
  if (id == header.unknown)
    return {};
  std::string_view start = tables.string(header.continuation),
                   end = tables.string(header.wordEnd);
  if (!start.empty() && startsWith(token, start))
    return slice(token, start.size(), token.size());
  if (!end.empty() && token.size() >= end.size() &&
      startsWith(slice(token, token.size() - end.size(), token.size()), end))
    return slice(token, 0, token.size() - end.size());
  return token;
}

/// Where `wanted` stands in `piece` at or after `from`; its end if nowhere.
static size_t findFrom(std::string_view piece, size_t from,
                       std::string_view wanted) {
  const void *found = memmem(piece.data() + from, piece.size() - from,
                             wanted.data(), wanted.size());
  return found ? static_cast<size_t>(static_cast<const char *>(found) -
                                     piece.data())
               : piece.size();
}

/// Whether a token is one of byte fallback, <0xE2>, and not that text itself.
static bool isByteAt(const Tables &tables, int32_t id, std::string_view piece,
                     size_t from) {
  std::string_view text = textOf(tables, id);
  return text.size() == 6 && startsWith(text, "<0x") &&
         !startsWith(slice(piece, from, piece.size()), text);
}

/// The bytes of `piece` from `from` on that the token `ids[i]` stands for.
static Span placeOf(const Tables &tables, std::string_view piece,
                    std::span<const int32_t> ids, size_t i, size_t from) {
  if (from == piece.size())
    return {from, from};
  std::string_view text = textOf(tables, ids[i]);
  if (isByteAt(tables, ids[i], piece, from))
    return {from, from + 1};
  if (text.empty()) {
    // An unknown word, character or run of characters.
    bool isRun = ModelKind(tables.header->model) == ModelKind::Unigram ||
                 tables.header->modelFlags & BpeFuseUnknown;
    size_t end = from;
    nextCharacter(piece, end);
    if (i + 1 == ids.size())
      end = piece.size();
    else if (isRun)
      end = findFrom(piece, end, textOf(tables, ids[i + 1]));
    return {from, end};
  }
  // What nothing stands for has been passed over.
  size_t begin = findFrom(piece, from, text);
  if (begin == piece.size())
    return {from, from};
  return {begin, begin + text.size()};
}

void appendSpans(const Tables &tables, std::string_view piece,
                 std::span<const int32_t> ids, const Span *origins,
                 int32_t word, Spans &spans) {
  bool joinsBytes = ModelKind(tables.header->model) == ModelKind::Unigram;
  size_t from = 0, firstByte = 0; // of a run of bytes: its first token's number
  bool isRun = false;
  for (size_t i = 0; i < ids.size(); ++i) {
    bool isByte = joinsBytes && isByteAt(tables, ids[i], piece, from);
    Span place = placeOf(tables, piece, ids, i, from);
    from = place.end;
    Span origin;
    if (place.begin < place.end) {
      origin = {origins[place.begin].begin, origins[place.end - 1].end};
    } else {
      size_t at = piece.empty()                ? 0
                  : place.begin < piece.size() ? origins[place.begin].begin
                                               : origins[piece.size() - 1].end;
      origin = {at, at};
    }
    spans.push({origin.begin, origin.end, word});
    // What Unigram cannot spell is one stretch, whose bytes all stand for it.
    if (isByte && !isRun)
      firstByte = spans.size() - 1;
    isRun = isByte;
    for (size_t run = firstByte; isByte && run < spans.size(); ++run) {
      spans[run].begin = spans[firstByte].begin;
      spans[run].end = origin.end;
    }
  }
}

TokenSpan trimmed(TokenSpan token, std::string_view text) {
  while (token.begin < token.end && text[token.begin] == ' ')
    ++token.begin;
  while (token.begin < token.end && text[token.end - 1] == ' ')
    --token.end;
  return token;
}

} // namespace heddle::text
