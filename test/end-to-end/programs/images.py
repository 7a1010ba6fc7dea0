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
    kind = rng.choice(["conv", "conv", "conv", "patches", "maxpool", "avgpool", "upsample", "bilinear"])
    halves = all(a in ("Y", "X", "P") or a.startswith("2*") for a in spatial)
    halved = [a[2:] if a.startswith("2*") else f"{a}/2" for a in spatial]
    if kind in ("conv", "patches"):
        if kind == "patches" and not halves:
            return None
        kernel, stride, pad = (2, 2, 0) if kind == "patches" else rng.choice([(3, 1, 1), (1, 1, 0)])
        bias, path, into = rng.random() < 0.5, body.path(), rng.choice(["C", "D"])
        size = body.model.static[type.axes[1]]
        groups = size if into == type.axes[1] and rng.random() < 0.3 else 1
        options = "".join(f", {n} = {v}" for n, v, default in (("kernel", kernel, 0), ("stride", stride, 1), ("pad", pad, 0), ("groups", groups, 1))
                          if v != default) + (", bias = yes" if bias else "")

        def run(env, a):
            outs, ins = env.length(into), env.length(type.axes[1]) // groups
            w = env.model.weight(env.path(path) + ".weight", (outs, ins) + (kernel,) * len(spatial), 1 / math.sqrt(ins * kernel ** len(spatial)))
            b = env.model.weight(env.path(path) + ".bias", (outs,)) if bias else None
            return [arrays.conv(a, w, b, stride, pad, groups)]
        return body.add([real("B", into, *(halved if stride == 2 else spatial))], [x],
                        lambda a: f"conv@{path}({a}, {type.axes[1]} -> {into}{options})", run)
    if kind in ("maxpool", "avgpool"):
        if not halves:
            return None
        f = max if kind == "maxpool" else lambda values: sum(values) / len(values)
        return body.add([real("B", type.axes[1], *halved)], [x], lambda a: f"{kind}({a}, 2)", lambda env, a: [arrays.pool(a, 2, f)])
    if any("*" in a for a in spatial):
        return None
    bilinear = kind == "bilinear"
    return body.add([real("B", type.axes[1], *(f"2*{a}" for a in spatial))], [x],
                    lambda a: f"upsample({a}, 2, {'bilinear' if bilinear else 'nearest'})",
                    lambda env, a: [arrays.upsample(a, 2, bilinear)])
