#include "runtime/grammar/Vocabulary.h"

#include <algorithm>

namespace heddle::grammar {

std::string_view Vocabulary::textOf(int32_t id) const {
  if (id < 0 || id >= size())
    return {};
  return {texts.data() + begins[id], begins[id + 1] - begins[id]};
}

const char *Vocabulary::build(const text::Tokenizer &tokenizer) {
  text::TroubleWatch watch;
  text::Decoder decoder(tokenizer);
  int32_t count = tokenizer.vocabularySize();
  texts.limit(UINT32_MAX);
  begins.push(0);
  for (int32_t id = 0; id < count; ++id) {
    size_t before = texts.size();
    decoder.appendBytes(id, texts);
    if (texts.size() - before > longestToken)
      texts.shrink(before);
    begins.push(static_cast<uint32_t>(texts.size()));
    if (texts.size() > before)
      sorted.push(id);
  }
  if (watch.found() == text::Trouble::None) {
    sort();
    plant();
  }
  return text::describeDecoding(watch.found());
}

/// The first bytes of a text, as a number that is ordered as they are.
static uint64_t beginningOf(std::string_view text) {
  uint64_t bytes = 0;
  memcpy(&bytes, text.data(), std::min(text.size(), sizeof bytes));
  return __builtin_bswap64(bytes);
}

void Vocabulary::sort() {
  struct Entry {
    uint64_t beginning;
    int32_t id;
  };
  text::Buffer<Entry> entries;
  for (int32_t id : sorted)
    entries.push({beginningOf(textOf(id)), id});
  auto isBefore = [&](const Entry &left, const Entry &right) {
    if (left.beginning != right.beginning)
      return left.beginning < right.beginning;
    std::string_view first = textOf(left.id), second = textOf(right.id);
    int order = memcmp(first.data(), second.data(),
                       std::min(first.size(), second.size()));
    if (order || first.size() != second.size())
      return order ? order < 0 : first.size() < second.size();
    return left.id < right.id;
  };
  std::sort(entries.begin(), entries.end(), isBefore);
  for (size_t i = 0; i < entries.size(); ++i)
    sorted[i] = entries[i].id;
}

/// A node for every byte by which a text goes on behind what it has in common
/// with the one before.
void Vocabulary::plant() {
  text::Buffer<uint32_t> path; // nodes of the text before
  std::string_view before;
  for (size_t i = 0; i < sorted.size(); ++i) {
    std::string_view text = textOf(sorted[i]);
    size_t common = 0, most = std::min(text.size(), before.size());
    while (common < most && text[common] == before[common])
      ++common;
    for (; path.size() > common; path.pop())
      trie[path.back()].end = static_cast<uint32_t>(trie.size());
    for (size_t at = common; at < text.size(); ++at) {
      path.push(static_cast<uint32_t>(trie.size()));
      trie.push({0, static_cast<uint32_t>(i), static_cast<uint16_t>(at + 1),
                 static_cast<uint8_t>(text[at])});
      if (text::trouble != text::Trouble::None)
        return;
    }
    before = text;
  }
  for (uint32_t node : path)
    trie[node].end = static_cast<uint32_t>(trie.size());
}

} // namespace heddle::grammar
