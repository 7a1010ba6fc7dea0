//===- WeightRules.h - From a checkpoint's names to paths -------*- C++ -*-===//
//
// A model names its weights by the path of its blocks; a checkpoint names its
// tensors as the program that saved it did. The rules of the model file's
// `weights { … }` lead from the second to the first:
//
//   1. ignore "glob"         the tensor may be left unused (name or path)
//   2. prefix "p." optional  taken off the name where it begins with p.
//      prefix "p."           the same, and a name without it is no path at all
//   3. rename "a" -> "b"     every a within the name becomes b, rule after rule
//      rename "a*" -> "*b"   the same, of an a with any whole number behind it
//   4. same "a" as "b"       the tensor of path a may be left unused where it
//                            holds what the tensor of path b holds
//   5. split "a" -> "b.*.c" | "b.*.d"
//      before all the others: a tensor whose name ends in a is as many as its
//      first axis counts, each cut into these parts along its next axis
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_DIALECTS_NN_WEIGHTRULES_H
#define HEDDLE_DIALECTS_NN_WEIGHTRULES_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace heddle::nn {

struct WeightRules {
  struct Prefix {
    std::string text;
    bool optional = false;
  };
  struct Rename {
    std::string from, to;

    /// Whether each number of one side stands on the other.
    bool isBalanced() const;
  };
  struct Same {
    std::string copy, original;
  };
  struct Split {
    std::string whole;
    std::vector<std::string> parts;
  };
  /// The first that fits is taken off, once.
  std::vector<Prefix> prefixes;
  std::vector<Rename> renames;
  std::vector<std::string> ignores;
  std::vector<Same> sames;
  std::vector<Split> splits;

  /// The path that a stored name stands for, or nothing (rule 2).
  std::optional<std::string> pathOf(llvm::StringRef name) const;
  /// Whether a stored name, or its path, fits an `ignore`.
  bool isIgnored(llvm::StringRef name) const;
};

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_WEIGHTRULES_H
