"""from_quantised.py HEDDLE DIRECTORY FAMILY[/FORM]...: a tiny model of each family whose matrices are stored as GPTQ, AWQ, compressed-tensors or FP8 store them,
and the same model with the weights that they mean. As floats both build the same program with the same weights, bit for bit; where a
type of packed weights holds the integers, a program that keeps them errs by the rounding of activations alone. Standard library
alone."""
import array
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE / "configurations")]
import checkpoint
import sample
import safetensors_file
import torch_file as torch
from from_gguf import PLAIN_CODE, answers
from golden import Rows

AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def half(number):
    return struct.unpack("<e", struct.pack("<e", number))[0]


def e4m3(byte):
    exponent, mantissa = byte >> 3 & 15, byte & 7
    value = math.ldexp(mantissa, -9) if exponent == 0 else math.ldexp(8 + mantissa, exponent - 10)
    return -value if byte & 128 else value


def words(rows, bits, order=None):
    """Rows of integers, several to a word."""
    order = order or range(32 // bits)
    return array.array("I", (sum(row[first + column] << bits * place for place, column in enumerate(order))
                             for row in rows for first in range(0, len(row), len(order)))).tobytes()


def turned(rows):
    return list(map(list, zip(*rows)))


class Layer:
    """Random integers [in][out], zero points and scales [group][out]."""

    def __init__(self, name, outputs, inputs, form):
        self.draw, self.outputs, self.inputs, self.bits = random.Random(name), outputs, inputs, form.bits
        group, most = form.group or inputs, 2 ** form.bits
        groups = -(-inputs // group)
        self.q = self.table(inputs, lambda: self.draw.randrange(most))
        self.zeros = self.table(groups, lambda: most // 2 if form.symmetric else self.draw.randrange(1, most))
        self.scales = self.table(groups, lambda: half(self.draw.uniform(0.4, 2.4) / most / math.sqrt(inputs)))
        self.order = [i // group for i in range(inputs)]
        if form.reordered:
            self.draw.shuffle(self.order)

    def table(self, rows, draw):
        return [[draw() for _ in range(self.outputs)] for _ in range(rows)]

    def weights(self):
        return array.array("f", (self.scales[self.order[i]][o] * (self.q[i][o] - self.zeros[self.order[i]][o])
                                 for o in range(self.outputs) for i in range(self.inputs)))

    def scale_tensor(self):
        return "F16", [len(self.scales), self.outputs], b"".join(struct.pack("<e", s) for row in self.scales for s in row)

    def zero_tensor(self, less=0, order=None):
        packed = words([[z - less for z in row] for row in self.zeros], self.bits, order)
        return "I32", [len(self.zeros), self.outputs * self.bits // 32], packed

    def gptq(self, less):
        # Words run along the inputs: those of the matrix the other way round, turned back.
        along = array.array("I", words(turned(self.q), self.bits))
        count = self.inputs * self.bits // 32
        stored = array.array("I", (along[o * count + p] for p in range(count) for o in range(self.outputs))).tobytes()
        return {"qweight": ("I32", [count, self.outputs], stored), "qzeros": self.zero_tensor(less), "scales": self.scale_tensor(),
                "g_idx": ("I32", [self.inputs], array.array("i", self.order).tobytes())}

    def awq(self):
        return {"qweight": ("I32", [self.inputs, self.outputs // 8], words(self.q, 4, AWQ_ORDER)),
                "qzeros": self.zero_tensor(order=AWQ_ORDER), "scales": self.scale_tensor()}

    def compressed(self, symmetric):
        groups = len(self.scales)
        stored = {"weight_packed": ("I32", [self.outputs, self.inputs * self.bits // 32], words(turned(self.q), self.bits)),
                  "weight_scale": ("F16", [self.outputs, groups], b"".join(struct.pack("<e", s) for row in turned(self.scales) for s in row)),
                  "weight_shape": ("I64", [2], struct.pack("<qq", self.outputs, self.inputs))}
        if not symmetric:
            zeros = array.array("I", self.zero_tensor()[2])
            count = self.outputs * self.bits // 32
            stored["weight_zero_point"] = ("I32", [count, groups],
                                           array.array("I", (zeros[g * count + p] for p in range(count) for g in range(groups))).tobytes())
        return stored


def fp8(name, outputs, inputs, block=(16, 12)):
    """A matrix of F8_E4M3, its scales, and the weights."""
    draw = random.Random(name)
    data = bytes(draw.choice([b for b in range(256) if b & 127 != 127]) for _ in range(outputs * inputs))
    width = -(-inputs // block[1])
    scales = array.array("f", (draw.uniform(0.001, 0.004) for _ in range(-(-outputs // block[0]) * width)))
    single = lambda number: struct.unpack("<f", struct.pack("<f", number))[0]  # noqa: E731
    weights = array.array("f", (single(e4m3(data[o * inputs + i]) * scales[o // block[0] * width + i // block[1]])
                                for o in range(outputs) for i in range(inputs)))
    return ("F8_E4M3", [outputs, inputs], data), ("F32", [len(scales) // width, width], scales.tobytes()), weights


class Form:
    """method: what stores the matrices; kept: whether a type of packed weights holds their integers."""

    def __init__(self, method, bits=4, group=8, symmetric=False, reordered=False, kept=False, container="safetensors", **keys):
        self.method, self.bits, self.group, self.symmetric, self.reordered = method, bits, group, symmetric, reordered
        self.kept, self.container, self.keys = kept, container, keys

    def quantisation(self):
        if self.method == "fp8":
            return {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [16, 12]}
        if self.method == "compressed":
            weights = {"num_bits": self.bits, "symmetric": self.symmetric, "strategy": "group" if self.group else "channel"}
            if self.group:
                weights["group_size"] = self.group
            return {"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"],
                    "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}}
        return {"quant_method": self.method, "bits": self.bits, "group_size": self.group or -1, **self.keys}


AWQ = {"zero_point": True, "version": "GEMM"}
FORMS = {
    "gptq": Form("gptq", desc_act=False, sym=False),
    "gptq_v2": Form("gptq", reordered=True, desc_act=True, checkpoint_format="gptq_v2"),
    "awq": Form("awq", container="torch", **AWQ),
    "compressed": Form("compressed"),
    "fp8": Form("fp8"),
    # Groups of whole runs of 32: q4, q4, q5, q5 and q8.
    "gptq_kept": Form("gptq", group=32, symmetric=True, kept=True, desc_act=False, sym=True),
    "gptq_2_kept": Form("gptq", bits=2, group=32, kept=True, desc_act=False, checkpoint_format="gptq_v2"),
    "awq_kept": Form("awq", group=32, kept=True, **AWQ),
    "compressed_kept": Form("compressed", group=32, kept=True),
    "compressed_8_kept": Form("compressed", bits=8, group=0, symmetric=True, kept=True),
}


def quantised(form, name, shape):
    """The stored tensors of one matrix, and its weights."""
    base = name.removesuffix("weight")
    if form.method == "fp8":
        weights, scales, meant = fp8(name, *shape)
        return {name: weights, f"{name}_scale_inv": scales}, meant
    layer = Layer(name, *shape, form)
    if form.method == "awq":
        stored = layer.awq()
    elif form.method == "compressed":
        stored = layer.compressed(form.symmetric)
    else:
        stored = layer.gptq(less=form.keys.get("checkpoint_format") != "gptq_v2")
    return {base + part: tensor for part, tensor in stored.items()}, layer.weights()


def is_layer(name, shape, bits):
    return len(shape) == 2 and ".layers." in name and name.endswith("weight") and all(size * bits % 32 == 0 for size in shape)


def write(folder, form, case):
    """folder/stored as the form has it, folder/meant with its weights; how many matrices are quantised."""
    stored, meant, count = {}, {}, 0
    for name, shape in case["tensors"].items():
        if is_layer(name, shape, form.bits):
            parts, weights = quantised(form, name, shape)
            stored.update(parts)
            count += 1
        else:
            weights = checkpoint.values(case["copies"].get(name, name), shape)
            stored[name] = ("F32", shape, weights.tobytes())
        meant[name] = (shape, weights)
    shutil.rmtree(folder, ignore_errors=True)
    checkpoint.write_values(folder / "meant", case["config"], meant)
    (folder / "stored").mkdir()
    (folder / "stored" / "config.json").write_text(json.dumps({**case["config"], "quantization_config": form.quantisation()}))
    if form.container == "torch":
        torch.write(folder / "stored" / "pytorch_model.bin",
                    {name: torch.Tensor(*tensor, str(i)) for i, (name, tensor) in enumerate(stored.items())})
    else:
        safetensors_file.write(folder / "stored" / "model.safetensors", stored)
    return count


def built(heddle, folder, output):
    ran = subprocess.run([heddle, "build", folder, "--emit=so", *PLAIN_CODE, "--name=model", "--quant", "f32", "-o", output], capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"{folder}: {ran.stderr}")
    return output.read_bytes()


def is_same_program(heddle, folder):
    programs = [built(heddle, folder / side, folder / "program.so") for side in ("stored", "meant")]
    return programs[0] == programs[1]


def distances(heddle, folder, case):
    """How far the answers are of a program that keeps the integers, as parts of the largest number."""
    meant = answers(heddle, folder / "meant", folder / "meant.so", case, *PLAIN_CODE)
    kept = answers(heddle, folder / "stored", folder / "stored.so", case)
    far = []
    for entry in meant:
        a, b = Rows.pack(meant[entry]), Rows.pack(kept[entry])
        far.append(max(abs(x - y) for x, y in zip(a, b, strict=True)) / max(map(abs, a)))
    return far


def main():
    heddle, directory, chosen = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    failed = False
    for family, only in (choice.partition("/")[::2] for choice in chosen):
        case = sample.read(family)[0]
        for name in [only] if only else FORMS:
            folder, form = directory / family / name, FORMS[name]
            count = write(folder, form, case)
            if form.kept:
                far = distances(heddle, folder, case)
                good = len(far) > 0 and all(0 < part < 2e-4 for part in far)
                says = f"kept, err by {', '.join(f'{part:.1e}' for part in far)}"
            else:
                good = is_same_program(heddle, folder)
                says = "the same program" if good else "another program"
            print(f"{family} {name}: {count} matrices, {says}")
            failed |= not good or count <= 3
    return failed


if __name__ == "__main__":
    sys.exit(main())
