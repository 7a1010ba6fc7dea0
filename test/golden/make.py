#!/usr/bin/env python3
"""Makes the golden files of this folder: tiny random Hugging Face models, inputs, and what Hugging Face computes.

    pip install torch==2.13.0 transformers==5.23.0 numpy safetensors
    python3 make.py [NAME ...]           # rewrites the named models beside this script; all of them without names
                                         # `scripture` stands for the text that the trained model of examples/ writes

README.md describes the files. Every expectation is computed in f32 from the model as read back from its folder, one row
at a time, without padding. Before anything is written the script makes sure that the numbers can tell right from
wrong: each model is run again with one rule of its architecture broken, and every output must move by far more than
the tolerance of the tests.
"""
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
import transformers
from transformers import (BertConfig, BertModel, Glm4Config, Glm4ForCausalLM, GlmConfig, GlmForCausalLM, GPT2Config,
                          GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MarianConfig, MarianMTModel, MistralConfig,
                          MistralForCausalLM, MixtralConfig, MixtralForCausalLM, Qwen2Config, Qwen2ForCausalLM,
                          Qwen3Config, Qwen3ForCausalLM, T5Config, T5ForConditionalGeneration, ViTConfig,
                          ViTForImageClassification)

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY = 97
LENGTHS = [5, 1, 14, 3, 12, 8, 2, 7]         # row 4 is the single sequence
TARGET_LENGTHS = [3, 6, 1, 2, 9, 4, 11, 5]   # what a decoder is given, for models with an encoder
SINGLE_ROW = 4
PROMPTS = ["In the beginning", "And the king said unto", "Wisdom is", "Behold, the days come",
           "The grace of our Lord Jesus Christ be with"]  # the last one comes to an end by itself
NEW_TOKENS = 40
MUST_MOVE = 0.01                             # a broken rule moves every output by more; the tests allow 1e-4

# Sizes differ wherever the architecture lets them, so that a transposed or confused axis cannot go unseen.
DECODER = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=56, num_hidden_layers=3, num_attention_heads=4,
               num_key_value_heads=2, max_position_embeddings=64, bos_token_id=0, eos_token_id=0, pad_token_id=None)
CLASSIC = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=56, num_hidden_layers=3, num_attention_heads=4,
               max_position_embeddings=64)
LLAMA3_ROPE = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=32)


class Case:
    """config: the architecture; breaks: changes to it that every output must feel; dtype, shard: of the weights file;
    edits: config.json keys written over what transformers writes; as_published: config.json as before transformers 5."""

    def __init__(self, model, config, breaks, kind="causal", dtype=torch.float32, shard="1GB", edits={}, as_published=True):
        self.model, self.config, self.breaks, self.kind = model, config, breaks, kind
        self.dtype, self.shard, self.edits, self.as_published = dtype, shard, edits, as_published


def rope(**parameters):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, **parameters}}


CASES = {
    "bert": Case(BertModel, BertConfig(**CLASSIC, type_vocab_size=2), [{"hidden_act": "relu"}], kind="bert"),
    "gpt2": Case(GPT2LMHeadModel,
                 GPT2Config(vocab_size=VOCABULARY, n_positions=64, n_embd=32, n_layer=3, n_head=4, n_inner=56,
                            bos_token_id=0, eos_token_id=0), [{"activation_function": "relu"}]),
    "llama": Case(LlamaForCausalLM, LlamaConfig(**DECODER, **rope()), [rope(rope_theta=100.0)], dtype=torch.bfloat16),
    "llama3-rope": Case(LlamaForCausalLM,
                        LlamaConfig(**DECODER, tie_word_embeddings=True, **rope(**{**LLAMA3_ROPE, "rope_theta": 100.0})),
                        [rope(rope_theta=100.0)], dtype=torch.bfloat16),
    "mistral-window": Case(MistralForCausalLM, MistralConfig(**DECODER, sliding_window=5, **rope()),
                           [{"sliding_window": 6}], dtype=torch.float16),
    "qwen2": Case(Qwen2ForCausalLM, Qwen2Config(**DECODER, tie_word_embeddings=True, **rope(rope_theta=1000.0)),
                  [rope()], shard="50KB", edits={"sliding_window": 6, "use_sliding_window": False}),
    "qwen3": Case(Qwen3ForCausalLM, Qwen3Config(**DECODER, head_dim=12, tie_word_embeddings=True, **rope(rope_theta=1000.0)),
                  [rope()], dtype=torch.bfloat16, as_published=False),
    "mixtral": Case(MixtralForCausalLM,
                    MixtralConfig(**{**DECODER, "intermediate_size": 24}, num_local_experts=5, num_experts_per_tok=2, sliding_window=None, **rope()),
                    [{"num_experts_per_tok": 1}], dtype=torch.bfloat16),
    "glm": Case(GlmForCausalLM, GlmConfig(**DECODER, head_dim=12, attention_bias=True,
                                          **rope(partial_rotary_factor=0.5)), [rope(partial_rotary_factor=1.0)], kind="step", dtype=torch.bfloat16),
    "glm4": Case(Glm4ForCausalLM, Glm4Config(**DECODER, head_dim=12, attention_bias=True,
                                             **rope(partial_rotary_factor=0.5)), [rope(partial_rotary_factor=1.0)], kind="step", dtype=torch.bfloat16),
    "marian": Case(MarianMTModel,
                   MarianConfig(vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=2,
                                encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=56,
                                decoder_ffn_dim=56, max_position_embeddings=64, activation_function="swish",
                                scale_embedding=True, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0),
                   [{"activation_function": "relu"}, {"scale_embedding": False}], kind="seq2seq", dtype=torch.float16),
    "t5": Case(T5ForConditionalGeneration,
               T5Config(vocab_size=VOCABULARY, d_model=32, d_kv=6, d_ff=56, num_layers=2, num_decoder_layers=2, num_heads=4,
                        relative_attention_num_buckets=8, relative_attention_max_distance=10,
                        feed_forward_proj="gated-gelu", tie_word_embeddings=True, pad_token_id=0, eos_token_id=1,
                        decoder_start_token_id=0),
               [{"relative_attention_max_distance": 14}], kind="seq2seq", dtype=torch.bfloat16),
    "vit": Case(ViTForImageClassification,
                ViTConfig(hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4, image_size=12,
                          patch_size=4, num_channels=3, num_labels=5), [{"hidden_act": "relu"}], kind="vit",
                dtype=torch.bfloat16),
}


def randomise(model, seed):
    """Weights large enough that attention is far from uniform and no bias or scale is at its neutral value."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        if p.ndim < 2:
            p.data = (noise * 0.2 + 1.0) if name.endswith("weight") else noise * 0.3
        elif "embed" in name or "shared" in name or "wte" in name or "wpe" in name or "relative" in name:
            p.data = noise * 0.5
        else:
            p.data = noise * 0.25
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.normal_(generator=generator)


def as_published(config):
    """Checkpoints written before transformers 5 say rope_theta and rope_scaling; most published ones are of that kind."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    config["rope_scaling"] = rope if rope["rope_type"] != "default" else None


def load(case, folder, **changes):
    config = type(case.config).from_pretrained(folder)
    for key, value in changes.items():
        setattr(config, key, value)
    model = case.model.from_pretrained(folder, config=config, dtype=torch.float32, attn_implementation="eager",
                                      experts_implementation="eager")
    return model.eval()


def rows(packed, lengths):
    return torch.from_numpy(packed).long().split(lengths)


@torch.no_grad()
def run(case, model, data):
    """What each entry of the model's Heddle file answers: entry name -> one packed array a set of inputs."""
    found = {}
    for suffix, lengths, targets in (("12", [12], [TARGET_LENGTHS[SINGLE_ROW]]), ("ragged", LENGTHS, TARGET_LENGTHS)):
        parts = {}

        def put(entry, tensor):
            parts.setdefault(entry, []).append(tensor.float().numpy())

        if case.kind == "vit":
            images = torch.from_numpy(data[f"images_{'1' if suffix == '12' else '3'}"])
            found[f"classify_{len(images)}"] = model(pixel_values=images).logits.numpy()
            continue
        ids = rows(data[f"ids_{suffix}"], lengths)
        if case.kind in ("causal", "step"):
            for row in ids:
                logits = model(row[None]).logits[0]
                put("step", logits[-1:])
                if case.kind == "causal":
                    put("score", logits)
        elif case.kind == "bert":
            for row, types in zip(ids, rows(data[f"types_{suffix}"], lengths)):
                out = model(row[None], token_type_ids=types[None])
                put("encode", out.last_hidden_state[0])
                put("pool", out.pooler_output)
                mean = model(row[None]).last_hidden_state[0].mean(0, keepdim=True)
                put("sentence", torch.nn.functional.normalize(mean, dim=-1))
        elif case.kind == "seq2seq":
            for row, target in zip(ids, rows(data[f"target_{suffix}"], targets)):
                out = model(input_ids=row[None], decoder_input_ids=target[None])
                put("memory", out.encoder_last_hidden_state[0])
                put("step", out.logits[0][-1:])
        for entry, pieces in parts.items():
            found[f"{entry}_{suffix}"] = np.concatenate(pieces)
    return found


def inputs():
    generator = np.random.default_rng(20)
    ragged = generator.integers(2, VOCABULARY, sum(LENGTHS), dtype=np.int32)
    types = (np.concatenate([np.arange(n) >= n // 2 for n in LENGTHS])).astype(np.int32)
    target = generator.integers(2, VOCABULARY, sum(TARGET_LENGTHS), dtype=np.int32)
    images = generator.standard_normal((3, 3, 12, 12), dtype=np.float32)
    row = slice(sum(LENGTHS[:SINGLE_ROW]), sum(LENGTHS[:SINGLE_ROW + 1]))
    target_row = slice(sum(TARGET_LENGTHS[:SINGLE_ROW]), sum(TARGET_LENGTHS[:SINGLE_ROW + 1]))
    return {
        "ids_ragged": ragged, "ids_12": ragged[row], "lengths_ragged": np.array(LENGTHS, np.int32),
        "types_ragged": types, "types_12": types[row], "target_ragged": target, "target_12": target[target_row],
        "target_lengths_ragged": np.array(TARGET_LENGTHS, np.int32), "images_3": images, "images_1": images[1:2],
    }


def check_sensitive(name, case, folder, expected, data):
    for change in case.breaks:
        other = run(case, load(case, folder, **change), data)
        for entry, array in expected.items():
            moved = np.abs(other[entry] - array).max()
            assert moved > MUST_MOVE, f"{name}: {entry} moves only by {moved:.2g} under {change}"


def make(name, data):
    case, folder = CASES[name], HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    case.config._attn_implementation = "eager"
    model = case.model(case.config).eval()
    randomise(model, seed=sorted(CASES).index(name) + 1)
    model.to(case.dtype).save_pretrained(folder, max_shard_size=case.shard)
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    if case.as_published and "rope_parameters" in config:
        as_published(config)
    (folder / "config.json").write_text(json.dumps({**config, **case.edits}, indent=2) + "\n")

    model = load(case, folder)
    expected = run(case, model, data)
    check_sensitive(name, case, folder, expected, data)
    exact = run(case, model.double(), data)
    error = max(np.abs(exact[e] - a).max() / np.abs(a).max() for e, a in expected.items())
    for entry, array in expected.items():
        np.save(folder / f"{entry}.npy", array.astype(np.float32))
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name:15} {size / 1e3:6.0f} kB  rounding {error:.1e}  largest "
          + "  ".join(f"{e} {np.abs(a).max():.1f}" for e, a in expected.items()))


@torch.no_grad()
def make_text(name):
    """The most probable continuation of each prompt; tokens so clearly first that rounding cannot change them."""
    checkpoint, folder = HERE.parent.parent / "examples" / name, HERE / name
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(checkpoint / "tokenizer.json"))
    model = LlamaForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    texts, closest = [], np.inf
    for prompt in PROMPTS:
        ids = tokenizer(prompt)["input_ids"]
        start = len(ids)
        while len(ids) < start + NEW_TOKENS and ids[-1] != model.config.eos_token_id:
            best = model(torch.tensor([ids])).logits[0, -1].topk(2)
            closest = min(closest, (best.values[0] - best.values[1]).item())
            ids.append(best.indices[0].item())
        texts.append({"prompt": prompt, "prompt_ids": ids[:start], "ids": ids[start:],
                      "text": tokenizer.decode(ids[start:], skip_special_tokens=True)})
    assert closest > 1e-2, f"{name}: the first two candidates are only {closest:.1e} apart, choose other prompts"
    folder.mkdir(exist_ok=True)
    (folder / "greedy.json").write_text("[\n" + ",\n".join(map(json.dumps, texts)) + "\n]\n")
    print(f"{name:15} closest decision {closest:.1e}\n" + "\n".join(t["prompt"] + "|" + t["text"] for t in texts))


def main():
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    data = inputs()
    for name, array in data.items():
        np.save(HERE / f"{name}.npy", array)
    for name in sys.argv[1:] or [*CASES, "scripture"]:
        make_text(name) if name == "scripture" else make(name, data)


if __name__ == "__main__":
    main()
