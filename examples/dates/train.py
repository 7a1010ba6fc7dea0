#!/usr/bin/env python3
"""Trains the model of this folder, from nothing, on two idle CPU cores in about ten minutes.

    pip install torch==2.13.0 transformers==5.23.0 tokenizers safetensors
    python3 train.py --out DIR           # writes config.json, generation_config.json, tokenizer.json, model.safetensors, training.json

A T5 of 0.2 million parameters that reads and writes characters. Every batch is drawn anew by dates.py; the days of
heldout.tsv are never among them. AdamW, a linear rise and descent of the rate. The run is seeded; sums over threads may
differ in the last bit between machines.
"""
import argparse
import json
import pathlib
import random
import string
import time

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, processors
from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration
from transformers.utils import logging

import dates

HERE = pathlib.Path(__file__).resolve().parent
PAD, END, UNKNOWN = range(3)
CHARACTERS = string.digits + string.ascii_lowercase + " ,.-/'"


def make_tokenizer():
    """A token a character, in lower case, and an end behind them."""
    vocabulary = {token: i for i, token in enumerate(["<pad>", "</s>", "<unk>", *CHARACTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", END)])
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def make_model(vocabulary):
    return T5ForConditionalGeneration(T5Config(
        vocab_size=vocabulary, d_model=64, d_kv=16, d_ff=256, num_layers=2, num_decoder_layers=2, num_heads=4,
        relative_attention_num_buckets=24, relative_attention_max_distance=48, dropout_rate=0.0, feed_forward_proj="relu",
        tie_word_embeddings=True, pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=PAD))


def padded(rows):
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])


def draw_batch(r, tokenizer, size):
    pairs = []
    while len(pairs) < size:
        date = dates.draw_date(r, held_out=False)
        pairs.append((dates.spell(r, date), date.isoformat()))
    source, target = ([e.ids for e in tokenizer.encode_batch(texts)] for texts in zip(*pairs))
    return padded(source), padded(target)


@torch.no_grad()
def accuracy(model, tokenizer, pairs):
    """The share of questions whose answer is right, greedily."""
    right = 0
    for at in range(0, len(pairs), 250):
        part = pairs[at:at + 250]
        source = padded([e.ids for e in tokenizer.encode_batch([q for q, _ in part])])
        found = model.generate(source, attention_mask=(source != PAD).long(), max_new_tokens=12, do_sample=False)
        right += sum(tokenizer.decode(ids.tolist()) == answer for ids, (_, answer) in zip(found, part))
    return right / len(pairs)


def write(out, model, tokenizer, note):
    """The checkpoint as Hugging Face lays it, weights in f16."""
    out.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(max_new_tokens=11, eos_token_id=END, pad_token_id=PAD, decoder_start_token_id=PAD)
    model.half().save_pretrained(out)
    tokenizer.save(str(out / "tokenizer.json"))
    (out / "training.json").write_text(json.dumps(note, indent=1) + "\n")


def train(options):
    torch.manual_seed(1)
    r = random.Random(1)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer.get_vocab_size())
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 200, max(0.0, (options.steps - step) / options.steps)))
    start, losses = time.time(), []
    for step in range(options.steps):
        source, target = draw_batch(r, tokenizer, options.batch)
        labels = target.masked_fill(target == PAD, -100)
        loss = model(input_ids=source, attention_mask=(source != PAD).long(), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % 100 == 99:
            print(f"step {step + 1} loss {sum(losses[-100:]) / 100:.4f} {time.time() - start:.0f} s", flush=True)
    return model.eval(), tokenizer, sum(losses[-100:]) / 100


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--rate", type=float, default=3e-3)
    options = parser.parse_args()
    logging.set_verbosity_error()
    model, tokenizer, loss = train(options)
    held_out = list(dates.questions().items())
    note = {"parameters": sum(p.numel() for p in model.parameters()), "steps": options.steps, "batch": options.batch, "loss": round(loss, 5),
            "held_out_right": accuracy(model, tokenizer, held_out)}
    print(note)
    write(options.out, model, tokenizer, note)


if __name__ == "__main__":
    main()
