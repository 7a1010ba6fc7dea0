"""Checkpoints made of names and shapes: weights that anyone can make again, inputs likewise. Standard library alone."""
import array
import json
import math
import random
import re

EMBEDDING = re.compile(r"embed|shared|wte|wpe|cls_token")
IN_OUT = re.compile(r"\.(c_attn|c_proj|c_fc)\.weight$")  # GPT-2 stores W as [in, out]
EXPERTS = re.compile(r"experts\.(gate_up|down)_proj$|(input|output)_linear\.weight$")  # of all experts in one, [experts, out, in]


def values(name, shape):
    """The weights called `name`: large enough that attention is far from uniform and no bias or norm is neutral."""
    if name.endswith("inv_freq") or name.endswith("position_ids"):
        low, high = 0.0, 1.0
    elif name.endswith("bias") and "relative_attention" not in name:
        low, high = -0.5, 0.5
    elif "relative_attention" in name:
        low, high = -2.0, 2.0
    elif len(shape) == 1:
        low, high = 0.6, 1.4
    elif EMBEDDING.search(name) and "projection" not in name:
        low, high = -1.0, 1.0
    else:
        fan_in = shape[0] if IN_OUT.search(name) else shape[-1] if EXPERTS.search(name) else math.prod(shape[1:])
        high = 2.4 / math.sqrt(fan_in)
        low = -high
    # random() is the one function whose numbers Python promises to keep.
    draw = random.Random(name).random
    return array.array("f", (low + (high - low) * draw() for _ in range(math.prod(shape))))


def write(folder, config, tensors, copies):
    """config.json and model.safetensors. tensors: name -> shape; copies: name -> the tensor whose values it has."""
    write_values(folder, config, {name: (shape, values(copies.get(name, name), shape)) for name, shape in tensors.items()})


def write_values(folder, config, tensors):
    """The same of tensors that have values: name -> (shape, floats)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    header, data = {"__metadata__": {"format": "pt"}}, bytearray()
    for name, (shape, numbers) in tensors.items():
        start = len(data)
        data += numbers.tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)


def rows(what, count, lengths):
    """Rows of indices below `count`: tokens, token types, targets."""
    draw = random.Random(what).random
    return [array.array("i", (int(draw() * count) for _ in range(length))) for length in lengths]


def tokens(inputs, what="ids"):
    """Rows of tokens, or of targets. Where positions depend on which token is padding, it is not among them."""
    count, lengths = (inputs["target_vocabulary"], inputs["targets"]) if what == "targets" else (inputs["vocabulary"], inputs["lengths"])
    padding = inputs.get("padding")
    if "ending" in inputs:  # the token at a text's end, and nowhere else
        return [row[:-1] + array.array("i", [inputs["ending"]]) for row in rows(what, inputs["ending"], lengths)]
    if padding is None:
        return rows(what, count, lengths)
    return [array.array("i", (i + (i >= padding) for i in row)) for row in rows(what, count - 1, lengths)]


def image(pixels):
    draw = random.Random("image").random
    return array.array("f", (2 * draw() - 1 for _ in range(pixels)))


def features(inputs):
    """Of as many sounds as there are targets, one after the other."""
    draw = random.Random("features").random
    return array.array("f", (2 * draw() - 1 for _ in range(inputs["features"] * len(inputs["targets"]))))
