#!/usr/bin/env python3
"""Trains the small generative model of this folder, from nothing, on two idle CPU cores in about half an hour.

    apt-get install bible-kjv            # the text: the King James Bible, public domain
    pip install torch transformers tokenizers safetensors
    python3 train.py --out DIR           # writes config.json, tokenizer.json, model.safetensors, ...; run again, it resumes

On a busy machine OMP_WAIT_POLICY=passive keeps the two threads from spinning while they wait for each other.

A Llama (grouped-query attention, SwiGLU, tied embedding) over a byte-level BPE of 3072 pieces. One verse a line, one
chapter a document. Muon for the matrices, AdamW for the rest; constant rate, then a linear descent to zero over the last
part of the run, so that a run may be prolonged (--steps) as long as the descent has not begun. The weights written are
those of the best validation loss: every 50th chapter is held out. The run is seeded; sums over threads may differ in the
last bit between machines.
"""
import argparse
import json
import math
import pathlib
import re
import subprocess
import time

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional as F
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

EOS = "<|endoftext|>"
VOCABULARY = 3072
CONTEXT = 256
PROMPTS = ["In the beginning", "And the king said unto", "Blessed are they", "And it came to pass"]


def chapters():
    """The text as Debian's bible-kjv prints it: one string a chapter, one verse a line, without verse numbers."""
    text = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, check=True).stdout.decode("ascii")
    found = {}
    for line in text.splitlines():
        chapter, verse = re.fullmatch(r"(\S+?\d+):\d+ (.*)", line).groups()
        found.setdefault(chapter, []).append(verse.strip())
    return ["\n".join(verses) + "\n" for verses in found.values()]


def train_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[EOS], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return tokenizer


def encode(tokenizer, texts):
    eos = tokenizer.token_to_id(EOS)
    return torch.tensor([i for e in tokenizer.encode_batch(texts) for i in [eos] + e.ids] + [eos])


def make_model(eos):
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=256, intermediate_size=640, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=64, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, rope_theta=10000.0,
        tie_word_embeddings=True, bos_token_id=eos, eos_token_id=eos, initializer_range=0.02, use_cache=False))


def make_optimizers(model):
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    embedding = [p for n, p in model.named_parameters() if "embed" in n]
    scales = [p for p in model.parameters() if p.ndim < 2]
    return [
        torch.optim.Muon(matrices, lr=8e-3, momentum=0.95, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([{"params": embedding, "weight_decay": 0.05}, {"params": scales, "weight_decay": 0.0}],
                          lr=4e-3, betas=(0.9, 0.95)),
    ]


def rate(step, steps, descent):
    return min(1.0, (step + 1) / 100, (steps - step) / (steps * descent))


@torch.no_grad()
def validate(model, ids):
    model.eval()
    windows = ids[:(len(ids) - 1) // CONTEXT * CONTEXT + 1]
    x, y = windows[:-1].view(-1, CONTEXT), windows[1:].view(-1, CONTEXT)
    losses = [F.cross_entropy(model(a).logits.flatten(0, 1).float(), b.flatten()) for a, b in zip(x.split(16), y.split(16))]
    sizes = [len(a) for a in x.split(16)]
    model.train()
    return (sum(l * n for l, n in zip(losses, sizes)) / sum(sizes)).item()


@torch.no_grad()
def sample(model, tokenizer, prompt, length=80, temperature=0.7, top_k=40):
    model.eval()
    generator = torch.Generator().manual_seed(1)
    ids = tokenizer.encode(prompt).ids
    for _ in range(length):
        logits, candidates = model(torch.tensor([ids])).logits[0, -1].float().topk(top_k)
        ids.append(candidates[torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)].item())
        if ids[-1] == tokenizer.token_to_id(EOS):
            break
    model.train()
    return tokenizer.decode(ids)


def write(out, weights, model, tokenizer, note):
    """The checkpoint as Hugging Face lays it, weights in bf16."""
    out.mkdir(parents=True, exist_ok=True)
    saved = make_model(tokenizer.token_to_id(EOS))
    saved.load_state_dict(weights)
    saved.config.use_cache = True
    saved.generation_config = GenerationConfig(bos_token_id=saved.config.bos_token_id, do_sample=True, temperature=0.7, top_k=40,
                                               eos_token_id=saved.config.eos_token_id)
    saved.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save(str(out / "tokenizer.json"))
    (out / "training.json").write_text(json.dumps(note, indent=1) + "\n")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--out", type=pathlib.Path, required=True)
    options.add_argument("--steps", type=int, default=2000)
    options.add_argument("--batch", type=int, default=16, help="windows of 256 tokens a step")
    options.add_argument("--descent", type=float, default=0.3, help="the part of the run over which the rate falls to 0")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--every", type=int, default=100, help="steps between validations")
    o = options.parse_args()
    logging.disable_progress_bar()
    torch.manual_seed(o.seed)
    torch.set_num_threads(o.threads)

    texts = chapters()
    training = [t for i, t in enumerate(texts) if i % 50 != 25]
    tokenizer = train_tokenizer(training)
    ids, held_out = encode(tokenizer, training), encode(tokenizer, texts[25::50])
    model = make_model(tokenizer.token_to_id(EOS))
    optimizers = make_optimizers(model)
    base = [[g["lr"] for g in opt.param_groups] for opt in optimizers]
    print(f"{model.num_parameters()} parameters, {len(ids)} tokens to train on, {len(held_out)} held out", flush=True)

    o.out.mkdir(parents=True, exist_ok=True)
    resume, step, best, order = o.out / "resume.pt", 0, math.inf, torch.empty(0, dtype=torch.long)
    if resume.exists():
        saved = torch.load(resume, weights_only=True)
        model.load_state_dict(saved["model"])
        for opt, state in zip(optimizers, saved["optimizers"]):
            opt.load_state_dict(state)
        step, best, order = saved["step"], saved["best"], saved["order"]
        torch.set_rng_state(saved["random"])
    began, total = time.time(), 0.0
    while step < o.steps:
        if len(order) < o.batch:  # a new epoch: all windows once, in a new order, cut at a new offset
            starts = torch.arange(torch.randint(CONTEXT, ()).item(), len(ids) - CONTEXT - 1, CONTEXT)
            order = starts[torch.randperm(len(starts))]
        starts, order = order[:o.batch], order[o.batch:]
        x = torch.stack([ids[s:s + CONTEXT] for s in starts])
        y = torch.stack([ids[s + 1:s + CONTEXT + 1] for s in starts])
        for opt, rates in zip(optimizers, base):
            for group, lr in zip(opt.param_groups, rates):
                group["lr"] = lr * rate(step, o.steps, o.descent)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x).logits
        loss = F.cross_entropy(logits.flatten(0, 1).float(), y.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in optimizers:
            opt.step()
            opt.zero_grad(set_to_none=True)
        step, total = step + 1, total + loss.item()
        if step % 10 == 0:
            print(f"step {step} loss {total / 10:.4f} seconds {time.time() - began:.0f}", flush=True)
            total = 0.0
        if step % o.every == 0 or step == o.steps:
            held = validate(model, held_out)
            print(f"step {step} held out {held:.4f}", flush=True)
            for prompt in PROMPTS[:2]:
                print("   ", sample(model, tokenizer, prompt, 50).replace("\n", "\n    "), flush=True)
            if held < best:
                best = held
                note = {"step": step, "tokens": step * o.batch * CONTEXT, "held_out_loss_per_token": round(held, 4)}
                write(o.out, model.state_dict(), model, tokenizer, note)
            torch.save({"model": model.state_dict(), "optimizers": [opt.state_dict() for opt in optimizers], "step": step,
                        "best": best, "order": order, "random": torch.get_rng_state()}, resume)
    for prompt in PROMPTS:
        print(sample(model, tokenizer, prompt), "\n")


if __name__ == "__main__":
    main()
