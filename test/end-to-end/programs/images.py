"""Convolutions, pools and upsampling."""
import math

import arrays
from constructs import construct, real


SPATIAL = ("Y", "X", "P", "U", "M")


def is_image(type):
    """Rows, channels, and axes that a convolution goes along; one of them may differ from row to row."""
    return type.kind == "real" and type.axes[0] == "B" and len(type.axes) > 2 and type.axes[1] in ("C", "D") and all(
        a.lstrip("2*") in SPATIAL for a in type.axes[2:])


@construct(3)
def image(body):
    rng = body.rng
    x = body.find(is_image) if rng.random() < 0.7 else None
    x = x or body.parameter(real("B", "C", *rng.choice([("Y", "X"), ("Y", "X"), ("P", "X"), ("U",), ("M",), ("P",)])))
    type = body.types[x]
    spatial = type.axes[2:]
    kind = rng.choice(["conv", "conv", "conv", "patches", "transposed", "maxpool", "avgpool", "upsample", "upsample"])
    halves = all(a in ("Y", "X", "P") or a.startswith("2*") for a in spatial)
    halved = [a[2:] if a.startswith("2*") else f"{a}/2" for a in spatial]
    doubled = None if any("*" in a for a in spatial) else [f"2*{a}" for a in spatial]
    if kind in ("conv", "patches"):
        return convolution(body, x, halved if kind == "patches" and halves else spatial)
    if kind == "transposed":
        return transposed(body, x, doubled or spatial)
    if kind in ("maxpool", "avgpool"):
        return pool(body, x, kind, halved if halves else spatial)
    if not doubled:
        return None
    kind, corners = rng.choice([("nearest", False), ("bilinear", False), ("bilinear", True), ("bicubic", False), ("bicubic", True)])
    return body.add([real("B", type.axes[1], *doubled)], [x],
                    lambda a: f"upsample({a}, 2, {kind}{', align_corners = yes' if corners else ''})",
                    lambda env, a: [arrays.upsample(a, 2, kind, corners)])


def options(**given):
    """Those that are not what holds without them."""
    usual = {"stride": 1, "pad": 0, "output_pad": 0, "dilation": 1, "groups": 1, "bias": False, "count_pad": True}
    return "".join(f", {name} = {value if not isinstance(value, bool) else 'yes' if value else 'no'}"
                   for name, value in given.items() if usual.get(name) != value)


def convolution(body, x, into_spatial):
    rng, type = body.rng, body.types[x]
    spatial = type.axes[2:]
    if into_spatial != spatial:
        kernel, stride, pad, dilation = rng.choice([(2, 2, 0, 1), (3, 2, 1, 1)])
    else:
        kernel, stride, pad, dilation = rng.choice([(3, 1, 1, 1), (1, 1, 0, 1), (3, 1, 2, 2), (5, 1, 2, 1)])
    bias, path, into = rng.random() < 0.5, body.path(), rng.choice(["C", "D"])
    size = body.model.static[type.axes[1]]
    groups = size if into == type.axes[1] and rng.random() < 0.4 else 1

    def run(env, a):
        outs, ins = env.length(into), env.length(type.axes[1]) // groups
        w = env.model.weight(env.path(path) + ".weight", (outs, ins) + (kernel,) * len(spatial), 1 / math.sqrt(ins * kernel ** len(spatial)))
        b = env.model.weight(env.path(path) + ".bias", (outs,)) if bias else None
        return [arrays.conv(a, w, b, stride, pad, dilation, groups)]
    text = options(kernel=kernel, stride=stride, pad=pad, dilation=dilation, groups=groups, bias=bias)
    return body.add([real("B", into, *into_spatial)], [x], lambda a: f"conv@{path}({a}, {type.axes[1]} -> {into}{text})", run)


def transposed(body, x, into_spatial):
    rng, type = body.rng, body.types[x]
    spatial = type.axes[2:]
    if into_spatial != spatial:
        kernel, stride, pad, more = rng.choice([(2, 2, 0, 0), (3, 2, 1, 1), (4, 2, 1, 0)])
    else:
        kernel, stride, pad, more = rng.choice([(1, 1, 0, 0), (3, 1, 1, 0)])
    bias, path, into = rng.random() < 0.5, body.path(), rng.choice(["C", "D"])

    def run(env, a):
        outs, ins = env.length(into), env.length(type.axes[1])
        w = env.model.weight(env.path(path) + ".weight", (ins, outs) + (kernel,) * len(spatial), 1 / math.sqrt(ins * kernel ** len(spatial)))
        b = env.model.weight(env.path(path) + ".bias", (outs,)) if bias else None
        return [arrays.conv_transpose(a, w, b, stride, pad, more, 1)]
    text = options(kernel=kernel, stride=stride, pad=pad, output_pad=more, bias=bias)
    return body.add([real("B", into, *into_spatial)], [x], lambda a: f"conv_transpose@{path}({a}, {type.axes[1]} -> {into}{text})", run)


def pool(body, x, kind, into_spatial):
    rng, type = body.rng, body.types[x]
    window, stride, pad = rng.choice([(2, 2, 0), (3, 2, 1)]) if into_spatial != type.axes[2:] else (3, 1, 1)
    counted = kind == "maxpool" or rng.random() < 0.5
    f = (lambda inside, count: max(inside)) if kind == "maxpool" else lambda inside, count: sum(inside) / (count if counted else len(inside))
    text = f"{window}{options(pad=pad, count_pad=counted)}" + (f", stride = {stride}" if stride != window else "")
    return body.add([real("B", type.axes[1], *into_spatial)], [x], lambda a: f"{kind}({a}, {text})",
                    lambda env, a: [arrays.pool(a, window, stride, pad, f)])
