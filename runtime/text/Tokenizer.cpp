// Encoding: cuts added tokens out of the text and sends what lies between
// through the stages of Pipeline.h.
#include "runtime/text/Tokenizer.h"

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

/// Calls onText(begin, end) and onToken(id), in order, for the parts of `text`
/// and the added tokens between them, those with a flag of `skipped` left out.
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
    onToken(token->id);
    done = match.end;
  }
  if (done < text.size())
    onText(done, text.size());
}

/// One call of encode().
class Encoding {
public:
  Encoding(const Tables &tables, Ids &ids, bool specialsAreText,
           size_t textBytes)
      : tables(tables), ids(ids), skipped(specialsAreText ? AddedSpecial : 0),
        most(grownBytes(textBytes)), matcher(textBytes), pieces(matcher, most),
        model(tables, specialsAreText) {
    normalized.limit(most);
  }

  void run(std::string_view text) {
    auto onToken = [&](int32_t id) { ids.push(id); };
    cutAdded(
        tables.rawAdded, text, skipped,
        [&](size_t begin, size_t end) {
          if (trouble != Trouble::None)
            return;
          std::string_view part = slice(text, begin, end);
          if (!tables.normalizers.empty()) {
            normalized.clear();
            normalize(tables, part, normalized, matcher, most);
            if (trouble == Trouble::Growth)
              grew = "the tokenizer's normalizer lets the text grow to more "
                     "than 64 times its bytes";
            part = normalized.view();
          }
          cutAdded(
              tables.normalizedAdded, part, skipped,
              [&](size_t from, size_t to) {
                encodePart(slice(part, from, to), begin == 0 && from == 0);
              },
              onToken);
        },
        onToken);
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
  void encodePart(std::string_view part, bool atStart) {
    if (trouble != Trouble::None)
      return;
    pieces.split(tables, part, atStart);
    for (size_t i = 0; i < pieces.spans.size() && trouble == Trouble::None; ++i)
      encodePiece(
          slice(pieces.text, pieces.spans[i].begin, pieces.spans[i].end));
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
  uint32_t skipped; // flags of added tokens that are text
  size_t most;      // bytes that a stage may make of the text
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
  const Header &header = *tables->header;
  std::span<const int32_t> special = tables->view<int32_t>(header.pairTypes);
  size_t idsBefore = ids.size(), typesBefore = types.size();
  auto append = [&](Range range) {
    if (!addSpecialTokens)
      return;
    ids.append(tables->view<int32_t>(range).data(), range.count);
    types.append(special.data(), range.count);
    special = special.subspan(range.count);
  };
  auto encodeOne = [&](std::string_view text, int32_t type) {
    size_t before = ids.size();
    const char *wrong = encode(text, false, ids, specialsAreText);
    for (size_t i = before; i < ids.size(); ++i)
      types.push(type);
    return wrong;
  };
  append(header.pairPrefix);
  const char *wrong = encodeOne(first, header.firstType);
  append(header.pairMiddle);
  if (!wrong)
    wrong = encodeOne(second, header.secondType);
  append(header.pairSuffix);
  if (wrong) {
    ids.shrink(idsBefore);
    types.shrink(typesBefore);
  }
  return wrong;
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
