#!/usr/bin/env python3
"""Makes verify.json: perplexity, KL divergence, agreement and cosines of models of this folder, of the one of examples/scripture and of
a BERT of end-to-end/configurations, where some of their products are of bf16, by PyTorch.

    pip install torch==2.13.0 transformers==5.23.0 tokenizers==0.22.1
    python3 make_verify.py

A product of bf16 rounds its weight and what it multiplies it with, and adds up in f32. Texts are cut as compiler/driver/VerifyText.h
says: windows of 512 tokens or as many as the model takes, spread evenly where there are more tokens than are judged.
"""
import json
import math
import pathlib
import re
import sys
import tempfile

import tokenizers
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end-to-end"))
import verify_golden  # noqa: E402

LONGEST, LONGEST_OF_VECTORS, MASKED_EVERY = 512, 64, 7


def rounded(model, pattern):
    """Products whose weight's name fits round to bf16."""
    def product(x, weight, bias):
        y = x.bfloat16().float() @ weight.bfloat16().float()
        return y if bias is None else y + bias

    for name, module in model.named_modules():
        if not re.search(pattern, f"{name}.weight"):
            continue
        if isinstance(module, torch.nn.Linear):
            module.forward = lambda x, own=module: product(x, own.weight.T, own.bias)
        elif isinstance(module, transformers.pytorch_utils.Conv1D):
            module.forward = lambda x, own=module: product(x, own.weight, own.bias)
    return model


def windows(ids, length, most):
    if most >= len(ids):
        return [ids[at:at + length] for at in range(0, len(ids), length)]
    length = min(length, most)
    count = max(most // length, 1)
    return [ids[k * (len(ids) // count):][:length] for k in range(count)]


def distributions(model, kind, window, case):
    """Logits of the places that are judged, and the tokens there."""
    start, mask = case.get("decoder_start"), case.get("mask")
    if kind == "next":
        return model(torch.tensor([window])).logits[0, :-1], window[1:]
    if kind == "translated":
        given = torch.tensor([[start] + window])
        return model(input_ids=torch.tensor([window]), decoder_input_ids=given).logits[0, :-1], window
    places = [i for i in range(len(window)) if i % MASKED_EVERY == MASKED_EVERY // 2]
    masked = [mask if i in places else token for i, token in enumerate(window)]
    return model(torch.tensor([masked])).logits[0, places], [window[i] for i in places]


def judge_logits(exact, built, case, cut):
    logs, builts, divergences, same = [], [], [], 0
    for window in cut:
        one, tokens = distributions(exact, case["kind"], window, case)
        other, _ = distributions(built, case["kind"], window, case)
        p, q = one.double().log_softmax(-1), other.double().log_softmax(-1)
        index = torch.arange(len(tokens)), torch.tensor(tokens, dtype=torch.long)
        logs += p[index].tolist()
        builts += q[index].tolist()
        divergences += (p.exp() * (p - q)).sum(-1).tolist()
        same += int((p.argmax(-1) == q.argmax(-1)).sum())
    count = len(logs)
    return {"tokens": count, "perplexity_f32": math.exp(-sum(logs) / count), "perplexity": math.exp(-sum(builts) / count),
            "kl_mean": sum(divergences) / count, "kl_99": sorted(divergences)[math.ceil(0.99 * count) - 1],
            "kl_largest": max(divergences), "agreement": same / count}


def judge_vectors(exact, built, cut):
    one, other = ([model(torch.tensor([window])) for window in cut] for model in (exact, built))
    cosine = torch.nn.functional.cosine_similarity
    means, pooled = [], []
    for a, b in zip(one, other):
        means += cosine(a.last_hidden_state[0].double(), b.last_hidden_state[0].double(), dim=-1).tolist()
        pooled.append(float(cosine(a.pooler_output[0].double(), b.pooler_output[0].double(), dim=-1)))
    return {"encode": [sum(means) / len(means), min(means)], "pool": [sum(pooled) / len(pooled), min(pooled)]}


def main():
    torch.set_grad_enabled(False)
    results = []
    for case in verify_golden.CASES:
        with tempfile.TemporaryDirectory() as folder:
            source = verify_golden.checkpoint_of(case, pathlib.Path(folder) / "model")
            config = transformers.AutoConfig.from_pretrained(source)
            load = getattr(transformers, config.architectures[0]).from_pretrained
            exact = load(source, dtype=torch.float32).eval()
            built = rounded(load(source, dtype=torch.float32).eval(), case["rounded"])
            if "text" in case:
                text = (verify_golden.ROOT / case["text"]).read_text()
                ids = tokenizers.Tokenizer.from_file(str(source / "tokenizer.json")).encode(text, add_special_tokens=False).ids
            else:
                ids = verify_golden.ids_of(case)
        takes = getattr(config, "max_position_embeddings", None) or LONGEST
        length = min(LONGEST_OF_VECTORS if case["kind"] == "vectors" else LONGEST, takes)
        length -= case["kind"] == "translated"  # the token that begins a decoder's text
        cut = windows(ids, length, case["tokens"])
        result = judge_vectors(exact, built, cut) if case["kind"] == "vectors" else judge_logits(exact, built, case, cut)
        results.append({"name": case["name"], **result})
        print(results[-1])
    (HERE / "verify.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
