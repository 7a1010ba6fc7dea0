//===- Binding.h - Which stored tensor is which weight ----------*- C++ -*-===//
//
// A model names its weights by the path of its blocks; a checkpoint names its
// tensors as the program that saved it did. The rules of the model file's
// `weights { ... }` lead from the second to the first:
//
//   1. ignore "glob"         the tensor may be left unused (name or path)
//   2. prefix "p." optional  taken off the name where it begins with p.
//      prefix "p."           the same, and a name without it is no path at all
//   3. rename "a" -> "b"     every a within the name becomes b, rule after rule
//
// The result must equal the weight's path. Every stored tensor is then used or
// ignored, every weight has exactly one tensor, and shapes agree (sides of 1
// do not count: a bias stored as [1, V] is a [V]).
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_BINDING_H
#define HEDDLE_COMPILER_CHECKPOINT_BINDING_H

#include "compiler/checkpoint/Checkpoint.h"
#include "dialects/kernel/Layout.h"

namespace heddle::checkpoint {

struct BindingRules {
  struct Prefix {
    std::string text;
    bool optional = false;
  };
  struct Rename {
    std::string from, to;
  };
  /// The first that fits is taken off, once.
  std::vector<Prefix> prefixes;
  std::vector<Rename> renames;
  std::vector<std::string> ignores;
};

/// A weight that the model uses, and where its file says so.
struct TensorNeed {
  std::string path;
  llvm::SmallVector<int64_t, 4> shape; ///< as stored: outputs before inputs
                                       ///< unless the model says otherwise
  std::string location;                ///< `gpt2.heddle:38:7`, or empty
};

/// The path that a stored name stands for, or nothing (rule 2).
std::optional<std::string> pathOfName(llvm::StringRef name,
                                      const BindingRules &rules);

/// The stored tensor of each need, in order. On problems, those of all needs
/// and all tensors together, alike ones of many layers as one, and no value.
std::optional<std::vector<const StoredTensor *>>
bindTensors(const Checkpoint &checkpoint, llvm::ArrayRef<TensorNeed> needs,
            const BindingRules &rules, Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_BINDING_H
