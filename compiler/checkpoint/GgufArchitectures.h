//===- GgufArchitectures.h - GGUF's words for what models have --*- C++ -*-===//
//
// For each architecture of GGUF that Heddle has a model file for: its class in
// transformers, which metadata are which keys of config.json, which tensors are
// which, and how the rows of those lie that llama.cpp stores in another order.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFARCHITECTURES_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFARCHITECTURES_H

#include "compiler/checkpoint/Gguf.h"

namespace heddle::checkpoint {

/// How the tensor of transformers comes of the stored one.
enum class GgufLayout : uint8_t {
  Same,
  /// Rows of a head, which lie as adjacent pairs, stand as two halves: rotary
  /// embedding turns the pairs.
  Halves,
  /// Queries, keys and values of all heads, which lie one behind the other,
  /// stand group by group: the queries of a group, its key, its value.
  Groups,
  Turned,      ///< [outputs, inputs] stands as [inputs, outputs]
  LessOne,     ///< stored is 1 + w
  LogNegative, ///< stored is -exp(w)
  Experts,     ///< [experts, …], of which each is a tensor
};

/// `blk.*.attn_q` is `model.layers.*.self_attn.q_proj`, with .weight or .bias
/// behind. Each * is a number; with Experts, the last of `to` counts them.
struct GgufTensorRule {
  llvm::StringLiteral from, to;
  GgufLayout layout = GgufLayout::Same;
};

/// `attention.head_count`, behind the architecture's name, and the key of
/// config.json.
struct GgufKeyRule {
  llvm::StringLiteral from, to;
};

/// Of most architectures.
inline constexpr GgufKeyRule llamaKeys[] = {
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"attention.layer_norm_epsilon", "layer_norm_eps"},
    {"attention.key_length", "head_dim"},
    {"rope.freq_base", "rope_theta"},
    {"attention.sliding_window", "sliding_window"},
};

struct GgufTensorName {
  std::string name;
  GgufLayout layout;
};

struct GgufArchitecture {
  llvm::StringLiteral name, className, modelType;
  llvm::ArrayRef<GgufKeyRule> ownKeys, keys; ///< the first that fits counts
  llvm::ArrayRef<GgufTensorRule> ownTensors, tensors;
  /// What the architecture means without saying: members of config.json.
  llvm::StringLiteral constants;

  bool isEncoder() const { return name == "bert" || name == "nomic-bert"; }

  /// What transformers calls a stored tensor; with Experts, * stands for the
  /// number of one. Nothing, where no rule knows it.
  std::optional<GgufTensorName> transformersName(llvm::StringRef stored) const;
};

/// GgufLlamaKin.cpp and GgufOtherKin.cpp: the table.
llvm::ArrayRef<GgufArchitecture> ggufLlamaKin();
llvm::ArrayRef<GgufArchitecture> ggufOtherKin();

/// Null where there is none of that name (`general.architecture`). Of some
/// there are variants, which the tensors tell apart.
const GgufArchitecture *ggufArchitecture(llvm::StringRef name,
                                         const GgufHeader &header);
/// `bert, bloom, …`
std::string ggufArchitectureNames();

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFARCHITECTURES_H
