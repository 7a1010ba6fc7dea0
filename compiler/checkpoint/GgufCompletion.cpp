//===- GgufCompletion.cpp - What of a GGUF file no table can tell ---------===//
//
// An architecture's own keys of config.json that are more than another name for
// one value.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/GgufConfig.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace llvm;

namespace heddle::checkpoint {

/// How much of each head turns: all, where nothing is said.
static double rotaryShare(GgufConfig &config) {
  std::optional<double> dims = config.number("rope.dimension_count");
  return dims.value_or(config.headSize()) / config.headSize();
}

static void completePartial(GgufConfig &config) {
  config.object["partial_rotary_factor"] = rotaryShare(config);
}

/// Classes of transformers that have a default for it.
static void sayHeadSize(GgufConfig &config) {
  config.object["head_dim"] = config.headSize();
}

static void completeLlama(GgufConfig &config) {
  bool hasBias = config.hasTensor("blk.0.attn_q.bias");
  config.object["attention_bias"] = hasBias;
  config.object["mlp_bias"] = config.hasTensor("blk.0.ffn_gate.bias");
}

static void completeQwen3(GgufConfig &config) {
  sayHeadSize(config);
  config.object["attention_bias"] = config.hasTensor("blk.0.attn_q.bias");
}

static void completeQwen3Moe(GgufConfig &config) {
  completeQwen3(config);
  // Its feed-forward is that of no layer.
  config.take("feed_forward_length");
}

/// Queries are scaled by a head's size, but those of the largest models by
/// what a head would have of D.
static void scaleGemma(GgufConfig &config, int64_t largest) {
  sayHeadSize(config);
  bool isLargest = config.whole("block_count", 0) == largest;
  config.object["query_pre_attn_scalar"] =
      isLargest ? config.whole("embedding_length", 0) / config.heads()
                : config.headSize();
}

static void completeGemma2(GgufConfig &config) { scaleGemma(config, 46); }
static void completeGemma3(GgufConfig &config) { scaleGemma(config, 62); }

static void completeStarcoder2(GgufConfig &config) {
  config.object["use_bias"] = config.hasTensor("blk.0.attn_q.bias");
}

static void completeStablelm(GgufConfig &config) {
  completePartial(config);
  config.object["use_parallel_residual"] =
      !config.hasTensor("blk.0.ffn_norm.weight");
  config.object["use_qkv_bias"] = config.hasTensor("blk.0.attn_q.bias");
}

/// Of classes whose heads have each their own keys.
static void expectNoGroups(GgufConfig &config) {
  config.expect("attention.head_count_kv", config.heads());
  if (config.groups() == config.heads())
    config.object.erase("num_key_value_heads");
}

static void completeGptneox(GgufConfig &config) {
  expectNoGroups(config);
  config.object["rotary_pct"] = rotaryShare(config);
  config.object["attention_bias"] = config.hasTensor("blk.0.attn_qkv.bias");
}

static void completeBloom(GgufConfig &config) {
  config.expect("feed_forward_length",
                4.0 * config.whole("embedding_length", 0));
  expectNoGroups(config);
}

static void completeGpt2(GgufConfig &config) { expectNoGroups(config); }

static void completeFalcon(GgufConfig &config) {
  bool hasTwoNorms = config.hasTensor("blk.0.attn_norm_2.weight");
  bool isNew = hasTwoNorms || config.groups() > 1;
  config.object["new_decoder_architecture"] = isNew;
  config.object["multi_query"] = true;
  config.object["parallel_attn"] = true;
  config.object["bias"] = config.hasTensor("blk.0.attn_qkv.bias");
  if (isNew)
    config.object["num_ln_in_parallel_attn"] = hasTwoNorms ? 2 : 1;
  else
    config.object.erase("num_kv_heads"); // one, as multi_query says
}

static void completeMpt(GgufConfig &config) {
  config.expect("feed_forward_length",
                4.0 * config.whole("embedding_length", 0));
  expectNoGroups(config);
  if (config.number("attention.max_alibi_bias") != 8)
    config.object["attn_config"] = json::Object{{"alibi", false}};
  else if (std::optional<double> clip = config.number("attention.clamp_kqv"))
    config.object["attn_config"] =
        json::Object{{"alibi", true}, {"clip_qkv", *clip}};
}

static void completeOlmo(GgufConfig &config) {
  // Its norms have no weights, and this epsilon in any case.
  if (std::optional<double> epsilon =
          config.number("attention.layer_norm_epsilon"))
    if (std::abs(*epsilon - 1e-5) > 1e-10)
      config.object["attention.layer_norm_epsilon"] = *epsilon;
  config.object.erase("layer_norm_eps");
}

static void completeOlmo2(GgufConfig &config) {
  config.object["attention_bias"] = config.hasTensor("blk.0.attn_q.bias");
}

static void completeGranite(GgufConfig &config) {
  completeLlama(config);
  // Not 1, as its class has it.
  config.object.try_emplace("attention_multiplier",
                            1 / std::sqrt(double(config.headSize())));
}

static void completeCohere(GgufConfig &config) {
  config.object["use_qk_norm"] = config.hasTensor("blk.0.attn_q_norm.weight");
}

static void completeBert(GgufConfig &config) {
  config.object["type_vocab_size"] = config.rowsOf("token_types.weight");
  expectNoGroups(config);
  if (config.whole("pooling_type", 0) < 4)
    config.take("pooling_type"); // becomes modules.json
}

static void completeT5(GgufConfig &config) {
  config.object["d_kv"] = config.headSize();
  config.object["feed_forward_proj"] =
      config.hasTensor("enc.blk.0.ffn_gate.weight") ? "gated-gelu" : "relu";
  if (!config.take("decoder_block_count"))
    config.object["num_decoder_layers"] = config.whole("block_count", 0);
  config.take("context_length"); // relative positions know no end
  expectNoGroups(config);
  config.expect("attention.value_length", config.headSize());
}

static void completeMamba(GgufConfig &config) {
  config.object["use_conv_bias"] = config.hasTensor("blk.0.ssm_conv1d.bias");
  config.object["use_bias"] = config.hasTensor("blk.0.ssm_in.bias");
  config.take("context_length"); // a state knows no end
  config.expect("feed_forward_length", 0);
  config.expect("attention.head_count", 0);
  config.expect("ssm.dt_b_c_rms", 0);
}

static void completeDeepseek2(GgufConfig &config) {
  if (std::optional<double> size = config.number("attention.key_length"))
    config.object["qk_nope_head_dim"] =
        static_cast<int64_t>(*size) - config.whole("rope.dimension_count", 0);
  config.object.erase("head_dim");
  if (!config.take("attention.q_lora_rank"))
    config.object["q_lora_rank"] = nullptr;
  std::optional<double> scores = config.number("expert_gating_func");
  config.object["scoring_func"] = scores == 2 ? "sigmoid" : "softmax";
  if (scores && *scores != 1 && *scores != 2)
    config.object["expert_gating_func"] = *scores;
  expectNoGroups(config);
}

namespace {

struct Completion {
  StringLiteral architecture;
  void (*complete)(GgufConfig &);
};

} // namespace

static constexpr Completion completions[] = {
    {"llama", completeLlama},
    {"qwen3", completeQwen3},
    {"qwen3moe", completeQwen3Moe},
    {"gemma", sayHeadSize},
    {"gemma2", completeGemma2},
    {"gemma3", completeGemma3},
    {"phi2", completePartial},
    {"phi3", completePartial},
    {"starcoder2", completeStarcoder2},
    {"stablelm", completeStablelm},
    {"olmo", completeOlmo},
    {"olmo2", completeOlmo2},
    {"granite", completeGranite},
    {"command-r", completeCohere},
    {"deepseek2", completeDeepseek2},
    {"gpt2", completeGpt2},
    {"gptneox", completeGptneox},
    {"bloom", completeBloom},
    {"falcon", completeFalcon},
    {"mpt", completeMpt},
    {"bert", completeBert},
    {"nomic-bert", completeBert},
    {"t5", completeT5},
    {"mamba", completeMamba},
    {"falcon with two norms", completeFalcon},
    {"t5 without gates", completeT5},
};

/// What may be left out: llama.cpp has the default, which is said then.
static constexpr StringLiteral optionalKeys[] = {
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
    "attention.clamp_kqv",
    "attention.q_lora_rank",
    "attention.scale",
    "attention.sliding_window",
    "attention.sliding_window_pattern",
    "attn_logit_softcapping",
    "decoder_block_count",
    "decoder_start_token_id",
    "embedding_scale",
    "expert_shared_feed_forward_length",
    "final_logit_softcapping",
    "residual_scale",
    "rope.freq_base",
    "rope.freq_base_swa",
    "rope.scaling.original_context_length",
    "use_parallel_residual",
};

std::string lackingGgufKey(const GgufArchitecture &architecture,
                           const GgufConfig &config) {
  for (ArrayRef<GgufKeyRule> rules : {architecture.ownKeys, architecture.keys})
    for (const GgufKeyRule &rule : rules)
      if (!is_contained(optionalKeys, rule.from) && !config.peek(rule.from))
        return rule.from.str();
  for (StringRef epsilon :
       {"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"})
    if (config.peek(epsilon))
      return "";
  return "attention.layer_norm_rms_epsilon";
}

void completeGgufConfig(StringRef architecture, GgufConfig &config) {
  for (const Completion &completion : completions)
    if (completion.architecture == architecture)
      completion.complete(config);
}

} // namespace heddle::checkpoint
