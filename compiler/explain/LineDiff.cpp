//===- LineDiff.cpp - what changed between two texts ----------------------===//

#include "compiler/explain/LineDiff.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::ArrayRef;
using llvm::StringRef;

bool LineDiff::isEmpty() const {
  return llvm::none_of(removed, [](bool is) { return is; }) &&
         llvm::none_of(added, [](bool is) { return is; });
}

std::string explain::withoutNumbers(StringRef line) {
  std::string result;
  while (!line.empty()) {
    char c = line.front();
    result += c;
    line = line.drop_front();
    if (c != '%' && c != '^')
      continue;
    StringRef name = line.take_while(
        [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
    line = line.drop_front(name.size());
    StringRef stem = name.rtrim("0123456789");
    // `%linear_2`, but not `%x2`, which a model file may say.
    bool isNumbered =
        stem.empty() || stem.ends_with("_") || stem == "arg" || stem == "bb";
    result += isNumbered ? stem.rtrim('_') : name;
  }
  return result;
}

namespace {

using Lines = ArrayRef<unsigned>;

/// On the lines as numbers, which are equal where the lines are.
class Differ {
public:
  Differ(Lines before, Lines after, LineDiff &diff)
      : before(before), after(after), diff(diff) {}

  void run(size_t a, size_t aEnd, size_t b, size_t bEnd) {
    while (a < aEnd && b < bEnd && before[a] == after[b])
      ++a, ++b;
    while (a < aEnd && b < bEnd && before[aEnd - 1] == after[bEnd - 1])
      --aEnd, --bEnd;
    if (a == aEnd || b == bEnd)
      return replace(a, aEnd, b, bEnd);
    std::vector<std::pair<size_t, size_t>> anchors =
        anchorsOf(a, aEnd, b, bEnd);
    if (anchors.empty())
      return (aEnd - a) * (bEnd - b) <= mostCells ? align(a, aEnd, b, bEnd)
                                                  : replace(a, aEnd, b, bEnd);
    for (auto [nextA, nextB] : anchors) {
      run(a, nextA, b, nextB);
      a = nextA + 1;
      b = nextB + 1;
    }
    run(a, aEnd, b, bEnd);
  }

private:
  static constexpr size_t mostCells = 250'000;

  void replace(size_t a, size_t aEnd, size_t b, size_t bEnd) {
    std::fill(diff.removed.begin() + a, diff.removed.begin() + aEnd, true);
    std::fill(diff.added.begin() + b, diff.added.begin() + bEnd, true);
  }

  /// Places of the lines that are there once before and once after, as many as
  /// stand in the same order.
  std::vector<std::pair<size_t, size_t>> anchorsOf(size_t a, size_t aEnd,
                                                   size_t b, size_t bEnd) {
    struct Occurrence {
      unsigned before = 0, after = 0;
      size_t at = 0;
    };
    llvm::DenseMap<unsigned, Occurrence> lines;
    for (size_t i = a; i < aEnd; ++i)
      ++lines[before[i]].before;
    for (size_t i = b; i < bEnd; ++i) {
      Occurrence &line = lines[after[i]];
      ++line.after;
      line.at = i;
    }
    std::vector<std::pair<size_t, size_t>> pairs;
    for (size_t i = a; i < aEnd; ++i)
      if (Occurrence &line = lines[before[i]];
          line.before == 1 && line.after == 1)
        pairs.emplace_back(i, line.at);
    return longestRising(pairs);
  }

  /// By piles, as patience is played.
  static std::vector<std::pair<size_t, size_t>>
  longestRising(ArrayRef<std::pair<size_t, size_t>> pairs) {
    std::vector<size_t> tops, below(pairs.size(), pairs.size());
    for (size_t i = 0; i < pairs.size(); ++i) {
      auto pile = llvm::partition_point(tops, [&](size_t top) {
        return pairs[top].second < pairs[i].second;
      });
      if (pile != tops.begin())
        below[i] = *std::prev(pile);
      if (pile == tops.end())
        tops.push_back(i);
      else
        *pile = i;
    }
    std::vector<std::pair<size_t, size_t>> result;
    for (size_t i = tops.empty() ? pairs.size() : tops.back(); i < pairs.size();
         i = below[i])
      result.push_back(pairs[i]);
    std::reverse(result.begin(), result.end());
    return result;
  }

  /// common[i][j]: the longest common subsequence of what follows.
  void align(size_t a, size_t aEnd, size_t b, size_t bEnd) {
    size_t rows = aEnd - a, columns = bEnd - b, width = columns + 1;
    std::vector<unsigned> common((rows + 1) * width, 0);
    for (size_t i = rows; i--;)
      for (size_t j = columns; j--;)
        common[i * width + j] = before[a + i] == after[b + j]
                                    ? common[(i + 1) * width + j + 1] + 1
                                    : std::max(common[(i + 1) * width + j],
                                               common[i * width + j + 1]);
    size_t i = 0, j = 0;
    while (i < rows && j < columns) {
      if (before[a + i] == after[b + j])
        ++i, ++j;
      else if (common[(i + 1) * width + j] >= common[i * width + j + 1])
        diff.removed[a + i++] = true;
      else
        diff.added[b + j++] = true;
    }
    replace(a + i, aEnd, b + j, bEnd);
  }

  Lines before, after;
  LineDiff &diff;
};

} // namespace

LineDiff explain::diffLines(ArrayRef<StringRef> before,
                            ArrayRef<StringRef> after) {
  llvm::StringMap<unsigned> numbers;
  auto numbered = [&](ArrayRef<StringRef> lines) {
    std::vector<unsigned> result;
    for (StringRef line : lines)
      result.push_back(numbers.try_emplace(withoutNumbers(line), numbers.size())
                           .first->second);
    return result;
  };
  std::vector<unsigned> a = numbered(before), b = numbered(after);
  LineDiff diff{std::vector<bool>(a.size(), false),
                std::vector<bool>(b.size(), false)};
  Differ(a, b, diff).run(0, a.size(), 0, b.size());
  return diff;
}
