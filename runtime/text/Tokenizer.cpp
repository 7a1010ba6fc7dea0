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
    return "tokenizer: out of memory";
  tables = new (memory) Tables();
  opened = tables->open(bytes, size);
  return opened ? nullptr : tables->message.data();
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
/// not beyond `done`.
Span widened(std::string_view text, Span match, uint32_t flags, size_t done) {
  while (flags & AddedStripLeft && match.begin > done) {
    size_t before = previousCharacter(text, match.begin), after = before;
    if (!isWhitespace(nextCharacter(text, after)))
      break;
    match.begin = before;
  }
  for (size_t after = match.end; flags & AddedStripRight && after < text.size();
       match.end = after)
    if (!isWhitespace(nextCharacter(text, after)))
      break;
  return match;
}

/// Calls onText(begin, end) and onToken(id), in order, for the parts of `text`
/// and the added tokens between them, those with a flag of `skipped` left out.
template <typename OnText, typename OnToken>
void cutAdded(const AddedPatterns &patterns, std::string_view text,
              uint32_t skipped, OnText onText, OnToken onToken) {
  size_t done = 0;
  Span match;
  for (size_t from = 0; !patterns.empty();) {
    const AddedToken *token = patterns.find(text, from, match);
    if (!token)
      break;
    from = match.end;
    if (token->flags & skipped)
      continue;
    if (token->flags & AddedSingleWord && !standsAlone(text, match))
      continue;
    match = widened(text, match, token->flags, done);
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
  Encoding(const Tables &tables, Ids &ids, bool specialsAreText)
      : tables(tables), ids(ids), skipped(specialsAreText ? AddedSpecial : 0),
        pieces(matcher), model(tables) {}

  bool run(std::string_view text) {
    auto onToken = [&](int32_t id) { ids.push(id); };
    cutAdded(
        tables.rawAdded, text, skipped,
        [&](size_t begin, size_t end) {
          std::string_view part = slice(text, begin, end);
          if (!tables.normalizers.empty()) {
            normalized.clear();
            if (!normalize(tables, part, normalized, matcher))
              return;
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
    return !matcher.failed;
  }

private:
  void encodePart(std::string_view part, bool atStart) {
    if (pieces.split(tables, part, atStart))
      for (Span span : pieces.spans)
        encodePiece(slice(pieces.text, span.begin, span.end));
  }

  /// A special token may be a word of the vocabulary as well: where it must not
  /// come out of a text, its characters go in one by one.
  void encodePiece(std::string_view piece) {
    size_t before = ids.size();
    model.encode(piece, ids);
    if (!skipped || !holdsSpecial(before))
      return;
    ids.resize(before);
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
  Matcher matcher;
  Pieces pieces;
  Model model;
  Text normalized;
};

} // namespace

const char *Tokenizer::encode(std::string_view text, bool addSpecialTokens,
                              Ids &ids, bool specialsAreText) const {
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
  if (!Encoding(*tables, ids, specialsAreText).run(text)) {
    ids.resize(before);
    return "an expression of the tokenizer needs too much backtracking on this "
           "text";
  }
  if (addSpecialTokens)
    append(tables->header->suffix);
  return nullptr;
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
  ids.resize(from + length);
  if (ended && !suffix.empty())
    memcpy(ids.end() - suffix.size(), suffix.data(),
           suffix.size() * sizeof(int32_t));
  return true;
}

} // namespace heddle::text
