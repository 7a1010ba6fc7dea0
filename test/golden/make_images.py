#!/usr/bin/env python3
"""Makes images.json: what PyTorch computes by the words of the language about images, in double precision, and what two models do.

    pip install torch==2.13.0
    python3 make_images.py

Sizes are odd and settings differ from the defaults. Weights and inputs are those that configurations/checkpoint.py makes of names and
shapes, rounded to f32. A key is the expression that has to give these numbers, of `x`, a picture, or `t`, a signal."""
import json
import math
import pathlib
import sys

import torch
from torch.nn import functional as f

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "end-to-end/configurations"))
import checkpoint

torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
EVERY = 97  # of the models' answers, one in so many
INPUTS = {"x": (2, 4, 9, 7), "t": (2, 6, 13)}
weights, cases, models = {}, {}, {}


def input_of(shape):
    return torch.tensor(checkpoint.image(math.prod(shape))).double().view(shape)


def weight(name, *shape):
    weights[name] = list(shape)
    return torch.tensor(checkpoint.values(name, shape)).double().view(shape)


def case(expression, compute):
    given = "t" if expression.count("(t") else "x"
    y = compute(input_of(INPUTS[given]))
    cases[expression] = {"given": given, "shape": list(y.shape), "values": [float(f"{v:.7g}") for v in y.flatten()]}


def conv(name, out, ins, kernel, bias=False, **options):
    w = weight(f"{name}.weight", out, ins, *kernel)
    b = weight(f"{name}.bias", out) if bias else None
    function = f.conv2d if len(kernel) == 2 else f.conv1d
    return lambda x: function(x, w, b, **options)


def transposed(name, ins, out, kernel, bias=False, **options):
    w = weight(f"{name}.weight", ins, out, *kernel)
    b = weight(f"{name}.bias", out * options.get("groups", 1)) if bias else None
    function = f.conv_transpose2d if len(kernel) == 2 else f.conv_transpose1d
    return lambda x: function(x, w, b, **options)


def normed(name, channels, x):
    mean, variance, scale, shift = (weight(f"{name}.{n}", channels) for n in ("running_mean", "running_var", "weight", "bias"))
    return f.batch_norm(x, mean, variance, scale, shift, eps=0.1)


def make_cases():
    case("conv@a(x, 4 -> 6, kernel = 3 2, stride = 2 1, pad = 1 2, dilation = 1 3, groups = 2, bias = yes)",
         conv("a", 6, 2, (3, 2), True, stride=(2, 1), padding=(1, 2), dilation=(1, 3), groups=2))
    case("conv@b(x, 4 -> 20, kernel = 3)", conv("b", 20, 4, (3, 3)))
    case("conv@c(x, 4 -> 4, kernel = 7, pad = 3, groups = 4, bias = yes)", conv("c", 4, 1, (7, 7), True, padding=3, groups=4))
    case("conv@d(x, 4 -> 8, kernel = 3, stride = 2, pad = 1, groups = 4)", conv("d", 8, 1, (3, 3), stride=2, padding=1, groups=4))
    case("conv@e(x, 4 -> 4, kernel = 3 2, stride = 1 3, pad = 2 1, dilation = 2, groups = 4)",
         conv("e", 4, 1, (3, 2), stride=(1, 3), padding=(2, 1), dilation=2, groups=4))
    case("conv@f(t, 6 -> 5, kernel = 3, stride = 2, pad = 1, bias = yes, to = M)", conv("f", 5, 6, (3,), True, stride=2, padding=1))
    case("conv@g(t, 6 -> 6, kernel = 5, pad = 4, dilation = 2, groups = 6)", conv("g", 6, 1, (5,), padding=4, dilation=2, groups=6))
    case("conv_transpose@h(x, 4 -> 6, kernel = 3, stride = 2, pad = 1, output_pad = 1, groups = 2, bias = yes)",
         transposed("h", 4, 3, (3, 3), True, stride=2, padding=1, output_padding=1, groups=2))
    case("conv_transpose@i(x, 4 -> 3, kernel = 4 2, stride = 2 3, output_pad = 0 1)",
         transposed("i", 4, 3, (4, 2), stride=(2, 3), output_padding=(0, 1)))
    case("conv_transpose@j(t, 6 -> 4, kernel = 5, stride = 3, pad = 2, dilation = 2, output_pad = 2, bias = yes)",
         transposed("j", 6, 4, (5,), True, stride=3, padding=2, dilation=2, output_padding=2))
    case("conv_transpose@k(t, 6 -> 4, kernel = 1, stride = 2)", transposed("k", 6, 4, (1,), stride=2))
    case("conv_transpose@l(x, 4 -> 4, kernel = 3, pad = 1, groups = 4)", transposed("l", 4, 1, (3, 3), padding=1, groups=4))
    case("maxpool(x, 3, stride = 2, pad = 1)", lambda x: f.max_pool2d(x, 3, 2, 1))
    case("maxpool(x, 2 3, stride = 3 2, ceil = yes)", lambda x: f.max_pool2d(x, (2, 3), (3, 2), ceil_mode=True))
    case("maxpool(t, 2)", lambda t: f.max_pool1d(t, 2))
    case("avgpool(x, 3 2, stride = 2, pad = 1, ceil = yes)", lambda x: f.avg_pool2d(x, (3, 2), 2, 1, ceil_mode=True))
    case("avgpool(x, 3, stride = 2, pad = 1, count_pad = no)", lambda x: f.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
    case("avgpool(t, 5, stride = 2, pad = 2)", lambda t: f.avg_pool1d(t, 5, 2, 2))
    case("avgpool(x)", lambda x: f.adaptive_avg_pool2d(x, 1).flatten(1))
    case("maxpool(t)", lambda t: t.amax(2))
    for kind in ("nearest", "bilinear", "bicubic"):
        case(f"upsample(x, 2 3, {kind})", lambda x: f.interpolate(x, scale_factor=(2, 3), mode=kind))
        case(f"upsample(x, {kind}, to = 20 6)", lambda x: f.interpolate(x, (20, 6), mode=kind))
        if kind != "nearest":
            case(f"upsample(x, {kind}, to = 20 1, align_corners = yes)", lambda x: f.interpolate(x, (20, 1), mode=kind, align_corners=True))
    case("upsample(t, bilinear, to = 31)", lambda t: f.interpolate(t, 31, mode="linear"))
    b = conv("n", 4, 4, (3, 3), True, padding=1)
    case("relu(x + batchnorm@m(conv@n(x, 4 -> 4, kernel = 3, pad = 1, bias = yes), eps = 0.1))", lambda x: f.relu(x + normed("m", 4, b(x))))
    d = conv("p", 4, 1, (5, 3), padding=(2, 1), groups=4)
    case("gelu(batchnorm@o(conv@p(x, 4 -> 4, kernel = 5 3, pad = 2 1, groups = 4), eps = 0.1)) * 0.5",
         lambda x: f.gelu(normed("o", 4, d(x))) * 0.5)
    u = transposed("r", 4, 4, (2, 2), True, stride=2)
    case("sigmoid(batchnorm@q(conv_transpose@r(x, 4 -> 4, kernel = 2, stride = 2, bias = yes), eps = 0.1))",
         lambda x: torch.sigmoid(normed("q", 4, u(x))))


def model(name, config, shape, network):
    """network(parameter, x); parameter(name, shape) is called for each."""
    tensors = {}

    def parameter(name, *shape):
        tensors[name] = list(shape)
        return torch.tensor(checkpoint.values(name, shape)).double().view(shape)
    y = network(parameter, input_of(shape))
    models.setdefault(name, []).append({"config": config, "tensors": tensors, "input": list(shape), "shape": list(y.shape),
                                        "values": [float(f"{v:.7g}") for v in y.flatten()[::EVERY]]})


def encoder_decoder(corners):
    def network(parameter, x):
        def conv(name, ins, out, x):
            return f.conv2d(x, parameter(f"{name}.weight", out, ins, 3, 3), parameter(f"{name}.bias", out), padding=1)

        def up(x):
            return f.interpolate(x, scale_factor=2, mode="bilinear", align_corners=corners)
        x = f.max_pool2d(f.relu(conv("encoder.0", 3, 64, x)), 2)
        x = f.max_pool2d(f.relu(conv("encoder.3", 64, 128, x)), 2)
        x = f.relu(conv("encoder.6", 128, 64, x))
        return torch.sigmoid(conv("decoder.4", 32, 1, up(f.relu(conv("decoder.1", 64, 32, up(x))))))
    return network


def unet(width, learned, corners, normalised):
    def network(parameter, x):
        def conv(name, out, x):
            x = f.conv2d(x, parameter(f"{name[0]}.{name[1]}.weight", out, x.shape[1], 3, 3),
                         None if normalised else parameter(f"{name[0]}.{name[1]}.bias", out), padding=1)
            if normalised:
                at = f"{name[0]}.{name[1] + 1}"
                x = f.batch_norm(x, *(parameter(f"{at}.{n}", out) for n in ("running_mean", "running_var", "weight", "bias")))
            return f.relu(x)

        def double(name, out, x):
            return conv((name, 3), out, conv((name, 0), out, x))

        def up(name, x, skip):
            out = skip.shape[1]
            if learned:
                w, b = parameter(f"{name}.up.weight", x.shape[1], out, 2, 2), parameter(f"{name}.up.bias", out)
                return double(name, out, torch.cat([skip, f.conv_transpose2d(x, w, b, stride=2)], 1))
            return double(name, out, torch.cat([f.interpolate(x, scale_factor=2, mode="bilinear", align_corners=corners), skip], 1))
        a = double("enc1", width, x)
        b = double("enc2", 2 * width, f.max_pool2d(a, 2))
        c = double("enc3", 4 * width, f.max_pool2d(b, 2))
        x = double("mid", 8 * width, f.max_pool2d(c, 2))
        x = up("dec1", up("dec2", up("dec3", x, c), b), a)
        return f.conv2d(x, parameter("head.weight", 5, width, 1, 1), parameter("head.bias", 5))
    return network


make_cases()
for corners in (False, True):
    model("encoder_decoder", {"align_corners": corners, "image_size": [17, 21]}, (2, 3, 17, 21), encoder_decoder(corners))
model("unet", {"width": 5, "num_classes": 5}, (1, 3, 40, 32), unet(5, False, False, True))
model("unet", {"width": 6, "num_classes": 5, "in_channels": 2, "batch_norm": False, "learned_upsampling": True}, (1, 2, 32, 48), unet(6, True, False, False))
model("unet", {"width": 5, "num_classes": 5, "align_corners": True}, (1, 3, 32, 40), unet(5, False, True, True))
path = pathlib.Path(__file__).with_name("images.json")
path.write_text(json.dumps({"inputs": INPUTS, "every": EVERY, "weights": weights, "cases": cases, "models": models}) + "\n")
