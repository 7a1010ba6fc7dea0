// The WordPiece model: greedily the longest token that a word, or its rest,
// begins with (Schuster and Nakajima, 2012).
#include "runtime/text/Pipeline.h"
#include "runtime/text/Unicode.h"

namespace heddle::text {

/// The longest token that word[from..] begins with, or -1. Tokens inside of a
/// word carry the continuation prefix.
int32_t Model::longestPrefix(std::string_view word, size_t from, size_t &end) {
  std::string_view continuation =
      from > 0 ? tables.string(tables.header->continuation)
               : std::string_view();
  uint64_t hash = hashSeed;
  for (char c : continuation)
    hash = hashByte(hash, static_cast<uint8_t>(c));
  prefixes.clear();
  size_t limit = from + tables.header->maxTokenBytes; // no longer token exists
  for (size_t position = from; position < word.size() && position < limit;) {
    size_t length = characterLength(word[position]);
    for (size_t i = 0; i < length; ++i)
      hash = hashByte(hash, static_cast<uint8_t>(word[position + i]));
    prefixes.push({position += length, hash});
  }
  while (!prefixes.empty()) {
    end = prefixes.back().end;
    std::string_view rest = slice(word, from, end);
    if (!continuation.empty()) {
      joined.clear();
      joined.append(continuation);
      joined.append(rest);
      rest = joined.view();
    }
    int32_t id = tables.find(rest, hashFinish(prefixes.back().hash));
    if (id >= 0)
      return id;
    prefixes.pop();
  }
  return -1;
}

void Model::encodeWordPiece(std::string_view word, Ids &ids) {
  size_t characters = 0;
  for (char c : word)
    characters += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  size_t before = ids.size();
  bool known = characters <= tables.header->maxWordCharacters;
  for (size_t from = 0; known && from < word.size();) {
    size_t end = from;
    int32_t id = longestPrefix(word, from, end);
    known = id >= 0;
    ids.push(id);
    from = end;
  }
  if (known)
    return;
  // A word that cannot be spelt to its end is unknown as a whole.
  ids.shrink(before);
  ids.push(tables.header->unknown);
}

} // namespace heddle::text
