//===- GgufOtherKin.cpp - Architectures of GGUF further from Llama --------===//
//
// The names of GGUF are those of the package `gguf` (constants.py and
// tensor_mapping.py), the layouts what llama.cpp's converters make of each.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/GgufArchitectures.h"

using namespace llvm;

namespace heddle::checkpoint {

using Layout = GgufLayout;

static constexpr GgufKeyRule gpt2Keys[] = {
    {"context_length", "n_positions"},
    {"embedding_length", "n_embd"},
    {"block_count", "n_layer"},
    {"feed_forward_length", "n_inner"},
    {"attention.head_count", "n_head"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
};

static constexpr GgufKeyRule gptneoxKeys[] = {
    {"rope.freq_base", "rotary_emb_base"},
    {"use_parallel_residual", "use_parallel_residual"},
};

static constexpr GgufKeyRule bloomKeys[] = {
    {"context_length", "seq_length"},
    {"embedding_length", "hidden_size"},
    {"block_count", "n_layer"},
    {"attention.head_count", "n_head"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
};

static constexpr GgufKeyRule falconKeys[] = {
    {"feed_forward_length", "ffn_hidden_size"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
    {"attention.head_count_kv", "num_kv_heads"},
};

static constexpr GgufKeyRule mptKeys[] = {
    {"context_length", "max_seq_len"},
    {"embedding_length", "d_model"},
    {"block_count", "n_layers"},
    {"attention.head_count", "n_heads"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
};

static constexpr GgufKeyRule t5Keys[] = {
    {"embedding_length", "d_model"},
    {"feed_forward_length", "d_ff"},
    {"block_count", "num_layers"},
    {"decoder_block_count", "num_decoder_layers"},
    {"attention.head_count", "num_heads"},
    {"attention.key_length", "d_kv"},
    {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
    {"attention.relative_buckets_count", "relative_attention_num_buckets"},
    {"decoder_start_token_id", "decoder_start_token_id"},
};

static constexpr GgufKeyRule mambaKeys[] = {
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"ssm.conv_kernel", "conv_kernel"},
    {"ssm.inner_size", "intermediate_size"},
    {"ssm.state_size", "state_size"},
    {"ssm.time_step_rank", "time_step_rank"},
    {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
};

#define LAYER "transformer.h.*."
static constexpr GgufTensorRule gpt2Tensors[] = {
    {"token_embd", "transformer.wte"},
    {"position_embd", "transformer.wpe"},
    {"output_norm", "transformer.ln_f"},
    {"output", "lm_head"},
    {"blk.*.attn_norm", LAYER "ln_1"},
    {"blk.*.attn_qkv", LAYER "attn.c_attn", Layout::Turned},
    {"blk.*.attn_output", LAYER "attn.c_proj", Layout::Turned},
    {"blk.*.ffn_norm", LAYER "ln_2"},
    {"blk.*.ffn_up", LAYER "mlp.c_fc", Layout::Turned},
    {"blk.*.ffn_down", LAYER "mlp.c_proj", Layout::Turned},
};

static constexpr GgufTensorRule bloomTensors[] = {
    {"token_embd", "transformer.word_embeddings"},
    {"token_embd_norm", "transformer.word_embeddings_layernorm"},
    {"output_norm", "transformer.ln_f"},
    {"output", "lm_head"},
    {"blk.*.attn_norm", LAYER "input_layernorm"},
    {"blk.*.attn_qkv", LAYER "self_attention.query_key_value", Layout::Groups},
    {"blk.*.attn_output", LAYER "self_attention.dense"},
    {"blk.*.ffn_norm", LAYER "post_attention_layernorm"},
    {"blk.*.ffn_up", LAYER "mlp.dense_h_to_4h"},
    {"blk.*.ffn_down", LAYER "mlp.dense_4h_to_h"},
};

/// Of two norms the one of the feed-forward has the name of the only one.
static constexpr GgufTensorRule falconTwoNorms[] = {
    {"blk.*.attn_norm", LAYER "ln_mlp"},
    {"blk.*.attn_norm_2", LAYER "ln_attn"},
};
#undef LAYER

#define LAYER "gpt_neox.layers.*."
static constexpr GgufTensorRule gptneoxTensors[] = {
    {"token_embd", "gpt_neox.embed_in"},
    {"output_norm", "gpt_neox.final_layer_norm"},
    {"output", "embed_out"},
    {"blk.*.attn_norm", LAYER "input_layernorm"},
    {"blk.*.attn_qkv", LAYER "attention.query_key_value", Layout::Groups},
    {"blk.*.attn_output", LAYER "attention.dense"},
    {"blk.*.ffn_norm", LAYER "post_attention_layernorm"},
    {"blk.*.ffn_up", LAYER "mlp.dense_h_to_4h"},
    {"blk.*.ffn_down", LAYER "mlp.dense_4h_to_h"},
};
#undef LAYER

#define LAYER "transformer.blocks.*."
static constexpr GgufTensorRule mptTensors[] = {
    {"token_embd", "transformer.wte"},
    {"output_norm", "transformer.norm_f"},
    {"output", "lm_head"},
    {"blk.*.attn_norm", LAYER "norm_1"},
    {"blk.*.attn_qkv", LAYER "attn.Wqkv"},
    {"blk.*.attn_output", LAYER "attn.out_proj"},
    {"blk.*.ffn_norm", LAYER "norm_2"},
    {"blk.*.ffn_up", LAYER "ffn.up_proj"},
    {"blk.*.ffn_down", LAYER "ffn.down_proj"},
};
#undef LAYER

#define LAYER "encoder.layer.*."
static constexpr GgufTensorRule bertTensors[] = {
    {"token_embd", "embeddings.word_embeddings"},
    {"position_embd", "embeddings.position_embeddings"},
    {"token_types", "embeddings.token_type_embeddings"},
    {"token_embd_norm", "embeddings.LayerNorm"},
    {"blk.*.attn_q", LAYER "attention.self.query"},
    {"blk.*.attn_k", LAYER "attention.self.key"},
    {"blk.*.attn_v", LAYER "attention.self.value"},
    {"blk.*.attn_output", LAYER "attention.output.dense"},
    {"blk.*.attn_output_norm", LAYER "attention.output.LayerNorm"},
    {"blk.*.ffn_up", LAYER "intermediate.dense"},
    {"blk.*.ffn_down", LAYER "output.dense"},
    {"blk.*.layer_output_norm", LAYER "output.LayerNorm"},
};
#undef LAYER

#define LAYER "encoder.layers.*."
static constexpr GgufTensorRule nomicBertTensors[] = {
    {"token_embd_norm", "emb_ln"},
    {"blk.*.attn_qkv", LAYER "attn.Wqkv"},
    {"blk.*.attn_output", LAYER "attn.out_proj"},
    {"blk.*.attn_output_norm", LAYER "norm1"},
    {"blk.*.ffn_up", LAYER "mlp.fc11"},
    {"blk.*.ffn_gate", LAYER "mlp.fc12"},
    {"blk.*.ffn_down", LAYER "mlp.fc2"},
    {"blk.*.layer_output_norm", LAYER "norm2"},
};
#undef LAYER

#define READER "encoder.block.*.layer."
#define WRITER "decoder.block.*.layer."
static constexpr GgufTensorRule t5Tensors[] = {
    {"token_embd", "shared"},
    {"output", "lm_head"},
    {"enc.output_norm", "encoder.final_layer_norm"},
    {"enc.blk.*.attn_norm", READER "0.layer_norm"},
    {"enc.blk.*.attn_q", READER "0.SelfAttention.q"},
    {"enc.blk.*.attn_k", READER "0.SelfAttention.k"},
    {"enc.blk.*.attn_v", READER "0.SelfAttention.v"},
    {"enc.blk.*.attn_o", READER "0.SelfAttention.o"},
    {"enc.blk.*.attn_rel_b", READER "0.SelfAttention.relative_attention_bias"},
    {"enc.blk.*.ffn_norm", READER "1.layer_norm"},
    {"enc.blk.*.ffn_gate", READER "1.DenseReluDense.wi_0"},
    {"enc.blk.*.ffn_up", READER "1.DenseReluDense.wi_1"},
    {"enc.blk.*.ffn_down", READER "1.DenseReluDense.wo"},
    {"dec.output_norm", "decoder.final_layer_norm"},
    {"dec.blk.*.attn_norm", WRITER "0.layer_norm"},
    {"dec.blk.*.attn_q", WRITER "0.SelfAttention.q"},
    {"dec.blk.*.attn_k", WRITER "0.SelfAttention.k"},
    {"dec.blk.*.attn_v", WRITER "0.SelfAttention.v"},
    {"dec.blk.*.attn_o", WRITER "0.SelfAttention.o"},
    {"dec.blk.*.attn_rel_b", WRITER "0.SelfAttention.relative_attention_bias"},
    {"dec.blk.*.cross_attn_norm", WRITER "1.layer_norm"},
    {"dec.blk.*.cross_attn_q", WRITER "1.EncDecAttention.q"},
    {"dec.blk.*.cross_attn_k", WRITER "1.EncDecAttention.k"},
    {"dec.blk.*.cross_attn_v", WRITER "1.EncDecAttention.v"},
    {"dec.blk.*.cross_attn_o", WRITER "1.EncDecAttention.o"},
    {"dec.blk.*.cross_attn_rel_b",
     WRITER "1.EncDecAttention.relative_attention_bias"},
    {"dec.blk.*.ffn_norm", WRITER "2.layer_norm"},
    {"dec.blk.*.ffn_gate", WRITER "2.DenseReluDense.wi_0"},
    {"dec.blk.*.ffn_up", WRITER "2.DenseReluDense.wi_1"},
    {"dec.blk.*.ffn_down", WRITER "2.DenseReluDense.wo"},
};

/// Without a gate there is one product in.
static constexpr GgufTensorRule t5Plain[] = {
    {"enc.blk.*.ffn_up", READER "1.DenseReluDense.wi"},
    {"dec.blk.*.ffn_up", WRITER "2.DenseReluDense.wi"},
};
#undef READER
#undef WRITER

#define LAYER "backbone.layers.*."
static constexpr GgufTensorRule mambaTensors[] = {
    {"token_embd", "backbone.embeddings"},
    {"output_norm", "backbone.norm_f"},
    {"output", "lm_head"},
    {"blk.*.attn_norm", LAYER "norm"},
    {"blk.*.ssm_in", LAYER "mixer.in_proj"},
    {"blk.*.ssm_conv1d", LAYER "mixer.conv1d"},
    {"blk.*.ssm_x", LAYER "mixer.x_proj"},
    {"blk.*.ssm_dt", LAYER "mixer.dt_proj"},
    {"blk.*.ssm_a", LAYER "mixer.A_log", Layout::LogNegative},
    {"blk.*.ssm_d", LAYER "mixer.D"},
    {"blk.*.ssm_out", LAYER "mixer.out_proj"},
};
#undef LAYER

#define SILU R"("hidden_act": "silu")"
#define GELU R"("hidden_act": "gelu")"

// clang-format off
static constexpr GgufArchitecture otherKin[] = {
    {"gpt2", "GPT2LMHeadModel", "gpt2", {}, gpt2Keys, {}, gpt2Tensors, R"("activation_function": "gelu_new")"},
    {"gptneox", "GPTNeoXForCausalLM", "gpt_neox", gptneoxKeys, llamaKeys, {}, gptneoxTensors, GELU},
    {"bloom", "BloomForCausalLM", "bloom", {}, bloomKeys, {}, bloomTensors, ""},
    {"falcon", "FalconForCausalLM", "falcon", falconKeys, llamaKeys, {}, bloomTensors, R"("activation": "gelu")"},
    {"falcon with two norms", "FalconForCausalLM", "falcon", falconKeys, llamaKeys, falconTwoNorms, bloomTensors,
     R"("activation": "gelu")"},
    {"mpt", "MptForCausalLM", "mpt", {}, mptKeys, {}, mptTensors, ""},
    {"bert", "BertModel", "bert", {}, llamaKeys, {}, bertTensors, GELU},
    {"nomic-bert", "NomicBertModel", "nomic_bert", {}, llamaKeys, nomicBertTensors, bertTensors, SILU},
    {"t5", "T5ForConditionalGeneration", "t5", {}, t5Keys, {}, t5Tensors, ""},
    {"t5 without gates", "T5ForConditionalGeneration", "t5", {}, t5Keys, t5Plain, t5Tensors, ""},
    {"mamba", "MambaForCausalLM", "mamba", {}, mambaKeys, {}, mambaTensors, SILU},
};
// clang-format on

ArrayRef<GgufArchitecture> ggufOtherKin() { return otherKin; }

} // namespace heddle::checkpoint
