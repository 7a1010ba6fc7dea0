"""The cells' models as GGUF files, from the same checkpoints: matrices in the cell's type, norms and biases in f32. What is in types
of GGUF's own is made by llama.cpp."""
import dataclasses

import gguf
import numpy as np

import cells
import checkpoints

TYPES = {"f32": gguf.GGMLQuantizationType.F32, "stored": gguf.GGMLQuantizationType.BF16, "bf16": gguf.GGMLQuantizationType.BF16,
         "q8": gguf.GGMLQuantizationType.Q8_0, "q4": gguf.GGMLQuantizationType.Q4_0}
FILE_TYPES = {"f32": gguf.LlamaFileType.ALL_F32, "stored": gguf.LlamaFileType.MOSTLY_BF16, "bf16": gguf.LlamaFileType.MOSTLY_BF16,
              "q8": gguf.LlamaFileType.MOSTLY_Q8_0, "q4": gguf.LlamaFileType.MOSTLY_Q4_0}


class Writer:
    def __init__(self, path, architecture, cell):
        s = cell.shape
        self.type, self.writer = TYPES[cell.dtype], gguf.GGUFWriter(path, architecture)
        w = self.writer
        w.add_context_length(s.N)
        w.add_embedding_length(s.D)
        w.add_block_count(s.L)
        w.add_feed_forward_length(s.F)
        w.add_head_count(s.H)
        w.add_vocab_size(s.V)
        w.add_file_type(FILE_TYPES[cell.dtype])
        w.add_tokenizer_model("no_vocab")

    def matrix(self, name, values):
        values = np.ascontiguousarray(values)
        self.writer.add_tensor(name, gguf.quants.quantize(values, self.type), raw_dtype=self.type)

    def plain(self, name, values):
        self.writer.add_tensor(name, np.ascontiguousarray(values))

    def linear(self, name, tensors, source, transposed=False):
        weight = tensors[f"{source}.weight"]
        self.matrix(f"{name}.weight", weight.T if transposed else weight)
        if f"{source}.bias" in tensors:
            self.plain(f"{name}.bias", tensors[f"{source}.bias"])

    def norm(self, name, tensors, source):
        for part in ("weight", "bias"):
            if f"{source}.{part}" in tensors:
                self.plain(f"{name}.{part}", tensors[f"{source}.{part}"])

    def close(self):
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()


def bert(path, cell, t):
    w = Writer(path, "bert", cell)
    w.writer.add_layer_norm_eps(1e-12)
    w.writer.add_causal_attention(False)
    w.writer.add_pooling_type(gguf.PoolingType.NONE)
    w.writer.add_token_type_count(2)
    w.matrix("token_embd.weight", t["embeddings.word_embeddings.weight"])
    w.plain("token_types.weight", t["embeddings.token_type_embeddings.weight"])
    w.plain("position_embd.weight", t["embeddings.position_embeddings.weight"])
    w.norm("token_embd_norm", t, "embeddings.LayerNorm")
    names = {"attn_q": "attention.self.query", "attn_k": "attention.self.key", "attn_v": "attention.self.value",
             "attn_output": "attention.output.dense", "ffn_up": "intermediate.dense", "ffn_down": "output.dense"}
    for l in range(cell.shape.L):
        for name, source in names.items():
            w.linear(f"blk.{l}.{name}", t, f"encoder.layer.{l}.{source}")
        w.norm(f"blk.{l}.attn_output_norm", t, f"encoder.layer.{l}.attention.output.LayerNorm")
        w.norm(f"blk.{l}.layer_output_norm", t, f"encoder.layer.{l}.output.LayerNorm")
    w.close()


def gpt2(path, cell, t):
    w = Writer(path, "gpt2", cell)
    w.writer.add_layer_norm_eps(1e-5)
    w.matrix("token_embd.weight", t["wte.weight"])
    w.plain("position_embd.weight", t["wpe.weight"])
    w.norm("output_norm", t, "ln_f")
    names = {"attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj"}
    for l in range(cell.shape.L):
        for name, source in names.items():
            w.linear(f"blk.{l}.{name}", t, f"h.{l}.{source}", transposed=True)
        w.norm(f"blk.{l}.attn_norm", t, f"h.{l}.ln_1")
        w.norm(f"blk.{l}.ffn_norm", t, f"h.{l}.ln_2")
    w.close()


def interleaved(weight, heads):
    """Rotary pairs side by side, as GGUF wants Llama's queries and keys: halves (0, K/2), (1, K/2 + 1), … alternate."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def llama(path, cell, t):
    s, w = cell.shape, Writer(path, "llama", cell)
    w.writer.add_head_count_kv(s.G)
    w.writer.add_layer_norm_rms_eps(1e-5)
    w.writer.add_rope_dimension_count(s.D // s.H)
    w.writer.add_rope_freq_base(10000.0)
    w.matrix("token_embd.weight", t["model.embed_tokens.weight"])
    if not s.tied:
        w.matrix("output.weight", t["lm_head.weight"])
    w.norm("output_norm", t, "model.norm")
    names = {"attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
             "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    for l in range(s.L):
        layer = f"model.layers.{l}"
        w.matrix(f"blk.{l}.attn_q.weight", interleaved(t[f"{layer}.self_attn.q_proj.weight"], s.H))
        w.matrix(f"blk.{l}.attn_k.weight", interleaved(t[f"{layer}.self_attn.k_proj.weight"], s.G))
        for name, source in names.items():
            w.linear(f"blk.{l}.{name}", t, f"{layer}.{source}")
        w.norm(f"blk.{l}.attn_norm", t, f"{layer}.input_layernorm")
        w.norm(f"blk.{l}.ffn_norm", t, f"{layer}.post_attention_layernorm")
    w.close()


MAKERS = {"minilm": bert, "bert-base": bert, "gpt2": gpt2, "llama-1.1b": llama, "smollm2": llama}


def quantise(source, path, dtype):
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = int(gguf.LlamaFileType[f"MOSTLY_{dtype}" + ("_M" if dtype == "Q4_K" else "")])
    parameters.pure = True  # no mixture
    if llama_cpp.llama_model_quantize(str(source).encode(), str(path).encode(), parameters):
        raise RuntimeError(f"llama.cpp cannot quantise {source}")


def file(cell, store):
    """The GGUF file of a model in the cell's type, made when first asked for."""
    path = store / "gguf" / f"{cell.model}-{cell.dtype}.gguf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        if cell.dtype in cells.GGUF:
            quantise(file(dataclasses.replace(cell, dtype="bf16"), store), unfinished, cell.dtype)
        else:
            MAKERS[cell.model](unfinished, cell, checkpoints.load(cell.model, store))
        unfinished.rename(path)
    return path
