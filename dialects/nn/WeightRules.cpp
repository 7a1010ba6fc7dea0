//===- WeightRules.cpp - From a checkpoint's names to paths ---------------===//

#include "dialects/nn/WeightRules.h"
#include "dialects/nn/Glob.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace heddle::nn {

static void replaceAll(std::string &text, StringRef from, StringRef to) {
  if (from.empty())
    return;
  for (size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
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
    replaceAll(path, rename.from, rename.to);
  return path;
}

bool WeightRules::isIgnored(StringRef name) const {
  std::optional<std::string> path = pathOf(name);
  return any_of(ignores, [&](StringRef glob) {
    return matchesGlob(glob, name) || (path && matchesGlob(glob, *path));
  });
}

} // namespace heddle::nn
