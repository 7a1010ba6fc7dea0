#!/usr/bin/env python3
"""Makes calibration.json: how large the inputs of products of two models of this folder are, by PyTorch.

    pip install torch==2.13.0 transformers==5.23.0
    python3 make_calibration.py

Of each weight, the mean square of each input over the tokens that its product is given, as a share of the mean of all inputs; 16
tokens more count as if they had that mean. Noted are the input that is largest, its share, and the least share.
"""
import collections
import json
import pathlib
import sys

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end-to-end"))
import calibrate_golden  # noqa: E402

WINDOW, PRIOR = 64, 16
# A name of transformers' module → the path of its weight.
PATHS = {"gpt2": [("transformer.", ""), ("lm_head", "wte")], "mixtral": [("model.", ""), (".mlp.", ".block_sparse_moe.")]}


class Sums(collections.defaultdict):
    """By path, Σ x² and the number of tokens."""

    def __init__(self):
        super().__init__(lambda: [0, 0])

    def see(self, path, x):
        x = x.detach().double().reshape(-1, x.shape[-1])
        self[path][0] = self[path][0] + (x * x).sum(0)
        self[path][1] += len(x)

    def shares(self):
        for path, (squares, tokens) in sorted(self.items()):
            shares = (squares / squares.mean() * tokens + PRIOR) / (tokens + PRIOR)
            yield path, [int(shares.argmax()), float(shares.max()), float(shares.min())]


def path_of(model, name):
    for old, new in PATHS[model]:
        name = name.replace(old, new, 1)
    return name


def see_experts(sums, path):
    """Experts are one module of stacked weights: a token goes to those that it has chosen."""
    def hook(module, given):
        x, chosen, _ = given
        for expert in range(module.num_experts):
            mine = x[(chosen == expert).any(-1)]
            if len(mine) == 0:
                continue
            gate, up = (mine @ module.gate_up_proj[expert].T).chunk(2, dim=-1)
            for name, inputs in (("w1", mine), ("w3", mine), ("w2", module.act_fn(gate) * up)):
                sums.see(f"{path}.{expert}.{name}.weight", inputs)
    return hook


def watch(model, name, sums):
    products = (torch.nn.Linear, transformers.pytorch_utils.Conv1D)
    for place, module in model.named_modules():
        path = path_of(name, place)
        if isinstance(module, products):
            module.register_forward_pre_hook(lambda _, given, path=path: sums.see(f"{path}.weight", given[0]))
        elif place.endswith(".experts"):
            module.register_forward_pre_hook(see_experts(sums, path))
        elif place.endswith(".mlp.gate"):
            module.register_forward_pre_hook(lambda _, given, path=path: sums.see(f"{path}.weight", given[0]))


def main():
    torch.set_grad_enabled(False)
    results = {}
    for name in calibrate_golden.MODELS:
        config = transformers.AutoConfig.from_pretrained(HERE / name)
        load = getattr(transformers, config.architectures[0]).from_pretrained
        model, sums = load(HERE / name, dtype=torch.float32).eval(), Sums()
        watch(model, name, sums)
        ids = calibrate_golden.ids_of(name)
        for at in range(0, len(ids), WINDOW):
            model(torch.tensor([ids[at:at + WINDOW]]))
        results[name] = dict(sums.shares())
    lines = [f' "{name}": {{\n' + ",\n".join(f'  "{path}": {json.dumps(line)}' for path, line in weights.items()) + "\n }"
             for name, weights in results.items()]
    (HERE / "calibration.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
