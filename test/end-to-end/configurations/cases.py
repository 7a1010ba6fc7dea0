"""What is tried: families, their settings, and draws of several settings at once. Data alone; nothing runs here.

A setting is what changes in the family's config.json, key by key, as the class of transformers would read it; GONE takes
a key away, so that the class's default holds. Every changed key has to move the answers of transformers by MUST_MOVE (or
change which tensors there are), else the case could not tell right from wrong; those of `harmless` settings must not.
"""
import copy
import random

GONE = object()
DRAWS = 4  # of several settings at once, for every family
VOCABULARY, POSITIONS = 29, 64


class Setting:
    """json: changes to config.json. harmless: none of them matters; still: these of them do not; also: these follow from the
    others; slight: they matter by less than MUST_MOVE, and yet by more than the tolerance. tensors: further ones,
    name -> shape; copies: whose values they have; drop: tensors taken away. alone: not drawn together with others. lengths:
    rows, where the usual ones would not show it. spelling: 4 for config.json as written before transformers 5."""

    def __init__(self, json=None, *, harmless=False, still=(), also=(), slight=False, alone=False, tensors=None, copies=None, drop=(), lengths=None,
                 spelling=None, **keys):
        self.json = {**(json or {}), **keys}
        self.still = set(self.json if harmless else still)
        self.also, self.slight = set(also), slight
        self.alone, self.lengths, self.spelling = alone, lengths, spelling
        self.tensors, self.copies, self.drop = tensors or {}, copies or {}, drop


def merged(settings):
    one = Setting()
    for s in settings:
        one.json.update(s.json)
        one.still |= s.still
        one.also |= s.also
        one.slight |= s.slight
        one.tensors.update(s.tensors)
        one.copies.update(s.copies)
        one.drop += tuple(s.drop)
        one.lengths = s.lengths or one.lengths
        one.spelling = s.spelling or one.spelling
    return one


class Family:
    """model, config: classes of transformers; base: what the config class is given; kind: how it is called; padding: the
    token that is not given, by default, where positions depend on it; computed: a tensor that transformers stores, and fills
    by itself where the checkpoint has none."""

    def __init__(self, name, model, config, kind, base, settings, padding=None, computed=None):
        self.name, self.model, self.config, self.kind, self.base, self.padding = name, model, config, kind, base, padding
        self.computed = computed
        self.settings = {"as it is": Setting(alone=True), **settings}

    def cases(self):
        """(name, setting): each alone, then draws of three whose keys do not meet."""
        yield from self.settings.items()
        drawable = {n: s for n, s in self.settings.items() if not s.alone}
        draw = random.Random(self.name)
        seen = set()
        for _ in range(50 * DRAWS):
            if len(seen) == DRAWS or len(drawable) < 3:
                break
            names = tuple(sorted(draw.sample(sorted(drawable), 3)))
            keys = [k for n in names for k in drawable[n].json]
            if len(keys) != len(set(keys)) or names in seen:
                continue
            seen.add(names)
            yield " + ".join(names), merged([drawable[n] for n in names])


FEW_ACTIVATIONS = ["gelu_new", "relu", "swish", "mish"]
ACTIVATIONS = [*FEW_ACTIVATIONS, "gelu", "gelu_pytorch_tanh", "gelu_fast", "quick_gelu", "tanh", "sigmoid", "silu", "gelu_python", "relu2", "leaky_relu",
               "linear", "gelu_10"]


def activations(key, usual, names=ACTIVATIONS):
    """usual: the family's own, and other names of it."""
    return {f"{key} {a}": Setting({key: a}, harmless=a in usual, slight="gelu" in a and "gelu" in usual[0], alone="gelu" in a and "gelu" in usual[0])
            for a in names if a != usual[0]}


CLASSIC = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
               max_position_embeddings=POSITIONS)
DECODER = dict(CLASSIC, num_key_value_heads=2, bos_token_id=0, eos_token_id=0, pad_token_id=None)


def rope(kind="default", theta=10000.0, **keys):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **keys}}


LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0)
OLD = dict(spelling=4)

ROPES = {
    "theta": Setting(rope(theta=100.0)),
    "theta, as transformers 4": Setting(rope(theta=100.0), **OLD),
    "no theta": Setting({"rope_parameters": GONE}, harmless=True, alone=True),
    "linear": Setting(rope("linear", factor=3.0)),
    "linear, as transformers 4": Setting(rope("linear", factor=3.0), **OLD),
    "linear, called type": Setting(rope_scaling={"type": "linear", "factor": 3.0}, **OLD),
    "llama3": Setting(rope("llama3", 100.0, original_max_position_embeddings=32, **LLAMA3)),
    "llama3, as transformers 4": Setting(rope("llama3", 100.0, original_max_position_embeddings=32, **LLAMA3), **OLD),
    "llama3 without original length": Setting(rope("llama3", 100.0, **LLAMA3)),
    "yarn": Setting(rope("yarn", 100.0, factor=4.0, original_max_position_embeddings=16)),
    "yarn without original length": Setting(rope("yarn", 100.0, factor=4.0)),
    "yarn without original length, as transformers 4": Setting(rope("yarn", 100.0, factor=4.0), **OLD),
    "yarn with all": Setting(rope("yarn", 100.0, factor=4.0, original_max_position_embeddings=16, beta_fast=8.0, beta_slow=2.0,
                                  truncate=False, attention_factor=1.5)),
    "yarn mscale": Setting(rope("yarn", 100.0, factor=4.0, original_max_position_embeddings=16, mscale=0.7, mscale_all_dim=0.3)),
    "dynamic": Setting(rope("dynamic", 100.0, factor=4.0)),
    "dynamic within the length": Setting(rope("dynamic", factor=4.0), harmless=True),
    "longrope": Setting(rope("longrope", factor=4.0, original_max_position_embeddings=8, short_factor=[2.0] * 4, long_factor=[3.0] * 4), alone=True),
    "theta of two spellings": Setting({"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}, "rope_theta": 7.0},
                                      alone=True, still=["rope_theta"]),
}

BOOKKEEPING = Setting(harmless=True, alone=True, torch_dtype="float32", dtype=GONE, _name_or_path="a/b", transformers_version="4.30.0",
                      use_cache=False, initializer_range=0.5, output_attentions=False, output_hidden_states=False, return_dict=True)
HEAD = {"lm_head.weight": [VOCABULARY, 32]}


FEW_ROPES = ["theta", "theta, as transformers 4", "no theta", "linear, as transformers 4", "llama3", "llama3 without original length",
             "yarn without original length", "longrope"]


def decoder(every=False, **more):
    return {
        **activations("hidden_act", ["silu", "swish"], ACTIVATIONS if every else FEW_ACTIVATIONS),
        **{name: setting for name, setting in ROPES.items() if every or name in FEW_ROPES},
        "eps": Setting(rms_norm_eps=0.3),
        "tied": Setting(tie_word_embeddings=True),
        "tied, head stored too": Setting(tie_word_embeddings=True, harmless=True, alone=True, tensors=HEAD,
                                         copies={"lm_head.weight": "model.embed_tokens.weight"}),
        "tied, another head stored": Setting(tie_word_embeddings=True, alone=True, harmless=True, tensors=HEAD),
        "head_dim": Setting(head_dim=12),
        "as many key heads": Setting(num_key_value_heads=4),
        "bookkeeping": BOOKKEEPING,
        "inv_freq stored": Setting(alone=True, tensors={f"model.layers.{l}.self_attn.rotary_emb.inv_freq": [4] for l in range(2)}),
        "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0),
        **more,
    }


WINDOWED = [40, 3, 17]
LONG = [6000]


def qwen_windows():
    return {
        "window without use": Setting(sliding_window=5, harmless=True, alone=True),
        "window, use_sliding_window gone": Setting(sliding_window=5, use_sliding_window=GONE, harmless=True, alone=True),
        "window, from the first layer": Setting(sliding_window=5, use_sliding_window=True, max_window_layers=0, layer_types=GONE),
        "window, from the second layer": Setting(sliding_window=5, use_sliding_window=True, max_window_layers=1, layer_types=GONE),
        "window, max_window_layers beyond": Setting(sliding_window=5, use_sliding_window=True, max_window_layers=2, layer_types=GONE, harmless=True, alone=True),
        "window, max_window_layers gone": Setting(sliding_window=5, use_sliding_window=True, max_window_layers=GONE, layer_types=GONE, harmless=True, alone=True),
        "window, by layer_types": Setting(sliding_window=5, use_sliding_window=True, layer_types=["sliding_attention", "full_attention"]),
        "window gone: 4096": Setting(sliding_window=GONE, use_sliding_window=True, max_window_layers=0, layer_types=GONE,
                                     max_position_embeddings=8192, lengths=LONG, still=["max_position_embeddings"], alone=True),
        "as transformers 4": Setting(layer_types=GONE, harmless=True, alone=True, sliding_window=64, **OLD),
    }


FAMILIES = [
    Family("llama", "LlamaForCausalLM", "LlamaConfig", "causal", DECODER, decoder(every=True,
        **{"attention_bias": Setting(attention_bias=True), "mlp_bias": Setting(mlp_bias=True),
           "key heads gone": Setting(num_key_value_heads=GONE), "key heads null": Setting(num_key_value_heads=None),
           "eps gone": Setting(rms_norm_eps=GONE, harmless=True, alone=True), "act gone": Setting(hidden_act=GONE, harmless=True, alone=True),
           "pretraining_tp": Setting(pretraining_tp=2, harmless=True, alone=True),
           "partial rotary": Setting(partial_rotary_factor=1.0, harmless=True, alone=True),
           "positions gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True)})),
    Family("mistral", "MistralForCausalLM", "MistralConfig", "causal", dict(DECODER, sliding_window=None), decoder(
        **{"window": Setting(sliding_window=5),
           "window, as transformers 4": Setting(sliding_window=5, **OLD),
           "window null, long": Setting(harmless=True, alone=True, max_position_embeddings=8192, lengths=LONG),
           "window gone: 4096": Setting(sliding_window=GONE, max_position_embeddings=8192, lengths=LONG, still=["max_position_embeddings"], alone=True),
           "layer_types of others": Setting(sliding_window=5, layer_types=["full_attention", "sliding_attention"], still=["layer_types"], alone=True),
           "key heads gone: 8": Setting(num_attention_heads=8, num_key_value_heads=GONE),
           "attention_bias of others": Setting(attention_bias=True, harmless=True, alone=True)})),
    Family("qwen2", "Qwen2ForCausalLM", "Qwen2Config", "causal", DECODER, decoder(
        **qwen_windows(), **{"attention_bias of others": Setting(attention_bias=False, harmless=True, alone=True)})),
    Family("qwen3", "Qwen3ForCausalLM", "Qwen3Config", "causal", dict(DECODER, head_dim=8), decoder(
        **qwen_windows(), **{"attention_bias": Setting(attention_bias=True), "head_dim gone: 128": Setting(head_dim=GONE, alone=True)})),
    Family("mixtral", "MixtralForCausalLM", "MixtralConfig", "causal",
           dict(DECODER, head_dim=8, intermediate_size=24, num_local_experts=5, num_experts_per_tok=2, **rope()), decoder(
        **{"window": Setting(sliding_window=5), "one expert": Setting(num_experts_per_tok=1), "three experts": Setting(num_experts_per_tok=3),
           "experts a token gone: 2": Setting(num_experts_per_tok=GONE, harmless=True, alone=True),
           "experts gone: 8": Setting(num_local_experts=GONE, alone=True),
           "no theta": Setting({"rope_parameters": GONE}, alone=True), "eps gone": Setting(rms_norm_eps=GONE, harmless=True, alone=True),
           "window gone": Setting(sliding_window=GONE, harmless=True, alone=True),
           "router in training": Setting(router_jitter_noise=0.5, router_aux_loss_coef=0.5, output_router_logits=True, harmless=True, alone=True)})),
    *[Family(name, model, config, "step", dict(DECODER, head_dim=12), {
        **decoder(every=name == "glm4"), **{
            "partial rotary": Setting(rope(partial_rotary_factor=1.0)),
            "partial rotary a third": Setting(rope(partial_rotary_factor=1 / 3)),
            "partial rotary, as transformers 4": Setting(rope(partial_rotary_factor=1.0), **OLD),
            "partial rotary gone: a half": Setting({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}, harmless=True, alone=True),
            "partial rotary, linear": Setting(rope("linear", factor=3.0, partial_rotary_factor=0.5)),
            "head_dim": Setting(head_dim=16), "head_dim gone: 128": Setting(head_dim=GONE, alone=True),
            "no attention_bias": Setting(attention_bias=False), "attention_bias gone": Setting(attention_bias=GONE, harmless=True, alone=True),
            "eps gone": Setting(rms_norm_eps=GONE, harmless=True, alone=True),
            "longrope": Setting(rope("longrope", factor=4.0, original_max_position_embeddings=8, short_factor=[2.0] * 3, long_factor=[3.0] * 3), alone=True),
        }}) for name, model, config in (("glm", "GlmForCausalLM", "GlmConfig"), ("glm4", "Glm4ForCausalLM", "Glm4Config"))],
    Family("chatglm", "GlmForCausalLM", "GlmConfig", "chatglm",
           dict(DECODER, head_dim=12, pad_token_id=0), {
        "rope_ratio": Setting(rope_ratio=50.0), "kv_channels": Setting(kv_channels=16), "groups": Setting(multi_query_group_num=4),
        "eps": Setting(layernorm_epsilon=0.3), "ffn": Setting(ffn_hidden_size=24), "rope_ratio gone": Setting(rope_ratio=GONE, harmless=True, alone=True),
        "no qkv bias": Setting(add_qkv_bias=False), "not rmsnorm": Setting(rmsnorm=False, harmless=True),
        "no post_layer_norm": Setting(post_layer_norm=False, harmless=True), "add_bias_linear": Setting(add_bias_linear=True, harmless=True),
        "residual after norm": Setting(apply_residual_connection_post_layernorm=True, harmless=True),
        "not multi query": Setting(multi_query_attention=False, harmless=True), "hidden_act": Setting(hidden_act="relu", harmless=True),
        "training": Setting(hidden_dropout=0.3, attention_dropout=0.3, harmless=True, alone=True),
        "tied": Setting(tie_word_embeddings=True, harmless=True, alone=True),
        "quantised": Setting(quantization_bit=4, harmless=True, alone=True),
    }),
    Family("gpt2", "GPT2LMHeadModel", "GPT2Config", "causal",
           dict(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=32, n_layer=2, n_head=4, n_inner=40, bos_token_id=0, eos_token_id=0), {
        **activations("activation_function", ["gelu_new", "gelu_fast", "gelu_pytorch_tanh"]),
        "no scale": Setting(scale_attn_weights=False), "scale by layer": Setting(scale_attn_by_inverse_layer_idx=True),
        "scale by layer alone": Setting(scale_attn_weights=False, scale_attn_by_inverse_layer_idx=True, alone=True),
        "reordered": Setting(reorder_and_upcast_attn=True, harmless=True),
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
        "tied, head stored too": Setting(alone=True, tensors=HEAD, copies={"lm_head.weight": "transformer.wte.weight"}),
        "tied, another head stored": Setting(alone=True, tensors=HEAD),
        "eps": Setting(layer_norm_epsilon=0.3), "eps gone": Setting(layer_norm_epsilon=GONE, harmless=True, alone=True),
        "n_inner null": Setting(n_inner=None), "n_inner gone": Setting(n_inner=GONE, alone=True), "heads": Setting(n_head=8),
        "layers gone: 12": Setting(n_layer=GONE, alone=True), "heads by another name": Setting(num_attention_heads=2),
        "act gone": Setting(activation_function=GONE, harmless=True, alone=True),
        "summary": Setting(summary_type="mean", summary_use_proj=False, summary_activation="tanh", summary_proj_to_labels=False, summary_first_dropout=0.3, harmless=True, alone=True),
        "n_ctx": Setting(n_ctx=64, harmless=True, alone=True), "task": Setting(task_specific_params={"text-generation": {"do_sample": True}}, harmless=True, alone=True),
        "scale keys gone": Setting(scale_attn_weights=GONE, scale_attn_by_inverse_layer_idx=GONE, reorder_and_upcast_attn=GONE, tie_word_embeddings=GONE, add_cross_attention=GONE, harmless=True, alone=True),
        "cross attention": Setting(add_cross_attention=True, alone=True),
        "masks stored": Setting(alone=True, tensors={**{f"transformer.h.{l}.attn.bias": [1, 1, 64, 64] for l in range(2)}, **{f"transformer.h.{l}.attn.masked_bias": [] for l in range(2)}}),
        "bookkeeping": BOOKKEEPING,
    }),
    Family("marian", "MarianMTModel", "MarianConfig", "seq2seq",
           dict(vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
                encoder_ffn_dim=40, decoder_ffn_dim=40, max_position_embeddings=POSITIONS, activation_function="swish", scale_embedding=True,
                pad_token_id=0, eos_token_id=1, bos_token_id=0, forced_eos_token_id=1, decoder_start_token_id=0), {
        **activations("activation_function", ["swish", "silu"]),
        "embeddings not scaled": Setting(scale_embedding=False), "scale gone": Setting(scale_embedding=GONE),
        "decoder heads": Setting(decoder_attention_heads=2), "encoder heads": Setting(encoder_attention_heads=8),
        "decoder ffn": Setting(decoder_ffn_dim=24), "encoder ffn": Setting(encoder_ffn_dim=24),
        "decoder layers": Setting(decoder_layers=3), "encoder layers": Setting(encoder_layers=1),
        "unshared": Setting(share_encoder_decoder_embeddings=False, still=["share_encoder_decoder_embeddings"]),
        "unshared, other vocabulary": Setting(share_encoder_decoder_embeddings=False, decoder_vocab_size=23, alone=True),
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]), "unshared, untied": Setting(share_encoder_decoder_embeddings=False, tie_word_embeddings=False, alone=True, still=["tie_word_embeddings"]),
        "share gone": Setting(share_encoder_decoder_embeddings=GONE, tie_word_embeddings=GONE, decoder_vocab_size=GONE, harmless=True, alone=True),
        "act gone: gelu": Setting(activation_function=GONE),
        "layers by another name": Setting(num_hidden_layers=1, alone=True),
        "as published": Setting(num_hidden_layers=2, _num_labels=3, add_bias_logits=False, add_final_layer_norm=False, classif_dropout=0.0, classifier_dropout=0.0,
                                extra_pos_embeddings=29, normalize_before=False, normalize_embedding=False, static_position_embeddings=True,
                                bad_words_ids=[[28]], num_beams=4, max_length=512, gradient_checkpointing=False, harmless=True, alone=True),
        "normalize_before": Setting(normalize_before=True, harmless=True, alone=True),
        "normalize_embedding": Setting(normalize_embedding=True, harmless=True, alone=True),
        "final norm": Setting(add_final_layer_norm=True, harmless=True, alone=True),
        "learned positions": Setting(static_position_embeddings=False, harmless=True, alone=True),
        "is_decoder": Setting(is_decoder=True, harmless=True, alone=True),
        "dropout": Setting(dropout=0.5, attention_dropout=0.5, activation_dropout=0.5, encoder_layerdrop=0.5, decoder_layerdrop=0.5, init_std=1.0, harmless=True, alone=True),
        "embeddings stored thrice": Setting(alone=True, tensors={f"model.{s}.embed_tokens.weight": [VOCABULARY, 32] for s in ("encoder", "decoder")},
                                            copies={f"model.{s}.embed_tokens.weight": "model.shared.weight" for s in ("encoder", "decoder")}),
        "head stored too": Setting(alone=True, tensors=HEAD, copies={"lm_head.weight": "model.shared.weight"}),
        "another head stored": Setting(alone=True, tensors=HEAD),
        "bookkeeping": BOOKKEEPING,
    }),
    *[Family(name, model, config, "seq2seq",
             dict(vocab_size=VOCABULARY, d_model=32, d_kv=6, d_ff=40, num_layers=2, num_decoder_layers=2, num_heads=4, relative_attention_num_buckets=8,
                  relative_attention_max_distance=10, feed_forward_proj=first, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0), {
        **{f"ffn {f}": Setting(feed_forward_proj=f, dense_act_fn=GONE, is_gated_act=GONE, also=["dense_act_fn", "is_gated_act"]) for f in
           ("relu", "gelu", "gelu_new", "silu", "tanh", "swish", "gated-gelu", "gated-silu", "gated-relu", "gated-gelu_new", "gated-mish", "relu2") if f != first and (name[-3:], f) != ("mt5", "gated-gelu_new")},
        "ffn gone": Setting(feed_forward_proj=GONE, dense_act_fn=GONE, is_gated_act=GONE, harmless=True, alone=True),
        "ffn as transformers 5": Setting(feed_forward_proj="gated-silu", dense_act_fn="silu", is_gated_act=True, also=["feed_forward_proj", "is_gated_act"]),
        "dense_act_fn says another": Setting(dense_act_fn="tanh", alone=True),
        "buckets": Setting(relative_attention_num_buckets=12, alone=True), "distance": Setting(relative_attention_max_distance=6),
        "buckets gone": Setting(relative_attention_num_buckets=GONE, relative_attention_max_distance=40, lengths=[40, 3, 17], alone=True), "distance gone": Setting(relative_attention_max_distance=GONE, lengths=[40, 3, 17]),
        "eps": Setting(layer_norm_epsilon=0.3), "heads": Setting(num_heads=6), "d_kv": Setting(d_kv=10),
        "decoder layers": Setting(num_decoder_layers=3), "decoder layers gone": Setting(num_decoder_layers=GONE, num_layers=3),
        "not tied, head shared": Setting(tie_word_embeddings=False, scale_decoder_outputs=GONE, also=["scale_decoder_outputs"], alone=True, harmless=name != "t5"),
        "not tied, own head": Setting(tie_word_embeddings=False, scale_decoder_outputs=GONE, also=["scale_decoder_outputs"], tensors=HEAD, alone=True, harmless=name != "t5"),
        "own head, as transformers 5": Setting(tie_word_embeddings=True, scale_decoder_outputs=False, tensors=HEAD, alone=True, harmless=name != "t5"),
        "own head, tied": Setting(tie_word_embeddings=True, tensors=HEAD, alone=True),
        "head stored too": Setting(tensors=HEAD, copies={"lm_head.weight": "shared.weight"}, alone=True),
        "not scaled": Setting(scale_decoder_outputs=False, alone=True, harmless=name != "t5"),
        "tie gone": Setting(tie_word_embeddings=GONE, scale_decoder_outputs=GONE, harmless=True, alone=True),
        "embeddings stored thrice": Setting(alone=True, tensors={f"{s}.embed_tokens.weight": [VOCABULARY, 32] for s in ("encoder", "decoder")},
                                            copies={f"{s}.embed_tokens.weight": "shared.weight" for s in ("encoder", "decoder")}),
        "cross-attention bias stored": Setting(alone=True, tensors={"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight": [8, 4]}),
        "dropout": Setting(dropout_rate=0.5, classifier_dropout=0.5, initializer_factor=3.0, harmless=True, alone=True),
        "is_decoder": Setting(is_decoder=True, harmless=True, alone=True),
        "as published": Setting(n_positions=512, output_past=True, task_specific_params={"summarization": {"num_beams": 4}}, tokenizer_class="T5Tokenizer", harmless=True, alone=True),
        "bookkeeping": BOOKKEEPING,
    }) for name, model, config, first in (("t5", "T5ForConditionalGeneration", "T5Config", "relu"), ("mt5", "MT5ForConditionalGeneration", "MT5Config", "gated-gelu"),
                                          ("umt5", "UMT5ForConditionalGeneration", "UMT5Config", "gated-gelu"))],
    Family("vit", "ViTForImageClassification", "ViTConfig", "image",
           dict(hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, image_size=12, patch_size=4, num_channels=3, num_labels=5), {
        **activations("hidden_act", ["gelu", "gelu_python", "gelu_10"]),
        "no qkv bias": Setting(qkv_bias=False), "qkv_bias gone": Setting(qkv_bias=GONE, harmless=True, alone=True),
        "eps": Setting(layer_norm_eps=0.3), "eps gone": Setting(layer_norm_eps=GONE, harmless=True, alone=True),
        "patches": Setting(patch_size=6), "patches and picture": Setting(image_size=20, patch_size=5), "one channel": Setting(num_channels=1),
        "picture of two sizes": Setting(image_size=[12, 20], alone=True), "patches of two sizes": Setting(patch_size=[4, 6], alone=True),
        "picture as a pair": Setting(image_size=[12, 12], harmless=True, alone=True),
        "labels": Setting(id2label={str(i): f"l{i}" for i in range(7)}, label2id={f"l{i}": i for i in range(7)}, also=["label2id"]),
        "labels gone: 2": Setting(id2label=GONE, label2id=GONE, also=["label2id"], alone=True),
        "heads": Setting(num_attention_heads=8), "layers": Setting(num_hidden_layers=3),
        "pooler": Setting(pooler_act="relu", pooler_output_size=16, encoder_stride=8, harmless=True, alone=True),
        "dropout": Setting(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5, initializer_range=1.0, harmless=True, alone=True),
        "act gone": Setting(hidden_act=GONE, harmless=True, alone=True), "bookkeeping": BOOKKEEPING,
    }),
    Family("bert", "BertModel", "BertConfig", "bert", dict(CLASSIC, type_vocab_size=2), {
        **activations("hidden_act", ["gelu", "gelu_python", "gelu_10"]),
        "eps": Setting(layer_norm_eps=0.3), "eps gone": Setting(layer_norm_eps=GONE, harmless=True, alone=True), "heads": Setting(num_attention_heads=8),
        "decoder": Setting(is_decoder=True), "decoder with cross attention": Setting(is_decoder=True, add_cross_attention=True, alone=True),
        "types": Setting(type_vocab_size=5), "types gone": Setting(type_vocab_size=GONE, harmless=True, alone=True), "act gone": Setting(hidden_act=GONE, harmless=True, alone=True),
        "layers": Setting(num_hidden_layers=3), "positions gone: 512": Setting(max_position_embeddings=GONE, alone=True),
        "no pooler": Setting(drop=("pooler.dense.weight", "pooler.dense.bias"), alone=True),
        "absolute positions": Setting(position_embedding_type="absolute", harmless=True, alone=True),
        "relative positions": Setting(position_embedding_type="relative_key", harmless=True, alone=True),
        "position_ids stored": Setting(alone=True, tensors={"embeddings.position_ids": [1, POSITIONS]}),
        "as published": Setting(directionality="bidi", pooler_fc_size=768, pooler_num_attention_heads=12, pooler_num_fc_layers=3, pooler_size_per_head=128,
                                pooler_type="first_token_transform", gradient_checkpointing=False, harmless=True, alone=True),
        "dropout": Setting(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5, classifier_dropout=0.5, harmless=True, alone=True),
        "chunks": Setting(chunk_size_feed_forward=1, harmless=True, alone=True), "bookkeeping": BOOKKEEPING,
    }),
    *[Family(f"bert-{name}", model, "BertConfig", "bert", dict(CLASSIC, type_vocab_size=2, **more), {
        "act": Setting(hidden_act="silu"), "act relu": Setting(hidden_act="relu"), "eps": Setting(layer_norm_eps=0.3), "heads": Setting(num_attention_heads=8),
        "layers": Setting(num_hidden_layers=1), **settings})
      for name, model, more, settings in (
        ("masked", "BertForMaskedLM", {}, {
            "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
            "tied, decoder stored too": Setting(alone=True, tensors={"cls.predictions.decoder.weight": [VOCABULARY, 32], "cls.predictions.decoder.bias": [VOCABULARY]},
                                                copies={"cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.bias": "cls.predictions.bias"}),
            "tied, bias of the decoder alone": Setting(alone=True, tensors={"cls.predictions.decoder.bias": [VOCABULARY]}, drop=("cls.predictions.bias",))}),
        ("next", "BertForNextSentencePrediction", {}, {}),
        ("pretraining", "BertForPreTraining", {}, {"untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"])}),
        ("sequence", "BertForSequenceClassification", {}, {
            "labels": Setting(id2label={str(i): f"l{i}" for i in range(7)}, label2id={f"l{i}": i for i in range(7)}, also=["label2id"]), "num_labels": Setting(num_labels=4, alone=True),
            "problem": Setting(problem_type="regression", harmless=True, alone=True)}),
        ("token", "BertForTokenClassification", {}, {
            "labels": Setting(id2label={str(i): f"l{i}" for i in range(7)}, label2id={f"l{i}": i for i in range(7)}, also=["label2id"])}),
        ("answer", "BertForQuestionAnswering", {}, {}))],
]


# What ./check runs: settings that were once ignored, or refused without need, and refusals of each kind.
SAMPLE = {
    "llama": ["hidden_act gelu_new", "hidden_act mish", "llama3 without original length", "yarn without original length, as transformers 4",
              "longrope", "an unknown key"],
    "mistral": ["hidden_act relu", "window gone: 4096", "window null, long"],
    "qwen2": ["window, use_sliding_window gone", "window, from the second layer", "window, by layer_types"],
    "qwen3": ["head_dim gone: 128"],
    "mixtral": ["hidden_act relu"],
    "glm": ["partial rotary"],
    "glm4": ["hidden_act relu", "partial rotary a third", "no attention_bias"],
    "chatglm": ["rope_ratio", "hidden_act", "not rmsnorm"],
    "gpt2": ["no scale", "scale by layer", "untied", "tied, another head stored"],
    "marian": ["embeddings not scaled", "decoder heads", "decoder ffn", "unshared, other vocabulary", "normalize_before"],
    "t5": ["ffn gelu", "ffn gated-silu", "ffn gated-mish", "own head, as transformers 5", "not tied, own head"],
    "mt5": ["not tied, own head"],
    "vit": ["hidden_act silu", "no qkv bias"],
    "bert": ["decoder", "relative positions"],
    "bert-masked": ["untied", "tied, decoder stored too"],
    "bert-next": ["heads"],
    "bert-pretraining": ["as it is"],
    "bert-sequence": ["labels"],
    "bert-token": ["labels"],
    "bert-answer": ["as it is"],
}


import decoders  # they need what stands above
import encoders
import experts
import sequences
import speech
import translators
import vision

for module in (decoders, encoders, experts, sequences, speech, translators, vision):
    FAMILIES += module.FAMILIES
    SAMPLE.update(module.SAMPLE)
