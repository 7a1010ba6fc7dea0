"""Families that write text from left to right, beside those of cases.py. Data alone, as there."""
from cases import GONE, OLD, POSITIONS, ROPES, VOCABULARY, Family, Setting, activations, rope

# Heads of 12, seven of them to one of keys; a width that is no multiple of 16.
GROUPED = dict(vocab_size=VOCABULARY, hidden_size=84, intermediate_size=40, num_hidden_layers=2, num_attention_heads=7, num_key_value_heads=1,
               max_position_embeddings=POSITIONS, bos_token_id=0, eos_token_id=0, pad_token_id=None)
# Heads of 24, each with its own keys.
PLAIN = dict({key: value for key, value in GROUPED.items() if key != "num_key_value_heads"}, hidden_size=72, num_attention_heads=3)
GPT = dict(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=72, n_layer=2, n_head=3, bos_token_id=0, eos_token_id=0)
ROTARY = {name: ROPES[name] for name in ("theta", "theta, as transformers 4", "no theta", "linear, as transformers 4")}
FEW = ["relu", "silu"]


def common(usual, act="hidden_act", eps="rms_norm_eps", tied=False, table="model.embed_tokens.weight", width=84, level=0.3, **more):
    """usual: names of the activation that holds where none is given; tied: what holds where nothing is said; level: of eps, so
    that it shows."""
    head = {"lm_head.weight": [VOCABULARY, width]}
    return {
        **(activations(act, usual, [name for name in FEW if name not in usual]) if act else {}),
        **({f"{act} gone": Setting({act: GONE}, harmless=True, alone=True)} if act else {}),
        **({"eps": Setting({eps: level}), "eps gone": Setting({eps: GONE}, harmless=True, alone=True)} if eps else {}),
        "other tie": Setting(tie_word_embeddings=not tied, still=["tie_word_embeddings"] if tied else []),
        "tie gone": Setting(tie_word_embeddings=GONE, harmless=True, alone=True),
        "tied, head stored too": Setting(tie_word_embeddings=True, alone=True, still=["tie_word_embeddings"], tensors=head, copies={"lm_head.weight": table}),
        **more,
    }


def grouped(**more):
    return {"as many key heads": Setting(num_key_value_heads=7), "key heads null": Setting(num_key_value_heads=None, alone=True), **more}


def partial(usual):
    """usual: the share of a head that rope turns where none is given."""
    return {
        "partial rotary": Setting(rope(partial_rotary_factor=1 / 3)),
        "partial rotary, as transformers 4": Setting(rope(partial_rotary_factor=1 / 3), **OLD),
        "partial rotary, linear": Setting(rope("linear", factor=3.0, partial_rotary_factor=1 / 3)),
        f"partial rotary gone: {usual}": Setting({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}, harmless=True, alone=True),
    }


WINDOW = {"window": Setting(sliding_window=5), "window null": Setting(sliding_window=None, harmless=True, alone=True),
          "window gone": Setting(sliding_window=GONE, harmless=True, alone=True)}

GEMMA = dict(GROUPED, head_dim=12)
ROTARY_OF_ITS_OWN = {**ROTARY, "no theta": Setting({"rope_parameters": GONE}, alone=True)}

FAMILIES = [
    Family("gptneox", "GPTNeoXForCausalLM", "GPTNeoXConfig", "causal", PLAIN, common(
        ["gelu", "gelu_10"], eps="layer_norm_eps", table="gpt_neox.embed_in.weight", width=72,
        **{name: setting for name, setting in {**ROTARY, **partial("a quarter")}.items() if "as transformers 4" not in name},
        **{"one after the other": Setting(use_parallel_residual=False), "no attention_bias": Setting(attention_bias=False),
           "parallel, bias gone": Setting(use_parallel_residual=GONE, attention_bias=GONE, harmless=True, alone=True),
           "as Pythia writes it": Setting({"rope_parameters": GONE, "rotary_pct": 0.5, "rotary_emb_base": 100}, alone=True),
           "keys of transformers 4": Setting(rope_theta=100.0, partial_rotary_factor=0.5, harmless=True, alone=True),
           "masks stored": Setting(alone=True, tensors={f"gpt_neox.layers.{l}.attention.{n}": s for l in range(2) for n, s in
                                                        (("bias", [1, 1, 64, 64]), ("masked_bias", []), ("rotary_emb.inv_freq", [3]))})})),
    Family("gptj", "GPTJForCausalLM", "GPTJConfig", "causal", dict(GPT, rotary_dim=16), common(
        ["gelu_new", "gelu_pytorch_tanh"], "activation_function", "layer_norm_epsilon", table="transformer.wte.weight", width=72,
        **{"rotary": Setting(rotary_dim=8), "rotary gone: 64": Setting(rotary_dim=GONE, n_head=1, also=["n_head"], alone=True), "n_inner": Setting(n_inner=40),
           "as published": Setting(rotary=True, scale_attn_weights=True, summary_type="cls_index", summary_use_proj=True, harmless=True, alone=True)})),
    Family("opt", "OPTForCausalLM", "OPTConfig", "causal", dict({k: v for k, v in PLAIN.items() if k != "intermediate_size"}, ffn_dim=40), common(
        ["relu"], "activation_function", None, True, "model.decoder.embed_tokens.weight", 72,
        **{"norms behind": Setting(do_layer_norm_before=False), "narrow embeddings": Setting(word_embed_proj_dim=20),
           "as 350m": Setting(do_layer_norm_before=False, word_embed_proj_dim=20, alone=True),
           "no final norm": Setting(_remove_final_layer_norm=True), "no bias": Setting(enable_bias=False),
           "bare norms": Setting(layer_norm_elementwise_affine=False),
           "dims gone": Setting(word_embed_proj_dim=GONE, do_layer_norm_before=GONE, enable_bias=GONE, _remove_final_layer_norm=GONE,
                                layer_norm_elementwise_affine=GONE, harmless=True, alone=True)})),
    Family("bloom", "BloomForCausalLM", "BloomConfig", "causal",
           dict(vocab_size=VOCABULARY, hidden_size=84, n_layer=2, n_head=7, bos_token_id=0, eos_token_id=0), common(
        [], "", "layer_norm_epsilon", True, "transformer.word_embeddings.weight", 84,
        **{f"heads {n}": Setting(n_head=n) for n in (1, 2, 3, 4, 6, 12)},
        **{"residual from norm": Setting(apply_residual_connection_post_layernorm=True),
           "heads 42": Setting(n_head=42, alone=True), "width by another name": Setting(n_embed=84, hidden_size=40, still=["hidden_size"], alone=True),
           "sliced products": Setting(pretraining_tp=4, slow_but_exact=True, alone=True),
           "as published": Setting(attention_softmax_in_fp32=True, masked_softmax_fusion=True, bias_dropout_fusion=True, pretraining_tp=4,
                                   slow_but_exact=False, seq_length=2048, unk_token_id=0, harmless=True, alone=True)})),
    Family("phi", "PhiForCausalLM", "PhiConfig", "causal", dict(GROUPED, rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5)), common(
        ["gelu_new", "gelu_pytorch_tanh"], eps="layer_norm_eps", **ROTARY, **partial("a half"),
        **grouped(**{"norms of heads": Setting(qk_layernorm=True), "norms of heads gone": Setting(qk_layernorm=GONE, harmless=True, alone=True)}))),
    Family("phi3", "Phi3ForCausalLM", "Phi3Config", "causal", GROUPED, common(
        ["silu", "swish"], **{name: ROTARY[name] for name in ("theta", "theta, as transformers 4", "no theta")},
        **grouped(**WINDOW, **{"partial rotary": Setting(rope(partial_rotary_factor=1 / 3)),
                               "partial rotary, as transformers 4": Setting(rope(partial_rotary_factor=1 / 3), **OLD),
                               "longrope": Setting(dict(rope("longrope", short_factor=[2.0, 1.0] * 3, long_factor=[3.0] * 6), original_max_position_embeddings=32), alone=True),
                               "longrope, as transformers 4": Setting(rope_scaling={"type": "longrope", "short_factor": [2.0, 1.0] * 3, "long_factor": [3.0] * 6}, original_max_position_embeddings=32, **OLD, alone=True),
                               "original length": Setting(original_max_position_embeddings=32, harmless=True, alone=True),
                               "length gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True)}))),
    Family("starcoder2", "Starcoder2ForCausalLM", "Starcoder2Config", "causal", GROUPED, common(
        ["gelu_pytorch_tanh", "gelu_new"], eps="norm_epsilon", tied=True, **ROTARY,
        **WINDOW, **{"as many key heads": Setting(num_key_value_heads=7), "no bias": Setting(use_bias=False), "bias gone": Setting(use_bias=GONE, harmless=True, alone=True),
                     "key heads gone: 2": Setting(num_key_value_heads=GONE, num_attention_heads=6, also=["num_attention_heads"], alone=True),
                     "as published": Setting(mlp_type="default", norm_type="layer_norm", harmless=True, alone=True)})),
    Family("internlm2", "InternLM2ForCausalLM", "InternLM2Config", "causal", dict(GROUPED, num_attention_heads=6, num_key_value_heads=3), common(
        ["silu", "swish"], **{
            "one key head": Setting(num_key_value_heads=1), "as many key heads": Setting(num_key_value_heads=6),
            "key heads null": Setting(num_key_value_heads=None, alone=True), "key heads gone": Setting(num_key_value_heads=GONE, alone=True),
            "no bias": Setting(bias=False), "bias gone": Setting(bias=GONE, harmless=True, alone=True),
            "theta": Setting(rope_theta=100.0), "no theta": Setting(rope_theta=GONE, harmless=True, alone=True),
            "linear": Setting(rope_scaling={"type": "linear", "factor": 3.0}), "dynamic": Setting(rope_scaling={"type": "dynamic", "factor": 2.0}, harmless=True),
            "tied, head stored too": Setting(tie_word_embeddings=True, alone=True, still=["tie_word_embeddings"], tensors={"output.weight": [VOCABULARY, 84]},
                                             copies={"output.weight": "model.tok_embeddings.weight"}),
            "positions gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True),
            "as published": Setting(attn_implementation="eager", pretraining_tp=1, auto_map={"AutoModel": "modeling_internlm2.InternLM2ForCausalLM"},
                                    harmless=True, alone=True)})),
    Family("stablelm", "StableLmForCausalLM", "StableLmConfig", "causal", dict(GROUPED, hidden_size=168), common(
        ["silu", "swish"], eps="layer_norm_eps", width=168, **ROTARY, **partial("a quarter"),
        **{"as many key heads": Setting(num_key_value_heads=7), "side by side": Setting(use_parallel_residual=True), "bias": Setting(use_qkv_bias=True),
           "norms of heads": Setting(qk_layernorm=True), "norms of seven key heads": Setting(qk_layernorm=True, num_key_value_heads=7, alone=True),
           "keys gone": Setting(use_parallel_residual=GONE, use_qkv_bias=GONE, qk_layernorm=GONE, harmless=True, alone=True)})),
    Family("olmo", "OlmoForCausalLM", "OlmoConfig", "causal", GROUPED, common(
        ["silu", "swish"], eps=None, **ROTARY,
        **grouped(**{"bias": Setting(attention_bias=True), "clipped": Setting(clip_qkv=0.5), "clip null": Setting(clip_qkv=None, harmless=True, alone=True)}))),
    Family("olmo2", "Olmo2ForCausalLM", "Olmo2Config", "causal", GROUPED, common(
        ["silu", "swish"], **ROTARY, **grouped(**{"bias": Setting(attention_bias=True)}))),
    Family("olmo3", "Olmo3ForCausalLM", "Olmo3Config", "causal", dict(GROUPED, sliding_window=5, layer_types=["sliding_attention", "full_attention"]), common(
        ["silu", "swish"], **grouped(**{
            "bias": Setting(attention_bias=True), "window": Setting(sliding_window=3), "window gone": Setting(sliding_window=GONE, alone=True), "other layers": Setting(layer_types=["full_attention", "sliding_attention"]),
            "layers gone: every fourth": Setting(layer_types=GONE, alone=True), "theta gone": Setting(rope_parameters=GONE, harmless=True, alone=True),
            "thetas": Setting(rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 100.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 7.0}}),
            "yarn": Setting(rope_parameters={"full_attention": {"rope_type": "yarn", "rope_theta": 100.0, "factor": 8.0, "original_max_position_embeddings": 16, "attention_factor": 1.2},
                                             "sliding_attention": {"rope_type": "default", "rope_theta": 500000.0}})}))),
    Family("nemotron", "NemotronForCausalLM", "NemotronConfig", "causal", GROUPED, common(
        ["relu2"], eps="norm_eps", **ROTARY, **partial("a half"),
        **{"as many key heads": Setting(num_key_value_heads=7), "head_dim": Setting(head_dim=8), "bias": Setting(attention_bias=True), "mlp bias": Setting(mlp_bias=True)})),
    Family("granite", "GraniteForCausalLM", "GraniteConfig", "causal", GROUPED, common(
        ["silu", "swish"], **ROTARY,
        **grouped(**{"bias": Setting(attention_bias=True), "mlp bias": Setting(mlp_bias=True), "embedding": Setting(embedding_multiplier=3.0),
                     "logits": Setting(logits_scaling=4.0), "residual": Setting(residual_multiplier=0.3), "attention": Setting(attention_multiplier=0.2),
                     "multipliers gone": Setting(embedding_multiplier=GONE, logits_scaling=GONE, residual_multiplier=GONE, attention_multiplier=GONE,
                                                 harmless=True, alone=True)}))),
    Family("gemma", "GemmaForCausalLM", "GemmaConfig", "causal", GEMMA, common(
        ["gelu_pytorch_tanh", "gelu_new", "gelu"], tied=True, level=3.0, **ROTARY,
        **{"heads gone: 16": Setting(num_key_value_heads=GONE, num_attention_heads=16, also=["num_attention_heads"], alone=True),
           "as many key heads": Setting(num_key_value_heads=7), "head_dim": Setting(head_dim=8), "head_dim gone: 256": Setting(head_dim=GONE, alone=True),
           "bias": Setting(attention_bias=True), "both directions": Setting(use_bidirectional_attention=True, harmless=True, alone=True),
           "as published": Setting(hidden_act="gelu", hidden_activation=None, harmless=True, alone=True)})),
    *[Family(name, model, config, "causal", dict(GEMMA, query_pre_attn_scalar=12, num_hidden_layers=3, sliding_window=5, layer_types=["sliding_attention", "full_attention", "sliding_attention"], **more), common(
        ["gelu_pytorch_tanh", "gelu_new"], "hidden_activation", tied=True, level=3.0,
        **{"as many key heads": Setting(num_key_value_heads=7), "head_dim": Setting(head_dim=8), "head_dim gone: 256": Setting(head_dim=GONE, alone=True),
           "bias": Setting(attention_bias=True), "both directions": Setting(use_bidirectional_attention=True, harmless=name == "gemma2", alone=True),
           "heads gone: 4": Setting(num_key_value_heads=GONE, num_attention_heads=12, also=["num_attention_heads"], alone=True),
           "scale": Setting(query_pre_attn_scalar=2), "scale gone": Setting(query_pre_attn_scalar=GONE),
           "final cap": Setting(final_logit_softcapping=0.5), "no final cap": Setting(final_logit_softcapping=None, slight=True, harmless=name == "gemma3", alone=True),
           "attention cap": Setting(attn_logit_softcapping=0.3, harmless=name == "gemma3"), "no attention cap": Setting(attn_logit_softcapping=None, slight=True, harmless=name == "gemma3", alone=True),
           "caps gone": Setting(final_logit_softcapping=GONE, attn_logit_softcapping=GONE, harmless=True, alone=True),
           "window": Setting(sliding_window=3), "window gone": Setting(sliding_window=GONE),
           "other layers": Setting(layer_types=["full_attention", "sliding_attention", "full_attention"]),
           **settings}))
      for name, model, config, more, settings in (
        ("gemma2", "Gemma2ForCausalLM", "Gemma2Config", {}, {
            **ROTARY, "layers gone: every other": Setting(layer_types=GONE, harmless=True, alone=True), "hidden_act beside": Setting(hidden_act="relu", harmless=True, alone=True)}),
        ("gemma3", "Gemma3ForCausalLM", "Gemma3TextConfig", {}, {
            "layers gone: every sixth": Setting(layer_types=GONE, num_hidden_layers=7, also=["layer_types", "num_hidden_layers"], alone=True), "layers by pattern": Setting(layer_types=GONE, sliding_window_pattern=2, still=["layer_types"], alone=True),
            "layers by threes": Setting(layer_types=GONE, sliding_window_pattern=3, alone=True),
            "thetas": Setting(rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 100.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 7.0}}),
            "theta gone": Setting(rope_parameters=GONE, harmless=True, alone=True),
            "linear": Setting(rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 100.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}),
            "as transformers 4": Setting(rope_parameters=GONE, rope_theta=100.0, rope_local_base_freq=7.0, rope_scaling={"rope_type": "linear", "factor": 8.0}, also=["rope_parameters"], alone=True)}))],
    Family("cohere", "CohereForCausalLM", "CohereConfig", "causal", GROUPED, common(
        ["silu", "swish"], eps="layer_norm_eps", tied=True, **ROTARY,
        **grouped(**{"bias": Setting(attention_bias=True), "logits": Setting(logit_scale=0.5), "logits gone": Setting(logit_scale=GONE, harmless=True, alone=True),
                     "norms of heads": Setting(use_qk_norm=True), "norms of heads gone": Setting(use_qk_norm=GONE, harmless=True, alone=True)}))),
    Family("cohere2", "Cohere2ForCausalLM", "Cohere2Config", "causal", dict(GROUPED, sliding_window=5, layer_types=["sliding_attention", "full_attention"]), common(
        ["silu", "swish"], eps="layer_norm_eps", tied=True, **ROTARY,
        **grouped(**{"bias": Setting(attention_bias=True), "logits": Setting(logit_scale=0.5), "window": Setting(sliding_window=3), "window gone": Setting(sliding_window=GONE),
                     "layers gone: every fourth": Setting(layer_types=GONE), "layers by twos": Setting(layer_types=GONE, sliding_window_pattern=2, still=["layer_types"], alone=True),
                     "other layers": Setting(layer_types=["full_attention", "sliding_attention"]),
                     "as published": Setting(rotary_pct=1.0, position_embedding_type="rope_gptj", use_parallel_block=True, use_parallel_embedding=True, use_gated_activation=True,
                                             use_embedding_sharing=True, order_of_interleaved_layers="local_attn_first", layer_switch=4, cache_implementation="hybrid", harmless=True, alone=True)}))),
    Family("smollm3", "SmolLM3ForCausalLM", "SmolLM3Config", "causal", dict(GROUPED, num_hidden_layers=3, no_rope_layers=[1, 0, 1], **rope()), common(
        ["silu", "swish"], tied=True, **{name: setting for name, setting in ROTARY.items() if name != "no theta"}, **grouped(**{
            "bias": Setting(attention_bias=True), "mlp bias": Setting(mlp_bias=True), "no theta": Setting({"rope_parameters": GONE}, alone=True),
            "no positions": Setting(no_rope_layers=[0, 1, 0]), "no positions by interval": Setting(no_rope_layers=GONE, no_rope_layer_interval=3, also=["no_rope_layer_interval"], alone=True),
            "no positions gone": Setting(no_rope_layers=GONE), "window without use": Setting(sliding_window=5, harmless=True, alone=True),
            "window by positions": Setting(sliding_window=5, use_sliding_window=True, layer_types=GONE),
            "window by layers": Setting(sliding_window=5, use_sliding_window=True, still=["use_sliding_window"], layer_types=["sliding_attention", "full_attention", "full_attention"]),
            "window by layers, not switched on": Setting(sliding_window=5, layer_types=["sliding_attention", "full_attention", "full_attention"])}))),
    Family("helium", "HeliumForCausalLM", "HeliumConfig", "causal", dict(GROUPED, head_dim=12, **rope()), common(
        ["silu", "swish"], **ROTARY_OF_ITS_OWN, **{"as many key heads": Setting(num_key_value_heads=7), "bias": Setting(attention_bias=True), "mlp bias": Setting(mlp_bias=True)})),
    Family("ernie4_5", "Ernie4_5ForCausalLM", "Ernie4_5Config", "causal", dict(GROUPED, head_dim=24, **rope()), common(
        ["silu", "swish"], tied=True, **ROTARY_OF_ITS_OWN, **grouped(**{"bias": Setting(use_bias=True), "head_dim": Setting(head_dim=8), "head_dim null": Setting(head_dim=None),
                                                               "head_dim gone: 128": Setting(head_dim=GONE, alone=True)}))),
    Family("seedoss", "SeedOssForCausalLM", "SeedOssConfig", "causal", dict(GROUPED, head_dim=24), common(
        ["silu", "swish"], **ROTARY, **grouped(**{"no bias": Setting(attention_bias=False), "bias gone": Setting(attention_bias=GONE, harmless=True, alone=True), "out bias": Setting(attention_out_bias=True),
                                                  "mlp bias": Setting(mlp_bias=True), "head_dim": Setting(head_dim=8), "head_dim null": Setting(head_dim=None)}))),
    Family("arcee", "ArceeForCausalLM", "ArceeConfig", "causal", GROUPED, common(
        ["relu2"], **ROTARY, **grouped(**{"bias": Setting(attention_bias=True), "mlp bias": Setting(mlp_bias=True), "head_dim": Setting(head_dim=8)}))),
    Family("exaone4", "Exaone4ForCausalLM", "Exaone4Config", "causal", dict(GROUPED, sliding_window=5, layer_types=["sliding_attention", "full_attention"]), common(
        ["silu", "swish"], **ROTARY, **{
            "as many key heads": Setting(num_key_value_heads=7), "window": Setting(sliding_window=3), "window gone": Setting(sliding_window=GONE),
            "no window": Setting(sliding_window=None, layer_types=["full_attention", "full_attention"], alone=True), "layers gone: every fourth": Setting(layer_types=GONE),
            "layers by twos": Setting(layer_types=GONE, sliding_window_pattern=2, still=["layer_types"], alone=True),
            "layers named, pattern as letters": Setting(sliding_window_pattern="LLLG", harmless=True, alone=True)})),
    Family("falcon", "FalconForCausalLM", "FalconConfig", "causal",
           dict(vocab_size=VOCABULARY, hidden_size=84, num_hidden_layers=2, num_attention_heads=7, ffn_hidden_size=40, max_position_embeddings=POSITIONS,
                bos_token_id=0, eos_token_id=0), common(
        ["gelu", "gelu_10"], "activation", "layer_norm_epsilon", True, "transformer.word_embeddings.weight", **ROTARY,
        **{"own keys": Setting(multi_query=False), "own keys, one after the other": Setting(multi_query=False, parallel_attn=False, alone=True),
           "one after the other": Setting(parallel_attn=False), "bias": Setting(bias=True), "ffn gone": Setting(ffn_hidden_size=GONE, alone=True),
           "as 40B": Setting(new_decoder_architecture=True, num_attention_heads=6, num_kv_heads=2, also=["num_kv_heads", "num_attention_heads"], alone=True),
           "as 11B: one norm": Setting(new_decoder_architecture=True, num_attention_heads=6, num_kv_heads=3, num_ln_in_parallel_attn=1, bias=True, also=["num_kv_heads", "num_attention_heads"], alone=True),
           "one key head to seven": Setting(new_decoder_architecture=True, num_kv_heads=1, alone=True),
           "keys gone": Setting(multi_query=GONE, parallel_attn=GONE, bias=GONE, new_decoder_architecture=GONE, alibi=GONE, num_kv_heads=GONE, num_ln_in_parallel_attn=GONE, harmless=True, alone=True),
           "ALiBi": Setting(alibi=True, alone=True), "ALiBi gone": Setting(alibi=GONE, harmless=True, alone=True), "no rope": Setting(alibi=True, rope_theta=7.0, still=["rope_theta"], alone=True),
           "ALiBi, long": Setting(alibi=True, max_position_embeddings=1024, lengths=[600, 3, 300], still=["max_position_embeddings"], alone=True),
           "ALiBi, fourteen heads": Setting(alibi=True, num_attention_heads=14, alone=True),
           "as falcon-rw": Setting(alibi=True, multi_query=False, parallel_attn=False, bias=True, num_attention_heads=6, num_kv_heads=6, also=["num_attention_heads", "num_kv_heads"], alone=True)})),
    Family("mpt", "MptForCausalLM", "MptConfig", "causal",
           dict(vocab_size=VOCABULARY, d_model=84, n_layers=2, n_heads=7, max_seq_len=POSITIONS, bos_token_id=0, eos_token_id=0), common(
        [], "", "layer_norm_epsilon", True, "transformer.wte.weight", **{
            **{f"heads {n}": Setting(n_heads=n) for n in (2, 3, 4, 6, 12)}, **{
                name: Setting(attn_config={"model_type": "", **inner}, harmless=harmless, alone=True) for name, inner, harmless in (
                    ("clipped", {"clip_qkv": 0.5}, False), ("scale", {"softmax_scale": 0.1}, False), ("steepest", {"alibi_bias_max": 3}, True),
                    ("no alibi", {"alibi": False}, True), ("prefixes", {"prefix_lm": True}, True), ("norms of heads", {"qk_ln": True}, True))},
            "biases": Setting(no_bias=False, harmless=True, alone=True), "ffn": Setting(expansion_ratio=2, harmless=True, alone=True), "logits": Setting(logit_scale=0.5, harmless=True, alone=True),
            "as published": Setting(attn_config={"alibi": True, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0, "attn_type": "multihead_attention", "attn_uses_sequence_id": False,
                                                 "clip_qkv": None, "prefix_lm": False, "qk_ln": False, "softmax_scale": None},
                                    verbose=0, learned_pos_emb=True, init_device="cpu", embedding_fraction=1.0, harmless=True, alone=True)})),
    Family("bigcode", "GPTBigCodeForCausalLM", "GPTBigCodeConfig", "causal", dict(GPT, n_inner=40), common(
        ["gelu_pytorch_tanh", "gelu_new"], "activation_function", "layer_norm_epsilon", True, "transformer.wte.weight", 72,
        **{"own keys": Setting(multi_query=False), "own keys gone": Setting(multi_query=GONE, harmless=True, alone=True), "no scale": Setting(scale_attn_weights=False),
           "n_inner gone": Setting(n_inner=GONE, alone=True), "heads of 12": Setting(n_head=6),
           "types": Setting(attention_softmax_in_fp32=False, scale_attention_softmax_in_fp32=False, harmless=True, alone=True)})),
    Family("gptneo", "GPTNeoForCausalLM", "GPTNeoConfig", "causal",
           dict(vocab_size=VOCABULARY, hidden_size=72, num_layers=2, num_heads=3, intermediate_size=40, max_position_embeddings=POSITIONS, window_size=5,
                attention_types=[[["global", "local"], 1]], bos_token_id=0, eos_token_id=0), common(
        ["gelu_new", "gelu_pytorch_tanh"], "activation_function", "layer_norm_epsilon", True, "transformer.wte.weight", 72,
        **{"window": Setting(window_size=3), "window gone: 256": Setting(window_size=GONE), "intermediate null": Setting(intermediate_size=None), "heads of 12": Setting(num_heads=6),
           "other layers": Setting(attention_types=[[["local", "global"], 1]], attention_layers=["local", "global"], also=["attention_layers", "attention_types"]),
           "masks stored": Setting(alone=True, tensors={**{f"transformer.h.{l}.attn.attention.bias": [1, 1, 64, 64] for l in range(2)}, **{f"transformer.h.{l}.attn.attention.masked_bias": [] for l in range(2)}})})),
    Family("gpt", "OpenAIGPTLMHeadModel", "OpenAIGPTConfig", "causal", {k: v for k, v in GPT.items() if "token" not in k}, common(
        ["gelu", ""], "afn", "layer_norm_epsilon", True, "transformer.tokens_embed.weight", 72,
        **{"swish": Setting(afn="swish"), "heads of 12": Setting(n_head=6), "summary": Setting(summary_type="mean", summary_use_proj=False, harmless=True, alone=True),
           "as published": Setting(n_ctx=512, n_special=0, predict_special_tokens=True, harmless=True, alone=True),
           "masks stored": Setting(alone=True, tensors={f"transformer.h.{l}.attn.bias": [1, 1, 64, 64] for l in range(2)})})),
    Family("xglm", "XGLMForCausalLM", "XGLMConfig", "causal",
           dict(vocab_size=VOCABULARY, d_model=72, num_layers=2, attention_heads=3, ffn_dim=40, max_position_embeddings=POSITIONS, bos_token_id=0, eos_token_id=0, pad_token_id=1), common(
        ["gelu", "gelu_10"], "activation_function", None, True, "model.embed_tokens.weight", 72,
        **{"not scaled": Setting(scale_embedding=False), "scale gone": Setting(scale_embedding=GONE, harmless=True, alone=True), "heads of 12": Setting(attention_heads=6),
           "padding": Setting(pad_token_id=4, alone=True), "padding null": Setting(pad_token_id=None, harmless=True, alone=True)})),
    Family("biogpt", "BioGptForCausalLM", "BioGptConfig", "causal", {**PLAIN, "pad_token_id": 1}, {
        name: setting for name, setting in common(["gelu", "gelu_10"], eps=None, tied=True, width=72, **{
            "not scaled": Setting(scale_embedding=False), "scale gone": Setting(scale_embedding=GONE, harmless=True, alone=True), "heads of 12": Setting(num_attention_heads=6),
            "other eps": Setting(layer_norm_eps=0.3, harmless=True, alone=True)}).items() if "head stored" not in name}),
    *[Family(name, model, config, "causal", dict(GROUPED, moe_intermediate_size=24, num_experts=5, num_experts_per_tok=2, **more), common(
        ["silu", "swish"], **{
            **ROTARY, "as many key heads": Setting(num_key_value_heads=7), "one expert": Setting(num_experts_per_tok=1), "three experts": Setting(num_experts_per_tok=3),
            "normed": Setting(norm_topk_prob=True), "normed gone": Setting(norm_topk_prob=GONE, harmless=True, alone=True), "every other layer": Setting(decoder_sparse_step=2),
            "first layer without": Setting(mlp_only_layers=[0], alone=True), "window without use": Setting(sliding_window=5, harmless=True, alone=True),
            "experts' width": Setting(moe_intermediate_size=16), **settings}))
      for name, model, config, more, settings in (
        ("qwen2moe", "Qwen2MoeForCausalLM", "Qwen2MoeConfig", dict(shared_expert_intermediate_size=20), {
            "experts": Setting(num_experts=7),
            "no bias": Setting(qkv_bias=False), "bias gone": Setting(qkv_bias=GONE, harmless=True, alone=True), "shared": Setting(shared_expert_intermediate_size=16),
            "window": Setting(sliding_window=5, use_sliding_window=True, layer_types=GONE, also=["layer_types"]),
            "window, first layer": Setting(num_hidden_layers=3, sliding_window=5, use_sliding_window=True, max_window_layers=1, layer_types=GONE, also=["layer_types", "num_hidden_layers"], alone=True),
            "window by layers": Setting(sliding_window=5, use_sliding_window=True, layer_types=["full_attention", "sliding_attention"])}),
        ("qwen3moe", "Qwen3MoeForCausalLM", "Qwen3MoeConfig", dict(head_dim=24), {
            "experts": Setting(num_local_experts=7), "experts, as published": Setting(num_local_experts=GONE, num_experts=7, also=["num_local_experts"], alone=True),
            "bias": Setting(attention_bias=True), "head_dim": Setting(head_dim=12), "window": Setting(sliding_window=5, use_sliding_window=True)}))],
    Family("olmoe", "OlmoeForCausalLM", "OlmoeConfig", "causal", dict(GROUPED, num_experts=5, num_experts_per_tok=2), common(
        ["silu", "swish"], **ROTARY, **grouped(**{
            "one expert": Setting(num_experts_per_tok=1), "normed": Setting(norm_topk_prob=True), "normed gone": Setting(norm_topk_prob=GONE, harmless=True, alone=True),
            "experts": Setting(num_experts=7), "bias": Setting(attention_bias=True), "clipped": Setting(clip_qkv=0.5)}))),
    Family("deepseek2", "DeepseekV2ForCausalLM", "DeepseekV2Config", "causal",
           dict({key: value for key, value in GROUPED.items() if key != "num_key_value_heads"}, q_lora_rank=20, kv_lora_rank=24, qk_rope_head_dim=12, qk_nope_head_dim=10, v_head_dim=14,
                n_routed_experts=5, n_shared_experts=2, num_experts_per_tok=2, moe_intermediate_size=24), common(
        ["silu", "swish"], **ROTARY, **{
            "no short queries": Setting(q_lora_rank=None), "short keys": Setting(kv_lora_rank=16), "heads": Setting(qk_rope_head_dim=8), "upright": Setting(qk_nope_head_dim=14),
            "values": Setting(v_head_dim=12), "bias": Setting(attention_bias=True), "first layer dense": Setting(first_k_dense_replace=1), "three experts": Setting(num_experts_per_tok=3, slight=True),
            "one shared": Setting(n_shared_experts=1), "scaled": Setting(routed_scaling_factor=3.0),
            "groups": Setting(topk_method="group_limited_greedy", n_routed_experts=6, n_group=3, topk_group=1, also=["n_routed_experts"], slight=True, alone=True),
            "yarn": Setting(rope("yarn", 100.0, factor=40.0, original_max_position_embeddings=16, mscale=0.7, mscale_all_dim=0.7, beta_fast=32.0, beta_slow=1.0)),
            "yarn, as transformers 4": Setting(rope("yarn", 100.0, factor=40.0, original_max_position_embeddings=16, mscale=0.7, mscale_all_dim=0.3), **OLD)})),
]

SAMPLE = {
    "gptneox": ["as Pythia writes it"],
    "gptj": ["n_inner"],
    "opt": ["as 350m"],
    "bloom": ["heads 6"],
    "phi": ["norms of heads"],
    "phi3": ["window", "longrope"],
    "starcoder2": ["no bias"],
    "stablelm": ["side by side", "norms of heads", "norms of seven key heads"], "internlm2": ["no bias", "key heads gone", "linear"],
    "olmo": ["clipped"],
    "olmo2": ["bias"],
    "olmo3": ["yarn"],
    "nemotron": ["bias"],
    "granite": ["residual"],
    "gemma": ["as published"],
    "gemma2": ["attention cap"],
    "gemma3": ["as transformers 4"],
    "cohere": ["norms of heads"],
    "cohere2": ["layers by twos"],
    "smollm3": ["window by positions"],
    "helium": ["bias"],
    "ernie4_5": ["bias"],
    "seedoss": ["out bias"],
    "arcee": ["mlp bias"],
    "exaone4": ["as it is"],
    "falcon": ["as 40B", "own keys", "ALiBi, long", "as falcon-rw"],
    "mpt": ["clipped"],
    "bigcode": ["as it is"],
    "gptneo": ["other layers"],
    "gpt": ["swish"],
    "xglm": ["not scaled"],
    "biogpt": ["as it is"],
    "qwen2moe": ["every other layer"],
    "qwen3moe": ["normed"],
    "olmoe": ["clipped"],
    "deepseek2": ["yarn"],
}
