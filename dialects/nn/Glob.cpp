//===- Glob.cpp - Patterns of tensor names --------------------------------===//

#include "dialects/nn/Glob.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringExtras.h"
#include <optional>

using namespace llvm;

namespace heddle::nn {

/// `[A-B]` at the beginning of `glob`, which is taken away.
static std::optional<std::pair<uint64_t, uint64_t>>
consumeRange(StringRef &glob) {
  StringRef rest = glob;
  std::pair<uint64_t, uint64_t> range;
  if (!rest.consume_front("[") || rest.consumeInteger(10, range.first) ||
      !rest.consume_front("-") || rest.consumeInteger(10, range.second) ||
      !rest.consume_front("]"))
    return std::nullopt;
  glob = rest;
  return range;
}

/// Of each character that is reached and begins a number within the range,
/// reaches the one behind that number instead.
static BitVector behindNumbers(const BitVector &reached, StringRef name,
                               std::pair<uint64_t, uint64_t> range) {
  BitVector behind(reached.size());
  for (unsigned i : reached.set_bits()) {
    StringRef digits = name.drop_front(i).take_while(isDigit);
    bool begins = i == 0 || !isDigit(name[i - 1]);
    uint64_t number;
    if (begins && !digits.getAsInteger(10, number) && range.first <= number &&
        number <= range.second)
      behind.set(i + digits.size());
  }
  return behind;
}

/// reached[i]: what was read of the glob fits the first i characters.
bool matchesGlob(StringRef glob, StringRef name) {
  BitVector reached(name.size() + 1);
  reached.set(0);
  while (!glob.empty()) {
    if (glob.front() == '*') {
      bool acrossSegments = glob.starts_with("**");
      glob = glob.ltrim('*');
      for (size_t i = 0; i < name.size(); ++i)
        if (reached[i] && (acrossSegments || name[i] != '.'))
          reached.set(i + 1);
      continue;
    }
    if (auto range = consumeRange(glob)) {
      reached = behindNumbers(reached, name, *range);
      continue;
    }
    for (size_t i = name.size(); i > 0; --i)
      reached[i] = reached[i - 1] && name[i - 1] == glob.front();
    reached.reset(0);
    glob = glob.drop_front();
  }
  return reached[name.size()];
}

} // namespace heddle::nn
