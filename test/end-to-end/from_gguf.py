"""from_gguf.py HEDDLE DIRECTORY FAMILY...: a tiny model of each family as a directory of transformers and as the GGUF file that
llama.cpp's converter makes of it, built, and asked the same. The answers have the same bits; of types that round, the directory
has what the file stores. Names of tensors are those of the package `gguf` (golden/gguf/names.json). Standard library alone."""
import array
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE / "configurations")]
import checkpoint
import gguf_file as gguf
import program
import sample
from golden import Library, Rows

NAMES = json.loads((HERE.parent / "golden" / "gguf" / "names.json").read_text())

LLAMA = {"context_length": "max_position_embeddings", "embedding_length": "hidden_size", "block_count": "num_hidden_layers",
         "feed_forward_length": "intermediate_size", "attention.head_count": "num_attention_heads",
         "attention.head_count_kv": "num_key_value_heads", "vocab_size": "vocab_size"}
RMS = {"attention.layer_norm_rms_epsilon": "rms_norm_eps"}
NORM = {"attention.layer_norm_epsilon": "layer_norm_eps"}
HEADS = {"attention.key_length": "head_dim", "attention.value_length": "head_dim", "rope.dimension_count": "head_dim"}
EXPERTS = {"expert_used_count": "num_experts_per_tok", "expert_feed_forward_length": "moe_intermediate_size"}
SILU = {"hidden_act": "silu"}
# For programs of floats that are compared with each other: compiled in a third of the time.
PLAIN_CODE = ["--cpu", "generic"]
PLAIN = {"rope_parameters": {"rope_theta": 5000.0, "rope_type": "default"}}


class Family:
    """sample, case: the committed case; sets: what its config.json has otherwise; keys: metadata and the key of config.json that
    each has; values: metadata besides; kind: the type of its matrices."""

    def __init__(self, arch, sets=None, keys=None, values=None, sample=None, case=0, kind=gguf.F32, halves=(), groups=None,
                 turned="", raised=(), tensors=None, split=0):
        self.arch, self.sample, self.case, self.kind = arch, sample, case, kind
        self.sets, self.keys, self.values = sets or {}, keys or {}, values or {}
        self.halves, self.groups, self.turned, self.raised = halves, groups, turned, raised
        self.tensors, self.split = tensors, split


QK = ("attn_q.", "attn_k.")
GEMMA_NORMS = ("norm.",)


def rotary(config):
    return (config.get("rope_parameters") or config).get("rope_theta") or config.get("rotary_emb_base")


def llama3_factors(config):
    """rope_freqs.weight, as convert_hf_to_gguf.py computes it."""
    rope, size = config["rope_parameters"], config["head_dim"]
    low, high = (rope["original_max_position_embeddings"] / rope[k] for k in ("low_freq_factor", "high_freq_factor"))
    factors = []
    for i in range(0, size, 2):
        length = 2 * math.pi * rope["rope_theta"] ** (i / size)
        if length < high:
            factors.append(1.0)
        elif length > low:
            factors.append(rope["factor"])
        else:
            smooth = (rope["original_max_position_embeddings"] / length - rope["low_freq_factor"]) / \
                (rope["high_freq_factor"] - rope["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return {"rope_freqs.weight": array.array("f", factors)}


def part(share):
    return lambda config: config["hidden_size"] // config["num_attention_heads"] // share


FAMILIES = {
    "llama": Family("llama", {**SILU, **PLAIN}, {**LLAMA, **RMS, **HEADS}, halves=QK),
    "llama-q8": Family("llama", {**SILU, **PLAIN}, {**LLAMA, **RMS, **HEADS}, sample="llama", halves=QK, kind=gguf.Q8_0, split=3),
    "llama-q4": Family("llama", {**SILU, **PLAIN}, {**LLAMA, **RMS, **HEADS}, sample="llama", halves=QK, kind=gguf.Q4_1),
    "llama-f16": Family("llama", {**SILU, **PLAIN}, {**LLAMA, **RMS, **HEADS}, sample="llama", halves=QK, kind=gguf.F16),
    "llama-linear": Family("llama", {**SILU, "rope_parameters": {"rope_theta": 5000.0, "rope_type": "linear", "factor": 4.0}},
                           {**LLAMA, **RMS, **HEADS}, {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}, sample="llama",
                           halves=QK),
    "llama-yarn": Family("llama", {**SILU, "rope_parameters": {"rope_theta": 5000.0, "rope_type": "yarn", "factor": 4.0,
                                                                "original_max_position_embeddings": 16}},
                         {**LLAMA, **RMS, **HEADS}, {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
                                                     "rope.scaling.original_context_length": 16}, sample="llama", halves=QK),
    "llama3": Family("llama", {**SILU, "rope_parameters": {"rope_theta": 500.0, "rope_type": "llama3", "factor": 8.0,
                                                            "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                                            "original_max_position_embeddings": 32}},
                     {**LLAMA, **RMS, **HEADS}, sample="llama", halves=QK, tensors=llama3_factors),
    "mixtral": Family("llama", {**SILU, **PLAIN}, {**LLAMA, **RMS, **HEADS, "expert_count": "num_local_experts",
                                                   "expert_used_count": "num_experts_per_tok"}, halves=QK),
    "qwen2": Family("qwen2", {**PLAIN, "use_sliding_window": False, "layer_types": None}, {**LLAMA, **RMS}),
    "qwen3": Family("qwen3", {**PLAIN, "head_dim": 128}, {**LLAMA, **RMS, **HEADS}),
    "qwen2moe": Family("qwen2moe", {**PLAIN, "decoder_sparse_step": 1},
                       {**LLAMA, **RMS, **EXPERTS, "expert_count": "num_experts",
                        "expert_shared_feed_forward_length": "shared_expert_intermediate_size"}),
    "qwen3moe": Family("qwen3moe", PLAIN, {**LLAMA, **RMS, **HEADS, **EXPERTS, "expert_count": "num_local_experts"}),
    "gemma": Family("gemma", PLAIN, {**LLAMA, **RMS, **HEADS}, raised=GEMMA_NORMS),
    "gemma2": Family("gemma2", {**PLAIN, "attn_logit_softcapping": 0.25, "final_logit_softcapping": 8.0},
                     {**LLAMA, **RMS, **HEADS, "attention.sliding_window": "sliding_window",
                      "attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping"},
                     raised=GEMMA_NORMS),
    "gemma3": Family("gemma3", {"layer_types": None, "sliding_window_pattern": 2, "rope_local_base_freq": 10000.0},
                     {**LLAMA, **RMS, **HEADS, "attention.sliding_window": "sliding_window", "rope.freq_base": "rope_theta",
                      "attention.sliding_window_pattern": "sliding_window_pattern"},
                     {"rope.scaling.type": "linear", "rope.scaling.factor": 8.0}, raised=GEMMA_NORMS),
    "phi": Family("phi2", {**SILU, "hidden_act": "gelu_new", "qk_layernorm": False}, {**LLAMA, **NORM, "rope.dimension_count": part(2)}),
    "phi3": Family("phi3", SILU, {**LLAMA, **RMS, "attention.sliding_window": "sliding_window",
                                   "rope.scaling.original_context_length": "original_max_position_embeddings"}),
    "gpt2": Family("gpt2", {"activation_function": "gelu_new", "scale_attn_weights": True},
                   {"context_length": "n_positions", "embedding_length": "n_embd", "block_count": "n_layer",
                    "feed_forward_length": "n_inner", "attention.head_count": "n_head",
                    "attention.layer_norm_epsilon": "layer_norm_epsilon"},
                   turned=r"(attn_qkv|attn_output|ffn_up|ffn_down)\.weight"),
    "gptneox": Family("gptneox", {"hidden_act": "gelu"}, {**LLAMA, **NORM, "use_parallel_residual": "use_parallel_residual",
                                                              "rope.dimension_count": part(2)},
                      groups=lambda c: c["num_attention_heads"]),
    "bloom": Family("bloom", {}, {"embedding_length": "hidden_size", "block_count": "n_layer", "attention.head_count": "n_head",
                                  "attention.layer_norm_epsilon": "layer_norm_epsilon"},
                    {"context_length": 2048, "feed_forward_length": 336}, groups=lambda c: c["n_head"]),
    "falcon": Family("falcon", {"activation": "gelu", **PLAIN},
                     {**LLAMA, "feed_forward_length": "ffn_hidden_size", "attention.head_count_kv": "num_kv_heads",
                      "attention.layer_norm_epsilon": "layer_norm_epsilon"}, groups=lambda c: c["num_kv_heads"]),
    "mpt": Family("mpt", {}, {"context_length": "max_seq_len", "embedding_length": "d_model", "block_count": "n_layers",
                              "attention.head_count": "n_heads", "attention.layer_norm_epsilon": "layer_norm_epsilon"},
                  {"attention.max_alibi_bias": 8.0, "attention.clamp_kqv": 0.5, "feed_forward_length": 336}),
    "starcoder2": Family("starcoder2", {**PLAIN, "hidden_act": "gelu_pytorch_tanh"},
                         {**LLAMA, "attention.layer_norm_epsilon": "norm_epsilon", "attention.sliding_window": "sliding_window"}),
    "stablelm": Family("stablelm", {}, {**LLAMA, **NORM, "use_parallel_residual": "use_parallel_residual",
                                        "rope.dimension_count": part(4)}),
    "olmo": Family("olmo", PLAIN, {**LLAMA, "attention.clamp_kqv": "clip_qkv"}, {"attention.layer_norm_epsilon": 1e-5}, halves=QK),
    "olmo2": Family("olmo2", PLAIN, {**LLAMA, **RMS}),
    "granite": Family("granite", {**PLAIN, "residual_multiplier": 0.25, "embedding_multiplier": 3.0, "attention_multiplier": 0.5,
                                  "logits_scaling": 4.0},
                      {**LLAMA, **RMS, "residual_scale": "residual_multiplier", "embedding_scale": "embedding_multiplier",
                       "attention.scale": "attention_multiplier", "logit_scale": "logits_scaling"}, halves=QK),
    "cohere": Family("command-r", PLAIN, {**LLAMA, **NORM, "logit_scale": "logit_scale"}),
    "bert": Family("bert", {"is_decoder": False}, {**LLAMA, **NORM}, {"attention.causal": False, "pooling_type": 2}),
    "nomic-bert": Family("nomic-bert", {}, {**LLAMA, **NORM}, {"attention.causal": False, "pooling_type": 1}),
    "t5": Family("t5", {"feed_forward_proj": "gated-gelu", "relative_attention_max_distance": 128},
                 {"embedding_length": "d_model", "feed_forward_length": "d_ff", "block_count": "num_layers",
                  "attention.head_count": "num_heads", "attention.key_length": "d_kv", "attention.value_length": "d_kv",
                  "attention.layer_norm_rms_epsilon": "layer_norm_epsilon", "decoder_start_token_id": "decoder_start_token_id",
                  "attention.relative_buckets_count": "relative_attention_num_buckets"}, {"context_length": 512}, case=1),
    "mamba": Family("mamba", {}, {"embedding_length": "hidden_size", "block_count": "num_hidden_layers",
                                  "ssm.conv_kernel": "conv_kernel", "ssm.inner_size": "intermediate_size",
                                  "ssm.state_size": "state_size", "ssm.time_step_rank": "time_step_rank",
                                  "attention.layer_norm_rms_epsilon": "layer_norm_epsilon"},
                    {"context_length": 1 << 20, "feed_forward_length": 0, "attention.head_count": 0}),
    "deepseek2": Family("deepseek2", {},
                        {**LLAMA, **RMS, **EXPERTS, "attention.q_lora_rank": "q_lora_rank", "attention.kv_lora_rank": "kv_lora_rank",
                         "attention.key_length": "qk_head_dim", "attention.value_length": "v_head_dim",
                         "rope.dimension_count": "qk_rope_head_dim", "leading_dense_block_count": "first_k_dense_replace",
                         "expert_count": "n_routed_experts", "expert_shared_count": "n_shared_experts",
                         "expert_weights_scale": "routed_scaling_factor", "expert_weights_norm": "norm_topk_prob"},
                        {"rope.scaling.type": "yarn", "rope.scaling.factor": 40.0, "rope.scaling.original_context_length": 16,
                         "rope.scaling.yarn_log_multiplier": 0.07}),
}


def stored_name(family, name):
    number = re.search(r"\.(\d+)\.", name)
    key = re.sub(r"\.\d+\.", ".*.", name, count=1)
    found = NAMES[family].get(key)
    return found and (found.replace("*", number.group(1)) if number else found)


def merged_experts(tensors):
    """HF names of experts -> (the stored name, the expert's number)."""
    parts = {"gate_proj": "gate", "up_proj": "up", "down_proj": "down", "w1": "gate", "w2": "down", "w3": "up"}
    found = {}
    for name in tensors:
        match = re.fullmatch(r".*layers\.(\d+)\..*\.experts\.(\d+)\.(\w+)\.weight", name)
        if match:
            found[name] = (f"blk.{match[1]}.ffn_{parts[match[3]]}_exps.weight", int(match[2]))
    return found


class Conversion:
    """What the converter of llama.cpp does with one tensor, and what a reader gets of it."""

    def __init__(self, family, config):
        self.family, self.config = family, config
        self.heads = config.get("num_attention_heads") or config.get("n_head") or config.get("n_heads")
        width = config.get("hidden_size") or config.get("n_embd") or config.get("d_model")
        self.size = config.get("head_dim") or (self.heads and width // self.heads)

    def permutation(self, name, rows):
        """Which row of transformers is the stored row, row by row."""
        size, family = self.size, self.family
        if any(part in name for part in family.halves):
            return [h * size + j * (size // 2) + i for h in range(rows // size) for i in range(size // 2) for j in range(2)]
        if family.groups and "attn_qkv" in name:
            groups = family.groups(self.config)
            together = self.heads // groups + 2
            parts = [[], [], []]
            for group in range(groups):
                for member in range(together):
                    part = max(0, member - (together - 3))
                    parts[part] += range((group * together + member) * size, (group * together + member + 1) * size)
            return sum(parts, [])
        return None

    def __call__(self, name, shape, values):
        """The stored shape and values, and what is read again."""
        order = self.permutation(name, shape[0])
        if order:
            assert sorted(order) == list(range(shape[0]))
            rows = gguf.rows_of(values, shape[0])
            return shape, gguf.joined(rows[row] for row in order)
        if self.family.turned and re.search(self.family.turned, name):
            return shape[::-1], gguf.transposed(values, shape[0])
        if any(part in name for part in self.family.raised):
            return shape, array.array("f", (v + 1 for v in values))
        if name.endswith("ssm_a"):
            return shape, array.array("f", (-math.exp(v) for v in values))
        if name.endswith("ssm_conv1d.weight"):
            return [shape[0], shape[2]], values
        return shape, values

    def back(self, name, shape, values):
        """What stands for `shape` of transformers again; values as stored."""
        order = self.permutation(name, shape[0])
        if order:
            rows = gguf.rows_of(values, shape[0])
            place = {row: at for at, row in enumerate(order)}
            return gguf.joined(rows[place[row]] for row in range(shape[0]))
        if self.family.turned and re.search(self.family.turned, name):
            return gguf.transposed(values, shape[1])
        if any(part in name for part in self.family.raised):
            return array.array("f", (v - 1 for v in values))
        if name.endswith("ssm_a"):
            return array.array("f", (math.log(-v) for v in values))
        return values


def metadata(family, config):
    values = {"general.architecture": family.arch, "general.name": "tiny"}
    for key, source in family.keys.items():
        content = source(config) if callable(source) else config.get(source)
        if content is not None:
            values[f"{family.arch}.{key}"] = content
    theta = rotary(config)
    if theta and f"{family.arch}.rope.freq_base" not in values:
        values[f"{family.arch}.rope.freq_base"] = float(theta)
    for key, content in family.values.items():
        values[f"{family.arch}.{key}"] = content
    return values


def write(name, folder):
    """folder/model: config.json and safetensors; folder/model.gguf, or its parts. The GGUF's path, and the case."""
    family = FAMILIES[name]
    case = sample.read(family.sample or name)[family.case]
    config = {**case["config"], **family.sets}
    config = {key: content for key, content in config.items() if content is not None}
    tensors = {t: shape for t, shape in case["tensors"].items() if stored_name(family.sample or name, t) or ".experts." in t}
    if name == "qwen2moe":  # its sample has experts in every other layer
        tensors |= {t.replace("layers.1.", "layers.0."): s for t, s in tensors.items() if "layers.1." in t}
        tensors = {t: s for t, s in tensors.items() if not re.search(r"mlp\.(gate|up|down)_proj", t)}
    convert, experts = Conversion(family, config), merged_experts(tensors)
    stored, read, merged = {}, {}, {}
    for tensor, shape in tensors.items():
        values = checkpoint.values(case["copies"].get(tensor, tensor), shape)
        target = experts.get(tensor, (stored_name(family.sample or name, tensor),))[0]
        shape_there, values_there = convert(target, shape, values)
        kind = family.kind if len(shape) == 2 and shape_there[-1] % 32 == 0 else gguf.F32
        data, numbers = gguf.encoded(values_there, kind)
        read[tensor] = (shape, convert.back(target, shape, numbers))
        if tensor in experts:
            merged.setdefault(target, {})[experts[tensor][1]] = (shape_there, kind, data)
        else:
            stored[target] = (shape_there, kind, data)
    for target, parts in merged.items():
        shape, kind, _ = parts[0]
        stored[target] = ([len(parts), *shape], kind, b"".join(parts[e][2] for e in range(len(parts))))
    for target, values in (family.tensors(config) if family.tensors else {}).items():
        stored[target] = ([len(values)], gguf.F32, values.tobytes())
    shutil.rmtree(folder, ignore_errors=True)
    checkpoint.write_values(folder / "model", config, read)
    if family.arch in ("bert", "nomic-bert"):
        write_modules(folder / "model", {1: "mean", 2: "cls"}[family.values["pooling_type"]])
    values = metadata(family, config)
    if family.split:
        return gguf.write_split(folder / "model", values, stored, family.split)[1], case
    gguf.write(folder / "model.gguf", values, stored)
    return folder / "model.gguf", case


def write_modules(folder, pooling):
    kinds = ["Transformer", "Pooling", "Normalize"]
    (folder / "modules.json").write_text(json.dumps(
        [{"idx": i, "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
         for i, kind in enumerate(kinds)]))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": pooling}))


def answers(heddle, model, output, case, *flags):
    built = subprocess.run([heddle, "build", model, "-o", output, *flags], capture_output=True, text=True)
    if built.returncode:
        sys.exit(f"{model}: {built.stderr}")
    library = Library(output)
    entries = {entry: answer for entry, answer in case["expected"].items() if library.has(entry)}
    batch = program.Batch.of(case["inputs"])
    found = program.call_all(library, batch, entries)
    if library.has("sentence"):  # which takes no types
        batch.types, width = None, next(iter(entries.values()))["width"]
        model = library.open(1)
        session = library.session(model)
        found["sentence"] = program.call_texts(library, session, "sentence", batch, batch.ids, width, None, False)
        library.close(model, session)
    return found


def main():
    heddle, directory, families = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:] or FAMILIES
    failed = 0
    for name in families:
        path, case = write(name, directory / name)
        one = answers(heddle, directory / name / "model", directory / name / "model.so", case, *PLAIN_CODE)
        rounds = FAMILIES[name].kind in (gguf.Q8_0, gguf.Q4_1)
        other = answers(heddle, path, directory / name / "gguf.so", case, *PLAIN_CODE, *(["--quant", "f32"] if rounds else []))
        entries = sorted(set(one) & set(other))
        wrong = []
        for entry in entries:
            a, b = Rows.pack(one[entry]), Rows.pack(other[entry])
            # Factors of llama3 are rounded when the file is made.
            near = max(map(abs, a)) * 1e-5 if name in ("llama3", "deepseek2") else 0
            if len(a) != len(b) or not max(map(abs, a)) > 1e-3 or any(not abs(x - y) <= near for x, y in zip(a, b)):
                wrong.append(entry)
        if rounds:  # blocks keep their bits: what is left is the rounding of activations, to 16 bits or to 8
            for flags, bound in ((), 2e-4), (("--activations", "int8"), 5e-2):
                kept = answers(heddle, path, directory / name / "kept.so", case, *flags)
                for entry in entries:
                    a, b = Rows.pack(one[entry]), Rows.pack(kept[entry])
                    far = max(abs(x - y) for x, y in zip(a, b)) / max(map(abs, a))
                    if len(a) != len(b) or not 0 < far < bound:
                        wrong.append(f"{entry} {' '.join(flags)} errs by {far:.1e}")
        print(f"{name}: {'other answers: ' + ' '.join(wrong) if wrong else 'the same answers: ' + ' '.join(entries)}")
        failed += bool(wrong or not entries)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
