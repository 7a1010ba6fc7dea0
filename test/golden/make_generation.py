#!/usr/bin/env python3
"""Makes generation.json: what generate() of transformers writes with models of this folder and the settings of a
generation_config.json, token for token, without sampling.

    pip install torch==2.13.0 transformers==5.23.0
    python3 make_generation.py

Settings are drawn until each of them changes a text and no decision is close, so that a setting that is not honoured shows.
"""
import json
import math
import pathlib
import random

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY = 97
PROMPTS = 8
CLOSEST = 2e-3                               # between the first two logits; f32 strays by less than 1e-4


def token(r):
    return r.randrange(2, VOCABULARY)


def tokens(r, count):
    return r.sample(range(2, VOCABULARY), count)


# Of each model: where its settings stand, and how they are drawn from tokens, and runs of two, that it writes without.
CASES = {
    "gpt2": ("generation_config.json", lambda r, seen, runs: {
        "eos_token_id": r.sample(seen, 2), "max_new_tokens": 20, "min_new_tokens": 9, "repetition_penalty": 1.3,
        "no_repeat_ngram_size": 2, "bad_words_ids": [[r.choice(seen)], r.sample(seen, 2)],
        "suppress_tokens": r.sample(seen, 2)}),
    "llama": ("config.json", lambda r, seen, runs: {
        "eos_token_id": r.choice(seen), "max_length": 24, "min_length": 12, "repetition_penalty": 0.8,
        "forced_eos_token_id": token(r), "begin_suppress_tokens": r.sample(seen, 6)}),
    "marian": ("config.json", lambda r, seen, runs: {
        "eos_token_id": r.choice(seen), "decoder_start_token_id": token(r), "max_length": 14, "min_length": 6,
        "forced_eos_token_id": token(r), "bad_words_ids": [[i] for i in r.sample(seen, 4)],
        "no_repeat_ngram_size": 2}),
    "t5": ("generation_config.json", lambda r, seen, runs: {
        "eos_token_id": r.sample(seen, 2), "decoder_start_token_id": token(r), "forced_bos_token_id": token(r),
        "max_new_tokens": 16, "no_repeat_ngram_size": 3, "begin_suppress_tokens": r.sample(seen, 8),
        "bad_words_ids": r.sample(runs, 8)}),
}


def generate(model, prompts, settings):
    """The new ids of each prompt, and how close the closest free decision is."""
    config = transformers.GenerationConfig(**{"pad_token_id": 0, **settings})
    model.generation_config = config
    start = 1 if model.config.is_encoder_decoder else None
    texts, closest = [], math.inf
    for prompt in prompts:
        ids = torch.tensor([prompt])
        result = model.generate(ids, attention_mask=torch.ones_like(ids), return_dict_in_generate=True, output_scores=True)
        texts.append(result.sequences[0, start or len(prompt):].tolist())
        for scores in result.scores:
            best = scores[0].topk(2).values
            if best[1] > -math.inf:
                closest = min(closest, (best[0] - best[1]).item())
    return texts, closest


def make(name, place, draw):
    auto = transformers.AutoModelForSeq2SeqLM if name in ("marian", "t5") else transformers.AutoModelForCausalLM
    model = auto.from_pretrained(HERE / name, dtype=torch.float32).eval()
    for seed in range(1000):
        r = random.Random(f"{name} {seed}")
        prompts = [tokens(r, length) for length in r.sample([1, 1, 2, 3, 4, 5, 8, 11], PROMPTS)]
        plain = {"max_new_tokens": 12, "decoder_start_token_id": token(r), "no_repeat_ngram_size": 2}
        texts, closest = generate(model, prompts, plain)
        seen = sorted({i for text in texts for i in text if i > 1})
        runs = [list(run) for run in sorted({run for text in texts for run in zip(text, text[1:])})]
        if len(seen) < 9:
            continue
        settings = draw(r, seen, runs)
        texts, closest = generate(model, prompts, settings)
        if closest < CLOSEST:
            continue

        def without(key):
            others = {"max_new_tokens": 30} if key.startswith("max") else {"decoder_start_token_id": 1}
            return {**others, **{k: v for k, v in settings.items() if k != key}}

        if all(generate(model, prompts, without(key))[0] != texts for key in settings):
            print(f"{name:8} seed {seed} closest decision {closest:.1e}")
            return {"model": name, "place": place, "settings": settings, "prompts": prompts, "texts": texts}
    raise SystemExit(f"{name}: no settings found")


def main():
    transformers.utils.logging.set_verbosity_error()
    cases = [make(name, *case) for name, case in CASES.items()]
    (HERE / "generation.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")


if __name__ == "__main__":
    main()
