#!/usr/bin/env python3
"""as_published.py GOLDEN OUT CHANGE...: copies a golden model and writes into it what published checkpoints hold besides.

The numbers stay those of the golden model, which is what the copy is compared with; the inputs are copied beside it.
"""
import array
import json
import pathlib
import shutil
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "driver" / "faults"))
from safetensors import Safetensors  # noqa: E402

golden, out = map(pathlib.Path, sys.argv[1:3])
shutil.rmtree(out, ignore_errors=True)
shutil.copytree(golden, out)
for inputs in golden.parent.glob("*.npy"):
    shutil.copy(inputs, out.parent)


def config(change):
    path = out / "config.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values, indent=2))


def tensor_data(file, name):
    entry = file.header[name]
    begin, end = entry["data_offsets"]
    return entry["dtype"], entry["shape"], file.data[begin:end]


def as_f32(dtype, data):
    """Widened from bf16: the same numbers in twice the bytes."""
    if dtype == "F32":
        return data
    assert dtype == "BF16"
    halves = array.array("H", data)
    wide = array.array("I", (half << 16 for half in halves))
    return wide.tobytes()


def copy(file, name, original):
    dtype, shape, data = tensor_data(file, original)
    file.append(name, "F32", shape, as_f32(dtype, data))


with Safetensors(str(out / "model.safetensors")) as file:
    for change in sys.argv[3:]:
        what, _, argument = change.partition(":")
        if what == "inv_freq":  # a buffer of the rotary embedding in every layer, as transformers before 4.32 saved it
            for layer in range(3):
                file.append(f"model.layers.{layer}.self_attn.rotary_emb.inv_freq", "F32", [4], struct.pack("<4f", 1, .1, .01, .001))
        elif what == "tied":  # NAME=ORIGINAL: the same weight again, under its other name and in another type
            copy(file, *argument.split("="))
        elif what == "untied":  # the same with one number changed
            copy(file, *argument.split("="))
            file.data = file.data[:-4] + struct.pack("<f", 7.5)
        elif what == "without_prefix":
            file.header = {name.removeprefix(argument): entry for name, entry in file.header.items()}
        elif what == "mask":  # GPT-2's causal mask, as a buffer
            for layer in range(3):
                file.append(f"transformer.h.{layer}.attn.bias", "U8", [1, 1, 2, 2], b"\1\0\1\1")
                file.append(f"transformer.h.{layer}.attn.masked_bias", "F32", [], struct.pack("<f", -1e4))
        elif what == "unused_bias":  # relative positions of T5's cross-attention, which nothing reads
            file.append("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", "F32", [8, 4], bytes(128))
        elif what == "empty":
            file.append("left_over", "F32", [0, 3], b"")
        elif what == "without":  # tensors that begin so, and the answers of the entry that needs them
            begin, entry = argument.split("=")
            for name in [name for name in file.header if name.startswith(begin)]:
                file.remove(name)
            for answers in out.glob(f"{entry}_*.npy"):
                answers.unlink()
        elif what == "infinity":
            config(lambda values: values.update(initializer_range=float("inf")))
        else:
            sys.exit(f"no change is called {what}")
