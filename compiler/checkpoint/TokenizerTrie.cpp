// The trie of a Unigram vocabulary as a double array
// (runtime/text/TokenizerFormat.h): every node's children are put where their
// places are free, the first such base from near the end of the array.
#include "compiler/checkpoint/TokenizerDescription.h"

#include "llvm/ADT/STLExtras.h"

#include <deque>

using llvm::ArrayRef;
using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

class TrieBuilder {
public:
  explicit TrieBuilder(const llvm::StringMap<int32_t> &vocabulary) {
    for (const auto &entry : vocabulary)
      if (!entry.first().empty())
        tokens.push_back({entry.first(), entry.second});
    llvm::sort(tokens);
  }

  std::vector<text::TrieNode> build() {
    grow();
    taken[0] = true;
    work.push_back({0, 0, 0, tokens.size()});
    for (; !work.empty(); work.pop_front())
      addChildren(work.front());
    return std::move(nodes);
  }

private:
  using Token = std::pair<StringRef, int32_t>;

  /// A node whose children are still to be placed: those of tokens[first, last)
  /// all begin with the same `depth` bytes, which lead to it.
  struct Pending {
    uint32_t node;
    size_t depth, first, last;
  };
  struct Child {
    uint8_t byte;
    size_t first, last;
  };

  void grow() {
    nodes.resize(nodes.size() + 256, {0, text::noNode, -1});
    taken.resize(nodes.size());
  }

  void addChildren(Pending parent);
  uint32_t findBase(ArrayRef<Child> children);

  std::vector<Token> tokens;
  std::deque<Pending> work;
  std::vector<text::TrieNode> nodes;
  std::vector<bool> taken;
};

} // namespace

/// Places that were passed over for long are left empty: looking at all of them
/// again for every node would take the square of their number.
uint32_t TrieBuilder::findBase(ArrayRef<Child> children) {
  constexpr size_t window = 2048;
  size_t begin = nodes.size() > window ? nodes.size() - window : 0;
  for (size_t place = begin;; ++place) {
    if (place == nodes.size())
      grow();
    if (taken[place])
      continue;
    size_t base = place ^ children[0].byte;
    if (llvm::none_of(children, [&](const Child &child) {
          return taken[base ^ child.byte];
        }))
      return static_cast<uint32_t>(base);
  }
}

void TrieBuilder::addChildren(Pending parent) {
  std::vector<Child> children;
  for (size_t i = parent.first; i < parent.last; ++i) {
    StringRef token = tokens[i].first;
    if (token.size() == parent.depth) {
      nodes[parent.node].id = tokens[i].second;
      continue;
    }
    auto byte = static_cast<uint8_t>(token[parent.depth]);
    if (children.empty() || children.back().byte != byte)
      children.push_back({byte, i, i});
    children.back().last = i + 1;
  }
  if (children.empty())
    return;
  uint32_t base = findBase(children);
  nodes[parent.node].base = base;
  for (const Child &child : children) {
    uint32_t place = base ^ child.byte;
    taken[place] = true;
    nodes[place].parent = parent.node;
    work.push_back({place, parent.depth + 1, child.first, child.last});
  }
}

std::vector<text::TrieNode>
buildTrie(const llvm::StringMap<int32_t> &vocabulary) {
  return TrieBuilder(vocabulary).build();
}

} // namespace heddle::checkpoint
