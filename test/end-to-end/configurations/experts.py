"""Families of which every token goes through some experts, beside those of decoders.py. Data alone, as there."""
from cases import GONE, OLD, Setting, Family, rope
from decoders import GROUPED, ROTARY, common, grouped, partial

MULTIPLIERS = {"embedding": Setting(embedding_multiplier=0.5), "logits": Setting(logits_scaling=4.0), "residual": Setting(residual_multiplier=0.3),
               "attention": Setting(attention_multiplier=0.2)}
LATENT = dict(GROUPED, num_key_value_heads=7, q_lora_rank=20, kv_lora_rank=24, qk_rope_head_dim=12, qk_nope_head_dim=10, v_head_dim=14)
ROUTED = dict(n_routed_experts=6, n_shared_experts=2, num_experts_per_tok=2, moe_intermediate_size=24)
GROUPS = {"groups": Setting(n_group=3, topk_group=2), "one of two groups": Setting(n_group=2, topk_group=1)}
CHOICE = {"not normed": Setting(norm_topk_prob=False), "normed gone": Setting(norm_topk_prob=GONE, harmless=True, alone=True), "scaled": Setting(routed_scaling_factor=3.0),
          "three experts": Setting(num_experts_per_tok=3), "one shared": Setting(n_shared_experts=1), "all dense": Setting(first_k_dense_replace=2),
          "guessing layers": Setting(num_nextn_predict_layers=3, harmless=True, alone=True), **GROUPS}
# What this class takes of other kinds has numbers of its own.
THETAS = {name: setting for name, setting in ROTARY.items() if "theta" in name}
LONGROPE = dict(factor=4.0, original_max_position_embeddings=16, short_factor=[2.0] * 6, long_factor=[3.0] * 6)
YARN = dict(rope_type="yarn", rope_theta=500.0, factor=8.0, beta_fast=8.0, beta_slow=1.0, truncate=False, original_max_position_embeddings=128)

FAMILIES = [
    *[Family(name, model, config, "causal", dict(GROUPED, num_local_experts=5, embedding_multiplier=2.0, **more), common(
        ["silu", "swish"], **ROTARY, **MULTIPLIERS, **grouped(**{
            "bias": Setting(attention_bias=True), "experts": Setting(num_local_experts=7), "one expert": Setting(num_experts_per_tok=1), "three experts": Setting(num_experts_per_tok=3),
            **settings})))
      for name, model, config, more, settings in (
        ("granitemoe", "GraniteMoeForCausalLM", "GraniteMoeConfig", {}, {}),
        ("granitemoeshared", "GraniteMoeSharedForCausalLM", "GraniteMoeSharedConfig", dict(shared_intermediate_size=24), {
            "shared": Setting(shared_intermediate_size=12), "none shared": Setting(shared_intermediate_size=0)}))],
    Family("deepseek3", "DeepseekV3ForCausalLM", "DeepseekV3Config", "causal", dict(LATENT, **ROUTED, n_group=1, topk_group=1, first_k_dense_replace=1), common(
        ["silu", "swish"], **ROTARY, **CHOICE, **{
            "no short queries": Setting(q_lora_rank=None), "short keys": Setting(kv_lora_rank=16), "heads": Setting(qk_rope_head_dim=8, head_dim=8, also=["head_dim"]), "bias": Setting(attention_bias=True),
            "not interleaved": Setting(rope_interleave=False), "interleaved gone": Setting(rope_interleave=GONE, harmless=True, alone=True),
            "yarn": Setting(rope("yarn", 100.0, factor=40.0, original_max_position_embeddings=16, mscale=0.7, mscale_all_dim=0.7, beta_fast=32.0, beta_slow=1.0)),
            "as published": Setting(topk_method="noaux_tc", scoring_func="sigmoid", moe_layer_freq=1, ep_size=1, aux_loss_alpha=0.001, seq_aux=True, harmless=True, alone=True)})),
    Family("glm4moe", "Glm4MoeForCausalLM", "Glm4MoeConfig", "causal", dict(GROUPED, **ROUTED, first_k_dense_replace=1), common(
        ["silu", "swish"], **ROTARY, **partial("a half"), **CHOICE, **{
            "as many key heads": Setting(num_key_value_heads=7), "bias": Setting(attention_bias=True), "norms of heads": Setting(use_qk_norm=True),
            "norms of heads gone": Setting(use_qk_norm=GONE, harmless=True, alone=True)})),
    Family("ernie4_5_moe", "Ernie4_5_MoeForCausalLM", "Ernie4_5_MoeConfig", "causal",
           dict(GROUPED, num_hidden_layers=3, moe_num_experts=5, moe_k=2, moe_intermediate_size=24, moe_num_shared_experts=2, moe_layer_start_index=1), common(
        ["silu", "swish"], tied=True, **ROTARY, **{
            "as many key heads": Setting(num_key_value_heads=7), "bias": Setting(use_bias=True), "experts": Setting(moe_num_experts=7), "three experts": Setting(moe_k=3),
            "none shared": Setting(moe_num_shared_experts=0), "from the first layer": Setting(moe_layer_start_index=0), "until the second": Setting(moe_layer_end_index=1),
            "every other": Setting(moe_layer_interval=2), "least": Setting(moe_norm_min=3.0)})),
    Family("phimoe", "PhimoeForCausalLM", "PhimoeConfig", "causal", dict(GROUPED, num_local_experts=5), common(
        ["silu", "swish"], **THETAS, **{
            "as many key heads": Setting(num_key_value_heads=7), "bias": Setting(attention_bias=True), "head bias": Setting(lm_head_bias=True), "experts": Setting(num_local_experts=7), "nearness": Setting(router_jitter_noise=0.5),
            "window": Setting(sliding_window=5), "jitter in training": Setting(input_jitter_noise=0.5, harmless=True, alone=True),
            "longrope": Setting(rope("longrope", short_mscale=1.2, long_mscale=1.3, **LONGROPE), alone=True)})),
    Family("gpt_oss", "GptOssForCausalLM", "GptOssConfig", "causal",
           dict(GROUPED, head_dim=12, num_local_experts=5, num_experts_per_tok=2, sliding_window=3, swiglu_limit=0.05, rope_parameters=YARN), common(
        None, act=None, **{
            "as many key heads": Setting(num_key_value_heads=7), "no bias": Setting(attention_bias=False), "experts": Setting(num_local_experts=7),
            "three experts": Setting(num_experts_per_tok=3), "limit": Setting(swiglu_limit=1.0, alone=True), "sharp": Setting(swiglu_alpha=-4.0), "window": Setting(sliding_window=5),
            "kinds": Setting(layer_types=["full_attention", "sliding_attention"]), "kinds gone": Setting(layer_types=GONE, harmless=True, alone=True),
            "theta": Setting(rope_parameters=dict(YARN, rope_theta=100.0)), "whole truncated": Setting(rope_parameters=dict(YARN, truncate=True, beta_fast=8.0)),
            "default rope": Setting(rope(theta=100.0))})),
]

SAMPLE = {
    "granitemoe": ["residual"], "granitemoeshared": ["shared"], "deepseek3": ["groups"], "glm4moe": ["norms of heads"], "ernie4_5_moe": ["every other"],
    "phimoe": ["nearness"], "gpt_oss": ["limit"],
}
