// Pairs of tokens are hashed to chains of the places where they ended. The run
// before each of the latest of these places is compared with the text's end. Of
// a token alone the latest place counts.

#include "runtime/generate/Lookup.h"

#include <algorithm>
#include <iterator>

namespace heddle::runtime {

static constexpr int64_t mostPlaces = 64; // of a chain that are looked at
static constexpr int64_t longestRun = 32; // that is told from a longer one

/// Where the chain of the pair that ends at `end` begins, in a table whose size
/// is a power of two.
uint32_t Lookup::place(size_t end) const {
  uint64_t pair = uint64_t{static_cast<uint32_t>(words[end - 1])} << 32 |
                  static_cast<uint32_t>(words[end]);
  uint64_t mixed = pair * 0x9E3779B97F4A7C15;
  return static_cast<uint32_t>(mixed >> 32) & (latest.size() - 1);
}

uint32_t Lookup::placeOfOne(size_t end) const {
  uint64_t mixed = static_cast<uint32_t>(words[end]) * 0x9E3779B97F4A7C15;
  return static_cast<uint32_t>(mixed >> 32) & (ones.size() - 1);
}

/// The text's last token is not told yet where it stands: it is looked for
/// before.
void Lookup::enter(size_t end) {
  ones[placeOfOne(end - 1)] = static_cast<int32_t>(end);
  int32_t &last = latest[place(end)];
  before[end] = last;
  last = static_cast<int32_t>(end);
}

/// A table of twice as many chains as there are tokens.
void Lookup::spread() {
  size_t chains = 1024;
  while (chains < 2 * words.size())
    chains *= 2;
  latest.clear();
  ones.clear();
  if (!latest.resize(chains) || !ones.resize(chains))
    return latest.clear();
  for (size_t end = 1; end < before.size(); ++end)
    enter(end);
}

void Lookup::append(const int32_t *tokens, size_t count) {
  size_t first = words.size();
  words.append(tokens, count);
  if (words.size() == first || !before.resize(words.size()))
    return;
  if (latest.size() < words.size())
    return spread();
  for (size_t end = std::max<size_t>(first, 1); end < words.size(); ++end)
    enter(end);
}

/// How many tokens before and at `end` are the last ones of the text.
int64_t Lookup::runAt(size_t end) const {
  int64_t most = std::min<int64_t>(static_cast<int64_t>(end) + 1, longestRun);
  const int32_t *last = &words.back(), *there = &words[end];
  int64_t run = 0;
  while (run < most && last[-run] == there[-run])
    ++run;
  return run;
}

int64_t Lookup::find() {
  found = 0;
  if (words.size() < 2 || before.size() != words.size() || latest.empty())
    return 0;
  int64_t longest = 0, places = 0;
  if (int32_t behind = ones[placeOfOne(words.size() - 1)];
      behind && words[behind - 1] == words.back())
    longest = 1, found = static_cast<size_t>(behind);
  for (int32_t end = before.back(); end && places < mostPlaces;
       end = before[end], ++places)
    if (int64_t run = runAt(static_cast<size_t>(end)); run > longest) {
      longest = run, found = static_cast<size_t>(end) + 1;
      if (run == longestRun)
        break;
    }
  return longest;
}

int32_t Lookup::draft(int64_t index) const {
  size_t period = words.size() - found;
  return words[found + static_cast<size_t>(index) % period];
}

//===-- How often drafts are chosen --===//

int64_t RunChances::kindOf(int64_t run) {
  static constexpr int64_t ends[kinds - 1] = {1, 2, 3, 5, 8, 16};
  return std::lower_bound(ends, std::end(ends), run) - ends;
}

float RunChances::ofKind(int64_t kind) const {
  return chances[kind].of(expected[kind]);
}

float RunChances::of(int64_t run) const { return ofKind(kindOf(run)); }

void RunChances::tell(int64_t run, bool isChosen) {
  chances[kindOf(run)].tell(isChosen);
}

void RunChances::expect(const RunChances &others) {
  for (int64_t kind = 0; kind < kinds; ++kind)
    expected[kind] = others.ofKind(kind);
}

} // namespace heddle::runtime
