// What the tokens of a tokenizer write, as a trie: tokens that begin alike are
// looked at together.
#ifndef HEDDLE_RUNTIME_GRAMMAR_VOCABULARY_H
#define HEDDLE_RUNTIME_GRAMMAR_VOCABULARY_H

#include "runtime/text/Buffer.h"
#include "runtime/text/Tokenizer.h"

namespace heddle::grammar {

/// Immutable once built: any number of threads may use it.
class Vocabulary {
public:
  /// A byte behind those of the nodes above it. Nodes lie in the order of their
  /// texts, each before what begins with it.
  struct Node {
    uint32_t end;    // behind the last node that begins with this one
    uint32_t tokens; // those of this node end where the next one's begin
    uint16_t depth;  // bytes, this one with them
    uint8_t byte;
  };

  /// What `tokenizer` writes in the middle of a text. nullptr, or in words what
  /// is in the way. Tokens that write nothing are none of these: special ones,
  /// and ids without a token.
  const char *build(const text::Tokenizer &tokenizer);

  const text::Buffer<Node> &nodes() const { return trie; }
  /// Of a node.
  const int32_t *tokensBegin(size_t node) const {
    return sorted.data() + trie[node].tokens;
  }
  const int32_t *tokensEnd(size_t node) const {
    return node + 1 < trie.size() ? tokensBegin(node + 1) : sorted.end();
  }
  /// What token `id` writes.
  std::string_view textOf(int32_t id) const;
  int32_t size() const { return static_cast<int32_t>(begins.size()) - 1; }

  /// Longer tokens are not written where a grammar holds.
  static constexpr size_t longestToken = 1024;

private:
  void sort();
  void plant();

  text::Text texts;
  text::Buffer<uint32_t> begins; // by id, one more
  text::Ids sorted;              // by text, then by id
  text::Buffer<Node> trie;
};

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_VOCABULARY_H
