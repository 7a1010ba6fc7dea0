#!/usr/bin/env python3
"""Makes sampling.json: what the processors of transformers leave of random logits, in the order of generate().

    pip install torch==2.13.0 transformers==5.23.0

transformers has no penalties of frequency and presence: they are those of OpenAI's interface, which take from a token's logit for what
was written of it, behind the repetition penalty. Cases in which a token is nearly kept or dropped are drawn again.
"""
import json
import pathlib
import random

import torch
from transformers.generation import logits_process as processors

VOCABULARY, CASES, PROMPT = 60, 120, 6


def draw(r):
    """Options: each is there more often than not."""
    options = {
        "temperature": round(r.uniform(0.4, 1.8), 2), "top_k": r.randrange(3, 50), "top_p": round(r.uniform(0.4, 0.98), 2),
        "min_p": round(r.uniform(0.01, 0.3), 2), "typical_p": round(r.uniform(0.3, 0.95), 2), "repetition_penalty": round(r.uniform(0.7, 1.6), 2),
        "frequency_penalty": round(r.uniform(-0.5, 1), 2), "presence_penalty": round(r.uniform(-0.5, 1.5), 2)}
    return {key: value for key, value in options.items() if r.random() < 0.45}


def processed(scores, ids, prompt, biases, options):
    """The scores behind all processors."""
    def apply(processor):
        nonlocal scores
        scores = processor(ids, scores)

    if biases:
        apply(processors.SequenceBiasLogitsProcessor([[[token], bias] for token, bias in biases.items()]))
    if "repetition_penalty" in options:
        apply(processors.RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
    counts = torch.bincount(ids[0, prompt:], minlength=VOCABULARY).float()
    scores = scores - options.get("frequency_penalty", 0) * counts - options.get("presence_penalty", 0) * (counts > 0)
    for name, make in (("temperature", processors.TemperatureLogitsWarper), ("top_k", processors.TopKLogitsWarper),
                       ("top_p", processors.TopPLogitsWarper), ("min_p", processors.MinPLogitsWarper), ("typical_p", processors.TypicalLogitsWarper)):
        if name in options:
            apply(make(options[name]))
    return scores


def is_close(scores, *arguments):
    """Whether scores that stray a little leave other tokens."""
    left = torch.isfinite(processed(scores, *arguments))
    torch.manual_seed(0)
    return any(bool((torch.isfinite(processed(scores + 1e-4 * torch.randn_like(scores), *arguments)) != left).any()) for _ in range(20))


def main():
    r, cases = random.Random(7), []
    while len(cases) < CASES:
        options = draw(r)
        logits = [round(r.gauss(0, 3), 4) for _ in range(VOCABULARY)]
        seen = [r.randrange(VOCABULARY // 3) for _ in range(PROMPT + r.randrange(12))]
        biases = {token: round(r.uniform(-4, 4), 2) for token in r.sample(range(VOCABULARY), r.choice([0, 0, 3]))}
        given = torch.tensor([logits]), torch.tensor([seen]), PROMPT, biases, options
        if is_close(*given):
            continue
        scores = processed(*given)[0].double()
        ids = torch.isfinite(scores).nonzero()[:, 0].tolist()
        cases.append({"options": options, "logits": logits, "seen": seen, "prompt": PROMPT, "biased": list(biases), "biases": list(biases.values()),
                      "ids": ids, "probabilities": [float(f"{p:.7g}") for p in scores.softmax(0)[ids].tolist()]})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (pathlib.Path(__file__).parent / "sampling.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    main()
