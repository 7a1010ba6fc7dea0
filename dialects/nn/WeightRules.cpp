//===- WeightRules.cpp - From a checkpoint's names to paths ---------------===//

#include "dialects/nn/WeightRules.h"
#include "dialects/nn/Glob.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace heddle::nn {

bool WeightRules::Rename::isBalanced() const {
  return llvm::count(from, '*') == llvm::count(to, '*');
}

/// How much of `text`, from its beginning on, fits `pattern`, in which each *
/// is a whole number, all of its digits; or nothing.
static std::optional<size_t> fitOf(StringRef text, StringRef pattern,
                                   SmallVectorImpl<StringRef> &numbers) {
  StringRef rest = text;
  for (char c : pattern) {
    if (c != '*') {
      if (!rest.consume_front(StringRef(&c, 1)))
        return std::nullopt;
      continue;
    }
    numbers.push_back(rest.take_while(isDigit));
    if (numbers.back().empty())
      return std::nullopt;
    rest = rest.drop_front(numbers.back().size());
  }
  return text.size() - rest.size();
}

static std::string fillIn(StringRef pattern, ArrayRef<StringRef> numbers) {
  std::string filled;
  for (char c : pattern) {
    bool isNumber = c == '*' && !numbers.empty();
    filled += isNumber ? numbers.front() : StringRef(&c, 1);
    numbers = numbers.drop_front(isNumber);
  }
  return filled;
}

static std::string renamed(StringRef text, const WeightRules::Rename &rule) {
  std::string result;
  while (!text.empty()) {
    SmallVector<StringRef> numbers;
    std::optional<size_t> fits = fitOf(text, rule.from, numbers);
    if (fits.value_or(0) == 0) {
      result += text.front();
      text = text.drop_front();
      continue;
    }
    result += fillIn(rule.to, numbers);
    text = text.drop_front(*fits);
  }
  return result;
}

std::optional<std::string> WeightRules::pathOf(StringRef name) const {
  auto prefix = find_if(
      prefixes, [&](const Prefix &p) { return name.starts_with(p.text); });
  bool mayLack = all_of(prefixes, [](auto &p) { return p.optional; });
  if (prefix != prefixes.end())
    name = name.drop_front(prefix->text.size());
  else if (!mayLack)
    return std::nullopt;
  std::string path = name.str();
  for (const Rename &rename : renames)
    path = renamed(path, rename);
  return path;
}

bool WeightRules::isIgnored(StringRef name) const {
  std::optional<std::string> path = pathOf(name);
  return any_of(ignores, [&](StringRef glob) {
    return matchesGlob(glob, name) || (path && matchesGlob(glob, *path));
  });
}

} // namespace heddle::nn
