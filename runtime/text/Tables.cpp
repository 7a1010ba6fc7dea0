// Opening a tokenizer. The section comes from a file that may be damaged:
// everything that the rest of runtime/text follows without looking (offsets,
// ids, step kinds, well-formed UTF-8, an empty slot in each hash table) is
// checked here, once.
#include "runtime/text/Tables.h"

#include "runtime/text/Charsmap.h"
#include "runtime/text/Pipeline.h"
#include "runtime/text/Tokenizer.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::text {

Tables::~Tables() {
  for (Regex *regex : regexes)
    freeRegex(regex);
}

bool Tables::fail(const char *what) {
  snprintf(message, sizeof message, "tokenizer: %s", what);
  return false;
}

bool Tables::checkRange(Range range, size_t elementSize,
                        size_t alignment) const {
  return range.offset % alignment == 0 &&
         static_cast<uint64_t>(range.offset) +
                 static_cast<uint64_t>(range.count) * elementSize <=
             header->bytes;
}

bool Tables::checkString(Range range) const {
  return checkRange(range, 1, 1) &&
         wellFormedPrefix(string(range)) == range.count;
}

bool Tables::checkIds(Range range) const {
  if (!checkRange(range, sizeof(int32_t), alignof(int32_t)))
    return false;
  for (int32_t id : view<int32_t>(range))
    if (id < 0 || id >= static_cast<int32_t>(header->tokenCount))
      return false;
  return true;
}

bool Tables::checkRanges() {
  auto token = [&](int32_t id) {
    return id >= -1 && id < static_cast<int32_t>(header->tokenCount);
  };
  if (header->tokenCount == 0 || header->tokenCount > maxTokens)
    return fail("number of tokens out of range");
  if (!checkIds(header->prefix) || !checkIds(header->suffix) ||
      !token(header->unknown))
    return fail("special token out of range");
  if (!checkIds(header->pairPrefix) || !checkIds(header->pairMiddle) ||
      !checkIds(header->pairSuffix) ||
      !checkRange(header->pairTypes, sizeof(int32_t), alignof(int32_t)) ||
      header->pairTypes.count != uint64_t{header->pairPrefix.count} +
                                     header->pairMiddle.count +
                                     header->pairSuffix.count)
    return fail("special token of pairs out of range");
  if (!checkString(header->continuation) || !checkString(header->wordEnd))
    return fail("affix out of range");
  if (header->model < uint32_t(ModelKind::WordPiece) ||
      header->model > uint32_t(ModelKind::WordLevel))
    return fail("unknown model");
  if (header->model != uint32_t(ModelKind::Bpe) && header->unknown < 0)
    return fail("no unknown token");
  if ((header->model == uint32_t(ModelKind::WordPiece) ||
       header->model == uint32_t(ModelKind::Unigram)) &&
      header->maxTokenBytes > maxSoughtBytes)
    return fail("token of more than 1024 bytes");
  return true;
}

bool Tables::checkTokens() {
  Range offsets = header->tokenOffsets;
  if (!checkRange(offsets, sizeof(uint32_t), alignof(uint32_t)) ||
      offsets.count != header->tokenCount + 1 ||
      !checkString(header->tokenBytes))
    return fail("vocabulary out of range");
  std::span<const uint32_t> begins = view<uint32_t>(offsets);
  std::string_view text = string(header->tokenBytes);
  for (uint32_t id = 0; id < header->tokenCount; ++id) {
    uint32_t begin = begins[id], end = begins[id + 1];
    if (begin > end || end > text.size() || end - begin > header->maxTokenBytes)
      return fail("token out of range");
    if (begin < end && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80)
      return fail("token begins within a character");
  }
  // The last token ends with the text, or within it before a character: the
  // loop saw all beginnings but this one.
  uint32_t last = begins[header->tokenCount];
  if (last < text.size() && (static_cast<uint8_t>(text[last]) & 0xc0) == 0x80)
    return fail("token ends within a character");
  return true;
}

/// A search goes on to the next empty slot. Where hashes are what they should
/// be, that is a few slots away.
bool Tables::isSparse() const {
  constexpr uint32_t longest = 1024;
  uint32_t run = 0;
  // Searches begin anew at the front.
  for (int round = 0; round < 2; ++round)
    for (const TokenSlot &slot : view<TokenSlot>(header->tokenSlots))
      if (run = slot.id < 0 ? 0 : run + 1; run > longest)
        return false;
  return true;
}

bool Tables::checkSlots() {
  if (!checkRange(header->tokenSlots, sizeof(TokenSlot), alignof(TokenSlot)) ||
      !checkRange(header->joints, sizeof(uint64_t), alignof(uint64_t)))
    return fail("hash table out of range");
  uint32_t joints = header->joints.count;
  if (joints == 0 || (joints & (joints - 1)) != 0)
    return fail("size of a hash table is no power of two");
  auto count = static_cast<int32_t>(header->tokenCount);
  bool empty = false, good = true;
  for (const TokenSlot &slot : view<TokenSlot>(header->tokenSlots)) {
    empty |= slot.id == -1;
    good &= slot.id >= -1 && slot.id < count;
  }
  if (!empty || !good)
    return fail("bad slot in the vocabulary");
  return isSparse() || fail("hash table too crowded");
}

bool Tables::checkMerges() {
  if (header->model != uint32_t(ModelKind::Bpe))
    return true;
  if (!checkRange(header->mergeBegins, sizeof(uint32_t), alignof(uint32_t)) ||
      !checkRange(header->mergeRanks, sizeof(uint32_t), alignof(uint32_t)) ||
      !checkRange(header->mergeCuts, sizeof(uint16_t), alignof(uint16_t)) ||
      header->mergeBegins.count != header->tokenCount + 1 ||
      header->mergeCuts.count != header->mergeRanks.count)
    return fail("merges out of range");
  std::span<const uint32_t> begins = view<uint32_t>(header->mergeBegins);
  if (!std::is_sorted(begins.begin(), begins.end()) ||
      begins.back() > header->mergeRanks.count)
    return fail("bad merges");
  return true;
}

bool Tables::checkTrie() {
  if (header->model != uint32_t(ModelKind::Unigram))
    return true;
  if (!checkRange(header->trie, sizeof(TrieNode), alignof(TrieNode)) ||
      !checkRange(header->scores, sizeof(double), alignof(double)) ||
      header->trie.count == 0 || header->trie.count % 256 != 0 ||
      header->scores.count != header->tokenCount)
    return fail("vocabulary out of range");
  bool good = true;
  for (const TrieNode &node : view<TrieNode>(header->trie))
    good &= node.base < header->trie.count && node.id >= -1 &&
            node.id < static_cast<int32_t>(header->tokenCount);
  return good || fail("bad node in the vocabulary");
}

static StepNeeds normalizerNeeds(uint32_t kind) {
  switch (NormalizerKind(kind)) {
  case NormalizerKind::ReplaceRegex:
    return StepNeeds::Expression;
  case NormalizerKind::Replace:
    return StepNeeds::Pattern;
  case NormalizerKind::Charsmap:
    return StepNeeds::Charsmap;
  default:
    return StepNeeds::Nothing;
  }
}

static StepNeeds splitterNeeds(uint32_t kind) {
  switch (SplitterKind(kind)) {
  case SplitterKind::SplitRegex:
    return StepNeeds::Expression;
  case SplitterKind::SplitString:
  case SplitterKind::Replace:
    return StepNeeds::Pattern;
  default:
    return StepNeeds::Nothing;
  }
}

static StepNeeds decoderNeeds(uint32_t kind) {
  switch (DecoderKind(kind)) {
  case DecoderKind::ReplaceRegex:
    return StepNeeds::Expression;
  case DecoderKind::Replace:
    return StepNeeds::Pattern;
  case DecoderKind::Strip:
  case DecoderKind::Metaspace:
  case DecoderKind::StripFused:
    return StepNeeds::Text;
  default:
    return StepNeeds::Nothing;
  }
}

bool Tables::openSteps(Range range, uint32_t limit, uint32_t lastKind,
                       StepNeeds (*needs)(uint32_t), Buffer<OpenStep> &steps) {
  if (!checkRange(range, sizeof(Step), alignof(Step)) || range.count > limit)
    return fail("step out of range");
  for (const Step &step : view<Step>(range)) {
    if (step.kind == 0 || step.kind > lastKind)
      return fail("unknown step");
    StepNeeds need = needs(step.kind);
    if (!(need == StepNeeds::Charsmap ? checkRange(step.pattern, 1, 1)
                                      : checkString(step.pattern)) ||
        !checkString(step.text))
      return fail("text of a step out of range");
    OpenStep open = {
        step.kind, step.flags, string(step.pattern), string(step.text), step.a,
        step.b,    nullptr};
    // Looking for nothing would find it everywhere, for ever.
    if ((need == StepNeeds::Pattern && open.pattern.empty()) ||
        (need == StepNeeds::Text && open.text.empty()))
      return fail("step without a text");
    if (need == StepNeeds::Charsmap &&
        !Charsmap(open.pattern, open.text).isSound())
      return fail("a charsmap that leads outside of itself");
    if (need == StepNeeds::Expression) {
      Text reason;
      Regex *regex = regexes.reserve(regexes.size() + 1)
                         ? compileRegex(open.pattern, reason)
                         : nullptr;
      reason.push('\0');
      if (!regex)
        return fail(trouble == Trouble::None ? reason.data() : outOfMemory);
      regexes.push(regex);
      open.regex = regex;
    }
    steps.push(open);
  }
  return true;
}

bool Tables::openAdded() {
  Range range = header->added;
  if (!checkRange(range, sizeof(AddedToken), alignof(AddedToken)))
    return fail("added tokens out of range");
  std::span<const AddedToken> added = view<AddedToken>(range);
  size_t bytesOfAll = 0;
  for (const AddedToken &token : added) {
    if (token.id < 0 || token.id >= static_cast<int32_t>(header->tokenCount) ||
        token.content.count == 0)
      return fail("added token out of range");
    if (token.content.count > maxSoughtBytes)
      return fail("added token of more than 1024 bytes");
    if (!checkString(token.content))
      return fail("added token out of range");
    bytesOfAll += token.content.count;
  }
  // Tokens marked `normalized` are looked for in normalised text, so their own
  // text is normalised first. The views are made when all texts are there:
  // growing moves them.
  Buffer<Span> places;
  Matcher matcher;
  size_t most = grownBytes(bytesOfAll);
  normalizedContents.limit(most);
  for (const AddedToken &token : added) {
    size_t begin = normalizedContents.size();
    if (token.flags & AddedNormalized)
      normalize(*this, string(token.content), normalizedContents, matcher,
                most);
    places.push({begin, normalizedContents.size()});
    if (trouble != Trouble::None)
      return fail("added token cannot be normalised");
  }
  for (size_t i = 0; i < added.size(); ++i) {
    std::string_view normal =
        slice(normalizedContents.view(), places[i].begin, places[i].end);
    normalizedContent.push(normal);
    if (!(added[i].flags & AddedNormalized))
      rawAdded.add(string(added[i].content), added[i]);
    else if (!normal.empty())
      normalizedAdded.add(normal, added[i]);
  }
  rawAdded.prepare();
  normalizedAdded.prepare();
  return true;
}

bool Tables::open(const void *section, size_t size) {
  bytes = static_cast<const uint8_t *>(section);
  header = reinterpret_cast<const Header *>(bytes);
  if (size < sizeof(Header) || header->magic != tokenizerMagic)
    return fail("not a tokenizer");
  if (header->version != tokenizerVersion)
    return fail("written by another version of Heddle");
  if (header->bytes > size || header->bytes < sizeof(Header))
    return fail("shorter than it says");
  if (!checkRanges() || !checkTokens() || !checkSlots() || !checkMerges() ||
      !checkTrie())
    return false;

  if (!openSteps(header->normalizers, maxSteps,
                 uint32_t(NormalizerKind::Charsmap), normalizerNeeds,
                 normalizers) ||
      !openSteps(header->splitters, maxSteps, uint32_t(SplitterKind::MapBytes),
                 splitterNeeds, splitters) ||
      !openSteps(header->decoders, maxDecoderSteps,
                 uint32_t(DecoderKind::StripFused), decoderNeeds, decoders) ||
      !openAdded())
    return false;

  Text piece;
  for (uint32_t c = 0; c < 512; ++c) {
    piece.clear();
    appendCharacter(piece, c);
    shortIds[c] = find(piece.view());
  }
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    snprintf(name, sizeof(name), "<0x%02X>", byte);
    byteIds[byte] = find({name, 6});
  }
  return true;
}

//===-- Lookup --===//

std::string_view Tables::token(int32_t id) const {
  if (id < 0 || id >= static_cast<int32_t>(header->tokenCount))
    return {};
  std::span<const uint32_t> begins = view<uint32_t>(header->tokenOffsets);
  size_t index = static_cast<size_t>(id);
  return slice(string(header->tokenBytes), begins[index], begins[index + 1]);
}

/// The id of the token with that hash of which isWanted(its text).
template <typename IsWanted>
int32_t Tables::search(uint64_t hash, IsWanted isWanted) const {
  std::span<const TokenSlot> slots = view<TokenSlot>(header->tokenSlots);
  auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t at = slotOf(hash, slots.size());; ++at) {
    if (at == slots.size())
      at = 0;
    if (slots[at].id < 0)
      return -1;
    if (slots[at].tag == tag && isWanted(token(slots[at].id)))
      return slots[at].id;
  }
}

int32_t Tables::find(std::string_view wanted, uint64_t hash) const {
  return search(hash, [&](std::string_view text) { return text == wanted; });
}

/// Tokens are short: a loop is faster than memcmp().
static bool isJoined(std::string_view whole, std::string_view front,
                     std::string_view back) {
  const char *at = whole.data();
  for (std::string_view part : {front, back})
    for (char c : part)
      if (*at++ != c)
        return false;
  return true;
}

Tables::Merge Tables::findMerge(int32_t left, int32_t right) const {
  std::string_view front = token(left), back = token(right);
  size_t bytes = front.size() + back.size();
  if (bytes > header->maxTokenBytes)
    return {0, -1};
  uint64_t hash = hashSeed;
  for (std::string_view part : {front, back})
    for (char c : part)
      hash = hashByte(hash, static_cast<uint8_t>(c));
  int32_t merged = search(hashFinish(hash), [&](std::string_view text) {
    return text.size() == bytes && isJoined(text, front, back);
  });
  if (merged < 0)
    return {0, -1};
  const uint32_t *begins = view<uint32_t>(header->mergeBegins).data() + merged;
  std::span<const uint16_t> cuts = view<uint16_t>(header->mergeCuts);
  for (uint32_t i = begins[0]; i < begins[1]; ++i)
    if (cuts[i] == front.size())
      return {view<uint32_t>(header->mergeRanks)[i], merged};
  return {0, -1};
}

const AddedToken *Tables::addedToken(int32_t id) const {
  // Sorted by id, by the compiler; a damaged section may find nothing.
  std::span<const AddedToken> added = view<AddedToken>(header->added);
  auto at = std::lower_bound(added.begin(), added.end(), id,
                             [](const AddedToken &token, int32_t wanted) {
                               return token.id < wanted;
                             });
  return at != added.end() && at->id == id ? &*at : nullptr;
}

//===-- Added tokens --===//

void AddedPatterns::add(std::string_view text, const AddedToken &token) {
  patterns.push({text, &token});
  begins[static_cast<uint8_t>(text[0])] = true;
}

void AddedPatterns::prepare() {
  std::sort(patterns.begin(), patterns.end(),
            [](const Pattern &left, const Pattern &right) {
              return left.text < right.text;
            });
}

/// The patterns that share the first bytes of `text` are neighbours: the range
/// [low, high) narrows byte by byte, and the one pattern of it that is just as
/// long as what was compared is a match.
const AddedPatterns::Pattern *
AddedPatterns::longestAt(std::string_view text) const {
  const Pattern *low = patterns.begin(), *high = patterns.end(),
                *best = nullptr;
  for (size_t depth = 0; low < high; ++depth) {
    if (low->text.size() == depth)
      best = low++;
    if (depth == text.size())
      break;
    auto byte = static_cast<uint8_t>(text[depth]);
    auto at = [depth](const Pattern &pattern) {
      return pattern.text.size() > depth
                 ? int(static_cast<uint8_t>(pattern.text[depth]))
                 : -1;
    };
    low = std::partition_point(
        low, high, [&](const Pattern &pattern) { return at(pattern) < byte; });
    high = std::partition_point(
        low, high, [&](const Pattern &pattern) { return at(pattern) <= byte; });
  }
  return best;
}

const AddedToken *AddedPatterns::find(std::string_view text, size_t from,
                                      Span &match) const {
  for (size_t at = from; at < text.size(); ++at) {
    if (!begins[static_cast<uint8_t>(text[at])])
      continue;
    if (const Pattern *found = longestAt(slice(text, at, text.size()))) {
      match = {at, at + found->text.size()};
      return found->token;
    }
  }
  return nullptr;
}

} // namespace heddle::text
