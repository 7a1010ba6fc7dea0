#!/usr/bin/env python3
"""Makes activations.json: what PyTorch makes of some numbers, in double precision, by functions of the language.

    pip install torch==2.13.0
    python3 make_activations.py

Settings differ from the defaults. A key is the expression of the language that has to give these numbers."""
import json
import pathlib

import torch
from torch.nn import functional as f

FUNCTIONS = {
    "relu(y)": f.relu,
    "relu_squared(y)": lambda x: f.relu(x).square(),
    "leaky_relu(y, slope = 0.2)": lambda x: f.leaky_relu(x, 0.2),
    "elu(y, alpha = 1.7)": lambda x: f.elu(x, 1.7),
    "gelu(y)": f.gelu,
    "gelu_tanh(y)": lambda x: f.gelu(x, approximate="tanh"),
    "quick_gelu(y)": lambda x: x * torch.sigmoid(1.702 * x),
    "silu(y)": f.silu,
    "swish(y, beta = 0.6)": lambda x: x * torch.sigmoid(0.6 * x),
    "mish(y)": f.mish,
    "softplus(y)": lambda x: f.softplus(x, threshold=1000),
    "hard_swish(y)": f.hardswish,
    "sigmoid(y)": torch.sigmoid,
    "tanh(y)": torch.tanh,
    "bf16(y)": lambda x: x.float().bfloat16().double(),
    "30 * tanh(y / 30)": lambda x: 30 * torch.tanh(x / 30),
}
torch.manual_seed(1)
x = torch.cat([torch.linspace(-12, 12, 97), torch.randn(37) * 3, torch.tensor([-90., -30., -1e-3, 1e-3, 30., 88., 1e-20, -1e-20, 0.7, -0.7])])
x = x.float().double()
answers = {name: function(x).tolist() for name, function in FUNCTIONS.items()}
path = pathlib.Path(__file__).with_name("activations.json")
path.write_text(json.dumps({"x": x.tolist(), "answers": answers}, indent=0).replace(",\n", ", ") + "\n")
