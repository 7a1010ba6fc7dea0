// The byte pair encoding model (Sennrich et al., "Neural machine translation of
// rare words with subword units", 2016): a piece is spelt in characters, then
// the neighbours whose merge was learnt first are joined, the leftmost first,
// until none can be. A heap of the possible merges makes that O(n log n), and
// cutting at characters which no merge ever joins keeps n at a word's length,
// also where the splitter leaves a whole text as one piece (Llama 2).
#include "runtime/text/Pipeline.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::text {

/// Spells the piece in the ids of its characters and, at every place that no
/// merge can reach across, appends what lies before it to `ids`.
void Model::spell(std::string_view piece, Ids &ids) {
  const Header &header = *tables.header;
  // An unknown token which, with BpeFuseUnknown, the next unknown character
  // would join.
  bool unknownPending = false;
  // The character that the last symbol stands for; 0 if it stands for none.
  uint32_t last = 0;
  auto add = [&](int32_t id, uint32_t character) {
    symbols.push({id, 0, 0});
    last = character;
  };
  symbols.clear();
  for (size_t position = 0; position < piece.size();) {
    size_t begin = position;
    uint32_t c = nextCharacter(piece, position);
    int32_t id;
    if (header.wordEnd.count > 0 && position == piece.size()) {
      joined.clear();
      joined.append(slice(piece, begin, position));
      joined.append(tables.string(header.wordEnd));
      id = tables.find(joined.view());
    } else {
      id = c < 512 ? tables.shortIds[c]
                   : tables.find(slice(piece, begin, position));
    }
    if (id >= 0) {
      if (unknownPending)
        add(header.unknown, 0);
      unknownPending = false;
      if (last && !tables.isJoint(last, c))
        finishSymbols(ids);
      add(id, c);
      continue;
    }
    if (header.modelFlags & BpeByteFallback) {
      bool all = true;
      for (size_t i = begin; i < position; ++i)
        all &= tables.byteIds[static_cast<uint8_t>(piece[i])] >= 0;
      for (size_t i = begin; all && i < position; ++i)
        add(tables.byteIds[static_cast<uint8_t>(piece[i])], 0);
      // A pending unknown token stays pending, and so comes after the bytes, as
      // in Hugging Face.
      if (all)
        continue;
    }
    if (header.unknown < 0)
      continue; // nothing stands for it: the character is dropped
    if (unknownPending && !(header.modelFlags & BpeFuseUnknown))
      add(header.unknown, 0);
    unknownPending = true;
  }
  if (unknownPending)
    add(header.unknown, 0);
  finishSymbols(ids);
}

/// Merges the symbols and appends them to `ids`.
void Model::finishSymbols(Ids &ids) {
  if (symbols.size() > 1)
    merge();
  for (const Symbol &symbol : symbols)
    if (symbol.id >= 0)
      ids.push(symbol.id);
  symbols.clear();
}

void Model::consider(int32_t left, int32_t right) {
  Tables::Merge merge = tables.findMerge(symbols[left].id, symbols[right].id);
  if (merge.merged >= 0 && !isAvoided(merge.merged))
    candidates.push(
        {static_cast<uint64_t>(merge.rank) << 32 | static_cast<uint32_t>(left),
         merge.merged});
}

/// Joins symbols until no merge applies. Candidates go stale when a neighbour
/// is merged first; such a one is recognised by the pair at its place being
/// longer now.
void Model::merge() {
  auto later = [](const Candidate &left, const Candidate &right) {
    return left.order > right.order;
  };
  auto count = static_cast<int32_t>(symbols.size());
  candidates.clear();
  for (int32_t i = 0; i < count; ++i) {
    symbols[i].previous = i - 1;
    symbols[i].next = i + 1 < count ? i + 1 : -1;
    if (i > 0)
      consider(i - 1, i);
  }
  std::make_heap(candidates.begin(), candidates.end(), later);
  auto considerNew = [&](int32_t left, int32_t right) {
    size_t before = candidates.size();
    consider(left, right);
    if (candidates.size() > before)
      std::push_heap(candidates.begin(), candidates.end(), later);
  };

  while (!candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end(), later);
    Candidate candidate = candidates.back();
    candidates.pop();
    auto left = static_cast<int32_t>(candidate.order & 0xffffffff);
    int32_t right = symbols[left].next;
    if (symbols[left].id < 0 || right < 0)
      continue;
    if (tables.tokenBytes(symbols[left].id) +
            tables.tokenBytes(symbols[right].id) !=
        tables.tokenBytes(candidate.merged))
      continue;
    symbols[left].id = candidate.merged;
    symbols[left].next = symbols[right].next;
    symbols[right].id = -1;
    if (symbols[left].next >= 0) {
      symbols[symbols[left].next].previous = left;
      considerNew(left, symbols[left].next);
    }
    if (symbols[left].previous >= 0)
      considerNew(symbols[left].previous, left);
  }
}

void Model::encodeBpe(std::string_view piece, Ids &ids) {
  if (tables.header->modelFlags & BpeIgnoreMerges) {
    int32_t whole =
        piece.size() <= tables.header->maxTokenBytes ? tables.find(piece) : -1;
    if (whole >= 0 && !isAvoided(whole))
      return ids.push(whole);
  }
  spell(piece, ids);
}

} // namespace heddle::text
