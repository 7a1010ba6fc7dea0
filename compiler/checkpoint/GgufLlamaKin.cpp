//===- GgufLlamaKin.cpp - Architectures of GGUF near Llama ----------------===//
//
// The names of GGUF are those of the package `gguf` (constants.py and
// tensor_mapping.py), the layouts what llama.cpp's converters make of each.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/GgufArchitectures.h"

using namespace llvm;

namespace heddle::checkpoint {

using Layout = GgufLayout;

static constexpr GgufKeyRule mixtralKeys[] = {
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
};

static constexpr GgufKeyRule qwenMoeKeys[] = {
    {"expert_count", "num_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
};

static constexpr GgufKeyRule gemmaKeys[] = {
    {"attn_logit_softcapping", "attn_logit_softcapping"},
    {"final_logit_softcapping", "final_logit_softcapping"},
    {"rope.freq_base_swa", "rope_local_base_freq"},
    {"attention.sliding_window_pattern", "sliding_window_pattern"},
};

static constexpr GgufKeyRule phi3Keys[] = {
    {"rope.scaling.original_context_length",
     "original_max_position_embeddings"},
};

static constexpr GgufKeyRule starcoder2Keys[] = {
    {"attention.layer_norm_epsilon", "norm_epsilon"},
};

static constexpr GgufKeyRule stablelmKeys[] = {
    {"use_parallel_residual", "use_parallel_residual"},
};

static constexpr GgufKeyRule olmoKeys[] = {
    {"attention.clamp_kqv", "clip_qkv"},
};

static constexpr GgufKeyRule graniteKeys[] = {
    {"embedding_scale", "embedding_multiplier"},
    {"residual_scale", "residual_multiplier"},
    {"attention.scale", "attention_multiplier"},
    {"logit_scale", "logits_scaling"},
};

static constexpr GgufKeyRule cohereKeys[] = {
    {"logit_scale", "logit_scale"},
};

static constexpr GgufKeyRule deepseek2Keys[] = {
    {"attention.q_lora_rank", "q_lora_rank"},
    {"attention.kv_lora_rank", "kv_lora_rank"},
    {"attention.value_length", "v_head_dim"},
    {"rope.dimension_count", "qk_rope_head_dim"},
    {"leading_dense_block_count", "first_k_dense_replace"},
    {"expert_count", "n_routed_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_shared_count", "n_shared_experts"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_weights_scale", "routed_scaling_factor"},
    {"expert_weights_norm", "norm_topk_prob"},
};

#define LAYER "model.layers.*."

static constexpr GgufTensorRule llamaTensors[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
    {"blk.*.attn_norm", LAYER "input_layernorm"},
    {"blk.*.attn_q", LAYER "self_attn.q_proj"},
    {"blk.*.attn_k", LAYER "self_attn.k_proj"},
    {"blk.*.attn_v", LAYER "self_attn.v_proj"},
    {"blk.*.attn_output", LAYER "self_attn.o_proj"},
    {"blk.*.attn_q_norm", LAYER "self_attn.q_norm"},
    {"blk.*.attn_k_norm", LAYER "self_attn.k_norm"},
    {"blk.*.ffn_norm", LAYER "post_attention_layernorm"},
    {"blk.*.ffn_gate", LAYER "mlp.gate_proj"},
    {"blk.*.ffn_up", LAYER "mlp.up_proj"},
    {"blk.*.ffn_down", LAYER "mlp.down_proj"},
};

/// Of models whose queries and keys llama.cpp turns in adjacent pairs.
static constexpr GgufTensorRule halvesTensors[] = {
    {"blk.*.attn_q", LAYER "self_attn.q_proj", Layout::Halves},
    {"blk.*.attn_k", LAYER "self_attn.k_proj", Layout::Halves},
};

#define EXPERTS LAYER "block_sparse_moe.experts.*."
static constexpr GgufTensorRule mixtralTensors[] = {
    {"blk.*.attn_q", LAYER "self_attn.q_proj", Layout::Halves},
    {"blk.*.attn_k", LAYER "self_attn.k_proj", Layout::Halves},
    {"blk.*.ffn_gate_inp", LAYER "block_sparse_moe.gate"},
    {"blk.*.ffn_gate_exps", EXPERTS "w1", Layout::Experts},
    {"blk.*.ffn_down_exps", EXPERTS "w2", Layout::Experts},
    {"blk.*.ffn_up_exps", EXPERTS "w3", Layout::Experts},
    // As files of 2024 have them.
    {"blk.*.ffn_gate.*", EXPERTS "w1"},
    {"blk.*.ffn_down.*", EXPERTS "w2"},
    {"blk.*.ffn_up.*", EXPERTS "w3"},
};
#undef EXPERTS

static constexpr GgufTensorRule moeTensors[] = {
    {"blk.*.ffn_gate_inp", LAYER "mlp.gate"},
    {"blk.*.ffn_gate_exps", LAYER "mlp.experts.*.gate_proj", Layout::Experts},
    {"blk.*.ffn_up_exps", LAYER "mlp.experts.*.up_proj", Layout::Experts},
    {"blk.*.ffn_down_exps", LAYER "mlp.experts.*.down_proj", Layout::Experts},
    {"blk.*.ffn_gate_inp_shexp", LAYER "mlp.shared_expert_gate"},
    {"blk.*.ffn_gate_shexp", LAYER "mlp.shared_expert.gate_proj"},
    {"blk.*.ffn_up_shexp", LAYER "mlp.shared_expert.up_proj"},
    {"blk.*.ffn_down_shexp", LAYER "mlp.shared_expert.down_proj"},
};

static constexpr GgufTensorRule gemmaTensors[] = {
    {"output_norm", "model.norm", Layout::LessOne},
    {"blk.*.attn_norm", LAYER "input_layernorm", Layout::LessOne},
    {"blk.*.ffn_norm", LAYER "post_attention_layernorm", Layout::LessOne},
};

static constexpr GgufTensorRule gemma2Tensors[] = {
    {"output_norm", "model.norm", Layout::LessOne},
    {"blk.*.attn_norm", LAYER "input_layernorm", Layout::LessOne},
    {"blk.*.attn_q_norm", LAYER "self_attn.q_norm", Layout::LessOne},
    {"blk.*.attn_k_norm", LAYER "self_attn.k_norm", Layout::LessOne},
    {"blk.*.post_attention_norm", LAYER "post_attention_layernorm",
     Layout::LessOne},
    {"blk.*.ffn_norm", LAYER "pre_feedforward_layernorm", Layout::LessOne},
    {"blk.*.post_ffw_norm", LAYER "post_feedforward_layernorm",
     Layout::LessOne},
};

static constexpr GgufTensorRule phi2Tensors[] = {
    {"output_norm", "model.final_layernorm"},
    {"blk.*.attn_output", LAYER "self_attn.dense"},
    {"blk.*.ffn_up", LAYER "mlp.fc1"},
    {"blk.*.ffn_down", LAYER "mlp.fc2"},
};

static constexpr GgufTensorRule phi3Tensors[] = {
    {"blk.*.attn_qkv", LAYER "self_attn.qkv_proj"},
    {"blk.*.ffn_up", LAYER "mlp.gate_up_proj"},
};

static constexpr GgufTensorRule starcoder2Tensors[] = {
    {"blk.*.ffn_up", LAYER "mlp.c_fc"},
    {"blk.*.ffn_down", LAYER "mlp.c_proj"},
};

static constexpr GgufTensorRule olmo2Tensors[] = {
    {"blk.*.post_attention_norm", LAYER "post_attention_layernorm"},
    {"blk.*.post_ffw_norm", LAYER "post_feedforward_layernorm"},
};

static constexpr GgufTensorRule deepseek2Tensors[] = {
    {"blk.*.attn_q_a", LAYER "self_attn.q_a_proj"},
    {"blk.*.attn_q_a_norm", LAYER "self_attn.q_a_layernorm"},
    {"blk.*.attn_q_b", LAYER "self_attn.q_b_proj"},
    {"blk.*.attn_kv_a_mqa", LAYER "self_attn.kv_a_proj_with_mqa"},
    {"blk.*.attn_kv_a_norm", LAYER "self_attn.kv_a_layernorm"},
    {"blk.*.attn_kv_b", LAYER "self_attn.kv_b_proj"},
    {"blk.*.ffn_gate_inp", LAYER "mlp.gate"},
    {"blk.*.ffn_gate_exps", LAYER "mlp.experts.*.gate_proj", Layout::Experts},
    {"blk.*.ffn_up_exps", LAYER "mlp.experts.*.up_proj", Layout::Experts},
    {"blk.*.ffn_down_exps", LAYER "mlp.experts.*.down_proj", Layout::Experts},
    {"blk.*.ffn_gate_shexp", LAYER "mlp.shared_experts.gate_proj"},
    {"blk.*.ffn_up_shexp", LAYER "mlp.shared_experts.up_proj"},
    {"blk.*.ffn_down_shexp", LAYER "mlp.shared_experts.down_proj"},
};
#undef LAYER

#define SILU R"("hidden_act": "silu")"
#define GELU_TANH R"("hidden_act": "gelu_pytorch_tanh")"
#define GEMMA_GELU R"("hidden_activation": "gelu_pytorch_tanh")"

// clang-format off
static constexpr GgufArchitecture llamaKin[] = {
    {"llama", "LlamaForCausalLM", "llama", {}, llamaKeys, halvesTensors, llamaTensors, SILU},
    {"llama with experts", "MixtralForCausalLM", "mixtral", mixtralKeys, llamaKeys, mixtralTensors, llamaTensors, SILU},
    {"qwen2", "Qwen2ForCausalLM", "qwen2", {}, llamaKeys, {}, llamaTensors, SILU},
    {"qwen3", "Qwen3ForCausalLM", "qwen3", {}, llamaKeys, {}, llamaTensors, SILU},
    {"qwen2moe", "Qwen2MoeForCausalLM", "qwen2_moe", qwenMoeKeys, llamaKeys, moeTensors, llamaTensors,
     SILU R"(, "norm_topk_prob": false)"},
    {"qwen3moe", "Qwen3MoeForCausalLM", "qwen3_moe", qwenMoeKeys, llamaKeys, moeTensors, llamaTensors,
     SILU R"(, "norm_topk_prob": true)"},
    {"gemma", "GemmaForCausalLM", "gemma", {}, llamaKeys, gemmaTensors, llamaTensors, GELU_TANH},
    {"gemma2", "Gemma2ForCausalLM", "gemma2", gemmaKeys, llamaKeys, gemma2Tensors, llamaTensors, GEMMA_GELU},
    {"gemma3", "Gemma3ForCausalLM", "gemma3_text", gemmaKeys, llamaKeys, gemma2Tensors, llamaTensors, GEMMA_GELU},
    {"phi2", "PhiForCausalLM", "phi", {}, llamaKeys, phi2Tensors, llamaTensors, R"("hidden_act": "gelu_new")"},
    {"phi3", "Phi3ForCausalLM", "phi3", phi3Keys, llamaKeys, phi3Tensors, llamaTensors, SILU},
    {"starcoder2", "Starcoder2ForCausalLM", "starcoder2", starcoder2Keys, llamaKeys, starcoder2Tensors, llamaTensors, GELU_TANH},
    {"stablelm", "StableLmForCausalLM", "stablelm", stablelmKeys, llamaKeys, {}, llamaTensors, SILU},
    {"olmo", "OlmoForCausalLM", "olmo", olmoKeys, llamaKeys, halvesTensors, llamaTensors, SILU},
    {"olmo2", "Olmo2ForCausalLM", "olmo2", {}, llamaKeys, olmo2Tensors, llamaTensors, SILU},
    {"granite", "GraniteForCausalLM", "granite", graniteKeys, llamaKeys, halvesTensors, llamaTensors, SILU},
    {"command-r", "CohereForCausalLM", "cohere", cohereKeys, llamaKeys, {}, llamaTensors, SILU},
    {"deepseek2", "DeepseekV2ForCausalLM", "deepseek_v2", deepseek2Keys, llamaKeys, deepseek2Tensors, llamaTensors, SILU},
};
// clang-format on

ArrayRef<GgufArchitecture> ggufLlamaKin() { return llamaKin; }

} // namespace heddle::checkpoint
