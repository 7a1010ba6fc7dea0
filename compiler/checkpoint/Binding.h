//===- Binding.h - Which stored tensor is which weight ----------*- C++ -*-===//
//
// Every weight has exactly one tensor, whose name leads to the weight's path by
// the rules of the model file (dialects/nn/WeightRules.h), and whose shape
// agrees (sides of 1 do not count: a bias stored as [1, V] is a [V]). Every
// stored tensor is then used, ignored, empty, or a copy that holds what the
// model file says it repeats.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_BINDING_H
#define HEDDLE_COMPILER_CHECKPOINT_BINDING_H

#include "compiler/checkpoint/Source.h"
#include "dialects/kernel/Layout.h"
#include "dialects/nn/WeightRules.h"

namespace heddle::checkpoint {

/// A weight that the model uses, and where its file says so.
struct TensorNeed {
  std::string path;
  llvm::SmallVector<int64_t, 4> shape; ///< as stored: outputs before inputs
                                       ///< unless the model says otherwise
  std::string location;                ///< `gpt2.heddle:38:7`, or empty
};

/// The stored tensor of each need, in order. On problems, those of all needs
/// and all tensors together, alike ones of many layers as one, and no value.
std::optional<std::vector<const StoredTensor *>>
bindTensors(const Source &source, llvm::ArrayRef<TensorNeed> needs,
            const nn::WeightRules &rules, Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_BINDING_H
