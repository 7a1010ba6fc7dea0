// Encoding: cuts added tokens out of the text and sends what lies between
// through the stages of Pipeline.h.
#include "runtime/text/Tokenizer.h"

#include "runtime/text/Origins.h"
#include "runtime/text/Pipeline.h"
#include "runtime/text/Unicode.h"

#include <new>

namespace heddle::text {

Tokenizer::~Tokenizer() {
  if (tables) {
    tables->~Tables();
    free(tables);
  }
}

const char *Tokenizer::open(const void *bytes, size_t size) {
  if (tables)
    return "tokenizer: already open";
  void *memory = malloc(sizeof(Tables));
  if (!memory)
    return outOfMemory;
  tables = new (memory) Tables();
  TroubleWatch watch;
  opened = tables->open(bytes, size) && watch.found() == Trouble::None;
  if (watch.found() == Trouble::Memory)
    return outOfMemory;
  return opened ? nullptr : tables->message;
}

namespace {

/// Whether the added token at `match` may stand there: with single_word no word
/// character may touch it.
bool standsAlone(std::string_view text, Span match) {
  if (match.begin > 0) {
    size_t before = previousCharacter(text, match.begin);
    if (isWordCharacter(nextCharacter(text, before)))
      return false;
  }
  size_t after = match.end;
  return after == text.size() || !isWordCharacter(nextCharacter(text, after));
}

/// Widens `match` over the white space which the token swallows, on the left
/// not beyond `done`. `space` is the stretch of white space that was swallowed
/// last: no character of it is looked at again.
Span widened(std::string_view text, Span match, uint32_t flags, size_t done,
             Span &space) {
  while (flags & AddedStripLeft && match.begin > done) {
    size_t before = previousCharacter(text, match.begin), after = before;
    if (!isWhitespace(nextCharacter(text, after)))
      break;
    match.begin = before;
  }
  if (!(flags & AddedStripRight))
    return match;
  if (match.end < space.begin || match.end > space.end)
    space = {match.end, match.end};
  for (size_t after = space.end; after < text.size(); space.end = after)
    if (!isWhitespace(nextCharacter(text, after)))
      break;
  match.end = space.end;
  return match;
}

/// Calls onText(begin, end) and onToken(id, place), in order, for the parts of
/// `text` and the added tokens between them, those with a flag of `skipped`
/// left out.
template <typename OnText, typename OnToken>
void cutAdded(const AddedPatterns &patterns, std::string_view text,
              uint32_t skipped, OnText onText, OnToken onToken) {
  size_t done = 0;
  Span match, space = {0, 0};
  for (size_t from = 0; !patterns.empty() && trouble == Trouble::None;) {
    const AddedToken *token = patterns.find(text, from, match);
    if (!token)
      break;
    from = match.end;
    if (token->flags & skipped)
      continue;
    if (token->flags & AddedSingleWord && !standsAlone(text, match))
      continue;
    match = widened(text, match, token->flags, done, space);
    if (done < match.begin)
      onText(done, match.begin);
    onToken(token->id, match);
    done = match.end;
  }
  if (done < text.size())
    onText(done, text.size());
}

/// One call of encode().
class Encoding {
public:
  /// `spans`: where each token stands, if anybody wants to know.
  Encoding(const Tables &tables, Ids &ids, bool specialsAreText,
           size_t textBytes, Spans *spans = nullptr)
      : tables(tables), ids(ids), spans(spans),
        skipped(specialsAreText ? AddedSpecial : 0),
        most(grownBytes(textBytes)), matcher(textBytes), pieces(matcher, most),
        model(tables, specialsAreText) {
    normalized.limit(most);
  }

  void run(std::string_view text) {
    cutAdded(
        tables.rawAdded, text, skipped,
        [&](size_t begin, size_t end) { encodeRaw(text, begin, end); },
        [&](int32_t id, Span place) { addToken(id, place); });
  }

  /// Why the text cannot be encoded.
  const char *describe(Trouble found) const {
    switch (found) {
    case Trouble::None:
      return nullptr;
    case Trouble::Memory:
      return outOfMemory;
    case Trouble::Growth:
      return grew;
    case Trouble::Backtracking:
      break;
    }
    return "an expression of the tokenizer needs too much backtracking on this "
           "text";
  }

private:
  void addToken(int32_t id, Span place) {
    ids.push(id);
    if (spans)
      spans->push({place.begin, place.end, words++});
  }

  /// What lies between the added tokens that are looked for in texts as they
  /// come.
  void encodeRaw(std::string_view text, size_t begin, size_t end) {
    if (trouble != Trouble::None)
      return;
    std::string_view part = slice(text, begin, end);
    if (spans)
      beginOrigins(part, begin, origins);
    if (!tables.normalizers.empty()) {
      normalized.clear();
      if (spans)
        normalizeAligned(tables, part, normalized, matcher, most, origins);
      else
        normalize(tables, part, normalized, matcher, most);
      if (trouble == Trouble::Growth)
        grew = "the tokenizer's normalizer lets the text grow to more than 64 "
               "times its bytes";
      part = normalized.view();
    }
    cutAdded(
        tables.normalizedAdded, part, skipped,
        [&](size_t from, size_t to) {
          encodePart(part, from, to, begin == 0 && from == 0);
        },
        [&](int32_t id, Span place) {
          addToken(id, spans ? originOf(origins, place) : place);
        });
  }

  void encodePart(std::string_view text, size_t from, size_t to, bool atStart) {
    if (trouble != Trouble::None)
      return;
    std::string_view part = slice(text, from, to);
    pieces.split(tables, part, atStart,
                 spans ? origins.data() + from : nullptr);
    for (size_t i = 0; i < pieces.spans.size() && trouble == Trouble::None;
         ++i) {
      Span span = pieces.spans[i];
      std::string_view piece = slice(pieces.text, span.begin, span.end);
      size_t before = ids.size();
      encodePiece(piece);
      if (spans)
        appendSpans(tables, piece, {ids.begin() + before, ids.size() - before},
                    pieces.origins.data() + span.begin, words++, *spans);
    }
  }

  /// A special token may be a word of the vocabulary as well: where it must not
  /// come out of a text, its characters go in one by one.
  void encodePiece(std::string_view piece) {
    size_t before = ids.size();
    model.encode(piece, ids);
    if (!skipped || !holdsSpecial(before))
      return;
    ids.shrink(before);
    for (size_t at = 0; at < piece.size();) {
      size_t end = at;
      nextCharacter(piece, end);
      model.encode(slice(piece, at, end), ids);
      at = end;
    }
  }

  bool holdsSpecial(size_t from) const {
    for (size_t i = from; i < ids.size(); ++i) {
      const AddedToken *added = tables.addedToken(ids[i]);
      if (added && added->flags & AddedSpecial &&
          ids[i] != tables.header->unknown)
        return true;
    }
    return false;
  }

  const Tables &tables;
  Ids &ids;
  Spans *spans;
  Origins origins;   // of the part that is being encoded
  int32_t words = 0; // pieces and added tokens so far
  uint32_t skipped;  // flags of added tokens that are text
  size_t most;       // bytes that a stage may make of the text
  const char *grew = "the tokenizer's pre-tokenizer lets the text grow to more "
                     "than 64 times its bytes";
  Matcher matcher;
  Pieces pieces;
  Model model;
  Text normalized;
};

} // namespace

const char *Tokenizer::encode(std::string_view text, bool addSpecialTokens,
                              Ids &ids, bool specialsAreText) const {
  if (text.size() > mostTextBytes)
    return "the text is longer than a GiB";
  TroubleWatch watch;
  Text repaired;
  if (wellFormedPrefix(text) != text.size()) {
    appendRepaired(repaired, text);
    text = repaired.view();
  }
  size_t before = ids.size();
  auto append = [&](Range range) {
    ids.append(tables->view<int32_t>(range).data(), range.count);
  };
  if (addSpecialTokens)
    append(tables->header->prefix);
  Encoding encoding(*tables, ids, specialsAreText, text.size());
  encoding.run(text);
  if (addSpecialTokens)
    append(tables->header->suffix);
  if (watch.found() != Trouble::None)
    ids.shrink(before);
  return encoding.describe(watch.found());
}

bool Tokenizer::hasPairs() const { return tables->header->hasPairs; }

const char *Tokenizer::encodePair(std::string_view first,
                                  std::string_view second,
                                  bool addSpecialTokens, Ids &ids, Ids &types,
                                  bool specialsAreText) const {
  Ids ofFirst, ofSecond;
  const char *wrong = encode(first, false, ofFirst, specialsAreText);
  if (!wrong)
    wrong = encode(second, false, ofSecond, specialsAreText);
  if (wrong)
    return wrong;
  TroubleWatch watch;
  size_t before = ids.size(), typesBefore = types.size();
  join({ofFirst.data(), ofFirst.size()}, {ofSecond.data(), ofSecond.size()},
       addSpecialTokens, ids, types);
  if (watch.found() == Trouble::None)
    return nullptr;
  ids.shrink(before);
  types.shrink(typesBefore);
  return outOfMemory;
}

void Tokenizer::join(std::span<const int32_t> first,
                     std::span<const int32_t> second, bool addSpecialTokens,
                     Ids &ids, Ids &types) const {
  const Header &header = *tables->header;
  std::span<const int32_t> special = tables->view<int32_t>(header.pairTypes);
  auto append = [&](Range range) {
    if (!addSpecialTokens)
      return;
    ids.append(tables->view<int32_t>(range).data(), range.count);
    types.append(special.data(), range.count);
    special = special.subspan(range.count);
  };
  auto appendText = [&](std::span<const int32_t> text, int32_t type) {
    ids.append(text.data(), text.size());
    for (size_t i = 0; i < text.size(); ++i)
      types.push(type);
  };
  append(header.pairPrefix);
  appendText(first, header.firstType);
  append(header.pairMiddle);
  appendText(second, header.secondType);
  append(header.pairSuffix);
}

const char *Tokenizer::encodeSpans(std::string_view text, Ids &ids,
                                   Spans &spans, bool specialsAreText) const {
  if (text.size() > mostTextBytes)
    return "the text is longer than a GiB";
  TroubleWatch watch;
  size_t before = ids.size(), spansBefore = spans.size();
  Encoding encoding(*tables, ids, specialsAreText, text.size(), &spans);
  encoding.run(text);
  if (watch.found() == Trouble::None)
    return nullptr;
  ids.shrink(before);
  spans.shrink(spansBefore);
  return encoding.describe(watch.found());
}

void Tokenizer::surround(std::span<const int32_t> text, Ids &ids) const {
  auto append = [&](Range range) {
    ids.append(tables->view<int32_t>(range).data(), range.count);
  };
  append(tables->header->prefix);
  ids.append(text.data(), text.size());
  append(tables->header->suffix);
}

void Tokenizer::surroundPair(std::span<const int32_t> first,
                             std::span<const int32_t> second, Ids &ids,
                             Ids &types) const {
  join(first, second, /*addSpecialTokens=*/true, ids, types);
}

size_t Tokenizer::countBefore() const { return tables->header->prefix.count; }

size_t Tokenizer::countAround() const {
  return countBefore() + tables->header->suffix.count;
}

size_t Tokenizer::countAroundPair() const {
  return tables->header->pairTypes.count;
}

size_t Tokenizer::countBeforeSecond() const {
  return tables->header->pairPrefix.count + tables->header->pairMiddle.count;
}

int32_t Tokenizer::vocabularySize() const {
  return static_cast<int32_t>(tables->header->tokenCount);
}

std::string_view Tokenizer::token(int32_t id) const {
  return tables->token(id);
}

int32_t Tokenizer::find(std::string_view token) const {
  for (const AddedToken &added :
       tables->view<AddedToken>(tables->header->added))
    if (tables->string(added.content) == token)
      return added.id;
  return tables->find(token);
}

bool Tokenizer::isSpecial(int32_t id) const {
  const AddedToken *added = tables->addedToken(id);
  return added && added->flags & AddedSpecial;
}

bool Tokenizer::truncate(Ids &ids, size_t from, size_t length) const {
  size_t count = ids.size() - from;
  if (count <= length)
    return false;
  std::span<const int32_t> suffix =
      tables->view<int32_t>(tables->header->suffix);
  bool ended =
      count >= suffix.size() && length >= suffix.size() &&
      (suffix.empty() || memcmp(ids.end() - suffix.size(), suffix.data(),
                                suffix.size() * sizeof(int32_t)) == 0);
  ids.shrink(from + length);
  if (ended && !suffix.empty())
    memcpy(ids.end() - suffix.size(), suffix.data(),
           suffix.size() * sizeof(int32_t));
  return true;
}

} // namespace heddle::text
