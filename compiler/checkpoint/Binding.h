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

#include "compiler/checkpoint/Packer.h"
#include "dialects/nn/WeightRules.h"

namespace heddle::checkpoint {

/// Finds the stored tensor of each part. On problems, those of all parts and
/// all stored tensors together, alike ones of many layers as one.
void bindTensors(const Source &source,
                 llvm::MutableArrayRef<PackedTensor> tensors,
                 const nn::WeightRules &rules, Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_BINDING_H
