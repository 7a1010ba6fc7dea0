// Sets of characters as sorted ranges: how the generated tables (*.inc) lie.
#ifndef HEDDLE_RUNTIME_TEXT_CHARACTERRANGES_H
#define HEDDLE_RUNTIME_TEXT_CHARACTERRANGES_H

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace heddle::text {

struct CharacterRange {
  uint32_t first, last;
};

template <size_t count>
bool contains(const CharacterRange (&ranges)[count], uint32_t c) {
  const CharacterRange *after =
      std::upper_bound(ranges, ranges + count, c,
                       [](uint32_t wanted, const CharacterRange &range) {
                         return wanted < range.first;
                       });
  return after != ranges && c <= after[-1].last;
}

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_CHARACTERRANGES_H
